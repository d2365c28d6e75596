// The byte buffer: growth, formatting, consuming, and giving its memory away.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void an_empty_buffer_is_usable(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_int_equal(buf_slice(&b).n, 0);
    assert_string_equal(buf_cstr(&b), "");
    buf_add(&b, NULL, 0);
    buf_consume(&b, 5);
    assert_int_equal(b.n, 0);
    buf_release(&b);
    buf_release(&b);
    assert_null(b.p);
}

static void what_is_added_stands_in_order(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    buf_add_str(&b, "ab");
    buf_add_char(&b, 'c');
    buf_add(&b, "d\0e", 3);
    buf_add_slice(&b, SLICE_LIT("f"));
    buf_addf(&b, "%d", 7);
    assert_int_equal(b.n, 8);
    assert_memory_equal(b.p, "abcd\0ef7", 8);
    buf_clear(&b);
    assert_int_equal(b.n, 0);
    assert_non_null(b.p);
    buf_release(&b);
}

static void formatting_grows_to_any_length(void **state)
{
    (void)state;
    for (int n = 0; n < 300; n++) {
        struct buf b = BUF_INIT;
        buf_add_str(&b, "x");
        buf_addf(&b, "%*s|", n, "");
        assert_int_equal(b.n, (size_t)n + 2);
        assert_int_equal(b.p[n + 1], '|');
        buf_release(&b);
    }
}

static void consuming_drops_from_the_front(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    buf_add_str(&b, "abcdef");
    buf_consume(&b, 0);
    buf_consume(&b, 2);
    assert_string_equal(buf_cstr(&b), "cdef");
    buf_consume(&b, 4);
    assert_int_equal(b.n, 0);
    buf_release(&b);
}

static void the_terminating_nul_is_not_counted(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    for (int i = 0; i < 64; i++) buf_add_char(&b, 'x'); // exactly the first allocation
    assert_int_equal(strlen(buf_cstr(&b)), 64);
    assert_int_equal(b.n, 64);
    buf_release(&b);
}

static void detaching_gives_the_memory_and_leaves_an_empty_buffer(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    size_t n = 99;
    char *p = buf_detach(&b, &n);
    assert_int_equal(n, 0);
    assert_string_equal(p, "");
    free(p);
    buf_add_str(&b, "abc");
    p = buf_detach(&b, NULL);
    assert_string_equal(p, "abc");
    assert_null(b.p);
    assert_int_equal(b.n, 0);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_usable),
        cmocka_unit_test(what_is_added_stands_in_order),
        cmocka_unit_test(formatting_grows_to_any_length),
        cmocka_unit_test(consuming_drops_from_the_front),
        cmocka_unit_test(the_terminating_nul_is_not_counted),
        cmocka_unit_test(detaching_gives_the_memory_and_leaves_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
