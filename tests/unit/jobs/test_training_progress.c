// A training's progress: steps over steps, all layers together; and what holds for every kind of progress.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/progress.h"

static const int64_t S = 1000000; // one second

static void calculate_training_progress_start(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    assert_true(p.percent == 0);
    assert_true(progress_training(0, 1000) == 0);
    assert_true(progress_training(0, 0) == 0); // nothing is known of the whole
    progress_init(&p, false);
    assert_true(isnan(p.percent));
}

static void calculate_training_progress_midpoint(void **state)
{
    (void)state;
    assert_true(progress_training(500, 1000) == 50);
    struct progress p;
    progress_init(&p, true);
    progress_report(&p, 500, 1000, "steps", S);
    assert_true(p.percent == 50);
}

static void calculate_training_progress_complete(void **state)
{
    (void)state;
    assert_true(progress_training(1000, 1000) == 100);
    assert_true(progress_training(2000, 1000) == 100);
    // Exactly 100 is for completion alone: all steps done isn't the end yet.
    struct progress p;
    progress_init(&p, true);
    progress_report(&p, 1000, 1000, "steps", S);
    assert_true(p.percent > 99 && p.percent < 100);
    progress_complete(&p);
    assert_true(p.percent == 100);
    progress_report(&p, 1, 1000, "steps", 2 * S);
    progress_phase(&p, "late", 1, 1, 0, 50);
    assert_true(p.percent == 100);
}

static void calculate_training_progress_with_checkpoints(void **state)
{
    (void)state;
    // Writing a checkpoint takes time, not steps: the percentage stands still, then goes on.
    struct progress p;
    progress_init(&p, true);
    progress_phase(&p, "training", 1, 1, 0, 100);
    progress_report(&p, 400, 1000, "steps", 10 * S);
    progress_report(&p, 400, 1000, "steps", 40 * S);
    assert_true(p.percent == 40);
    progress_report(&p, 500, 1000, "steps", 41 * S);
    assert_true(p.percent == 50);
}

static void training_progress_multi_layer(void **state)
{
    (void)state;
    // Three layers of 1000 steps each are one training of 3000.
    struct progress p;
    progress_init(&p, true);
    int64_t done = 0;
    for (int layer = 0; layer < 3; layer++) {
        done += 1000;
        progress_report(&p, done, 3000, "steps", done * S);
        if (layer < 2) assert_true(fabs(p.percent - 100.0 * done / 3000) < 1e-9);
    }
    assert_true(fabs(progress_training(1500, 3000) - 50) < 1e-12);
}

static void unknown_totals_give_no_number(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, false);
    progress_report(&p, 512, -1, "lines", S);
    assert_true(isnan(p.percent));
    assert_true(isnan(progress_eta(&p).seconds));
    progress_report(&p, 512, 0, "lines", 2 * S);
    assert_true(isnan(p.percent));
    progress_report(&p, 512, 1024, "lines", 3 * S);
    assert_true(p.percent == 50 && p.determinate);
}

static void a_phase_without_a_share_is_the_whole(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    progress_phase(&p, "x", 0, 0, NAN, NAN);
    progress_report(&p, 1, 4, NULL, S);
    assert_true(p.percent == 25);
}

static void the_rate_needs_two_samples_and_the_eta_a_second(void **state)
{
    (void)state;
    struct rate r;
    rate_reset(&r);
    assert_true(isnan(rate_value(&r)));
    rate_update(&r, 0, S);
    assert_true(isnan(rate_value(&r)));
    rate_update(&r, 10, S + 100000);
    assert_true(fabs(rate_value(&r) - 100) < 1e-9);
    assert_false(rate_stable(&r));
    // Many reports in less than a second are not stable either.
    for (int i = 2; i < 10; i++) rate_update(&r, 10 * i, S + i * 100000);
    assert_false(rate_stable(&r));
    assert_true(isnan(rate_eta(&r, 100).seconds));
    for (int i = 10; i < 16; i++) rate_update(&r, 10 * i, S + i * 100000);
    assert_true(rate_stable(&r));
    assert_true(fabs(rate_eta(&r, 100).seconds - 1) < 1e-6);
    // Nor are three samples, however far apart.
    rate_reset(&r);
    for (int i = 0; i < 4; i++) rate_update(&r, i * 10, (i + 1) * 20 * S);
    assert_false(rate_stable(&r));
}

static void the_eta_of_a_steady_job_is_right_and_bracketed(void **state)
{
    (void)state;
    struct rate r;
    rate_reset(&r);
    for (int i = 0; i <= 100; i++) rate_update(&r, i * 50, S + i * 500000);
    assert_true(fabs(rate_value(&r) - 100) < 1e-6);
    struct eta eta = rate_eta(&r, 1000);
    assert_true(fabs(eta.seconds - 10) < 1e-6);
    assert_true(eta.low < eta.seconds && eta.seconds < eta.high);
    assert_true(eta.low > 9 && eta.high < 11);
    assert_true(rate_eta(&r, 0).seconds == 0);
    assert_true(isnan(rate_eta(&r, -1).seconds));
    assert_true(isnan(rate_eta(&r, NAN).seconds));
}

static void a_job_that_stands_still_has_no_eta(void **state)
{
    (void)state;
    struct rate r;
    rate_reset(&r);
    for (int i = 0; i < 10; i++) rate_update(&r, 5, S + i * S);
    assert_true(rate_value(&r) == 0);
    assert_false(rate_stable(&r));
    assert_true(isnan(rate_eta(&r, 10).seconds));
}

static void never_again_25_a_resume_at_a_lower_step_starts_the_rate_afresh(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    for (int i = 1; i <= 20; i++) progress_report(&p, i * 100, 10000, "steps", i * S);
    double before = p.percent;
    assert_true(rate_stable(&p.rate));
    progress_report(&p, 500, 10000, "steps", 21 * S);
    assert_false(rate_stable(&p.rate));
    assert_true(isnan(rate_value(&p.rate)));
    assert_true(p.percent == before); // it doesn't go back within an attempt …
    assert_int_equal(p.done, 500);    // … and what is counted is not dropped
    progress_report(&p, 600, 10000, "steps", 22 * S);
    assert_true(fabs(rate_value(&p.rate) - 100) < 1e-9);
}

static void bursts_count_with_the_gap_before_them(void **state)
{
    (void)state;
    struct rate r;
    rate_reset(&r);
    for (int i = 0; i <= 100; i++) rate_update(&r, i * 10, S + i * 100000);
    assert_true(fabs(rate_value(&r) - 100) < 1e-6);
    // Half a minute of nothing, then a spool empties within a tenth of a second.
    for (int i = 1; i <= 300; i++) {
        rate_update(&r, 1000 + i * 10, 41 * S + i * 300);
        assert_true(fabs(rate_value(&r) - 100) < 2);
    }
    for (int i = 1; i <= 10; i++) rate_update(&r, 4000 + i * 10, 41 * S + i * 100000);
    assert_true(fabs(rate_value(&r) - 100) < 2);
    // At the very start, too, nothing is divided by no time.
    rate_reset(&r);
    rate_update(&r, 0, S);
    rate_update(&r, 10, S);
    rate_update(&r, 20, S + 500);
    assert_true(isnan(rate_value(&r)));
    rate_update(&r, 100, 2 * S);
    assert_true(fabs(rate_value(&r) - 100) < 1e-9);
}

static void what_was_there_before_is_no_pace(void **state)
{
    (void)state;
    // The first count is where it began …
    struct progress p;
    progress_init(&p, true);
    for (int i = 0; i <= 20; i++) progress_report(&p, 700 + i, 1000, "steps", (i + 1) * S);
    assert_true(fabs(rate_value(&p.rate) - 1) < 1e-9);
    assert_true(fabs(progress_eta(&p).seconds - 280) < 1);
    // … and what is found later counts, but not as done in that time.
    progress_found(&p, 200);
    for (int i = 21; i <= 30; i++) progress_report(&p, 900 + i, 1000, "steps", (i + 1) * S);
    assert_true(p.percent == 93);
    assert_true(fabs(rate_value(&p.rate) - 1) < 1e-9);
    assert_true(fabs(progress_eta(&p).seconds - 70) < 1);
}

static void after_a_pause_the_eta_is_computed_afresh(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    for (int i = 0; i <= 20; i++) progress_report(&p, i, 1000, "steps", (i + 1) * S);
    progress_resumed(&p);
    assert_true(isnan(progress_eta(&p).seconds));
    assert_true(p.percent == 2);
    for (int i = 20; i <= 40; i++) progress_report(&p, i, 1000, "steps", (5000 + i) * S);
    assert_true(fabs(rate_value(&p.rate) - 1) < 1e-9); // the hour between was no work
    assert_true(fabs(progress_eta(&p).seconds - 960) < 1);
}

static void a_unit_longer_than_is_kept_is_still_one_unit(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    for (int i = 0; i <= 10; i++) progress_report(&p, i * 10, 1000, "activation vectors written", (i + 1) * S);
    assert_true(rate_stable(&p.rate));
    assert_true(strlen(p.unit) < sizeof p.unit);
    progress_report(&p, 200, 1000, "bytes", 12 * S);
    assert_false(rate_stable(&p.rate)); // another unit is another count
}

static void the_eta_of_the_whole_counts_the_phases_to_come(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    progress_phase(&p, "extracting", 2, 3, 0, 50);
    for (int i = 0; i <= 10; i++) progress_report(&p, i * 10, 1000, NULL, (i + 1) * S);
    // 900 units of this phase, and 50 percent more at 20 units a percent.
    struct eta eta = progress_eta(&p);
    assert_true(fabs(eta.seconds - 190) < 1);
    // How long those take nobody knows: from no time at all to twice as much.
    assert_true(eta.low < 90 && eta.low > 80 && eta.high > 290 && eta.high < 310);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calculate_training_progress_start),
        cmocka_unit_test(calculate_training_progress_midpoint),
        cmocka_unit_test(calculate_training_progress_complete),
        cmocka_unit_test(calculate_training_progress_with_checkpoints),
        cmocka_unit_test(training_progress_multi_layer),
        cmocka_unit_test(unknown_totals_give_no_number),
        cmocka_unit_test(a_phase_without_a_share_is_the_whole),
        cmocka_unit_test(the_rate_needs_two_samples_and_the_eta_a_second),
        cmocka_unit_test(the_eta_of_a_steady_job_is_right_and_bracketed),
        cmocka_unit_test(a_job_that_stands_still_has_no_eta),
        cmocka_unit_test(never_again_25_a_resume_at_a_lower_step_starts_the_rate_afresh),
        cmocka_unit_test(bursts_count_with_the_gap_before_them),
        cmocka_unit_test(what_was_there_before_is_no_pace),
        cmocka_unit_test(after_a_pause_the_eta_is_computed_afresh),
        cmocka_unit_test(a_unit_longer_than_is_kept_is_still_one_unit),
        cmocka_unit_test(the_eta_of_the_whole_counts_the_phases_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
