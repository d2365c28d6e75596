// Runs compared: who was faster, where, and what is said of runs that can't be compared as they are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/compare.h"

static struct comparison c;

static struct compare_run *add(const char *name, const char *status, double progress)
{
    struct compare_run *r = &c.runs[c.n++];
    *r = (struct compare_run){.attempt = 1, .progress = progress, .first_at = 1, .last_at = 1};
    snprintf(r->id, sizeof r->id, "trn_%s", name);
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->status, sizeof r->status, "%s", status);
    run_times_init(&r->times);
    return r;
}

static struct compare_run *even(const char *name, const char *status, double to, double seconds)
{
    struct compare_run *r = add(name, status, to);
    run_times_add(&r->times, seconds, 0, to, "");
    return r;
}

static int begin(void **state)
{
    (void)state;
    c = (struct comparison){0};
    return 0;
}

static void says(const char *what)
{
    if (!strstr(c.sentence, what)) fail_msg("\"%s\" doesn't say \"%s\"", c.sentence, what);
}

static void the_faster_one_and_where_it_was_faster(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    struct compare_run *b = add("B", "completed", 100);
    run_times_add(&b->times, 40, 0, 40, "");
    run_times_add(&b->times, 50, 40, 60, ""); // 30 s more than A
    run_times_add(&b->times, 40, 60, 100, "");
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_PROGRESS);
    assert_int_equal(c.fastest, 0);
    assert_int_equal(c.slowest, 1);
    assert_float_equal(c.runs[1].speed, 100.0 / 130, 1e-9);
    assert_float_equal(c.diverge_from, 40, 1e-9);
    assert_float_equal(c.diverge_to, 60, 1e-9);
    assert_float_equal(c.diverge_share, 1, 1e-9);
    assert_float_equal(c.tenths[0], 1, 1e-9);
    assert_float_equal(c.tenths[5], 2.5, 1e-9);
    assert_string_equal(c.sentence, "A was 30 % faster than B; most of it between 40 % and 60 %");
}

static void a_difference_that_is_everywhere_is_said_to_be(void **state)
{
    (void)state;
    even("A", "completed", 100, 300);
    even("B", "completed", 100, 100);
    compare_runs(&c);
    assert_true(isnan(c.diverge_from));
    assert_string_equal(c.sentence, "B was 3.0 times as fast as A; the difference is spread over the whole way");
}

static void ups_and_downs_are_no_place_of_divergence(void **state)
{
    (void)state;
    struct compare_run *a = add("A", "completed", 100), *b = add("B", "completed", 100);
    for (int i = 0; i < 10; i++) {
        run_times_add(&a->times, i % 2 ? 10 : 20, i * 10, i * 10 + 10, "");
        run_times_add(&b->times, i % 2 ? 25 : 6, i * 10, i * 10 + 10, "");
    }
    compare_runs(&c);
    assert_int_equal(c.fastest, 0);
    assert_true(isnan(c.diverge_from)); // though one tenth alone is more than the whole difference
}

static void equal_runs_are_equal(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    even("B", "completed", 100, 101);
    compare_runs(&c);
    assert_string_equal(c.sentence, "A and B were about equally fast");
}

static void a_run_that_failed_is_compared_as_far_as_it_came(void **state)
{
    (void)state;
    struct compare_run *a = add("A", "completed", 100);
    run_times_add(&a->times, 40, 0, 40, "");
    run_times_add(&a->times, 900, 40, 100, ""); // slow where B never came
    even("B", "failed", 40, 60);
    compare_runs(&c);
    assert_float_equal(c.to, 40, 1e-9);
    assert_int_equal(c.fastest, 0);
    assert_float_equal(c.runs[1].speed, 40.0 / 60, 1e-9);
    assert_true(isnan(c.tenths[4]));
    says("A was 50 % faster than B");
    says("compared from 0 % to 40 %, which both went through");
    says("B failed at 40 %");
}

static void a_run_under_way_or_paused_is_said_to_be(void **state)
{
    (void)state;
    even("A", "running", 63, 60);
    even("B", "paused", 33, 60);
    compare_runs(&c);
    says("A is running at 63 %");
    says("B is paused at 33 %");
    says("to 33 %");
}

static void one_that_went_on_from_a_checkpoint_is_judged_by_its_own_part(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    struct compare_run *b = add("B", "completed", 100);
    run_times_add(&b->times, 5, (double)NAN, 60, ""); // loading the checkpoint
    run_times_add(&b->times, 80, 60, 100, "");
    compare_runs(&c);
    assert_float_equal(c.from, 60, 0);
    assert_int_equal(c.fastest, 0);
    assert_float_equal(c.runs[1].speed, 0.5, 1e-9);
    says("A was 2.0 times as fast as B");
}

static void different_totals_are_compared_by_what_was_done_in_a_second(void **state)
{
    (void)state;
    struct compare_run *a = even("A", "completed", 100, 100), *b = even("B", "completed", 100, 150);
    run_times_work(&a->times, &(struct run_work){"training", "steps", 5000, 5000, 100});
    run_times_work(&b->times, &(struct run_work){"training", "steps", 10000, 10000, 100});
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_UNITS);
    assert_int_equal(c.fastest, 1); // though it took longer
    assert_float_equal(c.runs[0].speed, 0.75, 1e-9);
    says("B was 33 % faster than A (66.67 steps a second against 50, with 10000 to do against 5000)");
}

static void what_is_counted_in_other_units_is_compared_by_progress(void **state)
{
    (void)state;
    struct compare_run *a = even("A", "completed", 100, 100), *b = even("B", "completed", 100, 150);
    run_times_work(&a->times, &(struct run_work){"", "steps", 50, 50, 100});
    run_times_work(&b->times, &(struct run_work){"", "bytes", 10000, 10000, 100});
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_PROGRESS);
    assert_int_equal(c.fastest, 0);
}

static void nothing_in_common_is_no_comparison(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    add("B", "", (double)NAN);
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_NOTHING);
    assert_int_equal(c.fastest, -1);
    assert_true(isnan(c.runs[0].speed));
    says("no stretch of progress");
    says("B has not begun");
}

static void runs_without_percentages_are_compared_by_their_time_if_all_ended_well(void **state)
{
    (void)state;
    struct compare_run *a = add("A", "completed", 100), *b = add("B", "completed", 100);
    run_times_add(&a->times, 20, (double)NAN, 100, "");
    run_times_add(&b->times, 30, (double)NAN, 100, "");
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_DURATION);
    says("A was 50 % faster than B (20 s against 30 s)");
    snprintf(b->status, sizeof b->status, "failed");
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_NOTHING);
}

static void whole_times_are_not_compared_with_those_of_a_part(void **state)
{
    (void)state;
    even("A", "completed", 40, 20); // stopped early
    struct compare_run *b = add("B", "completed", 100);
    run_times_add(&b->times, 30, 60, 100, ""); // went on from a checkpoint
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_NOTHING);
    says("no stretch of progress");
    says("A completed after 40 % of its way");
}

static void what_is_not_compared_is_said_to_be_left_out_and_why(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    even("B", "failed", 40, 60);
    even("C", "running", 0.4, 3);
    struct compare_run *d = add("D", "completed", 100);
    run_times_add(&d->times, 20, (double)NAN, 100, "");
    struct compare_run *e = add("E", "running", (double)NAN);
    run_times_add(&e->times, 20, (double)NAN, (double)NAN, "");
    compare_runs(&c);
    says("A was 50 % faster than B; the difference is spread over the whole way; "
         "compared from 0 % to 40 %, which both went through");
    says("C is running at 0.4 % and has not come far enough to be compared");
    says("D tells no percentage to compare by");
    says("E is running and tells no percentage to compare by");
}

static void one_that_waits_again_after_a_pause_has_begun(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    even("B", "queued", 33, 60);
    struct compare_run *n = add("C", "queued", 0);
    compare_runs(&c);
    says("B is queued at 33 %");
    says("C has not begun");
    (void)n;
}

static void a_stretch_that_took_no_time_is_not_called_none(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    struct compare_run *b = add("B", "running", 50);
    run_times_add(&b->times, 0, 0, 50, ""); // its first report
    run_times_add(&b->times, 5, 50, 50, "");
    compare_runs(&c);
    assert_int_equal(c.basis, COMPARE_NOTHING);
    says("too short to be measured");
    says("B is running at 50 %");
}

static void runs_of_different_kinds_are_said_to_be(void **state)
{
    (void)state;
    struct compare_run *a = even("A", "completed", 100, 100), *b = even("B", "completed", 100, 150);
    snprintf(a->kind, sizeof a->kind, "extract");
    snprintf(b->kind, sizeof b->kind, "train_sae");
    compare_runs(&c);
    says("; they are not of one kind");
    snprintf(b->kind, sizeof b->kind, "extract");
    compare_runs(&c);
    assert_null(strstr(c.sentence, "kind"));
}

static void large_numbers_have_no_exponents(void **state)
{
    (void)state;
    struct compare_run *a = even("A", "completed", 100, 10), *b = even("B", "completed", 100, 15);
    run_times_work(&a->times, &(struct run_work){"", "tokens", 1000000, 1000000, 100});
    run_times_work(&b->times, &(struct run_work){"", "tokens", 3000000, 3000000, 100});
    compare_runs(&c);
    says("(200000 tokens a second against 100000, with 3000000 to do against 1000000)");
    run_times_work(&a->times, &(struct run_work){"", "bytes", 10 << 20, 10 << 20, 100});
    run_times_work(&b->times, &(struct run_work){"", "bytes", 30 << 20, 30 << 20, 100});
    compare_runs(&c);
    says("(2 MiB a second against 1, with 30 to do against 10)");
    for (int i = 0; i < 2; i++) {
        run_times_init(&c.runs[i].times);
        run_times_add(&c.runs[i].times, i ? 12345 : 300, (double)NAN, 100, "");
    }
    compare_runs(&c);
    says("(5 min 0 s against 3 h 25 min)");
}

static void many_are_compared_with_the_fastest(void **state)
{
    (void)state;
    even("A", "completed", 100, 150);
    even("B", "completed", 100, 100);
    even("C", "completed", 100, 100.5);
    even("D", "completed", 100, 400);
    compare_runs(&c);
    assert_int_equal(c.fastest, 1);
    assert_string_equal(c.sentence,
                        "B was the fastest: 50 % faster than A, about as fast as C, 4.0 times as fast as D");
    for (int i = 0; i < c.n; i++)
        run_times_work(&c.runs[i].times, &(struct run_work){"", "steps", 100 + i, 100 + i, 100});
    compare_runs(&c);
    says("C was the fastest by steps a second: ");
}

static void runs_of_one_name_go_by_their_ids(void **state)
{
    (void)state;
    even("x", "completed", 100, 150);
    struct compare_run *b = even("x", "completed", 100, 100);
    snprintf(b->id, sizeof b->id, "trn_y");
    compare_runs(&c);
    says("trn_y was 50 % faster than trn_x");
}

static void the_longest_names_and_the_most_runs_find_room(void **state)
{
    (void)state;
    char name[COMPARE_NAME_SIZE];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (int i = 0; i < COMPARE_MAX; i++) {
        struct compare_run *r = even(name, "failed", 50 + i, 10 + i);
        r->name[0] = (char)('a' + i);
    }
    compare_runs(&c);
    assert_true(strlen(c.sentence) < sizeof c.sentence - 1); // none of it is cut off
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    compare_write(&c, &w);
    json_t *obj = json_read_object(buf_slice(&b), NULL);
    assert_non_null(obj);
    assert_int_equal(json_array_size(json_object_get(obj, "runs")), COMPARE_MAX);
    json_decref(obj);
    buf_release(&b);
}

static void curves_are_given_by_progress_and_by_time(void **state)
{
    (void)state;
    even("A", "completed", 100, 100);
    even("B", "failed", 55, 110);
    compare_runs(&c);
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    compare_write(&c, &w);
    json_t *obj = json_read_object(buf_slice(&b), NULL);
    json_t *at50 = json_object_get(json_array_get(json_object_get(obj, "by_progress"), 5), "seconds");
    assert_float_equal(json_number_value(json_array_get(at50, 0)), 50, 1e-3);
    assert_float_equal(json_number_value(json_array_get(at50, 1)), 100, 1e-3);
    json_t *at60 = json_object_get(json_array_get(json_object_get(obj, "by_progress"), 6), "seconds");
    assert_true(json_is_null(json_array_get(at60, 1)));
    json_t *after33 = json_object_get(json_array_get(json_object_get(obj, "by_time"), 3), "progress");
    assert_float_equal(json_number_value(json_array_get(after33, 0)), 33, 1e-3);
    assert_float_equal(json_number_value(json_array_get(after33, 1)), 16.5, 1e-3);
    json_t *run = json_array_get(json_object_get(obj, "runs"), 1);
    assert_float_equal(json_number_value(json_object_get(run, "percent_per_second")), 0.5, 1e-9);
    assert_true(json_is_null(json_array_get(json_object_get(run, "tenths"), 6)));
    json_decref(obj);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, begin)
        T(the_faster_one_and_where_it_was_faster),
        T(a_difference_that_is_everywhere_is_said_to_be),
        T(ups_and_downs_are_no_place_of_divergence),
        T(equal_runs_are_equal),
        T(a_run_that_failed_is_compared_as_far_as_it_came),
        T(a_run_under_way_or_paused_is_said_to_be),
        T(one_that_went_on_from_a_checkpoint_is_judged_by_its_own_part),
        T(different_totals_are_compared_by_what_was_done_in_a_second),
        T(what_is_counted_in_other_units_is_compared_by_progress),
        T(nothing_in_common_is_no_comparison),
        T(runs_without_percentages_are_compared_by_their_time_if_all_ended_well),
        T(whole_times_are_not_compared_with_those_of_a_part),
        T(what_is_not_compared_is_said_to_be_left_out_and_why),
        T(one_that_waits_again_after_a_pause_has_begun),
        T(a_stretch_that_took_no_time_is_not_called_none),
        T(runs_of_different_kinds_are_said_to_be),
        T(large_numbers_have_no_exponents),
        T(many_are_compared_with_the_fastest),
        T(runs_of_one_name_go_by_their_ids),
        T(the_longest_names_and_the_most_runs_find_room),
        T(curves_are_given_by_progress_and_by_time),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
