// Leases: live jobs are told from dead ones, and no job is lost or run twice for it.
#include "base/clock.h"
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#define STARTED "{\"type\":\"started\",\"pid\":7},{\"type\":\"progress\",\"done\":42,\"total\":100}"

static void reports_keep_a_job_alive_for_as_long_as_it_takes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    // Never again 20: five hours and more, and no limit.
    for (int i = 0; i < 50; i++) {
        fixture_pass(f, 14 * SECOND);
        report_ok(f, &h, "{\"type\":\"heartbeat\"}");
    }
    assert_status(f, h.job_id, "running");
    fixture_free(f);
}

static void never_again_21_a_silent_job_is_stalled_then_failed_as_lost(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    fixture_pass(f, 14 * SECOND);
    assert_status(f, h.job_id, "running");
    fixture_pass(f, 2 * SECOND);
    struct job_row r = job_now(f, h.job_id);
    char text[160];
    assert_string_equal(r.status, "stalled");
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text), "last report 16 s ago; the worker may be lost");
    job_row_release(&r);
    fixture_pass(f, 31 * SECOND);
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "WORKER_LOST");
    assert_true(r.progress == 42);
    job_row_release(&r);
    json_t *p;
    assert_int_equal(events_named(f, "job:failed", &p), 1);
    assert_string_equal(json_string_value(json_object_get(p, "error_type")), "WORKER_LOST");
    json_decref(p);
    report_lost(f, &h, "{\"type\":\"exited\",\"code\":0}");
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

static void a_stalled_job_whose_worker_comes_back_runs_on(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    fixture_pass(f, 20 * SECOND);
    assert_status(f, h.job_id, "stalled");
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":50,\"total\":100}");
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "running");
    assert_true(r.progress == 50);
    assert_int_equal(r.attempt, 1);
    job_row_release(&r);
    fixture_pass(f, 14 * SECOND);
    assert_status(f, h.job_id, "running");
    fixture_free(f);
}

static void a_lost_job_with_attempts_left_is_queued_again_from_zero(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    begin_job(f, 2, &h);
    report_ok(f, &h, STARTED);
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 31 * SECOND);
    assert_queued_again(f, h.job_id, 2);
    claim_one(f, h.worker_id, &again);
    assert_string_equal(again.job_id, h.job_id);
    assert_int_equal(again.attempt, 2);
    // Never again 22: the first attempt's late report changes nothing.
    report_lost(f, &h, "{\"type\":\"progress\",\"done\":99,\"total\":100},{\"type\":\"exited\",\"code\":0}");
    report_ok(f, &again, "{\"type\":\"started\",\"pid\":8},{\"type\":\"progress\",\"done\":1,\"total\":100}");
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "running");
    assert_true(r.progress == 1);
    job_row_release(&r);
    fixture_free(f);
}

static void a_claimed_job_that_nobody_started_goes_back_without_using_an_attempt(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    begin_job(f, 1, &h); // one attempt only: it isn't used up
    fixture_pass(f, 16 * SECOND);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    assert_int_equal(r.max_attempts, 1);
    job_row_release(&r);
    claim_one(f, h.worker_id, &again);
    assert_string_not_equal(h.lease, again.lease);
    report_lost(f, &h, STARTED);
    report_ok(f, &again, STARTED);
    fixture_free(f);
}

static void assert_lease_and_clock_are_the_servers(struct fixture *f, const struct held *h)
{
    struct job_row r = job_now(f, h->job_id);
    assert_int_equal(r.last_report_at, f->now);
    assert_int_equal(r.lease_until, f->now + 15 * SECOND);
    assert_int_equal(r.updated_at, f->now);
    job_row_release(&r);
}

static void nothing_of_a_jobs_state_depends_on_the_workers_clock(void **state)
{
    (void)state;
    // An hour fast, an hour slow, and one that jumps.
    static const int hours[] = {1, -1, 1, -100, 0, 100};
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    int64_t began = f->now;
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        char events[400], ts[CLOCK_RFC3339_SIZE];
        clock_format(f->now + hours[i] * 3600 * SECOND, ts);
        snprintf(events, sizeof events,
                 "{\"type\":\"started\",\"pid\":7,\"ts\":\"%s\"},"
                 "{\"type\":\"progress\",\"done\":%zu,\"total\":100,\"ts\":\"%s\"},"
                 "{\"type\":\"heartbeat\",\"ts\":\"%s\"}",
                 ts, 10 * (i + 1), ts, ts);
        report_ok(f, &h, events);
        assert_lease_and_clock_are_the_servers(f, &h);
        fixture_pass(f, 10 * SECOND);
    }
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "running");
    assert_int_equal(r.started_at, began);
    assert_true(r.progress == 60);
    assert_true(r.rate > 0.9 && r.rate < 1.1); // ten in ten seconds of ours
    job_row_release(&r);
    // Its lease ends by our clock, an hour before or after by its own.
    fixture_pass(f, 6 * SECOND);
    assert_status(f, h.job_id, "stalled");
    char ts[CLOCK_RFC3339_SIZE], end[160];
    clock_format(f->now - 3600 * SECOND, ts);
    snprintf(end, sizeof end, "{\"type\":\"exited\",\"code\":0,\"ts\":\"%s\"}", ts);
    report_ok(f, &h, end);
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "completed");
    assert_int_equal(r.finished_at, f->now);
    job_row_release(&r);
    fixture_free(f);
}

// ---- a worker that says whom it follows -----------------------------------------------------------------------------

static void never_again_21_a_successor_has_its_predecessors_job_queued_again_at_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    char next[ID_SIZE];
    begin_job(f, 2, &h);
    report_ok(f, &h, STARTED);
    fixture_forget_events(f);
    register_after(f, "host", h.worker_id, next); // no time has passed
    assert_queued_again(f, h.job_id, 2);
    // Both ways are told, as the state machine has them.
    json_t *p;
    assert_int_equal(events_named(f, "job:status_changed", &p), 2);
    assert_string_equal(json_string_value(json_object_get(p, "previous")), "stalled");
    json_decref(p);
    assert_false(queue_worker_live(f->q, h.worker_id));
    assert_true(queue_worker_live(f->q, next));
    claim_one(f, next, &again);
    assert_int_equal(again.attempt, 2);
    // Whatever the first one still says, if it lives after all.
    report_lost(f, &h, "{\"type\":\"progress\",\"done\":99,\"total\":100},{\"type\":\"exited\",\"code\":0}");
    f->batch = 0;
    report_ok(f, &again, STARTED);
    // Saying it again changes nothing.
    register_after(f, "host", h.worker_id, next);
    assert_status(f, h.job_id, "running");
    fixture_free(f);
}

static void never_again_21_without_an_attempt_left_a_predecessors_job_is_failed_as_lost(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char next[ID_SIZE];
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    register_after(f, "host", h.worker_id, next);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "WORKER_LOST");
    assert_true(r.progress == 42);
    job_row_release(&r);
    fixture_free(f);
}

static void what_a_predecessor_had_said_of_an_end_counts(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char next[ID_SIZE];
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}"); // from its spool
    register_after(f, "host", h.worker_id, next);
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void of_a_predecessors_jobs_one_never_begun_keeps_its_attempt_and_one_being_cancelled_ends(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, begun;
    char id[ID_SIZE], next[ID_SIZE];
    begin_job(f, 1, &begun);
    report_ok(f, &begun, STARTED);
    submit(f, "cpu", 1, id);
    claim_one(f, begun.worker_id, &h); // the answer to the claim, or the first report, was lost with the worker
    struct job_answer a = do_cancel(f, begun.job_id);
    job_row_release(&a.job);
    register_after(f, "host", begun.worker_id, next);
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    job_row_release(&r);
    assert_status(f, begun.job_id, "cancelled");
    fixture_free(f);
}

static void nobody_elses_job_is_lost_with_a_predecessor(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held a, b;
    char id[ID_SIZE], other[ID_SIZE], next[ID_SIZE];
    begin_job(f, 2, &a);
    report_ok(f, &a, STARTED);
    register_worker(f, other);
    submit(f, "cpu", 2, id);
    claim_one(f, other, &b);
    f->batch = 0;
    report_ok(f, &b, STARTED);
    register_after(f, "host", "wrk_unknown", next);
    register_after(f, "host", "", next);
    register_after(f, "host", "wrk_longer_than_any_id_that_there_is", next);
    register_after(f, "another host", a.worker_id, next); // a copied data folder proves nothing
    assert_status(f, a.job_id, "running");
    assert_true(queue_worker_live(f->q, a.worker_id));
    register_after(f, "host", a.worker_id, next);
    assert_status(f, a.job_id, "queued");
    assert_status(f, b.job_id, "running");
    fixture_free(f);
}

static void a_job_being_cancelled_whose_worker_is_gone_is_cancelled(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 3, &h);
    report_ok(f, &h, STARTED);
    struct job_answer a = do_cancel(f, h.job_id);
    assert_string_equal(a.job.status, "cancelling");
    job_row_release(&a.job);
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "cancelled");
    fixture_free(f);
}

static void a_stalled_job_can_be_cancelled(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 3, &h);
    report_ok(f, &h, STARTED);
    fixture_pass(f, 16 * SECOND);
    struct job_answer a = do_cancel(f, h.job_id);
    assert_string_equal(a.job.status, "cancelling");
    job_row_release(&a.job);
    fixture_pass(f, 31 * SECOND);
    assert_status(f, h.job_id, "cancelled");
    fixture_free(f);
}

static void a_restart_of_the_server_kills_no_live_job(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    f->now += 600 * SECOND; // it was down for long; the job ran on
    fixture_restart(f);
    fixture_pass(f, 50 * SECOND);
    assert_status(f, h.job_id, "running");
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":30,\"total\":100}");
    struct job_row r = job_now(f, h.job_id);
    assert_true(r.progress == 42); // what was known before the restart is known after it
    job_row_release(&r);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void after_a_restart_a_job_that_is_gone_is_still_found_out(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    fixture_restart(f);
    fixture_pass(f, 61 * SECOND);
    assert_status(f, h.job_id, "stalled");
    fixture_pass(f, 31 * SECOND);
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

static void never_again_21_a_job_that_only_waits_is_never_failed(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE], other[ID_SIZE];
    struct held h;
    begin_job(f, 1, &h);
    submit(f, "cpu", 1, other); // behind one that runs and says nothing but that it lives
    submit(f, "gpu", 1, id);    // for which there is no worker
    for (int i = 0; i < 300; i++) {
        fixture_pass(f, 14 * SECOND);
        report_ok(f, &h, "{\"type\":\"heartbeat\"}");
    }
    assert_status(f, h.job_id, "starting");
    fixture_pass(f, 30 * 86400 * SECOND);
    assert_status(f, other, "queued");
    assert_status(f, id, "queued");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_keep_a_job_alive_for_as_long_as_it_takes),
        cmocka_unit_test(never_again_21_a_silent_job_is_stalled_then_failed_as_lost),
        cmocka_unit_test(a_stalled_job_whose_worker_comes_back_runs_on),
        cmocka_unit_test(a_lost_job_with_attempts_left_is_queued_again_from_zero),
        cmocka_unit_test(a_claimed_job_that_nobody_started_goes_back_without_using_an_attempt),
        cmocka_unit_test(nothing_of_a_jobs_state_depends_on_the_workers_clock),
        cmocka_unit_test(never_again_21_a_successor_has_its_predecessors_job_queued_again_at_once),
        cmocka_unit_test(never_again_21_without_an_attempt_left_a_predecessors_job_is_failed_as_lost),
        cmocka_unit_test(what_a_predecessor_had_said_of_an_end_counts),
        cmocka_unit_test(of_a_predecessors_jobs_one_never_begun_keeps_its_attempt_and_one_being_cancelled_ends),
        cmocka_unit_test(nobody_elses_job_is_lost_with_a_predecessor),
        cmocka_unit_test(a_job_being_cancelled_whose_worker_is_gone_is_cancelled),
        cmocka_unit_test(a_stalled_job_can_be_cancelled),
        cmocka_unit_test(a_restart_of_the_server_kills_no_live_job),
        cmocka_unit_test(after_a_restart_a_job_that_is_gone_is_still_found_out),
        cmocka_unit_test(never_again_21_a_job_that_only_waits_is_never_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
