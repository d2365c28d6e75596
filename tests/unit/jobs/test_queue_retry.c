// Failures that are tried again by themselves, as the queue does it.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#define NETWORK_ERROR                                                                                                  \
    "{\"type\":\"error\",\"error_type\":\"NETWORK\",\"message\":\"connection refused by example.org\"}"
#define OOM_ERROR "{\"type\":\"error\",\"error_type\":\"OOM\",\"message\":\"tried to allocate 9 GiB\"}"
#define BAD_END   "{\"type\":\"exited\",\"code\":1}"

static void begin(struct fixture *f, const struct queue_submission *s, struct held *h)
{
    char worker[ID_SIZE];
    struct job_answer a = do_submit(f, s);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, h);
    report_ok(f, h, "{\"type\":\"started\",\"pid\":5}");
}

// The next attempt, by the same worker.
static void claim_next(struct fixture *f, struct held *h)
{
    char worker[ID_SIZE];
    memcpy(worker, h->worker_id, sizeof worker);
    claim_one(f, worker, h);
}

static const struct queue_submission plain = {.kind = "program",
                                              .resource_class = "cpu",
                                              .params = {"{\"batch_size\":8}", 16},
                                              .spec = {"{\"batch_size\":8,\"path\":\"x\"}", 27},
                                              .determinate = true};

// The log's last line.
static void last_log(struct fixture *f, const char *id, char out[400])
{
    struct look l = {.id = id};
    look_at(f, look_logs, &l);
    assert_true(l.n_logs > 0);
    snprintf(out, 400, "%s", l.logs[l.n_logs - 1].text);
    job_logs_free(l.logs, l.n_logs);
}

static void a_network_failure_is_the_next_attempt_after_a_while(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    char text[400], status[160];
    begin(f, &plain, &h);
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":3,\"total\":10}");
    fixture_pass(f, SECOND);
    fixture_forget_events(f);
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":4,\"total\":10}," NETWORK_ERROR "," BAD_END);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 2);
    assert_true(r.progress == 0);
    assert_null(r.error_type);
    assert_null(r.lease);
    assert_true(r.not_before > f->now && r.not_before <= f->now + 2 * SECOND);
    assert_non_null(strstr(queue_status_text(f->q, &r, status, sizeof status), "waits until "));
    assert_non_null(strstr(status, "for attempt 2"));
    last_log(f, h.job_id, text);
    assert_non_null(strstr(text, "attempt 1 failed (NETWORK): connection refused by example.org; attempt 2 begins in"));
    json_t *told;
    assert_int_equal(events_named(f, "job:status_changed", &told), 1);
    assert_string_equal(json_string_value(json_object_get(told, "previous")), "running");
    assert_string_equal(json_string_value(json_object_get(told, "status")), "queued");
    json_decref(told);
    assert_int_equal(events_named(f, "job:failed", NULL), 0);
    assert_int_equal(events_named(f, "log:lines", NULL), 1);
    job_row_release(&r);
    // The worker that says it once more under the old lease changes nothing.
    report_lost(f, &h, BAD_END);
    fixture_pass(f, 2 * SECOND);
    claim_one(f, h.worker_id, &again);
    assert_string_equal(again.job_id, h.job_id);
    assert_int_equal(again.attempt, 2);
    report_ok(f, &again, "{\"type\":\"started\"},{\"type\":\"exited\",\"code\":0}");
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void after_the_fifth_attempt_a_network_failure_is_one(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, &plain, &h);
    for (int attempt = 1; attempt < 5; attempt++) {
        report_ok(f, &h, NETWORK_ERROR "," BAD_END);
        assert_status(f, h.job_id, "queued");
        fixture_pass(f, 300 * SECOND);
        fixture_forget_events(f);
        claim_next(f, &h);
        assert_int_equal(h.attempt, attempt + 1);
    }
    report_ok(f, &h, NETWORK_ERROR "," BAD_END);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "NETWORK");
    assert_int_equal(r.attempt, 5);
    job_row_release(&r);
    fixture_free(f);
}

static void memory_that_ran_out_is_tried_once_with_half_if_its_user_allows(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char text[400];
    struct queue_submission s = plain;
    s.auto_retry = true;
    begin(f, &s, &h);
    report_ok(f, &h, OOM_ERROR "," BAD_END);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 2);
    assert_string_equal(r.params, "{\"batch_size\":4}");
    assert_string_equal(r.spec, "{\"batch_size\":4,\"path\":\"x\"}");
    assert_false(r.waiting);
    assert_null(r.suggested_retry_params);
    job_row_release(&r);
    last_log(f, h.job_id, text);
    assert_non_null(strstr(text, "attempt 2 begins at once with {\"batch_size\":4}"));
    claim_next(f, &h);
    report_ok(f, &h, OOM_ERROR "," BAD_END);
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "OOM");
    assert_string_equal(r.suggested_retry_params, "{\"batch_size\":2}");
    job_row_release(&r);
    fixture_free(f);
}

static void without_leave_memory_that_ran_out_is_a_failure(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, &plain, &h);
    report_ok(f, &h, OOM_ERROR "," BAD_END);
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

static void what_is_not_valid_is_never_tried_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    struct queue_submission s = plain;
    s.auto_retry = true;
    s.max_attempts = 9;
    begin(f, &s, &h);
    report_ok(f, &h, "{\"type\":\"error\",\"error_type\":\"VALIDATION\",\"message\":\"no such column\"}," BAD_END);
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

static void never_again_22_a_cancel_wins_over_a_retry(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, &plain, &h);
    struct job_answer c = do_cancel(f, h.job_id);
    assert_int_equal(c.rc, 0);
    job_row_release(&c.job);
    report_ok(f, &h, NETWORK_ERROR "," BAD_END);
    assert_status(f, h.job_id, "cancelled");
    fixture_free(f);
}

static void a_time_limit_that_was_reached_is_a_timeout_even_with_a_good_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    struct queue_submission s = plain;
    s.time_limit_seconds = 2.5;
    begin(f, &s, &h);
    struct job_row r = job_now(f, h.job_id);
    assert_true(r.time_limit_seconds == 2.5);
    job_row_release(&r);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0,\"timed_out\":true}");
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "TIMEOUT");
    job_row_release(&r);
    // Its limit goes with it when somebody tries it again.
    struct job_answer a = do_retry(f, h.job_id, NULL);
    assert_true(a.job.time_limit_seconds == 2.5);
    job_row_release(&a.job);
    fixture_free(f);
}

static void a_worker_that_leaves_costs_an_attempt(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    struct queue_submission s = plain;
    s.max_attempts = 2;
    begin(f, &s, &h);
    const char *left =
        "{\"type\":\"error\",\"error_type\":\"WORKER_LOST\",\"message\":\"the worker was stopped\"}," BAD_END;
    report_ok(f, &h, left);
    assert_status(f, h.job_id, "queued");
    claim_next(f, &h);
    assert_int_equal(h.attempt, 2);
    report_ok(f, &h, left);
    assert_status(f, h.job_id, "failed");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_failure_is_the_next_attempt_after_a_while),
        cmocka_unit_test(after_the_fifth_attempt_a_network_failure_is_one),
        cmocka_unit_test(memory_that_ran_out_is_tried_once_with_half_if_its_user_allows),
        cmocka_unit_test(without_leave_memory_that_ran_out_is_a_failure),
        cmocka_unit_test(what_is_not_valid_is_never_tried_again),
        cmocka_unit_test(never_again_22_a_cancel_wins_over_a_retry),
        cmocka_unit_test(a_time_limit_that_was_reached_is_a_timeout_even_with_a_good_end),
        cmocka_unit_test(a_worker_that_leaves_costs_an_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
