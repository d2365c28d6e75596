// Names of queues, and lists of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/queue_names.h"

static void a_list_is_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *again;
        int n;
    } good[] = {{"default", "default", 1},
                {" a , b.c ,x_1-Z", "a,b.c,x_1-Z", 3},
                {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", 16}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct queue_names q;
        struct buf b = BUF_INIT;
        assert_int_equal(queue_names_parse(slice_str(good[i].text), &q, NULL), 0);
        assert_int_equal(q.n, good[i].n);
        queue_names_format(&q, &b);
        assert_string_equal(buf_cstr(&b), good[i].again);
        buf_release(&b);
    }
}

static void a_bad_list_is_refused_with_what_is_accepted(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      ",",
                                      "a,,b",
                                      "a,a",
                                      "a b",
                                      "é",
                                      "a/b",
                                      "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct queue_names q;
        struct err e = {0};
        if (queue_names_parse(slice_str(bad[i]), &q, &e) != HW_EVALIDATION) fail_msg("\"%s\" is accepted", bad[i]);
        assert_string_equal(e.field, "queues");
        assert_non_null(strstr(e.message, "letters"));
    }
}

static void a_name_is_in_the_set_or_not(void **state)
{
    (void)state;
    struct queue_names q;
    assert_int_equal(queue_names_parse(SLICE_LIT("default,long"), &q, NULL), 0);
    assert_true(queue_names_has(&q, "long"));
    assert_false(queue_names_has(&q, "lon"));
    assert_false(queue_names_has(&q, "default,long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_and_written),
        cmocka_unit_test(a_bad_list_is_refused_with_what_is_accepted),
        cmocka_unit_test(a_name_is_in_the_set_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
