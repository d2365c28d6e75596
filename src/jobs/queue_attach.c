// Attached jobs: programs that run where they were called. Such a job is its caller's from the beginning and is never
// queued; what it reports shows what it is.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

struct attach {
    struct queue *q;
    struct list changes;
    struct job_row row; // as asked for
    bool existed;
    struct job_row found; // when it existed
    struct worker_row worker;
    int64_t now;
    queue_attach_fn done;
    void *ctx;
};

// A caller that didn't get the answer asks again with the same key, and gets the same lease. A key that names any other
// job is a mistake, and its lease somebody else's.
static int known_key(struct store_tx *tx, struct attach *a, struct err *e)
{
    int rc = job_row_by_key(tx, a->row.idempotency_key, &a->found, e);
    if (rc) return rc;
    if (!a->found.attached || !a->found.lease)
        return err_set(e, HW_ECONFLICT, "the idempotency_key belongs to job %s, which is not attached", a->found.id);
    a->existed = true;
    return 0;
}

static int attach_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct attach *a = ctx;
    changes_free(&a->changes); // of an earlier run that gave way (store.h)
    worker_row_release(&a->worker);
    job_row_release(&a->found);
    int rc = worker_row_get(tx, a->row.worker_id, &a->worker, e);
    if (!rc) rc = worker_row_seen(tx, a->row.worker_id, 0, a->now, e);
    if (rc) return rc;
    if (a->row.idempotency_key) {
        rc = known_key(tx, a, e);
        if (rc != HW_ENOTFOUND) return rc;
        err_clear(e);
    }
    struct change *c = change_new(&a->changes);
    job_row_copy(&c->job, &a->row);
    rc = change_apply(c, JOB_EV_CLAIMED, e);
    // It was never in the queue, so there is no status before to tell of.
    c->status_changed = false;
    c->created = true;
    set_text(&c->job.host, a->worker.host);
    if (!rc) rc = change_store_events(tx, c, a->now, e);
    return rc ? rc : job_row_insert(tx, &c->job, e);
}

static void attached(void *ctx, int rc, const struct err *e)
{
    struct attach *a = ctx;
    struct job_row copy = {0};
    if (rc == 0) queue_worker_seen(a->q, &a->worker);
    if (rc == 0 && !a->existed) {
        job_row_copy(&copy, &LIST_ITEM(a->changes.next, struct change, node)->job);
        queue_publish(a->q, &a->changes);
    }
    const struct job_row *job = rc ? NULL : a->existed ? &a->found : &copy;
    a->done(a->ctx, rc, e, job, a->existed, a->q->cfg.lease_us);
    if (job == &copy) job_row_release(&copy);
    changes_free(&a->changes);
    job_row_release(&a->row);
    job_row_release(&a->found);
    worker_row_release(&a->worker);
    free(a);
}

static void fill_row(struct job_row *r, const char *worker_id, const struct queue_attachment *in, int64_t now)
{
    char token[LEASE_TOKEN + 1];
    id_new("job", r->id);
    id_token(token, LEASE_TOKEN);
    set_text(&r->kind, in->kind);
    set_text(&r->name, in->name && *in->name ? in->name : in->kind);
    set_text(&r->status, job_status_name(JOB_QUEUED));
    set_text(&r->queue, QUEUE_DEFAULT);
    set_text(&r->resource_class, in->resource_class);
    set_text(&r->idempotency_key, in->idempotency_key);
    set_text(&r->lease, token);
    snprintf(r->worker_id, sizeof r->worker_id, "%s", worker_id);
    r->params = in->params.n ? mem_strndup(in->params.p, in->params.n) : mem_strdup("{}");
    r->spec = mem_strdup(r->params);
    r->attempt = r->max_attempts = 1;
    r->version = 1;
    r->attached = true;
    r->progress = (double)NAN;
    r->pid = in->pid > 0 ? in->pid : -1;
    r->created_at = r->queued_at = r->updated_at = now;
}

void queue_attach(struct queue *q, const char *worker_id, const struct queue_attachment *in, queue_attach_fn done,
                  void *ctx)
{
    struct attach *a = mem_zalloc(sizeof *a);
    *a = (struct attach){.q = q, .now = queue_now(q), .done = done, .ctx = ctx};
    list_init(&a->changes);
    job_row_init(&a->row);
    job_row_init(&a->found);
    worker_row_init(&a->worker);
    fill_row(&a->row, worker_id, in, a->now);
    a->row.lease_until = a->now + q->cfg.lease_us;
    store_write(q->cfg.store, attach_tx, attached, a);
}

// ---- a program that trains ----------------------------------------------------------------------------------------

int attached_training(struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    if (!c->job.attached || c->entity != ENTITY_NONE || c->job.entity_id[0]) return 0;
    struct training_row *t = &c->training;
    training_row_init(t);
    c->entity = ENTITY_TRAINING; // from here on the change owns the row
    c->entity_created = true;
    id_new("trn", t->id);
    memcpy(t->job_id, c->job.id, sizeof t->job_id);
    set_text(&t->name, c->job.name);
    set_text(&t->status, c->job.status);
    set_text(&t->params, c->job.params);
    set_text(&t->layers, "[]");
    t->current_step = 0;
    t->progress = c->job.progress;
    t->created_at = t->updated_at = now;
    t->started_at = c->job.started_at;
    set_text(&c->job.entity_type, "training");
    memcpy(c->job.entity_id, t->id, sizeof c->job.entity_id);
    return training_row_insert(tx, t, e);
}

bool attached_counts_steps(const struct job_row *job)
{
    return job->unit && strcmp(job->unit, "steps") == 0;
}

void attached_training_steps(struct training_row *t, const struct job_row *job)
{
    if (!attached_counts_steps(job)) return;
    if (job->done >= 0) t->current_step = job->done;
    t->total_steps = job->total;
}
