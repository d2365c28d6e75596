// When a snapshot of progress is kept.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/history_rule.h"

#define SECOND 1000000LL

static const struct history_rule rule = {5, 60 * SECOND};

static bool due(double last, int64_t seconds_ago, double percent, enum history_moment moment)
{
    struct history_last l = {true, last, 1000 * SECOND};
    return history_due(&rule, &l, moment, percent, (1000 + seconds_ago) * SECOND);
}

static void both_the_step_and_the_interval_must_have_passed(void **state)
{
    (void)state;
    assert_false(due(10, 60, 14.99, HISTORY_GOES_ON)); // the interval alone
    assert_false(due(10, 59, 80, HISTORY_GOES_ON));    // the step alone
    assert_true(due(10, 60, 15, HISTORY_GOES_ON));
    assert_true(due(10, 6000, 15, HISTORY_GOES_ON));
    assert_false(due(10, 6000, 10, HISTORY_GOES_ON)); // it stands still
}

static void a_step_is_not_missed_by_rounding(void **state)
{
    (void)state;
    assert_true(due(10, 60, 14.9999999, HISTORY_GOES_ON));
}

static void the_first_and_the_last_are_always_kept(void **state)
{
    (void)state;
    struct history_last none = {false, (double)NAN, 0};
    assert_true(history_due(&rule, &none, HISTORY_GOES_ON, 0, 0));
    assert_true(history_due(&rule, &none, HISTORY_BEGINS, (double)NAN, 0));
    assert_true(due(10, 0, 10, HISTORY_ENDS));
    assert_true(due((double)NAN, 0, (double)NAN, HISTORY_ENDS));
    assert_true(due(40, 1, 40, HISTORY_BEGINS)); // after a pause
}

static void a_percentage_that_is_not_known_passes_no_step(void **state)
{
    (void)state;
    assert_false(due((double)NAN, 6000, (double)NAN, HISTORY_GOES_ON));
    assert_false(due(10, 6000, (double)NAN, HISTORY_GOES_ON));
    assert_true(due((double)NAN, 60, 1, HISTORY_GOES_ON)); // that it is known now is news
    assert_false(due((double)NAN, 59, 1, HISTORY_GOES_ON));
}

static void a_clock_set_back_keeps_nothing_more(void **state)
{
    (void)state;
    assert_false(due(10, -500, 90, HISTORY_GOES_ON));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_the_step_and_the_interval_must_have_passed),
        cmocka_unit_test(a_step_is_not_missed_by_rounding),
        cmocka_unit_test(the_first_and_the_last_are_always_kept),
        cmocka_unit_test(a_percentage_that_is_not_known_passes_no_step),
        cmocka_unit_test(a_clock_set_back_keeps_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
