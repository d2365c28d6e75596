// When a worker that ended is started again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/local_worker.h"

static void never_again_19_a_worker_that_was_killed_is_back_in_a_second(void **state)
{
    (void)state;
    assert_int_equal(local_worker_delay_ms(0, 0), 1000);
    assert_int_equal(local_worker_delay_ms(0, 86400000), 1000);
    assert_int_equal(local_worker_delay_ms(30000, 86400000), 1000); // what was long ago counts no more
}

static void one_that_can_not_live_is_tried_ever_more_slowly(void **state)
{
    (void)state;
    static const int64_t wanted[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    int64_t delay = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        delay = local_worker_delay_ms(delay, 100);
        assert_int_equal(delay, wanted[i]);
    }
    assert_int_equal(local_worker_delay_ms(delay, 29999), 30000);
    assert_int_equal(local_worker_delay_ms(delay, 30000), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_19_a_worker_that_was_killed_is_back_in_a_second),
        cmocka_unit_test(one_that_can_not_live_is_tried_ever_more_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
