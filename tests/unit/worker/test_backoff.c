// Waiting between tries: longer each time, ended at once by a stop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "worker/backoff.h"

static void waits_double_up_to_two_seconds_and_start_again_after_success(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b);
    assert_int_equal(b.ms, 100);
    int64_t before = clock_mono_us();
    backoff_wait(&b); // one real wait
    assert_true(clock_mono_us() - before >= 100000);
    backoff_stop(&b); // then without the time
    static const int want[] = {200, 400, 800, 1600, 2000, 2000};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(b.ms, want[i]);
        backoff_wait(&b);
    }
    backoff_reset(&b);
    assert_int_equal(b.ms, 100);
    backoff_release(&b);
}

static void *wait_long(void *arg)
{
    struct backoff *b = arg;
    for (int i = 0; i < 1000 && !backoff_stopped(b); i++) backoff_wait(b);
    return NULL;
}

static void a_stop_ends_the_wait(void **state)
{
    (void)state;
    struct backoff b;
    pthread_t t;
    backoff_init(&b);
    assert_false(backoff_stopped(&b));
    assert_int_equal(pthread_create(&t, NULL, wait_long, &b), 0);
    backoff_stop(&b);
    pthread_join(t, NULL);
    assert_true(backoff_stopped(&b));
    backoff_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_two_seconds_and_start_again_after_success),
        cmocka_unit_test(a_stop_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
