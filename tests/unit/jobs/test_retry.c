// Which failures are tried again by themselves, when, and with what.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/retry.h"

static void decisions(void **state)
{
    (void)state;
    static const struct {
        struct retry_facts facts;
        struct retry_decision wanted;
    } cases[] = {
        // The network: five attempts in all, or as many as the job has if these are more.
        {{.error_type = "NETWORK", .attempt = 1, .max_attempts = 1, .random = 0.5}, {true, false, 1000000}},
        {{.error_type = "NETWORK", .attempt = 4, .max_attempts = 1, .random = 0.5}, {true, false, 8000000}},
        {{.error_type = "NETWORK", .attempt = 5, .max_attempts = 1}, {false, false, 0}},
        {{.error_type = "NETWORK", .attempt = 5, .max_attempts = 3}, {false, false, 0}},
        {{.error_type = "NETWORK", .attempt = 5, .max_attempts = 7}, {true, false, 0}},
        {{.error_type = "NETWORK", .attempt = 7, .max_attempts = 7}, {false, false, 0}},
        {{.error_type = "NETWORK", .attempt = 1, .max_attempts = 1, .attached = true}, {false, false, 0}},
        {{.error_type = "NETWORK", .attempt = 1, .max_attempts = 1, .stop_asked = true}, {false, false, 0}},
        // Memory and time: once, where the user allowed it, with other parameters.
        {{.error_type = "OOM", .attempt = 1, .max_attempts = 9, .suggested = true}, {false, false, 0}},
        {{.error_type = "OOM", .attempt = 1, .max_attempts = 1, .auto_retry = true, .suggested = true},
         {true, true, 0}},
        {{.error_type = "OOM", .attempt = 1, .max_attempts = 1, .auto_retry = true}, {false, false, 0}},
        {{.error_type = "OOM",
          .attempt = 2,
          .max_attempts = 9,
          .auto_retry = true,
          .auto_retries = 1,
          .suggested = true},
         {false, false, 0}},
        {{.error_type = "TIMEOUT", .attempt = 3, .max_attempts = 1, .auto_retry = true, .suggested = true},
         {true, true, 0}},
        {{.error_type = "TIMEOUT", .attempt = 1, .max_attempts = 5, .suggested = true}, {false, false, 0}},
        // A worker that left: as often as the job may.
        {{.error_type = "WORKER_LOST", .attempt = 1, .max_attempts = 1}, {false, false, 0}},
        {{.error_type = "WORKER_LOST", .attempt = 1, .max_attempts = 2}, {true, false, 0}},
        {{.error_type = "WORKER_LOST", .attempt = 2, .max_attempts = 2}, {false, false, 0}},
        {{.error_type = "WORKER_LOST", .attempt = 1, .max_attempts = 2, .attached = true}, {false, false, 0}},
        // What would fail again.
        {{.error_type = "VALIDATION", .attempt = 1, .max_attempts = 9, .auto_retry = true, .suggested = true},
         {false, false, 0}},
        {{.error_type = "NOT_FOUND", .attempt = 1, .max_attempts = 9, .auto_retry = true}, {false, false, 0}},
        {{.error_type = "DISK_FULL", .attempt = 1, .max_attempts = 9, .auto_retry = true}, {false, false, 0}},
        {{.error_type = "UNKNOWN", .attempt = 1, .max_attempts = 9, .auto_retry = true}, {false, false, 0}},
        {{.error_type = "CANCELLED", .attempt = 1, .max_attempts = 9, .auto_retry = true}, {false, false, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct retry_decision d = retry_decide(&cases[i].facts);
        const struct retry_decision *w = &cases[i].wanted;
        if (d.again != w->again || d.changed != w->changed || d.delay_us != w->delay_us)
            fail_msg("case %zu, %s attempt %d: again %d, changed %d, after %lld µs", i, cases[i].facts.error_type,
                     cases[i].facts.attempt, d.again, d.changed, (long long)d.delay_us);
    }
}

static void the_longest_wait_doubles_up_to_five_minutes(void **state)
{
    (void)state;
    static const int64_t seconds[] = {2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    for (int i = 0; i < 10; i++) assert_int_equal(retry_wait_max(i + 1), seconds[i] * 1000000);
    assert_int_equal(retry_wait_max(1000000), 300000000);
}

static void the_wait_is_anything_below_the_longest(void **state)
{
    (void)state;
    struct retry_facts f = {.error_type = "NETWORK", .attempt = 3, .max_attempts = 1};
    int64_t before = -1;
    for (int i = 0; i < 100; i++) {
        f.random = i / 100.0;
        int64_t wait = retry_decide(&f).delay_us;
        assert_true(wait > before && wait < retry_wait_max(3));
        before = wait;
    }
    assert_true(before > retry_wait_max(3) * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(the_longest_wait_doubles_up_to_five_minutes),
        cmocka_unit_test(the_wait_is_anything_below_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
