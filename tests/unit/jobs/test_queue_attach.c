// Attached jobs: programs that run where they were called.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#define HOUR (3600 * SECOND)

struct attach_answer {
    bool over, existed;
    int rc;
    struct err e;
    struct job_row job;
};

static void attach_answered(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed,
                            int64_t lease_us)
{
    struct attach_answer *a = ctx;
    a->over = true;
    a->existed = existed;
    a->rc = rc;
    if (rc) a->e = *e;
    job_row_init(&a->job);
    if (job) job_row_copy(&a->job, job);
    assert_true(lease_us > 0);
}

static struct attach_answer do_attach(struct fixture *f, const char *worker_id, const char *key)
{
    struct attach_answer a = {0};
    const struct queue_attachment in = {.kind = "command",
                                        .name = "train.py",
                                        .resource_class = "gpu",
                                        .idempotency_key = key,
                                        .params = SLICE_LIT("{\"command\":[\"python3\",\"train.py\"]}"),
                                        .pid = 77};
    queue_attach(f->q, worker_id, &in, attach_answered, &a);
    assert_false(a.over);
    fixture_run(f, &a.over);
    return a;
}

static void attach(struct fixture *f, struct held *h)
{
    register_worker(f, h->worker_id);
    struct attach_answer a = do_attach(f, h->worker_id, NULL);
    assert_int_equal(a.rc, 0);
    memcpy(h->job_id, a.job.id, sizeof h->job_id);
    snprintf(h->lease, sizeof h->lease, "%s", a.job.lease);
    h->attempt = a.job.attempt;
    job_row_release(&a.job);
}

static void it_is_starting_at_once_and_nobody_else_takes_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    char other[ID_SIZE];
    attach(f, &h);
    register_worker(f, other);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "starting");
    assert_true(r.attached);
    assert_true(isnan(r.progress)); // never an invented number
    assert_string_equal(r.name, "train.py");
    assert_string_equal(r.worker_id, h.worker_id);
    job_row_release(&r);
    json_t *p;
    assert_int_equal(events_named(f, "operation:created", &p), 1);
    assert_string_equal(json_string_value(json_object_get(p, "status")), "starting");
    json_decref(p);
    struct claim_answer c = do_claim(f, other, (struct queue_slots){.gpu = 1, .cpu = 1, .io = 1});
    assert_int_equal(c.n, 0);
    claim_release(&c);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9}");
    assert_status(f, h.job_id, "running");
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "completed");
    assert_true(r.progress == 100);
    job_row_release(&r);
    fixture_free(f);
}

static void never_again_17_the_same_key_gives_the_same_job_and_lease(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    register_worker(f, worker);
    struct attach_answer a = do_attach(f, worker, "run-1"), b = do_attach(f, worker, "run-1");
    assert_int_equal(b.rc, 0);
    assert_false(a.existed);
    assert_true(b.existed);
    assert_string_equal(a.job.id, b.job.id);
    assert_string_equal(a.job.lease, b.job.lease);
    assert_int_equal(events_named(f, "operation:created", NULL), 1);
    job_row_release(&a.job);
    job_row_release(&b.job);
    struct queue_submission s = {.kind = "command", .resource_class = "cpu", .idempotency_key = "queued"};
    struct job_answer q = do_submit(f, &s);
    job_row_release(&q.job);
    a = do_attach(f, worker, "queued"); // somebody else's job
    assert_int_equal(a.rc, HW_ECONFLICT);
    job_row_release(&a.job);
    a = do_attach(f, "wrk_nobody", NULL);
    assert_int_equal(a.rc, HW_ENOTFOUND);
    job_row_release(&a.job);
    fixture_free(f);
}

static void never_again_27_silence_stalls_it_and_late_data_is_taken(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    char text[160];
    attach(f, &h);
    fixture_pass(f, 16 * SECOND); // before its first report: nobody else could begin it
    assert_status(f, h.job_id, "stalled");
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9},{\"type\":\"progress\",\"done\":4,\"total\":10}");
    assert_status(f, h.job_id, "running");
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 20 * HOUR);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "stalled");
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text),
                        "last report 72016 s ago; the program or its connection may be lost");
    job_row_release(&r);
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":5,\"total\":10}");
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "running");
    assert_true(r.progress == 50);
    job_row_release(&r);
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 24 * HOUR + SECOND);
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    assert_string_equal(r.error_type, "WORKER_LOST");
    assert_int_equal(r.attempt, 1);
    job_row_release(&r);
    fixture_free(f);
}

static void a_program_that_was_away_when_it_was_cancelled_is_told(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    attach(f, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9}");
    struct job_answer a = do_cancel(f, h.job_id);
    job_row_release(&a.job);
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "cancelled");
    json_t *job = report_batch(f, &h, 1000, "{\"type\":\"heartbeat\"}");
    assert_true(json_is_false(json_object_get(job, "ok")));
    assert_string_equal(json_string_value(json_object_get(job, "control")), "cancel");
    json_decref(job);
    fixture_free(f);
}

static void never_again_23_one_that_nobody_hears_of_is_not_cancelling_for_a_day(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    attach(f, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9}");
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "stalled");
    struct job_answer a = do_cancel(f, h.job_id);
    job_row_release(&a.job);
    assert_status(f, h.job_id, "cancelling");
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "cancelled");
    json_t *job = report_batch(f, &h, 1000, "{\"type\":\"heartbeat\"}");
    assert_string_equal(json_string_value(json_object_get(job, "control")), "cancel");
    json_decref(job);
    fixture_free(f);
}

static void an_interrupt_at_its_terminal_is_a_cancel(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0}, queued = {0};
    char id[ID_SIZE], worker[ID_SIZE];
    attach(f, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9},{\"type\":\"exited\",\"signal\":2,\"interrupted\":true}");
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "cancelled");
    assert_null(r.error_type);
    job_row_release(&r);
    assert_int_equal(events_named(f, "job:failed", NULL), 0);
    // It has no say in a worker's jobs.
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &queued);
    f->batch = 0;
    report_ok(f, &queued, "{\"type\":\"started\",\"pid\":9},{\"type\":\"exited\",\"signal\":2,\"interrupted\":true}");
    assert_status(f, id, "failed");
    fixture_free(f);
}

static void it_is_run_again_where_it_was_called(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    attach(f, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9},{\"type\":\"exited\",\"code\":3}");
    struct job_answer a = do_retry(f, h.job_id, NULL);
    assert_int_equal(a.rc, HW_ECONFLICT);
    assert_non_null(strstr(a.e.message, "headway run"));
    job_row_release(&a.job);
    fixture_free(f);
}

// ---- what it trains ------------------------------------------------------------------------------------------------

static json_t *last_event(struct fixture *f, const char *name, int n)
{
    json_t *p;
    assert_int_equal(events_named(f, name, &p), n);
    return p;
}

static void its_first_metric_makes_a_training_of_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    attach(f, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":9}");
    assert_int_equal(events_named(f, "training:created", NULL), 0);
    report_ok(f, &h, "{\"type\":\"metric\",\"step\":7,\"loss\":0.5}");
    json_t *p = last_event(f, "training:created", 1);
    assert_string_equal(json_string_value(json_object_get(p, "name")), "train.py");
    assert_string_equal(json_string_value(json_object_get(p, "job_id")), h.job_id);
    assert_true(json_is_null(json_object_get(p, "architecture")));
    assert_true(json_is_null(json_object_get(p, "total_steps")));
    assert_true(json_is_null(json_object_get(p, "progress")));
    assert_int_equal(json_integer_value(json_object_get(p, "current_step")), 7);
    json_decref(p);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.entity_type, "training");
    job_row_release(&r);
    fixture_pass(f, SECOND);
    report_ok(f, &h,
              "{\"type\":\"progress\",\"done\":20,\"total\":80,\"unit\":\"steps\"},"
              "{\"type\":\"metric\",\"step\":20,\"loss\":0.25}");
    p = last_event(f, "training:progress", 2);
    assert_int_equal(json_integer_value(json_object_get(p, "current_step")), 20);
    assert_int_equal(json_integer_value(json_object_get(p, "total_steps")), 80);
    assert_true(json_number_value(json_object_get(p, "progress")) == 25);
    json_decref(p);
    assert_int_equal(events_named(f, "training:created", NULL), 1);
    // It stopped early, and was content.
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    p = last_event(f, "training:completed", 1);
    assert_true(json_number_value(json_object_get(p, "final_loss")) == 0.25);
    json_decref(p);
    p = last_event(f, "training:status_changed", 1);
    assert_int_equal(json_integer_value(json_object_get(p, "current_step")), 20);
    json_decref(p);
    fixture_free(f);
}

static void a_checkpoint_makes_one_too_and_all_of_it_in_one_report(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    attach(f, &h);
    report_ok(f, &h,
              "{\"type\":\"started\",\"pid\":9},{\"type\":\"checkpoint\",\"step\":5,\"path\":\"/tmp/a\"},"
              "{\"type\":\"metric\",\"step\":6,\"loss\":1},{\"type\":\"exited\",\"code\":1}");
    json_t *created = last_event(f, "training:created", 1), *failed = last_event(f, "training:failed", 1);
    json_t *checkpoint = last_event(f, "checkpoint:created", 1);
    assert_string_equal(json_string_value(json_object_get(checkpoint, "training_id")),
                        json_string_value(json_object_get(created, "id")));
    json_decref(created);
    json_decref(failed);
    json_decref(checkpoint);
    fixture_free(f);
}

static void a_queued_command_makes_no_training(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h = {0};
    char id[ID_SIZE], worker[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, "{\"type\":\"metric\",\"step\":7,\"loss\":0.5}");
    assert_int_equal(events_named(f, "training:created", NULL), 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_starting_at_once_and_nobody_else_takes_it),
        cmocka_unit_test(never_again_17_the_same_key_gives_the_same_job_and_lease),
        cmocka_unit_test(never_again_27_silence_stalls_it_and_late_data_is_taken),
        cmocka_unit_test(a_program_that_was_away_when_it_was_cancelled_is_told),
        cmocka_unit_test(never_again_23_one_that_nobody_hears_of_is_not_cancelling_for_a_day),
        cmocka_unit_test(an_interrupt_at_its_terminal_is_a_cancel),
        cmocka_unit_test(it_is_run_again_where_it_was_called),
        cmocka_unit_test(its_first_metric_makes_a_training_of_it),
        cmocka_unit_test(a_checkpoint_makes_one_too_and_all_of_it_in_one_report),
        cmocka_unit_test(a_queued_command_makes_no_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
