// Jobs that wait for their time: released when it comes, so that a claim never has to look at one that it can't take.
#include <stdlib.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

#define DELAY_RETRY_US 1000000LL // after a release that the store couldn't do
enum { RELEASE_MAX = 256 };      // jobs in one transaction; the rest follows in the next

struct release {
    struct queue *q;
    struct list changes;
    int64_t now;
    int64_t next; // due after these; 0: none
};

static int release_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct release *k = ctx;
    struct job_row *rows;
    int n;
    changes_free(&k->changes); // of an earlier run that gave way (store.h)
    int rc = job_rows_due(tx, k->now, RELEASE_MAX, &rows, &n, e);
    for (int i = 0; !rc && i < n; i++) {
        struct change *c = change_new(&k->changes);
        job_row_copy(&c->job, &rows[i]);
        c->job.waiting = false;
        c->job.updated_at = k->now;
        c->ready = true;
        rc = job_row_update(tx, &c->job, e);
    }
    job_rows_free(rows, n);
    return rc ? rc : job_next_due(tx, &k->next, e);
}

static void released(void *ctx, int rc, const struct err *e)
{
    struct release *k = ctx;
    struct queue *q = k->q;
    (void)e; // it is tried again
    q->delay_check = false;
    if (rc == 0) {
        // Jobs that were made to wait after the transaction are published after this.
        q->next_due = k->next ? k->next : INT64_MAX;
        queue_publish(q, &k->changes);
    } else {
        q->next_due = k->now + DELAY_RETRY_US;
    }
    queue_rearm(q);
    changes_free(&k->changes);
    free(k);
}

void queue_note_due(struct queue *q, int64_t not_before)
{
    if (not_before < q->next_due) q->next_due = not_before;
}

int64_t queue_delays_due(const struct queue *q)
{
    return q->delay_check ? INT64_MAX : q->next_due;
}

void queue_delays_tick(struct queue *q, int64_t now)
{
    if (queue_delays_due(q) > now) return;
    struct release *k = mem_zalloc(sizeof *k);
    *k = (struct release){.q = q, .now = now};
    list_init(&k->changes);
    q->delay_check = true;
    store_write(q->cfg.store, release_tx, released, k);
}
