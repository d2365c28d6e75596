// Programs run to their end: what they print, how they end, and what is done with those that do not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/subprocess.h"

#include <signal.h>

static char sh[] = "/bin/sh", dash_c[] = "-c";

static int run(char *script, int timeout_ms, size_t max, struct subprocess_result *r, struct err *e)
{
    char *argv[] = {sh, dash_c, script, NULL};
    return subprocess_run(argv, timeout_ms, max, r, e);
}

static void output_and_status_are_kept(void **state)
{
    (void)state;
    struct subprocess_result r;
    struct err e = {0};
    char script[] = "echo out; echo err >&2; read x; echo \"read=$?\"; exit 3";
    assert_int_equal(run(script, 60000, 1000, &r, &e), 0);
    assert_int_equal(r.code, 3);
    assert_int_equal(r.signal, 0);
    assert_string_equal(buf_cstr(&r.out), "out\nread=1\n"); // standard input is empty
    assert_string_equal(buf_cstr(&r.err), "err\n");
    subprocess_result_release(&r);
}

static void a_signal_is_told(void **state)
{
    (void)state;
    struct subprocess_result r;
    char script[] = "kill -9 $$";
    assert_int_equal(run(script, 60000, 1000, &r, NULL), 0);
    assert_int_equal(r.code, -1);
    assert_int_equal(r.signal, SIGKILL);
    subprocess_result_release(&r);
}

static void a_program_that_is_not_there(void **state)
{
    (void)state;
    struct subprocess_result r;
    struct err e = {0};
    char program[] = "/no/such/program";
    char *argv[] = {program, NULL};
    assert_int_equal(subprocess_run(argv, 1000, 1000, &r, &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, "/no/such/program"));
    subprocess_result_release(&r);
}

static void one_that_does_not_end_is_killed(void **state)
{
    (void)state;
    struct subprocess_result r;
    struct err e = {0};
    char script[] = "exec sleep 1000", closed[] = "exec sleep 1000 >/dev/null 2>&1";
    assert_int_equal(run(script, 100, 1000, &r, &e), HW_ETIMEOUT);
    assert_int_equal(r.signal, SIGKILL);
    assert_non_null(strstr(e.message, "longer than 0.1 s"));
    subprocess_result_release(&r);
    // Also one that closed its output and goes on.
    assert_int_equal(run(closed, 100, 1000, &r, &e), HW_ETIMEOUT);
    assert_int_equal(r.signal, SIGKILL);
    subprocess_result_release(&r);
}

static void one_that_prints_without_end_is_killed(void **state)
{
    (void)state;
    struct subprocess_result r;
    struct err e = {0};
    char script[] = "exec yes";
    assert_int_equal(run(script, 60000, 100000, &r, &e), HW_ETOOBIG);
    assert_true(r.out.n < 200000);
    subprocess_result_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_status_are_kept),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(a_program_that_is_not_there),
        cmocka_unit_test(one_that_does_not_end_is_killed),
        cmocka_unit_test(one_that_prints_without_end_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
