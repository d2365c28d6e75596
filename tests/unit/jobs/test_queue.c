// The queue: submitting, claiming, cancelling, trying again.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

static void a_job_is_queued_with_progress_zero_and_announced(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    submit(f, "cpu", 1, id);
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, "queued");
    assert_true(r.progress == 0);
    assert_int_equal(r.started_at, 0);
    assert_int_equal(r.created_at, f->now);
    json_t *payload;
    assert_int_equal(events_named(f, "operation:created", &payload), 1);
    assert_string_equal(json_string_value(json_object_get(payload, "id")), id);
    json_decref(payload);
    job_row_release(&r);
    fixture_free(f);
}

static void never_again_14_a_class_without_a_worker_is_said(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE], worker[ID_SIZE], text[160];
    submit(f, "cpu", 1, id);
    struct job_row r = job_now(f, id);
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text), "no worker serves the class cpu");
    register_worker(f, worker);
    assert_null(queue_status_text(f->q, &r, text, sizeof text));
    assert_true(queue_worker_live(f->q, worker));
    f->now += 3600 * SECOND;
    assert_non_null(queue_status_text(f->q, &r, text, sizeof text));
    job_row_release(&r);
    fixture_free(f);
}

static void never_again_17_the_same_key_gives_the_same_job(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct queue_submission s = {.kind = "command", .resource_class = "cpu", .idempotency_key = "click"};
    struct job_answer a = do_submit(f, &s), b = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    assert_false(a.existed);
    assert_int_equal(b.rc, 0);
    assert_true(b.existed);
    assert_string_equal(a.job.id, b.job.id);
    assert_int_equal(events_named(f, "operation:created", NULL), 1);
    job_row_release(&a.job);
    job_row_release(&b.job);
    fixture_free(f);
}

static int refuse(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    (void)tx, (void)ctx;
    return err_field(e, HW_EVALIDATION, "path", "not for %s", job->kind);
}

static void never_again_16_a_job_whose_entity_is_refused_does_not_exist(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct queue_submission s = {.id = "job_x", .kind = "command", .resource_class = "cpu", .also = refuse};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, HW_EVALIDATION);
    assert_string_equal(a.e.field, "path");
    assert_int_equal(f->n_events, 0);
    job_row_release(&a.job);
    a = do_cancel(f, "job_x");
    assert_int_equal(a.rc, HW_ENOTFOUND);
    job_row_release(&a.job);
    fixture_free(f);
}

// ---- claiming ------------------------------------------------------------------------------------------------------

static void never_again_15_each_class_has_its_own_slots(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], cpu1[ID_SIZE], cpu2[ID_SIZE], io[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", 1, cpu1);
    f->now++;
    submit(f, "cpu", 1, cpu2);
    submit(f, "io", 1, io);
    struct claim_answer a = do_claim(f, worker, (struct queue_slots){.cpu = 1, .io = 2});
    assert_int_equal(a.n, 2);
    assert_string_equal(a.jobs[0].id, cpu1);
    assert_string_equal(a.jobs[1].id, io);
    assert_string_equal(a.jobs[0].status, "starting");
    assert_string_equal(a.jobs[0].worker_id, worker);
    assert_true(strlen(a.jobs[0].lease) >= 16);
    assert_string_not_equal(a.jobs[0].lease, a.jobs[1].lease);
    assert_string_equal(a.jobs[0].spec, "{\"batch_size\":8}");
    claim_release(&a);
    a = do_claim(f, worker, (struct queue_slots){.io = 2});
    assert_int_equal(a.n, 0);
    claim_release(&a);
    assert_status(f, cpu2, "queued");
    fixture_free(f);
}

static void a_worker_nobody_knows_is_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct claim_answer a = do_claim(f, "wrk_nobody", (struct queue_slots){.cpu = 1});
    assert_int_equal(a.rc, HW_ENOTFOUND);
    struct report_answer r = do_report(f, "wrk_nobody", "{\"batch\":1,\"reports\":[]}");
    assert_int_equal(r.rc, HW_ENOTFOUND);
    fixture_free(f);
}

static void a_waiting_claim_is_woken_by_a_job_and_ends_empty_with_its_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    struct claim_answer a = {0}, b = {0};
    assert_non_null(queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &a));
    fixture_settle(f);
    assert_false(a.over);
    submit(f, "cpu", 1, id);
    fixture_run(f, &a.over);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.jobs[0].id, id);
    claim_release(&a);
    assert_non_null(queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 10 * SECOND, claim_answered, &b));
    fixture_settle(f);
    fixture_pass(f, 9 * SECOND);
    assert_false(b.over);
    assert_true(f->armed <= f->now + SECOND);
    fixture_pass(f, 2 * SECOND);
    assert_true(b.over);
    assert_int_equal(b.rc, 0);
    assert_int_equal(b.n, 0);
    fixture_free(f);
}

static void a_job_claimed_for_somebody_who_has_gone_is_queued_again_at_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    struct claim_answer a = {0};
    struct queue_claim *c = queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 0, claim_answered, &a);
    queue_claim_abandon(f->q, c);
    fixture_settle(f);
    assert_false(a.over);
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    assert_null(r.lease);
    job_row_release(&r);
    struct held h;
    claim_one(f, worker, &h);
    assert_string_equal(h.job_id, id);
    fixture_free(f);
}

static void a_claim_abandoned_while_it_waits_takes_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    struct claim_answer a = {0};
    struct queue_claim *c = queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, SECOND, claim_answered, &a);
    fixture_settle(f);
    queue_claim_abandon(f->q, c);
    submit(f, "cpu", 1, id);
    fixture_pass(f, 2 * SECOND);
    assert_false(a.over);
    assert_status(f, id, "queued");
    fixture_free(f);
}

static void stopping_answers_waiting_claims_with_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    register_worker(f, worker);
    struct claim_answer waiting = {0}, busy = {0};
    queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &waiting);
    fixture_settle(f);
    queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &busy);
    fixture_free(f);
    assert_true(waiting.over);
    assert_true(busy.over);
    assert_int_equal(waiting.n + busy.n, 0);
}

// ---- cancelling ----------------------------------------------------------------------------------------------------

static void a_queued_job_is_cancelled_at_once_and_twice_is_fine(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    submit(f, "cpu", 1, id);
    struct job_answer a = do_cancel(f, id);
    assert_int_equal(a.rc, 0);
    assert_string_equal(a.job.status, "cancelled");
    assert_int_equal(a.job.finished_at, f->now);
    job_row_release(&a.job);
    assert_int_equal(events_named(f, "operation:finished", NULL), 1);
    a = do_cancel(f, id);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    assert_int_equal(events_named(f, "operation:finished", NULL), 1);
    fixture_free(f);
}

static void never_again_5_23_cancel_reaches_the_worker_and_is_told(void **state)
{
    (void)state;
    const char *stages[] = {"", "{\"type\":\"started\",\"pid\":7}",
                            "{\"type\":\"progress\",\"done\":5,\"total\":10,\"unit\":\"steps\"}"};
    for (int i = 0; i < 3; i++) {
        struct fixture *f = fixture_new();
        char worker[ID_SIZE], id[ID_SIZE];
        struct held h;
        register_worker(f, worker);
        submit(f, "cpu", 1, id);
        claim_one(f, worker, &h);
        report_ok(f, &h, stages[i]);
        struct job_answer a = do_cancel(f, id);
        assert_string_equal(a.job.status, "cancelling");
        job_row_release(&a.job);
        json_t *answer = report(f, &h, "{\"type\":\"progress\",\"done\":6,\"total\":10,\"unit\":\"steps\"}");
        assert_string_equal(json_string_value(json_object_get(answer, "control")), "cancel");
        json_decref(answer);
        // However it ends: it was asked to.
        report_ok(f, &h,
                  i == 0 ? "{\"type\":\"exited\",\"code\":0}" : "{\"type\":\"exited\",\"code\":null,\"signal\":15}");
        struct job_row r = job_now(f, id);
        assert_string_equal(r.status, "cancelled");
        assert_true(r.progress > 59 && r.progress < 61); // it stays where it was
        assert_null(r.error_type);
        job_row_release(&r);
        json_t *last;
        assert_int_equal(events_named(f, "job:status_changed", &last), i == 0 ? 4 : 5);
        assert_string_equal(json_string_value(json_object_get(last, "status")), "cancelled");
        assert_string_equal(json_string_value(json_object_get(last, "previous")), "cancelling");
        json_decref(last);
        fixture_free(f);
    }
}

static int64_t refuse_publish(struct bus *bus, struct slice channel, struct slice event, struct slice body,
                              enum msg_class cls)
{
    (void)bus, (void)channel, (void)event, (void)body, (void)cls;
    return HW_EUNAVAILABLE;
}

// The bus away: what the job did is stored all the same, and that nobody was told is known.
static void never_again_2_an_event_that_is_refused_is_noticed(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    assert_int_equal(queue_lost_events(f->q), 0);
    const struct bus_ops *real = f->bus->ops;
    struct bus_ops refusing = *real;
    refusing.publish = refuse_publish;
    f->bus->ops = &refusing;
    fixture_forget_events(f);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":7},{\"type\":\"exited\",\"code\":0}");
    f->bus->ops = real;
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, "completed");
    job_row_release(&r);
    assert_int_equal(events_named(f, "job:completed", NULL), 0);
    // status_changed and completed of the job, and its summary at least.
    assert_true(queue_lost_events(f->q) >= 3);
    assert_int_equal(f->lost_events, queue_lost_events(f->q));
    assert_int_equal(f->lost_code, HW_EUNAVAILABLE);
    fixture_free(f);
}

static void a_job_that_has_ended_cannot_be_cancelled(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":7},{\"type\":\"exited\",\"code\":0}");
    struct job_answer a = do_cancel(f, id);
    assert_int_equal(a.rc, HW_ECONFLICT);
    job_row_release(&a.job);
    fixture_free(f);
}

// ---- trying again --------------------------------------------------------------------------------------------------

static void never_again_24_a_retry_takes_the_failed_one_out_of_the_list(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    struct job_answer a = do_retry(f, id, NULL);
    assert_int_equal(a.rc, HW_ECONFLICT); // it hasn't failed
    job_row_release(&a.job);
    claim_one(f, worker, &h);
    report_ok(f, &h, "{\"type\":\"started\",\"pid\":7},{\"type\":\"exited\",\"code\":1}");
    a = do_retry(f, id, "{\"batch_size\":4}");
    assert_int_equal(a.rc, 0);
    assert_string_equal(a.job.retry_of, id);
    assert_string_equal(a.job.status, "queued");
    assert_string_equal(a.job.spec, "{\"batch_size\":4}");
    assert_string_equal(a.job.params, "{\"batch_size\":4}");
    struct job_row old = job_now(f, id);
    assert_string_equal(old.retried_by, a.job.id);
    job_row_release(&old);
    job_row_release(&a.job);
    a = do_retry(f, id, NULL);
    assert_int_equal(a.rc, HW_ECONFLICT);
    job_row_release(&a.job);
    fixture_free(f);
}

static void a_failure_is_dismissed_and_put_back(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    submit(f, "cpu", 1, id);
    struct job_answer a = do_dismiss(f, id, false);
    assert_int_equal(a.rc, HW_ECONFLICT);
    job_row_release(&a.job);
    a = do_cancel(f, id);
    job_row_release(&a.job);
    a = do_dismiss(f, id, false);
    assert_true(a.job.dismissed);
    job_row_release(&a.job);
    a = do_dismiss(f, id, true);
    assert_false(a.job.dismissed);
    job_row_release(&a.job);
    assert_int_equal(queue_lost_events(f->q), 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_queued_with_progress_zero_and_announced),
        cmocka_unit_test(never_again_14_a_class_without_a_worker_is_said),
        cmocka_unit_test(never_again_17_the_same_key_gives_the_same_job),
        cmocka_unit_test(never_again_16_a_job_whose_entity_is_refused_does_not_exist),
        cmocka_unit_test(never_again_15_each_class_has_its_own_slots),
        cmocka_unit_test(a_worker_nobody_knows_is_refused),
        cmocka_unit_test(a_waiting_claim_is_woken_by_a_job_and_ends_empty_with_its_time),
        cmocka_unit_test(a_job_claimed_for_somebody_who_has_gone_is_queued_again_at_once),
        cmocka_unit_test(a_claim_abandoned_while_it_waits_takes_nothing),
        cmocka_unit_test(stopping_answers_waiting_claims_with_nothing),
        cmocka_unit_test(a_queued_job_is_cancelled_at_once_and_twice_is_fine),
        cmocka_unit_test(never_again_2_an_event_that_is_refused_is_noticed),
        cmocka_unit_test(never_again_5_23_cancel_reaches_the_worker_and_is_told),
        cmocka_unit_test(a_job_that_has_ended_cannot_be_cancelled),
        cmocka_unit_test(never_again_24_a_retry_takes_the_failed_one_out_of_the_list),
        cmocka_unit_test(a_failure_is_dismissed_and_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
