// A database that was restored says that jobs are under way which aren't: none of them is shown so, and none is lost.
#include "jobs/queue_entities.h"

#define STARTED "{\"type\":\"started\",\"pid\":7},{\"type\":\"progress\",\"done\":42,\"total\":100}"

static int lose_all(struct fixture *f)
{
    struct err e = {0};
    int jobs;
    if (queue_lose_all(f->store, "it was long ago", &jobs, &e) != 0) fail_msg("%s", e.message);
    return jobs;
}

static void a_running_job_has_failed_and_says_why(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    assert_int_equal(lose_all(f), 1);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "WORKER_LOST");
    assert_string_equal(r.error_message, "it was long ago");
    assert_true(r.progress == 42);
    assert_true(r.finished_at > 0 && r.lease_until == 0);
    job_row_release(&r);
    report_lost(f, &h, "{\"type\":\"heartbeat\"}"); // whoever still runs it is told to stop
    assert_int_equal(lose_all(f), 0);
    fixture_free(f);
}

static void its_training_has_failed_with_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[3]";
    begin_training(f, layers, &h);
    report_ok(f, &h, STARTED);
    assert_int_equal(lose_all(f), 1);
    assert_status(f, h.job_id, "failed");
    struct look l = {.id = "trn_1"};
    look_at(f, look_training, &l);
    assert_string_equal(l.training.status, "failed");
    assert_string_equal(l.training.error_message, "it was long ago");
    look_training_release(&l);
    fixture_free(f);
}

static void with_attempts_left_it_is_queued_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    char worker[ID_SIZE];
    begin_job(f, 2, &h);
    report_ok(f, &h, STARTED);
    assert_int_equal(lose_all(f), 1);
    assert_queued_again(f, h.job_id, 2);
    register_worker(f, worker);
    claim_one(f, worker, &again);
    assert_string_equal(again.job_id, h.job_id);
    fixture_free(f);
}

static void one_that_was_only_claimed_keeps_its_attempt(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    assert_int_equal(lose_all(f), 1);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    job_row_release(&r);
    fixture_free(f);
}

static void a_stalled_job_and_one_being_cancelled_come_to_their_ends(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held stalled, cancelled;
    begin_job(f, 1, &stalled);
    report_ok(f, &stalled, STARTED);
    fixture_pass(f, 16 * SECOND);
    assert_status(f, stalled.job_id, "stalled");
    begin_job(f, 1, &cancelled);
    report_ok(f, &cancelled, STARTED);
    struct job_answer a = do_cancel(f, cancelled.job_id);
    job_row_release(&a.job);
    assert_status(f, cancelled.job_id, "cancelling");
    assert_int_equal(lose_all(f), 2);
    assert_status(f, stalled.job_id, "failed");
    assert_status(f, cancelled.job_id, "cancelled");
    fixture_free(f);
}

static void what_stands_still_with_its_process_is_paused_without(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char waiting[ID_SIZE];
    begin_job(f, 2, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"frozen\"}");
    assert_status(f, h.job_id, "paused");
    submit(f, "cpu", 1, waiting);
    assert_int_equal(lose_all(f), 1);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "paused");
    assert_true(r.lease_until == 0);
    job_row_release(&r);
    assert_status(f, waiting, "queued"); // and what nobody held is as it was
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_job_has_failed_and_says_why),
        cmocka_unit_test(its_training_has_failed_with_it),
        cmocka_unit_test(with_attempts_left_it_is_queued_again),
        cmocka_unit_test(one_that_was_only_claimed_keeps_its_attempt),
        cmocka_unit_test(a_stalled_job_and_one_being_cancelled_come_to_their_ends),
        cmocka_unit_test(what_stands_still_with_its_process_is_paused_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
