// A queue with everything real behind it but the clock: a database file, the memory bus, the emitter, and a loop that
// is this thread. Events are kept as they were published.
#ifndef HW_TESTS_QUEUE_FIXTURE_H
#define HW_TESTS_QUEUE_FIXTURE_H

#include "test_database.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "events/emitter.h"
#include "jobs/queue.h"
#include "jobs/queue_names.h"
#include "store/job_logs_table.h"
#include "store/metrics_table.h"
#include "store/models_table.h"
#include "store/store.h"
#include "store/trainings_table.h"

#define SECOND 1000000LL

enum { FIXTURE_EVENTS = 512, FIXTURE_POSTED = 4096 };

struct fixture {
    struct test_database database;
    struct store *store;
    struct bus *bus;
    struct emitter *emitter;
    struct queue *q;
    int64_t now; // both clocks
    int64_t armed;
    // what the store posts
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } posted[FIXTURE_POSTED];
    int n_posted;
    // what was published
    struct msg *events[FIXTURE_EVENTS];
    int n_events;
    int64_t lost_events;
    int lost_code;
    int64_t batch; // of report()
};

static inline void fixture_post(void *poster, void (*fn)(void *arg), void *arg)
{
    struct fixture *f = poster;
    pthread_mutex_lock(&f->lock);
    if (f->n_posted == FIXTURE_POSTED) abort();
    f->posted[f->n_posted].fn = fn;
    f->posted[f->n_posted++].arg = arg;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

static inline void fixture_deliver(void *ctx, struct msg *m)
{
    struct fixture *f = ctx;
    if (f->n_events == FIXTURE_EVENTS) abort();
    f->events[f->n_events++] = msg_ref(m);
}

static inline int64_t fixture_now(void *ctx)
{
    return ((struct fixture *)ctx)->now;
}

static inline void fixture_arm(void *ctx, int64_t delay_us)
{
    struct fixture *f = ctx;
    f->armed = f->now + delay_us;
}

static inline void fixture_lost(void *ctx, int code, int64_t lost)
{
    struct fixture *f = ctx;
    f->lost_events = lost;
    f->lost_code = code;
}

static inline void fixture_forget_events(struct fixture *f)
{
    for (int i = 0; i < f->n_events; i++) msg_unref(f->events[i]);
    f->n_events = 0;
}

// Runs what was posted until *over; fails the test after 20 s of nothing.
static inline void fixture_run(struct fixture *f, const bool *over)
{
    while (!*over) {
        struct timespec deadline;
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 20;
        pthread_mutex_lock(&f->lock);
        int rc = 0;
        while (f->n_posted == 0 && rc == 0) rc = pthread_cond_timedwait(&f->wake, &f->lock, &deadline);
        if (rc == ETIMEDOUT) {
            pthread_mutex_unlock(&f->lock);
            fail_msg("nothing was posted for 20 s");
        }
        void (*fn)(void *arg) = f->posted[0].fn;
        void *arg = f->posted[0].arg;
        memmove(&f->posted[0], &f->posted[1], (size_t)--f->n_posted * sizeof f->posted[0]);
        pthread_mutex_unlock(&f->lock);
        fn(arg);
    }
}

struct simple {
    bool over;
    int rc;
    struct err e;
};

static inline void simple_done(void *ctx, int rc, const struct err *e)
{
    struct simple *s = ctx;
    s->over = true;
    s->rc = rc;
    if (rc) s->e = *e;
}

static inline int fixture_nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

// Until everything that was written before is committed and published.
static inline void fixture_settle(struct fixture *f)
{
    for (int i = 0; i < 3; i++) { // what a write's end writes in its turn is waited for too
        struct simple s = {0};
        store_write(f->store, fixture_nothing, simple_done, &s);
        fixture_run(f, &s.over);
    }
}

static inline void fixture_open(struct fixture *f)
{
    struct err e = {0};
    if (store_open(&f->store, f->database.url, &e) != 0) fail_msg("%s", e.message);
    store_set_poster(f->store, fixture_post, f);
    f->bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    f->bus->deliver = fixture_deliver;
    f->bus->deliver_ctx = f;
    f->emitter = emitter_new(f->bus);
    struct queue_config config = {.store = f->store,
                                  .emitter = f->emitter,
                                  .now_us = fixture_now,
                                  .mono_us = fixture_now,
                                  .arm = fixture_arm,
                                  .lost_event = fixture_lost,
                                  .ctx = f};
    struct simple s = {0};
    f->q = queue_new(&config);
    queue_start(f->q, simple_done, &s);
    fixture_run(f, &s.over);
    assert_int_equal(s.rc, 0);
}

static inline void fixture_shut(struct fixture *f)
{
    queue_stop(f->q);
    store_close(f->store);
    while (f->n_posted) { // the store's threads are gone: nothing is added
        void (*fn)(void *arg) = f->posted[0].fn;
        void *arg = f->posted[0].arg;
        memmove(&f->posted[0], &f->posted[1], (size_t)--f->n_posted * sizeof f->posted[0]);
        fn(arg);
    }
    queue_free(f->q);
    emitter_free(f->emitter);
    f->bus->ops->free(f->bus);
    fixture_forget_events(f);
}

static inline struct fixture *fixture_new(void)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    test_database_make(&f->database);
    f->now = 1795000000LL * SECOND;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    fixture_open(f);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    fixture_shut(f);
    test_database_remove(&f->database);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

// As if the server had been stopped and started again.
static inline void fixture_restart(struct fixture *f)
{
    fixture_shut(f);
    fixture_open(f);
}

// Moves the clock and does what is due.
static inline void fixture_pass(struct fixture *f, int64_t us)
{
    f->now += us;
    queue_tick(f->q);
    fixture_settle(f);
}

// ---- the queue's calls, waited for ---------------------------------------------------------------------------------

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

// ---- looking -------------------------------------------------------------------------------------------------------

struct look {
    bool over;
    int rc;
    struct err e;
    const char *id;
    struct job_row job;
    struct training_row training;
    struct dataset_row dataset;
    struct metric_rows metrics;
    struct job_log_row *logs;
    int n_logs;
    struct checkpoint_row *checkpoints;
    int n_checkpoints;
};

static inline void looked(void *ctx, int rc, const struct err *e)
{
    struct look *l = ctx;
    l->over = true;
    l->rc = rc;
    if (rc) l->e = *e;
}

static inline void look_at(struct fixture *f, store_fn fn, struct look *l)
{
    l->over = false;
    store_read(f->store, fn, looked, l);
    fixture_run(f, &l->over);
    if (l->rc) fail_msg("%s", l->e.message);
}

static inline int look_job(struct store_tx *tx, void *ctx, struct err *e)
{
    struct look *l = ctx;
    return job_row_get(tx, l->id, &l->job, e);
}

static inline struct job_row job_now(struct fixture *f, const char *id)
{
    struct look l = {.id = id};
    look_at(f, look_job, &l);
    return l.job;
}

static inline void assert_status(struct fixture *f, const char *id, const char *status)
{
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, status);
    job_row_release(&r);
}

// An attempt that was lost has left nothing in the job's row, and the next one can be claimed.
static inline void assert_queued_again(struct fixture *f, const char *id, int attempt)
{
    struct job_row r = job_now(f, id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, attempt);
    assert_true(r.progress == 0);
    assert_int_equal(r.started_at, 0);
    assert_int_equal(r.lease_until, 0);
    assert_string_equal(r.worker_id, "");
    assert_null(r.error_message);
    job_row_release(&r);
}

static inline int look_logs(struct store_tx *tx, void *ctx, struct err *e)
{
    struct look *l = ctx;
    return job_logs_list(tx, l->id, 0, 1000, NULL, &l->logs, &l->n_logs, e);
}

static inline int look_training(struct store_tx *tx, void *ctx, struct err *e)
{
    struct look *l = ctx;
    struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY};
    int rc = training_row_get(tx, l->id, &l->training, e);
    if (!rc) rc = metric_rows_query(tx, l->id, &q, &l->metrics, e);
    return rc ? rc : checkpoint_rows_list(tx, l->id, &l->checkpoints, &l->n_checkpoints, e);
}

static inline void look_training_release(struct look *l)
{
    training_row_release(&l->training);
    metric_rows_release(&l->metrics);
    checkpoint_rows_free(l->checkpoints, l->n_checkpoints);
}

static inline int look_dataset(struct store_tx *tx, void *ctx, struct err *e)
{
    struct look *l = ctx;
    return dataset_row_get(tx, l->id, &l->dataset, e);
}

// How many events of this name were published; *last (may be NULL): the payload of the last, owned by the caller.
static inline int events_named(const struct fixture *f, const char *event, json_t **last)
{
    int n = 0;
    const struct msg *found = NULL;
    for (int i = 0; i < f->n_events; i++) {
        if (!slice_is(msg_event(f->events[i]), event)) continue;
        found = f->events[i];
        n++;
    }
    if (last) *last = found ? json_read(msg_payload(found), NULL) : NULL;
    return n;
}

// The place of the first event of this name among all published; -1: none.
static inline int event_place(const struct fixture *f, const char *event)
{
    for (int i = 0; i < f->n_events; i++)
        if (slice_is(msg_event(f->events[i]), event)) return i;
    return -1;
}

#endif
