// Cancelling, pausing, going on, finishing early; and taking failures out of the lists.
//
// What has a process is only asked: the worker learns of it with its next answer, and the row says so (`control`) until
// it is done. What has none is changed at once. Each is as good twice as once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/kinds.h"
#include "jobs/queue_internal.h"

struct control {
    struct queue *q;
    struct list changes;
    char job_id[ID_SIZE];
    bool undo;
    int (*fn)(struct control *k, struct change *c, struct err *e);
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

static int control_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct control *k = ctx;
    struct change *c;
    changes_free(&k->changes); // of an earlier run that gave way (store.h)
    int rc = change_read(tx, &k->changes, k->job_id, &c, e);
    if (rc) return rc;
    char *before = c->job.control ? mem_strdup(c->job.control) : NULL;
    bool dismissed = c->job.dismissed;
    rc = k->fn(k, c, e);
    bool same = !c->status_changed && c->job.dismissed == dismissed && !before == !c->job.control &&
                (!before || strcmp(before, c->job.control) == 0);
    if (!same && c->job.control) change_event(c, "asked", c->job.control, NULL);
    free(before);
    if (rc || same) return rc;
    // A job that was paused and has no process ends here, and not by a report.
    if (c->status_changed && job_is_final(row_status(&c->job)) && c->job.started_at)
        rc = history_end(k->q, tx, c, c->job.status, k->now, e);
    return rc ? rc : change_commit(tx, c, k->now, e);
}

static void control(struct queue *q, const char *job_id, int (*fn)(struct control *, struct change *, struct err *),
                    bool undo, queue_job_fn done, void *ctx)
{
    struct control *k = mem_zalloc(sizeof *k);
    *k = (struct control){.q = q, .fn = fn, .undo = undo, .now = queue_now(q), .done = done, .ctx = ctx};
    snprintf(k->job_id, sizeof k->job_id, "%s", job_id);
    list_init(&k->changes);
    store_write(q->cfg.store, control_tx, controlled, k);
}

// ---- cancel -------------------------------------------------------------------------------------------------------

static int cancel(struct control *k, struct change *c, struct err *e)
{
    int rc = change_apply(c, JOB_EV_CANCEL, e);
    if (rc) return rc;
    set_text(&c->job.control, NULL); // it goes before whatever else was asked
    if (c->status_changed && job_is_final(row_status(&c->job))) change_end(c, k->now);
    // A program that nobody has heard of is waited for a day, but not by who wants it to end: back within a lease's
    // time it is told so, later it learns that it has been cancelled.
    if (c->status_changed && row_status(&c->job) == JOB_CANCELLING && c->job.lease_until > k->now + k->q->cfg.lease_us)
        c->job.lease_until = k->now + k->q->cfg.lease_us;
    return 0;
}

void queue_cancel(struct queue *q, const char *job_id, queue_job_fn done, void *ctx)
{
    control(q, job_id, cancel, false, done, ctx);
}

// ---- pause, resume, stop ------------------------------------------------------------------------------------------

static bool asked(const struct change *c, const char *what)
{
    return c->job.control && strcmp(c->job.control, what) == 0;
}

static int refuse(const struct change *c, const char *what, struct err *e)
{
    return err_set(e, HW_ECONFLICT, "a job that is %s can't be %s", c->job.status, what);
}

static int pause_job(struct control *k, struct change *c, struct err *e)
{
    enum job_status s = row_status(&c->job);
    if (job_is_final(s) || s == JOB_CANCELLING) return refuse(c, "paused", e);
    if (c->job.attached)
        return err_set(e, HW_ECONFLICT, "the job runs where it was called, and can only be paused there");
    if (asked(c, "stop")) return err_set(e, HW_ECONFLICT, "the job has been asked to finish early");
    if (s == JOB_QUEUED) return change_pause(c, k->now, e);
    if (s == JOB_PAUSED && !asked(c, "resume")) return 0;
    set_text(&c->job.control, "pause");
    return 0;
}

static int resume_job(struct control *k, struct change *c, struct err *e)
{
    enum job_status s = row_status(&c->job);
    if (job_is_final(s) || s == JOB_CANCELLING) return refuse(c, "resumed", e);
    if (s == JOB_QUEUED) return 0;
    if (s == JOB_PAUSED && !c->job.lease_until) return change_resume(c, k->now, e);
    // Of a pause that is under way: the worker may have carried it out already, so it is told.
    if (s == JOB_PAUSED || asked(c, "pause")) set_text(&c->job.control, "resume");
    return 0;
}

static int stop_job(struct control *k, struct change *c, struct err *e)
{
    const struct job_kind *kind = job_kind_find(c->job.kind);
    enum job_status s = row_status(&c->job);
    if (s == JOB_COMPLETED) return 0;
    if (job_is_final(s) || s == JOB_CANCELLING) return refuse(c, "stopped", e);
    if (!kind || !kind->stops)
        return err_set(e, HW_ECONFLICT, "a job of kind %s can't finish early; it can be cancelled", c->job.kind);
    if (c->job.started_at == 0 && (s == JOB_QUEUED || s == JOB_PAUSED))
        return err_set(e, HW_ECONFLICT, "the job has not begun: there is no result to keep; it can be cancelled");
    set_text(&c->job.control, "stop");
    // Its result is made by the process, which must run for that once more.
    return s == JOB_PAUSED && !c->job.lease_until ? change_resume(c, k->now, e) : 0;
}

void queue_pause(struct queue *q, const char *job_id, queue_job_fn done, void *ctx)
{
    control(q, job_id, pause_job, false, done, ctx);
}

void queue_resume(struct queue *q, const char *job_id, queue_job_fn done, void *ctx)
{
    control(q, job_id, resume_job, false, done, ctx);
}

void queue_stop_early(struct queue *q, const char *job_id, queue_job_fn done, void *ctx)
{
    control(q, job_id, stop_job, false, done, ctx);
}

// ---- dismiss ------------------------------------------------------------------------------------------------------

static int dismiss(struct control *k, struct change *c, struct err *e)
{
    if (!job_is_final(row_status(&c->job)))
        return err_set(e, HW_ECONFLICT, "a job that is %s can't be dismissed; cancel it first", c->job.status);
    c->job.dismissed = !k->undo;
    return 0;
}

void queue_dismiss(struct queue *q, const char *job_id, bool undo, queue_job_fn done, void *ctx)
{
    control(q, job_id, dismiss, undo, done, ctx);
}
