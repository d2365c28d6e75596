// Errors as values: codes, names, statuses, and messages that stay whole.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

#include <errno.h>

static void every_code_has_its_own_name_and_a_status(void **state)
{
    (void)state;
    static const int codes[] = {
#define X(sym, value, name, http) sym,
        HW_ERR_MAP(X)
#undef X
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_true(codes[i] < 0);
        assert_string_not_equal(err_name(codes[i]), "unknown");
        assert_in_range(err_http_status(codes[i]), 400, 599);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(err_name(codes[i]), err_name(codes[k]));
    }
    assert_string_equal(err_name(0), "ok");
    assert_string_equal(err_name(-999), "unknown");
    assert_int_equal(err_http_status(0), 200);
    assert_int_equal(err_http_status(-999), 500);
}

static void set_returns_the_code_and_forgets_the_field(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_field(&e, HW_EVALIDATION, "batch_size", "%d is too large", 7), HW_EVALIDATION);
    assert_string_equal(e.field, "batch_size");
    assert_string_equal(e.message, "7 is too large");
    assert_int_equal(err_set(&e, HW_ECONFLICT, "no"), HW_ECONFLICT);
    assert_string_equal(e.field, "");
    assert_int_equal(e.code, HW_ECONFLICT);
    err_clear(&e);
    assert_int_equal(e.code, 0);
    assert_string_equal(e.message, "");
}

static void null_is_allowed_everywhere(void **state)
{
    (void)state;
    err_clear(NULL);
    err_prefix(NULL, "x");
    assert_int_equal(err_set(NULL, HW_EIO, "x"), HW_EIO);
    assert_int_equal(err_field(NULL, HW_EIO, "f", "x"), HW_EIO);
    assert_int_equal(err_sys(NULL, ENOSPC, "x"), HW_EDISKFULL);
}

static void sys_errors_are_told_apart(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_sys(&e, ENOENT, "can't open %s", "x"), HW_ENOTFOUND);
    assert_string_equal(e.message, "can't open x: No such file or directory");
    assert_int_equal(err_sys(&e, ENOSPC, "x"), HW_EDISKFULL);
    assert_int_equal(err_sys(&e, EDQUOT, "x"), HW_EDISKFULL);
    assert_int_equal(err_sys(&e, EACCES, "x"), HW_EIO);
}

static void prefixes_go_before_and_messages_may_quote_themselves(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, HW_EIO, "inner");
    err_prefix(&e, "outer %d", 1);
    assert_string_equal(e.message, "outer 1: inner");
    assert_int_equal(e.code, HW_EIO);
    err_set(&e, HW_EIO, "again: %s", e.message);
    assert_string_equal(e.message, "again: outer 1: inner");
}

static void long_messages_are_cut_and_terminated(void **state)
{
    (void)state;
    struct err e = {0};
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    err_field(&e, HW_EIO, text, "%s", text);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    assert_int_equal(strlen(e.field), sizeof e.field - 1);
    err_prefix(&e, "%s", text);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
    err_sys(&e, EIO, "%s", text);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_name_and_a_status),
        cmocka_unit_test(set_returns_the_code_and_forgets_the_field),
        cmocka_unit_test(null_is_allowed_everywhere),
        cmocka_unit_test(sys_errors_are_told_apart),
        cmocka_unit_test(prefixes_go_before_and_messages_may_quote_themselves),
        cmocka_unit_test(long_messages_are_cut_and_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
