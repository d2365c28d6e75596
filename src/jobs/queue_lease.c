// Leases: what tells a live job from a dead one. A report prolongs it; when it ends the job is stalled, when the grace
// after that ends too the worker is taken for dead.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/errors.h"
#include "jobs/queue_internal.h"

#define LEASE_RETRY_US 1000000LL // after a check that the store couldn't do

struct lease_check {
    struct queue *q;
    struct list changes;
    int64_t now;
};

static int lost(struct queue *q, struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    bool cancelling = row_status(&c->job) == JOB_CANCELLING;
    int rc = history_end(q, tx, c, job_status_name(cancelling ? JOB_CANCELLED : JOB_FAILED), now, e);
    if (!rc) rc = change_apply(c, JOB_EV_LOST, e);
    if (rc) return rc;
    live_drop(q, c->job.id);
    enum job_status s = row_status(&c->job);
    if (s != JOB_CANCELLED) change_event_why(c, "the worker was lost");
    if (s == JOB_QUEUED) return change_requeue(c, now, e);
    if (s == JOB_FAILED) {
        struct job_failure f;
        struct job_exit x = {.worker_lost = true};
        job_classify(&x, &f);
        change_fail(c, f.type, f.message);
    }
    change_end(c, now);
    return 0;
}

static int returned(struct queue *q, struct change *c, int64_t now, struct err *e)
{
    int rc = change_return(c, e);
    if (rc) return rc;
    live_drop(q, c->job.id);
    return change_unclaim(c, now, e);
}

static int expire(struct queue *q, struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    enum job_status s = row_status(&c->job);
    // Claimed and never heard of: the answer to the claim didn't arrive. Of an attached job nobody else can make a
    // start.
    if (s == JOB_STARTING && c->job.last_report_at == 0 && !c->job.attached) return returned(q, c, now, e);
    if (s == JOB_STALLED || s == JOB_CANCELLING) return lost(q, tx, c, now, e);
    // If the worker is lost, the job comes back as it was: paused.
    if (s == JOB_PAUSED && !c->job.control) set_text(&c->job.control, "pause");
    c->job.lease_until = now + (c->job.attached ? QUEUE_ATTACHED_GRACE_US : q->cfg.stall_grace_us);
    return change_apply(c, JOB_EV_LATE, e);
}

static int expire_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct lease_check *k = ctx;
    struct job_row *rows;
    int n;
    changes_free(&k->changes); // of an earlier run that gave way (store.h)
    int rc = job_rows_leased(tx, k->now, &rows, &n, e);
    for (int i = 0; !rc && i < n; i++) {
        struct change *c;
        rc = change_read(tx, &k->changes, rows[i].id, &c, e);
        if (!rc) rc = expire(k->q, tx, c, k->now, e);
        if (!rc) rc = change_commit(tx, c, k->now, e);
    }
    job_rows_free(rows, n);
    return rc;
}

// A job that runs is stalled first, then lost, and both are told, as the state machine has it.
static int end_lease(struct queue *q, struct store_tx *tx, struct list *changes, const char *job_id, int64_t now,
                     struct err *e)
{
    for (int i = 0; i < 2; i++) {
        struct change *c;
        int rc = change_read(tx, changes, job_id, &c, e);
        if (!rc) rc = expire(q, tx, c, now, e);
        if (!rc) rc = change_commit(tx, c, now, e);
        if (rc || row_status(&c->job) != JOB_STALLED) return rc;
    }
    return 0;
}

int leases_of_dead(struct queue *q, struct store_tx *tx, struct list *changes, const char *worker_id, int64_t now,
                   struct err *e)
{
    struct job_row *rows;
    int n;
    int rc = job_rows_leased(tx, INT64_MAX, &rows, &n, e);
    for (int i = 0; !rc && i < n; i++) {
        // One that runs where it was called wasn't started by a worker, and doesn't end with one.
        if (strcmp(rows[i].worker_id, worker_id) != 0 || rows[i].attached) continue;
        rc = end_lease(q, tx, changes, rows[i].id, now, e);
    }
    job_rows_free(rows, n);
    return rc;
}

// ---- a database that was restored ---------------------------------------------------------------------------------

struct loss {
    struct queue *q;
    struct list changes;
    const char *why;
    int64_t now;
    int jobs;
};

// Those that have failed by it say why in their own words, for no worker was lost.
static int lose_one(struct loss *l, struct store_tx *tx, const char *job_id, struct err *e)
{
    int rc = end_lease(l->q, tx, &l->changes, job_id, l->now, e);
    struct change *c = list_empty(&l->changes) ? NULL : LIST_ITEM(l->changes.prev, struct change, node);
    if (rc || !c || row_status(&c->job) != JOB_FAILED) return rc;
    set_text(&c->job.error_message, l->why);
    return change_commit(tx, c, l->now, e);
}

static int lose_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct loss *l = ctx;
    struct job_row *rows;
    int n;
    changes_free(&l->changes);
    l->jobs = 0;
    int rc = job_rows_leased(tx, INT64_MAX, &rows, &n, e);
    for (int i = 0; !rc && i < n; i++) rc = lose_one(l, tx, rows[i].id, e);
    if (!rc) l->jobs = n;
    job_rows_free(rows, n);
    return rc;
}

int queue_lose_all(struct store *s, const char *why, int *jobs, struct err *e)
{
    const struct queue_config config = {.store = s};
    struct loss l = {.q = queue_new(&config), .why = why};
    list_init(&l.changes);
    l.now = queue_now(l.q);
    int rc = store_write_wait(s, lose_tx, &l, e);
    *jobs = l.jobs;
    changes_free(&l.changes);
    queue_free(l.q);
    return rc;
}

// ---- checks -------------------------------------------------------------------------------------------------------

// After a check, what the loop still takes for expired isn't so in the database.
static void settle(struct queue *q, struct list *changes, int64_t now)
{
    queue_publish(q, changes);
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) {
        struct shown *s = it->value;
        if (s->lease_until < now) s->lease_until = 0;
    }
}

static void expired(void *ctx, int rc, const struct err *e)
{
    struct lease_check *k = ctx;
    (void)e; // it is tried again
    k->q->lease_check = false;
    if (rc == 0)
        settle(k->q, &k->changes, k->now);
    else
        k->q->lease_not_before = k->now + LEASE_RETRY_US;
    if (rc == HW_EUNAVAILABLE) k->q->store_away = true;
    queue_rearm(k->q);
    changes_free(&k->changes);
    free(k);
}

int64_t queue_leases_due(const struct queue *q)
{
    int64_t first = INT64_MAX;
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) {
        const struct shown *s = it->value;
        if (s->lease_until && s->lease_until < first) first = s->lease_until;
    }
    if (first == INT64_MAX) return first;
    return first < q->lease_not_before ? q->lease_not_before : first + 1; // due once it is past
}

// While the database was away no report could be taken, so that what has expired proves nothing: all are prolonged as
// when the server starts.
static void prolonged(void *ctx, int rc, const struct err *e)
{
    struct queue *q = ctx;
    (void)e; // it is tried again
    q->lease_check = false;
    q->store_away = rc == HW_EUNAVAILABLE;
    if (rc) q->lease_not_before = queue_now(q) + LEASE_RETRY_US;
    queue_rearm(q);
}

void queue_leases_tick(struct queue *q, int64_t now)
{
    if (q->lease_check || queue_leases_due(q) > now) return;
    if (q->store_away) {
        q->lease_check = true;
        queue_start(q, prolonged, q);
        return;
    }
    struct lease_check *k = mem_zalloc(sizeof *k);
    *k = (struct lease_check){.q = q, .now = now};
    list_init(&k->changes);
    q->lease_check = true;
    store_write(q->cfg.store, expire_tx, expired, k);
}

// ---- the server's start -------------------------------------------------------------------------------------------

struct start {
    struct queue *q;
    int64_t now;
    struct job_row *jobs;
    int n_jobs;
    struct worker_row *workers;
    int n_workers;
    int64_t next_due;
    queue_done_fn done;
    void *ctx;
};

static int start_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct start *s = ctx;
    int64_t grace = s->now + s->q->cfg.start_grace_us;
    job_rows_free(s->jobs, s->n_jobs);
    worker_rows_free(s->workers, s->n_workers);
    s->workers = NULL, s->n_workers = 0;
    int rc = job_rows_leased(tx, INT64_MAX, &s->jobs, &s->n_jobs, e);
    for (int i = 0; !rc && i < s->n_jobs; i++) {
        if (s->jobs[i].lease_until >= grace) continue;
        s->jobs[i].lease_until = grace;
        rc = job_row_update(tx, &s->jobs[i], e);
    }
    // Workers go on reporting to a server that is back: they are there until shown otherwise.
    if (!rc) rc = worker_rows_list(tx, s->now - 3600000000LL, &s->workers, &s->n_workers, e);
    if (!rc) rc = job_next_due(tx, &s->next_due, e);
    return rc;
}

static void started(void *ctx, int rc, const struct err *e)
{
    struct start *s = ctx;
    if (rc == 0) {
        for (int i = 0; i < s->n_jobs; i++) shown_get(s->q, s->jobs[i].id)->lease_until = s->jobs[i].lease_until;
        for (int i = 0; i < s->n_workers; i++) queue_worker_seen(s->q, &s->workers[i]);
        if (s->next_due) queue_note_due(s->q, s->next_due);
        queue_rearm(s->q);
    }
    if (s->done) s->done(s->ctx, rc, e);
    job_rows_free(s->jobs, s->n_jobs);
    worker_rows_free(s->workers, s->n_workers);
    free(s);
}

void queue_start(struct queue *q, queue_done_fn done, void *ctx)
{
    struct start *s = mem_zalloc(sizeof *s);
    *s = (struct start){.q = q, .now = queue_now(q), .done = done, .ctx = ctx};
    store_write(q->cfg.store, start_tx, started, s);
}
