// Slices and the intrusive list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/slice.h"

static void comparing(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_of(NULL, 0), SLICE_LIT("")));
    assert_true(slice_is(SLICE_LIT("ab"), "ab"));
    assert_false(slice_is(SLICE_LIT("ab"), "abc"));
    assert_false(slice_is(SLICE_LIT("ab\0"), "ab"));
    assert_true(slice_is_nocase(SLICE_LIT("Content-Length"), "content-length"));
    assert_false(slice_is_nocase(SLICE_LIT("Content-Lengt"), "content-length"));
    assert_true(slice_starts(SLICE_LIT("http://x"), "http://"));
    assert_false(slice_starts(SLICE_LIT("http"), "http://"));
    assert_int_equal(slice_str(NULL).n, 0);
}

static void cutting(void **state)
{
    (void)state;
    struct slice rest = SLICE_LIT("a,,b");
    assert_true(slice_is(slice_cut(&rest, ','), "a"));
    assert_true(slice_is(slice_cut(&rest, ','), ""));
    assert_true(slice_is(slice_cut(&rest, ','), "b"));
    assert_int_equal(rest.n, 0);
    assert_int_equal(slice_cut(&rest, ',').n, 0);
    struct slice end = SLICE_LIT("a,");
    assert_true(slice_is(slice_cut(&end, ','), "a"));
    assert_int_equal(end.n, 0);
    assert_true(slice_is(slice_trim(SLICE_LIT(" \t x y\t ")), "x y"));
    assert_int_equal(slice_trim(SLICE_LIT(" \t ")).n, 0);
}

static void numbers(void **state)
{
    (void)state;
    unsigned long long v;
    assert_true(slice_u64(SLICE_LIT("0"), &v) && v == 0);
    assert_true(slice_u64(SLICE_LIT("18446744073709551615"), &v) && v == UINT64_MAX);
    static const char *const bad[] = {"",   "18446744073709551616", "99999999999999999999", "-1", "+1", " 1", "1 ",
                                      "0x1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(slice_u64(slice_str(bad[i]), &v));
}

struct item {
    int value;
    struct list node;
};

static void lists_keep_their_order_and_let_go_during_a_walk(void **state)
{
    (void)state;
    struct list head;
    struct item items[5];
    list_init(&head);
    assert_true(list_empty(&head));
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        if (i == 2)
            list_push_front(&head, &items[i].node);
        else
            list_push_back(&head, &items[i].node);
    }
    static const int want[] = {2, 0, 1, 3, 4};
    int at = 0;
    LIST_EACH(it, next, &head)
    {
        assert_int_equal(LIST_ITEM(it, struct item, node)->value, want[at++]);
        list_remove(it);
        list_remove(it); // again does nothing
    }
    assert_int_equal(at, 5);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(cutting),
        cmocka_unit_test(numbers),
        cmocka_unit_test(lists_keep_their_order_and_let_go_during_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
