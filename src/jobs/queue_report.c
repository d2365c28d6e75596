// Batches of reports: read on the loop's thread, stored in one transaction, answered after the commit.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"
#include "jobs/report_body.h"

struct report {
    struct queue *q;
    struct list changes;
    struct worker_row worker;
    char worker_id[ID_SIZE];
    struct report_body body;
    int64_t now, mono;
    struct buf answer;
    struct jw w;
    queue_report_fn done;
    void *ctx;
};

static void report_free(struct report *r)
{
    report_body_release(&r->body);
    changes_free(&r->changes);
    worker_row_release(&r->worker);
    buf_release(&r->answer);
    free(r);
}

// ---- answering ----------------------------------------------------------------------------------------------------

static void answer_lost(struct report *r, const char *job_id, bool cancelled)
{
    jw_key(&r->w, job_id);
    jw_obj(&r->w);
    jw_kbool(&r->w, "ok", false);
    jw_kstr(&r->w, "reason", "lease_lost");
    if (cancelled) jw_kstr(&r->w, "control", "cancel");
    jw_obj_end(&r->w);
}

static void answer_ok(struct report *r, const struct job_row *job)
{
    jw_key(&r->w, job->id);
    jw_obj(&r->w);
    jw_kbool(&r->w, "ok", true);
    jw_ktime(&r->w, "lease_until", job->lease_until);
    jw_kstr(&r->w, "control", row_status(job) == JOB_CANCELLING ? "cancel" : job->control);
    jw_obj_end(&r->w);
}

// ---- the transaction ----------------------------------------------------------------------------------------------

static bool proves(const struct job_row *job, const struct job_report *in)
{
    return job->lease && strcmp(job->lease, in->lease) == 0 && job->attempt == in->attempt;
}

static bool holds(const struct job_row *job, const struct job_report *in)
{
    // A job that was paused keeps the token without being held.
    bool held = job->lease_until != 0 || job_is_final(row_status(job));
    return held && proves(job, in);
}

static void show_live(struct change *c, const struct live *l)
{
    c->learning_rate = l->learning_rate;
    if (l->n_layers == 0) return;
    c->layers = mem_dup(l->layers, (size_t)l->n_layers * sizeof *l->layers);
    c->n_layers = l->n_layers;
}

static int apply_all(struct report *r, struct store_tx *tx, struct change *c, const struct job_report *in,
                     struct err *e)
{
    struct live *l = live_get(r->q, &c->job);
    int rc = entity_load(tx, c, e);
    if (rc) return rc;
    l->reported_at = c->job.last_report_at = r->now;
    c->job.lease_until = r->now + r->q->cfg.lease_us;
    if (in->refused) change_log(c, r->now, "log", slice_str(in->refused));
    for (int i = 0; !rc && i < in->n_events; i++) rc = report_apply(tx, c, l, &in->events[i], r->now, r->mono, e);
    if (!rc) rc = change_write_metrics(tx, c, e);
    if (rc) return rc;
    bool active = job_is_active(row_status(&c->job)); // else it ended, or its next attempt is queued
    if (active) live_to_row(l, &c->job);
    if (row_status(&c->job) == JOB_PAUSED) change_forget_pace(c);
    show_live(c, l);
    rc = history_report(r->q, tx, c, l, r->now, r->mono, e);
    if (!rc) rc = change_commit(tx, c, r->now, e);
    // Its rate starts afresh when it goes on.
    if (!rc && (!active || row_status(&c->job) == JOB_PAUSED)) live_drop(r->q, c->job.id);
    return rc;
}

static int report_job(struct report *r, struct store_tx *tx, const struct job_report *in, bool seen, struct err *e)
{
    struct change *c;
    int rc = change_read(tx, &r->changes, in->job_id, &c, e);
    if (rc == HW_ENOTFOUND) {
        err_clear(e);
        answer_lost(r, in->job_id, false);
        return 0;
    }
    if (rc) return rc;
    bool ours = seen ? proves(&c->job, in) : holds(&c->job, in);
    bool refused = !ours || (!seen && change_apply(c, JOB_EV_REPORTED, NULL) != 0);
    if (refused || seen) {
        if (refused)
            // An attached program that was away when its job was cancelled is still to end.
            answer_lost(r, in->job_id, ours && c->job.attached && row_status(&c->job) == JOB_CANCELLED);
        else
            answer_ok(r, &c->job);
        list_remove(&c->node);
        change_free(c);
        return 0;
    }
    rc = apply_all(r, tx, c, in, e);
    if (rc == 0) answer_ok(r, &c->job);
    return rc;
}

static int report_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct report *r = ctx;
    changes_free(&r->changes); // of an earlier run that gave way (store.h)
    buf_clear(&r->answer);
    worker_row_release(&r->worker);
    int rc = worker_row_get(tx, r->worker_id, &r->worker, e);
    if (rc) return rc;
    bool seen = r->body.batch <= r->worker.last_batch;
    jw_init(&r->w, &r->answer);
    jw_obj(&r->w);
    jw_ki64(&r->w, "batch", r->body.batch);
    jw_key(&r->w, "jobs");
    jw_obj(&r->w);
    for (int i = 0; !rc && i < r->body.n_jobs; i++) rc = report_job(r, tx, &r->body.jobs[i], seen, e);
    jw_obj_end(&r->w);
    jw_obj_end(&r->w);
    if (!rc) rc = worker_row_seen(tx, r->worker_id, r->body.batch, r->now, e);
    return rc;
}

static void reported(void *ctx, int rc, const struct err *e)
{
    struct report *r = ctx;
    if (rc == 0) {
        queue_worker_seen(r->q, &r->worker);
        queue_publish(r->q, &r->changes);
    }
    r->done(r->ctx, rc, e, rc == 0 ? buf_slice(&r->answer) : (struct slice){0});
    report_free(r);
}

// A body that can't be read is answered like everything else: later.
static int refuse_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx;
    const struct err *why = ctx;
    *e = *why;
    return why->code;
}

struct refusal {
    struct err why; // first: refuse_tx takes it by itself
    queue_report_fn done;
    void *ctx;
};

static void refused(void *ctx, int rc, const struct err *e)
{
    struct refusal *f = ctx;
    f->done(f->ctx, rc, e, (struct slice){0});
    free(f);
}

void queue_report(struct queue *q, const char *worker_id, struct slice body, queue_report_fn done, void *ctx)
{
    struct report *r = mem_zalloc(sizeof *r);
    struct err e = {0};
    *r = (struct report){.q = q, .now = queue_now(q), .mono = queue_mono(q), .done = done, .ctx = ctx};
    list_init(&r->changes);
    worker_row_init(&r->worker);
    snprintf(r->worker_id, sizeof r->worker_id, "%s", worker_id);
    int rc = report_body_read(body, &r->body, &e);
    if (rc == 0) {
        store_write(q->cfg.store, report_tx, reported, r);
        return;
    }
    report_free(r);
    struct refusal *f = mem_zalloc(sizeof *f);
    *f = (struct refusal){.why = e, .done = done, .ctx = ctx};
    store_read(q->cfg.store, refuse_tx, refused, f);
}
