// The queue's calls, each waited for: submitting, controlling, claiming, reporting.
#ifndef HW_TESTS_QUEUE_CALLS_H
#define HW_TESTS_QUEUE_CALLS_H

#include "jobs/queue_fixture.h"

struct job_answer {
    bool over, existed;
    int rc;
    struct err e;
    struct job_row job;
};

static inline void job_answered(void *ctx, int rc, const struct err *e, const struct job_row *job)
{
    struct job_answer *a = ctx;
    a->over = true;
    a->rc = rc;
    if (rc) a->e = *e;
    job_row_init(&a->job);
    if (job) job_row_copy(&a->job, job);
}

static inline void submit_answered(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed)
{
    job_answered(ctx, rc, e, job);
    ((struct job_answer *)ctx)->existed = existed;
}

static inline struct job_answer do_submit(struct fixture *f, const struct queue_submission *s)
{
    struct job_answer a = {0};
    queue_submit(f->q, s, submit_answered, &a);
    assert_false(a.over);
    fixture_run(f, &a.over);
    return a;
}

// A job of no kind in particular; its id into `id`.
static inline void submit(struct fixture *f, const char *resource_class, int max_attempts, char id[ID_SIZE])
{
    struct queue_submission s = {.kind = "command",
                                 .resource_class = resource_class,
                                 .params = SLICE_LIT("{}"),
                                 .spec = SLICE_LIT("{\"batch_size\":8}"),
                                 .max_attempts = max_attempts,
                                 .determinate = true};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    memcpy(id, a.job.id, ID_SIZE);
    job_row_release(&a.job);
}

// The same of kind train_sae: it leaves checkpoints and can finish early. (Without the training that it belongs to.)
static inline void submit_training(struct fixture *f, int max_attempts, char id[ID_SIZE])
{
    struct queue_submission s = {.kind = "train_sae",
                                 .resource_class = "cpu",
                                 .params = SLICE_LIT("{\"seed\":1}"),
                                 .spec = SLICE_LIT("{\"seed\":1}"),
                                 .max_attempts = max_attempts,
                                 .determinate = true};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    memcpy(id, a.job.id, ID_SIZE);
    job_row_release(&a.job);
}

static inline struct job_answer do_cancel(struct fixture *f, const char *id)
{
    struct job_answer a = {0};
    queue_cancel(f->q, id, job_answered, &a);
    fixture_run(f, &a.over);
    return a;
}

typedef void (*control_fn)(struct queue *q, const char *job_id, queue_job_fn done, void *ctx);

static inline struct job_answer do_control(struct fixture *f, control_fn fn, const char *id)
{
    struct job_answer a = {0};
    fn(f->q, id, job_answered, &a);
    fixture_run(f, &a.over);
    return a;
}

// Asks, and wants the job to be in that state, with that control still asked for (NULL: none), afterwards.
static inline void control_to(struct fixture *f, control_fn fn, const char *id, const char *status, const char *control)
{
    struct job_answer a = do_control(f, fn, id);
    if (a.rc) fail_msg("%s", a.e.message);
    assert_string_equal(a.job.status, status);
    if (control)
        assert_string_equal(a.job.control, control);
    else
        assert_null(a.job.control);
    job_row_release(&a.job);
}

static inline void control_refused(struct fixture *f, control_fn fn, const char *id, const char *why)
{
    struct job_answer a = do_control(f, fn, id);
    assert_int_equal(a.rc, HW_ECONFLICT);
    if (!strstr(a.e.message, why)) fail_msg("\"%s\" doesn't say \"%s\"", a.e.message, why);
    job_row_release(&a.job);
}

static inline struct job_answer do_retry(struct fixture *f, const char *id, const char *changed)
{
    struct job_answer a = {0};
    json_t *obj = changed ? json_read(slice_str(changed), NULL) : NULL;
    queue_retry(f->q, id, obj, false, job_answered, &a);
    json_decref(obj);
    fixture_run(f, &a.over);
    return a;
}

static inline struct job_answer do_dismiss(struct fixture *f, const char *id, bool undo)
{
    struct job_answer a = {0};
    queue_dismiss(f->q, id, undo, job_answered, &a);
    fixture_run(f, &a.over);
    return a;
}

struct worker_answer {
    bool over;
    int rc;
    char id[ID_SIZE];
};

static inline void worker_answered(void *ctx, int rc, const struct err *e, const char *worker_id, int64_t lease_us)
{
    struct worker_answer *a = ctx;
    (void)e;
    a->over = true;
    a->rc = rc;
    if (rc == 0) snprintf(a->id, sizeof a->id, "%s", worker_id);
    if (rc == 0 && lease_us <= 0) abort();
}

static inline void register_after(struct fixture *f, const char *host, const char *replaces, char id[ID_SIZE])
{
    struct worker_answer a = {0};
    queue_register_worker(f->q, host, 42, "1", (struct queue_slots){.cpu = 2, .io = 4}, replaces, worker_answered, &a);
    fixture_run(f, &a.over);
    assert_int_equal(a.rc, 0);
    memcpy(id, a.id, ID_SIZE);
}

static inline void register_worker(struct fixture *f, char id[ID_SIZE])
{
    register_after(f, "host", NULL, id);
}

// One that serves the queues of the list.
static inline void register_worker_of(struct fixture *f, const char *queues, char id[ID_SIZE])
{
    struct worker_answer a = {0};
    struct queue_names names;
    assert_int_equal(queue_names_parse(slice_str(queues), &names, NULL), 0);
    queue_register_worker(f->q, "host", 42, "1", (struct queue_slots){.cpu = 2, .io = 4, .queues = &names}, NULL,
                          worker_answered, &a);
    fixture_run(f, &a.over);
    assert_int_equal(a.rc, 0);
    memcpy(id, a.id, ID_SIZE);
}

struct claim_answer {
    bool over;
    int rc, n;
    struct err e;
    struct job_row jobs[8];
};

static inline void claim_answered(void *ctx, int rc, const struct err *e, const struct job_row *jobs, int n)
{
    struct claim_answer *a = ctx;
    a->over = true;
    a->rc = rc;
    if (rc) a->e = *e;
    a->n = n;
    if (n > 8) abort();
    for (int i = 0; i < n; i++) job_row_copy(&a->jobs[i], &jobs[i]);
}

static inline void claim_release(struct claim_answer *a)
{
    for (int i = 0; i < a->n; i++) job_row_release(&a->jobs[i]);
    *a = (struct claim_answer){0};
}

static inline struct claim_answer do_claim(struct fixture *f, const char *worker_id, struct queue_slots slots)
{
    struct claim_answer a = {0};
    assert_non_null(queue_claim(f->q, worker_id, slots, 0, claim_answered, &a));
    fixture_run(f, &a.over);
    return a;
}

// What a worker remembers of one job.
struct held {
    char job_id[ID_SIZE], worker_id[ID_SIZE];
    char lease[JOB_LEASE_SIZE];
    int attempt;
};

// Claims the one job there is.
static inline void claim_one(struct fixture *f, const char *worker_id, struct held *h)
{
    struct claim_answer a = do_claim(f, worker_id, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.rc, 0);
    assert_int_equal(a.n, 1);
    *h = (struct held){.attempt = a.jobs[0].attempt};
    memcpy(h->job_id, a.jobs[0].id, ID_SIZE);
    snprintf(h->worker_id, sizeof h->worker_id, "%s", worker_id);
    snprintf(h->lease, sizeof h->lease, "%s", a.jobs[0].lease);
    claim_release(&a);
}

// Submits a job, and has a worker of its own claim it.
static inline void begin_job(struct fixture *f, int max_attempts, struct held *h)
{
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", max_attempts, id);
    claim_one(f, worker, h);
}

struct report_answer {
    bool over;
    int rc;
    struct err e;
    json_t *body;
};

static inline void report_answered(void *ctx, int rc, const struct err *e, struct slice answer)
{
    struct report_answer *a = ctx;
    a->over = true;
    a->rc = rc;
    if (rc) a->e = *e;
    a->body = rc ? NULL : json_read(answer, NULL);
}

static inline struct report_answer do_report(struct fixture *f, const char *worker_id, const char *body)
{
    struct report_answer a = {0};
    queue_report(f->q, worker_id, slice_str(body), report_answered, &a);
    fixture_run(f, &a.over);
    return a;
}

// Reports `events` (the inside of a JSON array) with a batch number of the caller's; the job's part of the answer.
static inline json_t *report_batch(struct fixture *f, const struct held *h, int64_t batch, const char *events)
{
    char *body = mem_printf("{\"batch\":%lld,\"reports\":[{\"job_id\":\"%s\",\"attempt\":%d,\"lease\":\"%s\","
                            "\"events\":[%s]}]}",
                            (long long)batch, h->job_id, h->attempt, h->lease, events);
    struct report_answer a = do_report(f, h->worker_id, body);
    free(body);
    if (a.rc) fail_msg("%s", a.e.message);
    assert_int_equal(json_integer_value(json_object_get(a.body, "batch")), batch);
    json_t *job = json_incref(json_object_get(json_object_get(a.body, "jobs"), h->job_id));
    assert_non_null(job);
    json_decref(a.body);
    return job;
}

static inline json_t *report(struct fixture *f, const struct held *h, const char *events)
{
    return report_batch(f, h, ++f->batch, events);
}

static inline void report_ok(struct fixture *f, const struct held *h, const char *events)
{
    json_t *a = report(f, h, events);
    assert_true(json_is_true(json_object_get(a, "ok")));
    json_decref(a);
}

static inline void report_lost(struct fixture *f, const struct held *h, const char *events)
{
    json_t *a = report(f, h, events);
    assert_true(json_is_false(json_object_get(a, "ok")));
    assert_string_equal(json_string_value(json_object_get(a, "reason")), "lease_lost");
    json_decref(a);
}

#endif
