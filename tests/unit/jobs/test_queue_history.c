// The history of progress as jobs leave it: which snapshots there are, what they count, and that attempts, pauses,
// losses and restarts don't confuse it.
#include <semaphore.h>

#include "jobs/queue_past.h"
#include "store/sql.h"

#define FROZEN "{\"type\":\"frozen\"}"
#define THAWED "{\"type\":\"thawed\"}"

// ---- the rule ------------------------------------------------------------------------------------------------------

static void first_last_and_what_passes_step_and_interval(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 10, AT(40)); // a step, but too soon
    after_seconds(f, &h, 10, AT(41));
    after_seconds(f, &h, 40, AT(42)); // 60 s since the first
    after_seconds(f, &h, 59, AT(60));
    after_seconds(f, &h, 1, AT(60));
    after_seconds(f, &h, 60, "{\"type\":\"progress\",\"done\":649,\"total\":1000,\"unit\":\"steps\"}");
    after_seconds(f, &h, 1, AT(90)); // 61 s since the last
    after_seconds(f, &h, 1, EXITED);
    assert_past(f, "job", h.job_id, "0 running, 42 running, 60 running, 90 running, 100 completed");
    struct run_times t = last_times(f, "job", h.job_id);
    assert_float_equal(t.seconds, 182, 1e-3);
    assert_float_equal(t.tenths[0], 2.5, 1e-3); // a quarter of the first 10 s
    assert_float_equal(run_times_between(&t, 0, 40), 10, 1e-3);
    assert_string_equal(t.work.unit, "steps");
    fixture_free(f);
}

static void a_job_without_percentages_has_a_first_and_a_last(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    struct held h;
    struct queue_submission s = {
        .kind = "command", .resource_class = "cpu", .params = SLICE_LIT("{}"), .spec = SLICE_LIT("{}")};
    struct job_answer a = do_submit(f, &s);
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    for (int i = 0; i < 10; i++) after_seconds(f, &h, 100, "{\"type\":\"progress\",\"done\":5}");
    after_seconds(f, &h, 100, FAILED);
    struct past p = past(f, "job", h.job_id);
    assert_int_equal(p.n, 2);
    assert_true(isnan(p.rows[0].progress) && isnan(p.rows[1].progress));
    assert_string_equal(run_of(&p, 1).status, "failed");
    assert_float_equal(run_of(&p, 1).times.seconds, 1100, 1e-3);
    history_rows_free(p.rows, p.n);
    fixture_free(f);
}

static void phases_have_their_times(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"phase\",\"name\":\"loading\",\"from\":0,\"to\":10}");
    after_seconds(f, &h, 5, "{\"type\":\"phase\",\"name\":\"extracting\",\"from\":10,\"to\":90}");
    after_seconds(f, &h, 30, AT(50));
    after_seconds(f, &h, 30, AT(100));
    after_seconds(f, &h, 1, "{\"type\":\"phase\",\"name\":\"saving\",\"from\":90,\"to\":100}");
    after_seconds(f, &h, 7, EXITED);
    struct run_times t = last_times(f, "job", h.job_id);
    assert_float_equal(run_times_phase(&t, "loading"), 5, 1e-3);
    assert_float_equal(run_times_phase(&t, "extracting"), 61, 1e-3);
    assert_float_equal(run_times_phase(&t, "saving"), 7, 1e-3);
    assert_float_equal(t.tenths[9], 8, 1e-3); // with the second that it stood at 90
    assert_string_equal(t.work.phase, "extracting");
    fixture_free(f);
}

#define USES(at, cpu, rss)                                                                                             \
    "{\"type\":\"resources\",\"source\":\"measured\",\"ts\":\"2026-01-01T00:" at "Z\",\"cpu_percent\":" cpu            \
    ",\"rss_bytes\":" rss ",\"gpus\":[]}"

// Each snapshot says what was used since the one before: together they are the job's own readings over its life.
static void snapshots_tell_what_was_used_in_between(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED "," USES("00:00", "null", "1000"));
    after_seconds(f, &h, 60, USES("00:30", "100", "2000") "," USES("01:00", "50", "2000") "," AT(40));
    after_seconds(f, &h, 60, USES("01:30", "10", "8000") "," USES("02:00", "20", "9000") "," AT(80));
    after_seconds(f, &h, 1, EXITED);
    struct past p = past(f, "job", h.job_id);
    assert_int_equal(p.n, 4);
    static const char *const expected[] = {NULL, "\"usage\":{\"cpu_percent\":75,\"rss_bytes\":2000}",
                                           "\"usage\":{\"cpu_percent\":15,\"rss_bytes\":8500}", NULL};
    for (int i = 0; i < 4; i++) {
        const char *told = strstr(p.rows[i].metrics, "\"usage\"");
        if (!expected[i]) assert_null(told);
        if (expected[i]) assert_true(told && strncmp(told, expected[i], strlen(expected[i])) == 0);
    }
    history_rows_free(p.rows, p.n);
    fixture_free(f);
}

// ---- pauses --------------------------------------------------------------------------------------------------------

static void a_pause_counts_for_no_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 20, AT(20));
    after_seconds(f, &h, 1, FROZEN);
    for (int i = 0; i < 100; i++) after_seconds(f, &h, 10, "{\"type\":\"heartbeat\"}");
    after_seconds(f, &h, 1, THAWED);
    after_seconds(f, &h, 80, AT(100));
    after_seconds(f, &h, 0, EXITED);
    assert_past(f, "job", h.job_id, "0 running, 20 paused, 20 running, 99.99 running, 100 completed");
    assert_float_equal(last_times(f, "job", h.job_id).seconds, 101, 1e-3);
    fixture_free(f);
}

static void a_training_that_pauses_by_ending_goes_on_counting(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit_training(f, 1, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 30, AT(30));
    control_to(f, queue_pause, id, "running", "pause");
    after_seconds(f, &h, 1,
                  "{\"type\":\"paused\",\"resume\":{\"resume_from\":\"/c/30\"}},"
                  "{\"type\":\"exited\",\"code\":0,\"paused\":true}");
    assert_status(f, id, "paused");
    f->now += 86400 * SECOND;
    fixture_restart(f); // and the server doesn't remember
    control_to(f, queue_resume, id, "queued", NULL);
    f->now += 50 * SECOND;
    register_worker(f, worker);
    f->batch = 0;
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 70, AT(99));
    after_seconds(f, &h, 1, EXITED);
    assert_past(f, "job", id, "0 running, 30 paused, 30 running, 99 running, 100 completed");
    struct run_times t = last_times(f, "job", id);
    assert_float_equal(t.seconds, 102, 1e-3);
    assert_float_equal(run_times_between(&t, 0, 30), 30, 0.1);
    fixture_free(f);
}

static void a_paused_job_that_is_cancelled_has_an_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit_training(f, 1, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 30, AT(30));
    after_seconds(f, &h, 1, "{\"type\":\"exited\",\"code\":0,\"paused\":true}");
    f->now += 500 * SECOND;
    struct job_answer a = do_cancel(f, id);
    job_row_release(&a.job);
    assert_past(f, "job", id, "0 running, 30 paused, 30 cancelled");
    assert_float_equal(last_times(f, "job", id).seconds, 31, 1e-3);
    fixture_free(f);
}

static void a_job_cancelled_before_it_began_has_none(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    submit(f, "cpu", 1, id);
    struct job_answer a = do_cancel(f, id);
    job_row_release(&a.job);
    assert_past(f, "job", id, "");
    fixture_free(f);
}

// ---- attempts ------------------------------------------------------------------------------------------------------

static void a_lost_attempt_ends_where_it_was_last_heard_of(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    begin_job(f, 2, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 10, AT(40));
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 31 * SECOND);
    assert_status(f, h.job_id, "queued");
    claim_one(f, h.worker_id, &again);
    report_ok(f, &again, STARTED);
    after_seconds(f, &again, 20, AT(10));
    after_seconds(f, &again, 1, EXITED);
    assert_past(f, "job", h.job_id, "0 running, 40 failed, 0 running (2), 100 completed (2)");
    struct past p = past(f, "job", h.job_id);
    assert_float_equal(run_of(&p, 1).times.seconds, 10, 1e-3);
    assert_float_equal(run_of(&p, 3).times.seconds, 21, 1e-3);
    history_rows_free(p.rows, p.n);
    fixture_free(f);
}

static void an_attempt_that_failed_and_is_tried_again_ends_where_it_was(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 3, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 10, AT(40));
    after_seconds(f, &h, 1, "{\"type\":\"error\",\"error_type\":\"NETWORK\",\"message\":\"gone\"}," FAILED);
    assert_status(f, h.job_id, "queued");
    assert_past(f, "job", h.job_id, "0 running, 40 failed");
    fixture_free(f);
}

static void an_attempt_from_a_checkpoint_begins_where_that_was(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit_training(f, 2, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 60, AT(60) ",{\"type\":\"paused\",\"resume\":{\"resume_from\":\"/c/60\"}}");
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 31 * SECOND);
    claim_one(f, worker, &h);
    assert_int_equal(h.attempt, 2);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 9, "{\"type\":\"heartbeat\"}"); // it loads
    after_seconds(f, &h, 1, AT(61));
    after_seconds(f, &h, 90, AT(99));
    after_seconds(f, &h, 1, EXITED);
    assert_past(f, "job", id, "0 running, 60 running, 60 failed, 61 running (2), 99 running (2), 100 completed (2)");
    struct run_times t = last_times(f, "job", id);
    assert_float_equal(t.start, 61, 1e-9);
    assert_float_equal(t.seconds, 101, 1e-3);
    assert_float_equal(t.tenths[0], 0, 0);
    assert_float_equal(run_times_between(&t, 61, 90), 90 * 29 / 38.0, 1e-3);
    fixture_free(f);
}

// ---- restarts and mistakes -----------------------------------------------------------------------------------------

static void a_restart_of_the_server_loses_no_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 60, AT(30));
    after_seconds(f, &h, 20, AT(35));
    fixture_restart(f);
    after_seconds(f, &h, 20, AT(50)); // 40 s since the last snapshot
    after_seconds(f, &h, 20, AT(51));
    after_seconds(f, &h, 10, EXITED);
    assert_past(f, "job", h.job_id, "0 running, 30 running, 51 running, 100 completed");
    assert_float_equal(last_times(f, "job", h.job_id).seconds, 130, 1e-3);
    fixture_free(f);
}

static void a_batch_that_comes_again_leaves_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 60, AT(30));
    json_decref(report_batch(f, &h, f->batch, AT(30)));
    after_seconds(f, &h, 1, EXITED);
    json_decref(report_batch(f, &h, f->batch, EXITED));
    assert_past(f, "job", h.job_id, "0 running, 30 running, 100 completed");
    fixture_free(f);
}

static int wait_at_gate(struct store_tx *tx, void *gate, struct err *e)
{
    (void)tx, (void)e;
    while (sem_wait(gate) != 0) {
    }
    return 0;
}

// Takes the transaction away from all that share it: their functions have succeeded, and nothing is committed.
static int take_transaction_away(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct sql_stmt *st = sql_begin(tx, "ROLLBACK", e);
    int rc = st ? sql_step(st, e) : HW_EINTERNAL;
    sql_end(st);
    return rc;
}

static void a_report_that_is_not_committed_leaves_nothing_in_memory(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    struct simple away = {0};
    struct report_answer a = {0};
    sem_t gate;
    sem_init(&gate, 0, 0);
    begin_job(f, 1, &h);
    char *body = mem_printf("{\"batch\":1,\"reports\":[{\"job_id\":\"%s\",\"attempt\":1,\"lease\":\"%s\","
                            "\"events\":[" STARTED "," AT(10) "]}]}",
                            h.job_id, h.lease);
    store_write(f->store, wait_at_gate, NULL, &gate); // so that the next two come into one transaction
    queue_report(f->q, h.worker_id, slice_str(body), report_answered, &a);
    store_write(f->store, take_transaction_away, simple_done, &away);
    sem_post(&gate);
    fixture_run(f, &away.over);
    assert_true(a.over);
    assert_true(a.rc < 0);
    f->now += 5 * SECOND;
    a = do_report(f, h.worker_id, body); // the same again
    assert_int_equal(a.rc, 0);
    json_decref(a.body);
    f->batch = 1;
    after_seconds(f, &h, 10, EXITED);
    assert_past(f, "job", h.job_id, "10 running, 100 completed");
    assert_float_equal(last_times(f, "job", h.job_id).seconds, 10, 1e-3);
    free(body);
    sem_destroy(&gate);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_last_and_what_passes_step_and_interval),
        cmocka_unit_test(a_job_without_percentages_has_a_first_and_a_last),
        cmocka_unit_test(phases_have_their_times),
        cmocka_unit_test(snapshots_tell_what_was_used_in_between),
        cmocka_unit_test(a_pause_counts_for_no_time),
        cmocka_unit_test(a_training_that_pauses_by_ending_goes_on_counting),
        cmocka_unit_test(a_paused_job_that_is_cancelled_has_an_end),
        cmocka_unit_test(a_job_cancelled_before_it_began_has_none),
        cmocka_unit_test(a_lost_attempt_ends_where_it_was_last_heard_of),
        cmocka_unit_test(an_attempt_that_failed_and_is_tried_again_ends_where_it_was),
        cmocka_unit_test(an_attempt_from_a_checkpoint_begins_where_that_was),
        cmocka_unit_test(a_restart_of_the_server_loses_no_time),
        cmocka_unit_test(a_batch_that_comes_again_leaves_nothing),
        cmocka_unit_test(a_report_that_is_not_committed_leaves_nothing_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
