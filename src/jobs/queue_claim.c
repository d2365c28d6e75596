// Claims: jobs given to workers that ask for them, at once or while they wait.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"
#include "jobs/queue_workers.h"

enum { CLAIM_MAX = 64 };

struct queue_claim {
    struct list node; // of queue.claims
    struct queue *q;
    char worker_id[ID_SIZE];
    struct queue_slots slots;  // without its queues
    struct queue_names queues; // none: not known before the worker's row is read
    int64_t deadline;          // monotonic
    bool busy;                 // a transaction is under way
    bool again;                // a job was queued meanwhile
    bool abandoned;
    bool counted; // among its worker's waiting claims
    queue_claim_fn done;
    void *ctx;
    // of the transaction
    struct list changes;
    struct worker_row worker;
    struct queue_names taking;
    int64_t now;
};

static int take_class(struct store_tx *tx, struct queue_claim *c, const char *resource_class, int free_slots,
                      struct err *e)
{
    for (int i = 0; i < free_slots; i++) {
        struct job_row r;
        int rc = queue_pick(c->q, tx, &c->taking, resource_class, &r, e);
        if (rc == HW_ENOTFOUND) {
            err_clear(e);
            return 0;
        }
        if (rc) return rc;
        struct change *change = change_new(&c->changes);
        char token[LEASE_TOKEN + 1];
        change->job = r;
        rc = change_apply(change, JOB_EV_CLAIMED, e);
        if (rc) return rc;
        id_token(token, LEASE_TOKEN);
        set_text(&change->job.lease, token);
        memcpy(change->job.worker_id, c->worker_id, sizeof change->job.worker_id);
        set_text(&change->job.host, c->worker.host);
        change->job.lease_until = c->now + c->q->cfg.lease_us;
        rc = change_commit(tx, change, c->now, e);
        if (rc) return rc;
    }
    return 0;
}

static int claim_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct queue_claim *c = ctx;
    changes_free(&c->changes);
    worker_row_release(&c->worker);
    int rc = worker_row_get(tx, c->worker_id, &c->worker, e);
    // To the second is enough: a claim that finds nothing then writes nothing.
    if (!rc && c->now - c->worker.last_seen_at >= 1000000) rc = worker_row_seen(tx, c->worker_id, 0, c->now, e);
    if (rc) return rc;
    c->taking = c->queues;
    if (c->taking.n == 0) worker_queues(&c->worker, &c->taking);
    rc = take_class(tx, c, "gpu", c->slots.gpu, e);
    if (!rc) rc = take_class(tx, c, "cpu", c->slots.cpu, e);
    if (!rc) rc = take_class(tx, c, "io", c->slots.io, e);
    return rc;
}

// A worker that waits is there, however long it waits.
static void set_waiting(struct queue_claim *c, bool waiting)
{
    struct known_worker *k = map_get(&c->q->workers, slice_str(c->worker_id));
    if (!k || c->counted == waiting) return;
    c->counted = waiting;
    k->waiting += waiting ? 1 : -1;
    k->seen_us = queue_mono(c->q);
}

static void claim_free(struct queue_claim *c)
{
    list_remove(&c->node);
    changes_free(&c->changes);
    worker_row_release(&c->worker);
    free(c);
}

static void answer(struct queue_claim *c, int rc, const struct err *e, const struct job_row *jobs, int n)
{
    if (!c->abandoned) c->done(c->ctx, rc, e, jobs, n);
    claim_free(c);
}

// ---- what can't be delivered goes back ----------------------------------------------------------------------------

struct give_back {
    struct queue *q;
    struct list changes;
    char job_id[ID_SIZE];
    char *lease;
    int64_t now;
};

static int give_back_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct give_back *g = ctx;
    struct change *c;
    changes_free(&g->changes);
    int rc = change_read(tx, &g->changes, g->job_id, &c, e);
    if (rc) return rc;
    bool ours = c->job.lease && strcmp(c->job.lease, g->lease) == 0 && c->job.last_report_at == 0;
    if (!ours || change_return(c, NULL) != 0) { // it has moved on by itself
        changes_free(&g->changes);
        return 0;
    }
    if (row_status(&c->job) == JOB_QUEUED)
        rc = change_unclaim(c, g->now, e);
    else
        change_end(c, g->now);
    return rc ? rc : change_commit(tx, c, g->now, e);
}

static void gave_back(void *ctx, int rc, const struct err *e)
{
    struct give_back *g = ctx;
    (void)e; // the lease brings it back, later
    if (rc == 0) queue_publish(g->q, &g->changes);
    changes_free(&g->changes);
    free(g->lease);
    free(g);
}

static void give_back(struct queue *q, const struct job_row *r)
{
    struct give_back *g = mem_zalloc(sizeof *g);
    *g = (struct give_back){.q = q, .lease = mem_strdup(r->lease), .now = queue_now(q)};
    memcpy(g->job_id, r->id, sizeof g->job_id);
    list_init(&g->changes);
    store_write(q->cfg.store, give_back_tx, gave_back, g);
}

// ---- the claim's way ----------------------------------------------------------------------------------------------

static void claimed(void *ctx, int rc, const struct err *e);

static void try_claim(struct queue_claim *c)
{
    c->busy = true;
    c->again = false;
    c->now = queue_now(c->q);
    worker_row_release(&c->worker);
    store_write(c->q->cfg.store, claim_tx, claimed, c);
}

static void deliver(struct queue_claim *c)
{
    struct queue *q = c->q;
    int n = 0;
    struct job_row *jobs = mem_array(CLAIM_MAX, sizeof *jobs);
    LIST_EACH(it, next, &c->changes)
    {
        struct job_row *r = &jobs[n++];
        char *spec = NULL;
        job_row_copy(r, &LIST_ITEM(it, struct change, node)->job);
        // Where an earlier start left off is told to this one, and isn't one of the job's own parameters.
        if (r->resume && params_merge(r->spec, r->resume, &spec, NULL) == 0) {
            set_text(&r->spec, spec);
            free(spec);
        }
    }
    queue_publish(q, &c->changes);
    for (int i = 0; c->abandoned && i < n; i++) give_back(q, &jobs[i]);
    answer(c, 0, NULL, jobs, n);
    for (int i = 0; i < n; i++) job_row_release(&jobs[i]);
    free(jobs);
}

static void claimed(void *ctx, int rc, const struct err *e)
{
    struct queue_claim *c = ctx;
    struct queue *q = c->q;
    c->busy = false;
    set_waiting(c, false);
    if (rc) {
        answer(c, rc, e, NULL, 0);
        return;
    }
    queue_worker_seen(q, &c->worker);
    c->queues = c->taking;
    if (!list_empty(&c->changes)) {
        deliver(c);
    } else if (c->abandoned || q->stopped || queue_mono(q) >= c->deadline) {
        answer(c, 0, NULL, NULL, 0);
    } else {
        set_waiting(c, true);
        if (c->again) try_claim(c);
    }
    queue_rearm(q);
}

static int bounded(int slots, int *room)
{
    int n = slots < 0 ? 0 : slots > *room ? *room : slots;
    *room -= n;
    return n;
}

struct queue_claim *queue_claim(struct queue *q, const char *worker_id, struct queue_slots slots, int64_t wait_us,
                                queue_claim_fn done, void *ctx)
{
    struct queue_claim *c = mem_zalloc(sizeof *c);
    int room = CLAIM_MAX;
    *c = (struct queue_claim){.q = q, .deadline = queue_mono(q) + wait_us, .done = done, .ctx = ctx};
    c->slots.gpu = bounded(slots.gpu, &room);
    c->slots.cpu = bounded(slots.cpu, &room);
    c->slots.io = bounded(slots.io, &room);
    if (slots.queues) c->queues = *slots.queues;
    snprintf(c->worker_id, sizeof c->worker_id, "%s", worker_id);
    list_init(&c->node);
    list_init(&c->changes);
    worker_row_init(&c->worker);
    list_push_back(&q->claims, &c->node);
    set_waiting(c, true);
    try_claim(c);
    return c;
}

void queue_claim_abandon(struct queue *q, struct queue_claim *c)
{
    (void)q;
    c->abandoned = true;
    if (c->busy) return; // its transaction decides
    set_waiting(c, false);
    claim_free(c);
}

void queue_wake_claims(struct queue *q, const char *queue, const char *resource_class)
{
    LIST_EACH(it, next, &q->claims)
    {
        struct queue_claim *c = LIST_ITEM(it, struct queue_claim, node);
        if (slots_of_class(c->slots, resource_class) == 0 || c->abandoned) continue;
        if (c->queues.n && !queue_names_has(&c->queues, queue)) continue;
        if (c->busy)
            c->again = true;
        else
            try_claim(c);
    }
}

static struct queue_claim *first_due(struct queue *q, int64_t mono)
{
    LIST_EACH(it, next, &q->claims)
    {
        struct queue_claim *c = LIST_ITEM(it, struct queue_claim, node);
        if (!c->busy && mono >= c->deadline) return c;
    }
    return NULL;
}

void queue_claims_tick(struct queue *q, int64_t mono)
{
    // From the start each time: an answer may make its caller abandon another claim.
    for (struct queue_claim *c; (c = first_due(q, mono)) != NULL;) {
        set_waiting(c, false);
        answer(c, 0, NULL, NULL, 0);
    }
}

int64_t queue_claims_due(const struct queue *q)
{
    int64_t first = INT64_MAX;
    for (const struct list *it = q->claims.next; it != &q->claims; it = it->next) {
        const struct queue_claim *c = LIST_ITEM(it, struct queue_claim, node);
        if (!c->busy && c->deadline < first) first = c->deadline;
    }
    return first;
}

void queue_claims_stop(struct queue *q)
{
    queue_claims_tick(q, INT64_MAX);
}
