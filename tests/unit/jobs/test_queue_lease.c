// Leases: live jobs are told from dead ones, and no job is lost or run twice for it.
#include "jobs/queue_fixture.h"

#define STARTED "{\"type\":\"started\",\"pid\":7},{\"type\":\"progress\",\"done\":42,\"total\":100}"

static void begin(struct fixture *f, int max_attempts, struct held *h)
{
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", max_attempts, id);
    claim_one(f, worker, h);
}

static void reports_keep_a_job_alive_for_as_long_as_it_takes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, 1, &h);
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
    begin(f, 1, &h);
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
    begin(f, 1, &h);
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
    begin(f, 2, &h);
    report_ok(f, &h, STARTED);
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 31 * SECOND);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 2);
    assert_true(r.progress == 0);
    assert_int_equal(r.started_at, 0);
    assert_string_equal(r.worker_id, "");
    job_row_release(&r);
    claim_one(f, h.worker_id, &again);
    assert_string_equal(again.job_id, h.job_id);
    assert_int_equal(again.attempt, 2);
    // Never again 22: the first attempt's late report changes nothing.
    report_lost(f, &h, "{\"type\":\"progress\",\"done\":99,\"total\":100},{\"type\":\"exited\",\"code\":0}");
    report_ok(f, &again, "{\"type\":\"started\",\"pid\":8},{\"type\":\"progress\",\"done\":1,\"total\":100}");
    r = job_now(f, h.job_id);
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
    begin(f, 1, &h); // one attempt only: it isn't used up
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

static void a_job_being_cancelled_whose_worker_is_gone_is_cancelled(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, 3, &h);
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
    begin(f, 3, &h);
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
    begin(f, 1, &h);
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
    begin(f, 1, &h);
    report_ok(f, &h, STARTED);
    fixture_restart(f);
    fixture_pass(f, 61 * SECOND);
    assert_status(f, h.job_id, "stalled");
    fixture_pass(f, 31 * SECOND);
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

static void a_queued_job_waits_for_as_long_as_it_must(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    submit(f, "gpu", 1, id);
    fixture_pass(f, 30 * 86400 * SECOND);
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
        cmocka_unit_test(a_job_being_cancelled_whose_worker_is_gone_is_cancelled),
        cmocka_unit_test(a_stalled_job_can_be_cancelled),
        cmocka_unit_test(a_restart_of_the_server_kills_no_live_job),
        cmocka_unit_test(after_a_restart_a_job_that_is_gone_is_still_found_out),
        cmocka_unit_test(a_queued_job_waits_for_as_long_as_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
