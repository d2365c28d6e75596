// Cancelling, and taking failures out of the lists.
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

struct control {
    struct queue *q;
    struct list changes;
    char job_id[ID_SIZE];
    bool undo;
    int64_t now;
    queue_job_fn done;
    void *ctx;
};

static void controlled(void *ctx, int rc, const struct err *e)
{
    struct control *k = ctx;
    struct job_row copy = {0};
    if (rc == 0) {
        job_row_copy(&copy, &LIST_ITEM(k->changes.next, struct change, node)->job);
        queue_publish(k->q, &k->changes);
    }
    k->done(k->ctx, rc, e, rc == 0 ? &copy : NULL);
    if (rc == 0) job_row_release(&copy);
    changes_free(&k->changes);
    free(k);
}

static void control(struct queue *q, const char *job_id, bool undo, store_fn fn, queue_job_fn done, void *ctx)
{
    struct control *k = mem_zalloc(sizeof *k);
    *k = (struct control){.q = q, .undo = undo, .now = queue_now(q), .done = done, .ctx = ctx};
    snprintf(k->job_id, sizeof k->job_id, "%s", job_id);
    list_init(&k->changes);
    store_write(q->cfg.store, fn, controlled, k);
}

static int cancel_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct control *k = ctx;
    struct change *c;
    int rc = change_read(tx, &k->changes, k->job_id, &c, e);
    if (!rc) rc = change_apply(c, JOB_EV_CANCEL, e);
    if (rc || !c->status_changed) return rc;
    if (job_is_final(row_status(&c->job))) change_end(c, k->now);
    return change_commit(tx, c, k->now, e);
}

void queue_cancel(struct queue *q, const char *job_id, queue_job_fn done, void *ctx)
{
    control(q, job_id, false, cancel_tx, done, ctx);
}

static int dismiss_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct control *k = ctx;
    struct change *c;
    int rc = change_read(tx, &k->changes, k->job_id, &c, e);
    if (rc) return rc;
    if (!job_is_final(row_status(&c->job)))
        return err_set(e, HW_ECONFLICT, "a job that is %s can't be dismissed; cancel it first", c->job.status);
    c->job.dismissed = !k->undo;
    c->job.updated_at = k->now;
    return job_row_update(tx, &c->job, e);
}

void queue_dismiss(struct queue *q, const char *job_id, bool undo, queue_job_fn done, void *ctx)
{
    control(q, job_id, undo, dismiss_tx, done, ctx);
}
