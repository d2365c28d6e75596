// Periodic tasks: when they run, that they do so once, and what a restart knows.
#include <sched.h>

#include "schedule_fixture.h"

static int get_row(struct store_tx *tx, void *ctx, struct err *e)
{
    return scheduled_task_row_get(tx, "work", ctx, e);
}

// ---- by its schedule -----------------------------------------------------------------------------------------------

static void a_daily_task_runs_once_a_day_and_first_at_its_time(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 02:30 UTC");
    int64_t noon = f.wall;
    assert_int_equal(f.begun, 0); // not because it is new
    assert_int_equal(fixture_view(&f).next_run_at, noon + 14 * HOUR + 30 * MINUTE);
    assert_int_equal(fixture_view(&f).last_started_at, 0);
    assert_null(fixture_view(&f).last_result);
    pass(&f, 14 * HOUR + 29 * MINUTE);
    assert_int_equal(f.begun, 0);
    assert_int_equal(f.armed, 30 * SECOND); // the clock is looked at again before it would be due
    pass(&f, MINUTE);
    assert_int_equal(f.begun, 1);
    struct schedule_view v = fixture_view(&f);
    assert_int_equal(v.last_started_at, noon + 14 * HOUR + 30 * MINUTE);
    assert_int_equal(v.next_run_at, noon + 38 * HOUR + 30 * MINUTE);
    assert_string_equal(v.last_result, "{\"n\":1}");
    assert_null(v.last_error);
    assert_int_equal(v.runs, 1);
    assert_int_equal(v.failures, 0);
    for (int i = 0; i < 10; i++) pass(&f, MINUTE);
    assert_int_equal(f.begun, 1);
    for (int i = 0; i < 24 * 60; i++) pass(&f, MINUTE);
    assert_int_equal(f.begun, 2);
    assert_int_equal(f.ended, 2);
    fixture_release(&f);
}

static void an_interval_is_from_start_to_start_and_leaves_out_what_a_long_run_missed(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "every 60 seconds");
    pass(&f, 59 * SECOND);
    assert_int_equal(f.begun, 0);
    assert_int_equal(f.armed, SECOND);
    f.lasts = 20 * SECOND;
    pass(&f, SECOND);
    assert_int_equal(f.begun, 1);
    assert_int_equal(f.armed, 30 * SECOND); // 40, but the clock is looked at
    assert_int_equal(fixture_view(&f).next_run_at, f.wall + 40 * SECOND);
    assert_true(fixture_view(&f).last_duration_seconds == 20);
    pass(&f, 39 * SECOND);
    assert_int_equal(f.begun, 1);
    f.lasts = 150 * SECOND; // two more times pass meanwhile
    pass(&f, SECOND);
    assert_int_equal(f.begun, 2);
    pass(&f, 29 * SECOND);
    assert_int_equal(f.begun, 2);
    pass(&f, SECOND);
    assert_int_equal(f.begun, 3);
    fixture_release(&f);
}

static void a_run_that_lasts_beyond_the_next_time_is_followed_by_one_not_joined_by_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    f.hold = true;
    move(&f, HOUR);
    schedule_tick(f.s);
    for (int i = 0; i < 3; i++) { // three days
        move(&f, DAY);
        schedule_tick(f.s);
    }
    assert_true(fixture_view(&f).running);
    f.hold = false;
    fixture_settle(&f);
    assert_int_equal(f.begun, 2); // what it missed itself is caught up once
    assert_int_equal(fixture_view(&f).next_run_at, f.wall + 23 * HOUR + 30 * MINUTE);
    fixture_release(&f);
}

static void a_failure_is_kept_counted_and_told_and_the_next_run_comes_at_its_time(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "every 60 seconds");
    f.fail = true;
    pass(&f, MINUTE);
    struct schedule_view v = fixture_view(&f);
    assert_int_equal(v.failures, 1);
    assert_int_equal(v.runs, 1);
    assert_int_equal(v.last_success_at, 0);
    assert_string_equal(v.last_error, "the disk is on fire");
    assert_string_equal(v.last_result, "{\"n\":1}"); // how far it came
    assert_int_equal(f.failed, 1);
    assert_string_equal(f.last_error, "the disk is on fire");
    pass(&f, 30 * SECOND);
    assert_int_equal(f.begun, 1);
    f.fail = false;
    pass(&f, 30 * SECOND);
    v = fixture_view(&f);
    assert_int_equal(v.runs, 2);
    assert_int_equal(v.failures, 1);
    assert_null(v.last_error);
    assert_int_equal(v.last_success_at, f.wall);
    fixture_release(&f);
}

// ---- by hand -------------------------------------------------------------------------------------------------------

static void by_hand_it_runs_now_and_not_twice_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    struct err e = {0};
    fixture_init(&f, &t, "daily 02:30 UTC");
    f.hold = true;
    assert_int_equal(schedule_run_now(f.s, "work", &e), 0);
    assert_true(fixture_view(&f).running);
    assert_int_equal(fixture_view(&f).last_started_at, f.wall);
    assert_int_equal(schedule_run_now(f.s, "work", &e), HW_ECONFLICT);
    assert_string_equal(e.message, "work is running");
    assert_int_equal(schedule_run_now(f.s, "rest", &e), HW_ENOTFOUND);
    move(&f, DAY); // its time comes and goes
    schedule_tick(f.s);
    assert_int_equal(f.n_posted, 0);
    f.hold = false;
    fixture_settle(&f);
    assert_int_equal(f.begun, 2); // the second for the time that passed
    fixture_release(&f);
}

static void seen_running(void *ctx, struct schedule_observation *seen)
{
    *seen = *(struct schedule_observation *)ctx;
}

static void what_runs_by_itself_is_shown_and_not_run(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    struct err e = {0};
    struct schedule *s;
    fixture_init(&f, &t, "daily 02:30 UTC");
    struct schedule_observation seen = {
        .last_started_at = 1000, .next_run_at = 3000, .last_duration_seconds = 0.5, .runs = 7};
    const struct schedule_task self = {
        .name = "self", .description = "", .spec = "every 2 seconds", .observe = seen_running, .ctx = &seen};
    const struct schedule_config config = {.store = f.store, .arm = fixture_arm, .post = fixture_post, .ctx = &f};
    struct schedule_view v;
    assert_int_equal(schedule_new(&s, &config, &self, 1, &e), 0);
    schedule_view(s, 0, &v);
    assert_string_equal(v.spec, "every 2 seconds");
    assert_null(v.timezone);
    assert_int_equal(v.last_started_at, 1000);
    assert_int_equal(v.next_run_at, 3000);
    assert_int_equal(v.runs, 7);
    assert_int_equal(schedule_run_now(s, "self", &e), HW_ECONFLICT);
    assert_string_equal(e.message, "self runs by itself, every 2 seconds");
    schedule_free(s);
    fixture_release(&f);
}

static void a_table_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct schedule *s;
    const struct schedule_task t = {.name = "work", .description = "", .spec = "daily 02:30", .run = fixture_work};
    struct schedule_task twice[] = {t, t}, bad = t;
    const struct schedule_config config = {.arm = fixture_arm};
    assert_int_equal(schedule_new(&s, &config, twice, 2, &e), HW_EVALIDATION);
    assert_string_equal(e.message, "there are two tasks work");
    bad.spec = "daily";
    assert_int_equal(schedule_new(&s, &config, &bad, 1, &e), HW_EVALIDATION);
    assert_non_null(strstr(e.message, "work: \"daily\" is no schedule"));
    bad = t;
    bad.name = "a_name_that_the_database_cannot_keep";
    assert_int_equal(schedule_new(&s, &config, &bad, 1, &e), HW_EVALIDATION);
}

// ---- the clock is set ----------------------------------------------------------------------------------------------

static void a_clock_set_back_by_an_hour_after_a_daily_run_does_not_repeat_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    pass(&f, 30 * MINUTE);
    assert_int_equal(f.begun, 1);
    set_clock(&f, -HOUR);
    for (int i = 0; i < 120; i++) pass(&f, MINUTE); // 12:30 comes again
    assert_int_equal(f.begun, 1);
    for (int i = 0; i < 24 * 60; i++) pass(&f, MINUTE);
    assert_int_equal(f.begun, 2);
    fixture_release(&f);
}

static void a_clock_set_forward_over_a_daily_run_does_not_lose_or_repeat_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    assert_int_equal(f.armed, 30 * SECOND); // so it is noticed at once, not half an hour later
    set_clock(&f, HOUR);
    assert_int_equal(f.begun, 1);
    set_clock(&f, -HOUR); // and put right again
    for (int i = 0; i < 120; i++) pass(&f, MINUTE);
    assert_int_equal(f.begun, 1);
    fixture_release(&f);
}

static void a_clock_set_back_by_an_hour_does_not_block_an_interval_nor_forward_repeat_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "every 60 seconds");
    pass(&f, MINUTE);
    assert_int_equal(f.begun, 1);
    set_clock(&f, -HOUR);
    pass(&f, 59 * SECOND);
    assert_int_equal(f.begun, 1);
    assert_int_equal(fixture_view(&f).next_run_at, f.wall + SECOND);
    pass(&f, SECOND);
    assert_int_equal(f.begun, 2);
    set_clock(&f, HOUR);
    assert_int_equal(f.begun, 2);
    pass(&f, 59 * SECOND);
    assert_int_equal(f.begun, 2);
    pass(&f, SECOND);
    assert_int_equal(f.begun, 3);
    fixture_release(&f);
}

static void a_clock_that_was_a_year_ahead_blocks_a_daily_task_for_two_days_at_most(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    set_clock(&f, 365 * DAY);
    assert_int_equal(f.begun, 1);
    set_clock(&f, -365 * DAY);
    for (int i = 0; i < 47 * 60; i++) {
        pass(&f, MINUTE);
        if (i % 600 == 599) { // restarts don't put it off
            fixture_shut(&f);
            fixture_open(&f, &t);
            fixture_settle(&f);
        }
    }
    assert_int_equal(f.begun, 2);
    fixture_release(&f);
}

// ---- restarts ------------------------------------------------------------------------------------------------------

static void reopen(struct fixture *f, struct schedule_task *t)
{
    fixture_shut(f);
    fixture_open(f, t);
    fixture_settle(f);
}

static void what_was_missed_while_the_server_was_down_is_caught_up_once(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    pass(&f, HOUR);
    assert_int_equal(f.begun, 1);
    reopen(&f, &t);
    assert_int_equal(f.begun, 1); // nothing was missed
    assert_int_equal(fixture_view(&f).runs, 1);
    assert_string_equal(fixture_view(&f).last_result, "{\"n\":1}");
    fixture_shut(&f);
    f.wall += 10 * DAY; // another boot: the monotonic clock begins anew
    f.mono = 5 * SECOND;
    fixture_open(&f, &t);
    fixture_settle(&f);
    assert_int_equal(f.begun, 2);
    reopen(&f, &t);
    assert_int_equal(f.begun, 2);
    assert_int_equal(fixture_view(&f).next_run_at, f.wall + 23 * HOUR + 30 * MINUTE);
    fixture_release(&f);
}

static void a_first_run_may_be_missed_too(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "monthly 1 00:00 UTC");
    fixture_shut(&f);
    f.wall += 20 * DAY;
    fixture_open(&f, &t);
    fixture_settle(&f);
    assert_int_equal(f.begun, 1);
    fixture_release(&f);
}

static void an_interval_goes_on_where_it_was(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "every 3600 seconds");
    pass(&f, HOUR);
    fixture_shut(&f);
    f.wall += 45 * MINUTE;
    f.mono = 7 * SECOND;
    fixture_open(&f, &t);
    assert_int_equal(f.begun, 1);
    pass(&f, 15 * MINUTE);
    assert_int_equal(f.begun, 2);
    // A clock that was put right between the two can't make it wait for longer than the interval.
    fixture_shut(&f);
    f.wall -= 30 * DAY;
    fixture_open(&f, &t);
    pass(&f, HOUR);
    assert_int_equal(f.begun, 3);
    fixture_release(&f);
}

static void a_run_that_an_orderly_end_cut_off_is_run_again(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    f.hold = true;
    move(&f, HOUR);
    schedule_tick(f.s);
    fixture_shut(&f);
    assert_true(f.stop_seen);
    assert_int_equal(f.ended, 0); // neither well nor badly
    f.hold = false;
    fixture_open(&f, &t);
    fixture_settle(&f);
    assert_int_equal(f.begun, 2);
    assert_int_equal(fixture_view(&f).runs, 1);
    fixture_release(&f);
}

// What a killed server leaves behind: a run that began and was the `nth` in a row to do so.
struct remains {
    int64_t since, nth;
};

static int leave_behind(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct remains *left = ctx;
    struct scheduled_task_row r;
    int rc = scheduled_task_row_get(tx, "work", &r, e);
    if (rc) return rc;
    r.running_since = left->since;
    r.interruptions = left->nth - 1;
    rc = scheduled_task_row_put(tx, &r, e);
    scheduled_task_row_release(&r);
    return rc;
}

static void reopen_killed(struct fixture *f, struct schedule_task *t, int64_t nth)
{
    struct store *s;
    struct remains left = {f->wall, nth};
    fixture_shut(f);
    assert_int_equal(store_open(&s, f->database.url, NULL), 0);
    assert_int_equal(store_write_wait(s, leave_behind, &left, NULL), 0);
    store_close(s);
    f->wall += SECOND;
    fixture_open(f, t);
    fixture_settle(f);
}

static void the_mark_of_a_run_is_in_the_database_before_its_work_begins(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    struct scheduled_task_row r;
    fixture_init(&f, &t, "daily 12:30 UTC");
    int64_t noon = f.wall;
    f.hold = true;
    move(&f, HOUR);
    schedule_tick(f.s);
    while (!f.begun) sched_yield();
    assert_int_equal(store_read_wait(f.store, get_row, &r, NULL), 0);
    assert_int_equal(r.running_since, noon + HOUR);
    assert_int_equal(r.last_started_at, 0);
    scheduled_task_row_release(&r);
    f.hold = false;
    fixture_settle(&f);
    assert_int_equal(store_read_wait(f.store, get_row, &r, NULL), 0);
    assert_int_equal(r.running_since, 0);
    assert_int_equal(r.last_started_at, noon + HOUR);
    assert_int_equal(r.next_run_at, noon + DAY + HOUR / 2);
    scheduled_task_row_release(&r);
    fixture_release(&f);
}

static void a_run_that_a_kill_cut_off_counts_as_missed(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    move(&f, DAY); // its time has come, and the run was begun
    reopen_killed(&f, &t, 1);
    assert_int_equal(f.begun, 1);
    reopen(&f, &t);
    assert_int_equal(f.begun, 1);
    fixture_release(&f);
}

static void a_run_that_a_kill_cut_off_twice_in_a_row_waits_for_its_next_time(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init(&f, &t, "daily 12:30 UTC");
    move(&f, DAY);
    reopen_killed(&f, &t, 2);
    assert_int_equal(f.begun, 0);
    assert_int_equal(fixture_view(&f).next_run_at, f.wall - SECOND + HOUR / 2);
    pass(&f, HOUR);
    assert_int_equal(f.begun, 1);
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daily_task_runs_once_a_day_and_first_at_its_time),
        cmocka_unit_test(an_interval_is_from_start_to_start_and_leaves_out_what_a_long_run_missed),
        cmocka_unit_test(a_run_that_lasts_beyond_the_next_time_is_followed_by_one_not_joined_by_it),
        cmocka_unit_test(a_failure_is_kept_counted_and_told_and_the_next_run_comes_at_its_time),
        cmocka_unit_test(by_hand_it_runs_now_and_not_twice_at_a_time),
        cmocka_unit_test(what_runs_by_itself_is_shown_and_not_run),
        cmocka_unit_test(a_table_that_cannot_be_is_refused),
        cmocka_unit_test(a_clock_set_back_by_an_hour_after_a_daily_run_does_not_repeat_it),
        cmocka_unit_test(a_clock_set_forward_over_a_daily_run_does_not_lose_or_repeat_it),
        cmocka_unit_test(a_clock_set_back_by_an_hour_does_not_block_an_interval_nor_forward_repeat_it),
        cmocka_unit_test(a_clock_that_was_a_year_ahead_blocks_a_daily_task_for_two_days_at_most),
        cmocka_unit_test(what_was_missed_while_the_server_was_down_is_caught_up_once),
        cmocka_unit_test(a_first_run_may_be_missed_too),
        cmocka_unit_test(an_interval_goes_on_where_it_was),
        cmocka_unit_test(a_run_that_an_orderly_end_cut_off_is_run_again),
        cmocka_unit_test(the_mark_of_a_run_is_in_the_database_before_its_work_begins),
        cmocka_unit_test(a_run_that_a_kill_cut_off_counts_as_missed),
        cmocka_unit_test(a_run_that_a_kill_cut_off_twice_in_a_row_waits_for_its_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
