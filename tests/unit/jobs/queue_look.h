// What the queue has left: rows in the database, events that were published.
#ifndef HW_TESTS_QUEUE_LOOK_H
#define HW_TESTS_QUEUE_LOOK_H

#include "jobs/queue_fixture.h"

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
