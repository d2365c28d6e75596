// Workers: who has been heard from, what they serve, and how they register.
#include "jobs/queue_workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/queue_internal.h"

// ---- heard from ---------------------------------------------------------------------------------------------------

// What stands in the table was checked before it was written.
void worker_queues(const struct worker_row *w, struct queue_names *out)
{
    if (queue_names_parse(slice_str(w->queues), out, NULL) != 0)
        (void)queue_names_parse(SLICE_LIT(QUEUE_DEFAULT), out, NULL);
}

void queue_worker_seen(struct queue *q, const struct worker_row *w)
{
    struct known_worker *k = map_get(&q->workers, slice_str(w->id));
    if (!k) {
        k = mem_zalloc(sizeof *k);
        map_put(&q->workers, slice_str(w->id), k);
    }
    k->slots = (struct queue_slots){.gpu = w->slots_gpu, .cpu = w->slots_cpu, .io = w->slots_io};
    worker_queues(w, &k->queues);
    snprintf(k->host, sizeof k->host, "%s", w->host ? w->host : "");
    k->seen_us = queue_mono(q);
}

void queue_workers_release(struct queue *q)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->workers, &at)) != NULL;) free(it->value);
    map_release(&q->workers);
}

static bool is_live(const struct queue *q, const struct known_worker *k)
{
    return k->waiting > 0 || queue_mono(q) - k->seen_us < QUEUE_WORKER_LIVE_US;
}

int slots_of_class(struct queue_slots s, const char *resource_class)
{
    if (strcmp(resource_class, "gpu") == 0) return s.gpu;
    if (strcmp(resource_class, "cpu") == 0) return s.cpu;
    return strcmp(resource_class, "io") == 0 ? s.io : 0;
}

bool queue_served(const struct queue *q, const char *queue, const char *resource_class)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->workers, &at)) != NULL;) {
        const struct known_worker *k = it->value;
        int slots =
            resource_class ? slots_of_class(k->slots, resource_class) : k->slots.gpu + k->slots.cpu + k->slots.io;
        if (is_live(q, k) && slots > 0 && queue_names_has(&k->queues, queue)) return true;
    }
    return false;
}

bool queue_worker_live(const struct queue *q, const char *worker_id)
{
    const struct known_worker *k = map_get(&q->workers, slice_str(worker_id));
    return k && is_live(q, k);
}

const char *queue_worker_host(const struct queue *q, const char *worker_id)
{
    const struct known_worker *k = map_get(&q->workers, slice_str(worker_id));
    return k ? k->host : NULL;
}

// Workers that haven't been heard from for a day are forgotten here; the table keeps them.
static void forget_workers(struct queue *q)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->workers, &at)) != NULL;) {
        struct known_worker *k = it->value;
        if (k->waiting || queue_mono(q) - k->seen_us < 86400000000LL) continue;
        map_remove(&q->workers, slice_of(it->key, it->key_len));
        free(k);
    }
}

// ---- registering ---------------------------------------------------------------------------------------------------

struct registration {
    struct queue *q;
    struct worker_row row;
    char replaces[ID_SIZE]; // "": nobody
    struct list changes;
    queue_worker_fn done;
    void *ctx;
};

static int register_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct registration *g = ctx;
    changes_free(&g->changes); // of an earlier run that gave way (store.h)
    int rc = worker_row_insert(tx, &g->row, e);
    if (rc || !g->replaces[0]) return rc;
    struct worker_row old;
    worker_row_init(&old);
    rc = worker_row_get(tx, g->replaces, &old, e);
    // A data folder that was copied to another host doesn't prove that the worker of the first one is dead.
    bool known = rc == 0 && old.host && strcmp(old.host, g->row.host) == 0;
    worker_row_release(&old);
    if (known) return leases_of_dead(g->q, tx, &g->changes, g->replaces, g->row.created_at, e);
    g->replaces[0] = 0;
    if (rc == HW_ENOTFOUND) err_clear(e), rc = 0;
    return rc;
}

// It serves nothing from now on. While a claim of its still waits, its connection hasn't been seen to end.
static void forget_worker(struct queue *q, const char *worker_id)
{
    struct known_worker *k = map_get(&q->workers, slice_str(worker_id));
    if (!k || k->waiting) return;
    map_remove(&q->workers, slice_str(worker_id));
    free(k);
}

static void registered(void *ctx, int rc, const struct err *e)
{
    struct registration *g = ctx;
    if (rc == 0) {
        forget_workers(g->q);
        if (g->replaces[0]) forget_worker(g->q, g->replaces);
        queue_worker_seen(g->q, &g->row);
        queue_publish(g->q, &g->changes);
    }
    g->done(g->ctx, rc, e, rc == 0 ? g->row.id : NULL, g->q->cfg.lease_us);
    changes_free(&g->changes);
    worker_row_release(&g->row);
    free(g);
}

void queue_register_worker(struct queue *q, const char *host, int64_t pid, const char *version,
                           struct queue_slots slots, const char *replaces, queue_worker_fn done, void *ctx)
{
    struct registration *g = mem_zalloc(sizeof *g);
    *g = (struct registration){.q = q, .done = done, .ctx = ctx};
    list_init(&g->changes);
    // Longer than any id of ours: it names nobody.
    if (replaces && strlen(replaces) < sizeof g->replaces) memcpy(g->replaces, replaces, strlen(replaces) + 1);
    worker_row_init(&g->row);
    id_new("wrk", g->row.id);
    set_text(&g->row.host, host);
    set_text(&g->row.version, version);
    g->row.pid = pid;
    g->row.slots_gpu = slots.gpu;
    g->row.slots_cpu = slots.cpu;
    g->row.slots_io = slots.io;
    struct buf queues = BUF_INIT;
    if (slots.queues) queue_names_format(slots.queues, &queues);
    set_text(&g->row.queues, queues.n ? buf_cstr(&queues) : QUEUE_DEFAULT);
    buf_release(&queues);
    g->row.created_at = g->row.last_seen_at = queue_now(q);
    store_write(q->cfg.store, register_tx, registered, g);
}
