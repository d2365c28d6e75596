// New jobs: submitted, or made from one that is to be tried again.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

struct submit {
    struct queue *q;
    struct list changes;
    struct job_row row; // as asked for
    bool existed;
    struct job_row found; // when it existed
    int (*also)(struct store_tx *tx, void *also_ctx, const struct job_row *job, struct err *e);
    void *also_ctx;
    char retry_id[ID_SIZE]; // the job to be retried; "": a submission
    char *changed;          // JSON object or NULL
    bool resume;            // the retry goes on from the checkpoint
    queue_submit_fn submitted;
    queue_job_fn retried;
    void *ctx;
};

static void row_queued(struct job_row *r, int64_t now)
{
    set_text(&r->status, job_status_name(JOB_QUEUED));
    r->attempt = 1;
    r->version = 1;
    r->progress = r->determinate ? 0 : (double)NAN;
    r->created_at = r->queued_at = r->updated_at = now;
}

// Writes a new job and binds its entity to it.
static int insert(struct store_tx *tx, struct submit *s, struct change *c, struct err *e)
{
    int rc = s->also ? s->also(tx, s->also_ctx, &c->job, e) : 0;
    change_event(c, "status", c->job.status, NULL);
    if (!rc) rc = change_store_events(tx, c, c->job.created_at, e);
    if (!rc) rc = job_row_insert(tx, &c->job, e);
    if (!rc) rc = entity_attach(tx, c, c->job.created_at, e);
    c->created = true;
    return rc;
}

static void finish(struct submit *s, int rc, const struct err *e)
{
    const struct job_row *job = NULL;
    struct job_row copy = {0};
    // Publishing takes the changes; the caller is told afterwards.
    if (rc == 0 && !s->existed) {
        const struct change *made = LIST_ITEM(s->changes.prev, struct change, node);
        job_row_copy(&copy, &made->job);
        queue_publish(s->q, &s->changes);
    }
    if (rc == 0) job = s->existed ? &s->found : &copy;
    if (s->submitted) s->submitted(s->ctx, rc, e, job, s->existed);
    if (s->retried) s->retried(s->ctx, rc, e, job);
    if (job == &copy) job_row_release(&copy);
    changes_free(&s->changes);
    job_row_release(&s->row);
    job_row_release(&s->found);
    free(s->changed);
    free(s);
}

static void finished(void *ctx, int rc, const struct err *e)
{
    finish(ctx, rc, e);
}

static struct submit *submit_new(struct queue *q, void *ctx)
{
    struct submit *s = mem_zalloc(sizeof *s);
    s->q = q;
    s->ctx = ctx;
    list_init(&s->changes);
    job_row_init(&s->row);
    job_row_init(&s->found);
    return s;
}

// ---- submitting ---------------------------------------------------------------------------------------------------

static int submit_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct submit *s = ctx;
    changes_free(&s->changes); // of an earlier run that gave way (store.h)
    if (s->row.idempotency_key) {
        job_row_release(&s->found);
        int rc = job_row_by_key(tx, s->row.idempotency_key, &s->found, e);
        if (rc != HW_ENOTFOUND) {
            s->existed = rc == 0;
            return rc;
        }
        err_clear(e);
    }
    struct change *c = change_new(&s->changes);
    job_row_copy(&c->job, &s->row);
    return insert(tx, s, c, e);
}

static char *json_text(struct slice s)
{
    return s.n ? mem_strndup(s.p, s.n) : mem_strdup("{}");
}

void queue_submit(struct queue *q, const struct queue_submission *in, queue_submit_fn done, void *ctx)
{
    struct submit *s = submit_new(q, ctx);
    struct job_row *r = &s->row;
    s->submitted = done;
    s->also = in->also;
    s->also_ctx = in->also_ctx;
    if (in->id)
        snprintf(r->id, sizeof r->id, "%s", in->id);
    else
        id_new("job", r->id);
    set_text(&r->kind, in->kind);
    set_text(&r->name, in->name && *in->name ? in->name : in->kind);
    set_text(&r->queue, in->queue && *in->queue ? in->queue : QUEUE_DEFAULT);
    set_text(&r->resource_class, in->resource_class);
    set_text(&r->entity_type, in->entity_type);
    snprintf(r->entity_id, sizeof r->entity_id, "%s", in->entity_id ? in->entity_id : "");
    set_text(&r->idempotency_key, in->idempotency_key);
    set_text(&r->output_dir, in->output_dir);
    r->params = json_text(in->params);
    r->spec = json_text(in->spec);
    r->priority = in->priority;
    r->max_attempts = in->max_attempts > 0 ? in->max_attempts : 1;
    r->determinate = in->determinate;
    if (in->time_limit_seconds > 0) r->time_limit_seconds = in->time_limit_seconds;
    r->auto_retry = in->auto_retry;
    row_queued(r, queue_now(q));
    r->not_before = in->not_before;
    r->waiting = in->not_before > r->queued_at;
    if (r->waiting) r->queued_at = in->not_before; // it takes its place in the line when its time comes
    store_write(q->cfg.store, submit_tx, finished, s);
}

// ---- trying again -------------------------------------------------------------------------------------------------

static int check_retry(const struct job_row *old, struct err *e)
{
    enum job_status s = row_status(old);
    if (s != JOB_FAILED && s != JOB_CANCELLED)
        return err_set(e, HW_ECONFLICT, "a job that is %s can't be retried; failed and cancelled ones can",
                       old->status);
    if (old->attached) return err_set(e, HW_ECONFLICT, "a command is run again where it was called: headway run");
    if (old->retried_by[0]) return err_set(e, HW_ECONFLICT, "the job has been retried already, as %s", old->retried_by);
    return 0;
}

static int fill_retry(struct job_row *r, const struct job_row *old, const char *changed, struct err *e)
{
    set_text(&r->kind, old->kind);
    set_text(&r->name, old->name);
    set_text(&r->queue, old->queue);
    set_text(&r->resource_class, old->resource_class);
    set_text(&r->entity_type, old->entity_type);
    memcpy(r->entity_id, old->entity_id, sizeof r->entity_id);
    memcpy(r->retry_of, old->id, sizeof r->retry_of);
    set_text(&r->output_dir, old->output_dir);
    r->priority = old->priority;
    r->max_attempts = old->max_attempts;
    r->determinate = old->determinate;
    r->time_limit_seconds = old->time_limit_seconds;
    r->auto_retry = old->auto_retry;
    int rc = params_merge(old->params, changed, &r->params, e);
    return rc ? rc : params_merge(old->spec, changed, &r->spec, e);
}

// What it was for is gone: said of that, for it is the job that was asked for.
static int check_retry_entity(struct store_tx *tx, const struct job_row *old, struct err *e)
{
    int rc = entity_check(tx, old, e);
    if (rc != HW_ENOTFOUND) return rc;
    return err_set(e, HW_ECONFLICT, "its %s %s was deleted: a job can't be retried without one", old->entity_type,
                   old->entity_id);
}

static int retry_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct submit *s = ctx;
    struct change *old, *c;
    changes_free(&s->changes);
    int rc = change_read(tx, &s->changes, s->retry_id, &old, e);
    if (!rc) rc = check_retry(&old->job, e);
    if (!rc) rc = check_retry_entity(tx, &old->job, e);
    if (rc) return rc;
    c = change_new(&s->changes);
    job_row_copy(&c->job, &s->row);
    rc = fill_retry(&c->job, &old->job, s->changed, e);
    if (!rc) {
        row_queued(&c->job, s->row.created_at);
        memcpy(old->job.retried_by, c->job.id, sizeof old->job.retried_by);
        old->job.updated_at = s->row.created_at;
        if (s->resume) set_text(&c->job.resume, old->job.resume);
        rc = job_row_update(tx, &old->job, e);
    }
    return rc ? rc : insert(tx, s, c, e);
}

void queue_retry(struct queue *q, const char *job_id, const json_t *changed, bool resume, queue_job_fn done, void *ctx)
{
    struct submit *s = submit_new(q, ctx);
    s->retried = done;
    snprintf(s->retry_id, sizeof s->retry_id, "%s", job_id);
    s->changed = json_to_text(changed);
    s->resume = resume;
    id_new("job", s->row.id);
    s->row.created_at = queue_now(q);
    store_write(q->cfg.store, retry_tx, finished, s);
}
