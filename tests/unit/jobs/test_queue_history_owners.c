// Whose the history of progress is: the job's, or what the job is for; and its last attempts compared.
#include "jobs/queue_entities.h"
#include "jobs/queue_past.h"

static void they_belong_to_what_the_job_is_for(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    struct held h;
    struct queue_submission s = {.kind = "tokenize",
                                 .resource_class = "cpu",
                                 .entity_type = "dataset",
                                 .entity_id = "dst_1",
                                 .params = SLICE_LIT("{}"),
                                 .spec = SLICE_LIT("{}"),
                                 .determinate = true,
                                 .also = make_dataset};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    assert_past(f, NULL, "dst_1", ""); // it is known, and has nothing yet
    register_worker(f, worker);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 3, FAILED);
    struct job_answer again = do_retry(f, h.job_id, NULL);
    assert_int_equal(again.rc, 0);
    job_row_release(&again.job);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    after_seconds(f, &h, 3, EXITED);
    assert_past(f, "dataset", "dst_1", "0 running, 0 failed, 0 running, 100 completed");
    assert_past(f, NULL, "dst_1", "0 running, 0 failed, 0 running, 100 completed");
    assert_past(f, NULL, h.job_id, "0 running, 100 completed"); // of the dataset's, this job's part
    struct past p = {.id = "dst_2"};
    store_read(f->store, read_past, past_read, &p);
    fixture_run(f, &p.over);
    assert_int_equal(p.rc, HW_ENOTFOUND);
    fixture_free(f);
}

struct attached_answer {
    bool over;
    struct held h;
};

static void attach_answered(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed,
                            int64_t lease_us)
{
    struct attached_answer *a = ctx;
    (void)existed, (void)lease_us;
    if (rc) fail_msg("%s", e->message);
    a->over = true;
    a->h.attempt = job->attempt;
    memcpy(a->h.job_id, job->id, ID_SIZE);
    snprintf(a->h.lease, sizeof a->h.lease, "%s", job->lease);
    snprintf(a->h.worker_id, sizeof a->h.worker_id, "%s", job->worker_id);
}

static void a_program_that_turns_out_to_train_takes_its_past_along(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    struct attached_answer a = {0};
    struct queue_attachment in = {.kind = "command", .resource_class = "cpu", .params = SLICE_LIT("{}")};
    register_worker(f, worker);
    queue_attach(f->q, worker, &in, attach_answered, &a);
    fixture_run(f, &a.over);
    report_ok(f, &a.h, STARTED);
    after_seconds(f, &a.h, 60, AT(20));
    fixture_restart(f);
    after_seconds(f, &a.h, 30, "{\"type\":\"metric\",\"step\":30,\"loss\":0.9}," AT(30)); // too soon for a snapshot
    assert_past(f, NULL, a.h.job_id, "nan running, 20 running");
    after_seconds(f, &a.h, 30, "{\"type\":\"metric\",\"step\":40,\"loss\":0.5}," AT(40));
    after_seconds(f, &a.h, 1, EXITED);
    struct job_row job = job_now(f, a.h.job_id);
    assert_string_equal(job.entity_type, "training");
    struct past p = past(f, "training", job.entity_id);
    assert_int_equal(p.n, 4);
    assert_non_null(strstr(p.rows[2].metrics, "\"loss\":0.5"));
    assert_non_null(strstr(p.rows[2].metrics, "\"step\":40"));
    history_rows_free(p.rows, p.n);
    p = past(f, "job", a.h.job_id);
    assert_int_equal(p.n, 4);
    history_rows_free(p.rows, p.n);
    job_row_release(&job);
    fixture_free(f);
}

// ---- compared ------------------------------------------------------------------------------------------------------

struct compared {
    bool over;
    int rc;
    struct err e;
    const char *ids[2];
    struct comparison c;
};

static int read_compared(struct store_tx *tx, void *ctx, struct err *e)
{
    struct compared *k = ctx;
    return compare_progress_patterns(tx, k->ids, 2, &k->c, e);
}

static void compare_done(void *ctx, int rc, const struct err *e)
{
    struct compared *k = ctx;
    k->over = true;
    k->rc = rc;
    if (rc) k->e = *e;
}

static void the_last_attempts_are_compared(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held first, fast, slow, never;
    static struct compared k;
    begin_job(f, 2, &first);
    report_ok(f, &first, STARTED);
    after_seconds(f, &first, 500, AT(1)); // an attempt that doesn't count
    fixture_pass(f, 16 * SECOND);
    fixture_pass(f, 31 * SECOND);
    claim_one(f, first.worker_id, &fast);
    report_ok(f, &fast, STARTED);
    after_seconds(f, &fast, 100, AT(99));
    after_seconds(f, &fast, 1, EXITED);
    begin_job(f, 1, &slow);
    f->batch = 0;
    report_ok(f, &slow, STARTED);
    after_seconds(f, &slow, 150, AT(50));
    k = (struct compared){.ids = {fast.job_id, slow.job_id}};
    store_read(f->store, read_compared, compare_done, &k);
    fixture_run(f, &k.over);
    assert_int_equal(k.rc, 0);
    assert_int_equal(k.c.fastest, 0);
    assert_int_equal(k.c.runs[0].attempt, 2);
    assert_float_equal(k.c.to, 50, 1e-9);
    assert_float_equal(k.c.runs[1].speed, (50 * 100.0 / 99) / 150, 1e-3);
    assert_string_equal(k.c.runs[1].status, "running");
    assert_int_equal(k.c.runs[0].last_at - k.c.runs[0].first_at, 101 * SECOND);
    submit(f, "cpu", 1, never.job_id);
    k = (struct compared){.ids = {fast.job_id, never.job_id}};
    store_read(f->store, read_compared, compare_done, &k);
    fixture_run(f, &k.over);
    assert_int_equal(k.rc, 0);
    assert_int_equal(k.c.basis, COMPARE_NOTHING);
    k = (struct compared){.ids = {fast.job_id, "job_none"}};
    store_read(f->store, read_compared, compare_done, &k);
    fixture_run(f, &k.over);
    assert_int_equal(k.rc, HW_ENOTFOUND);
    assert_non_null(strstr(k.e.message, "job_none"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_belong_to_what_the_job_is_for),
        cmocka_unit_test(a_program_that_turns_out_to_train_takes_its_past_along),
        cmocka_unit_test(the_last_attempts_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
