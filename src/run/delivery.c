#include "run/delivery.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "worker/reporter.h"
#include "worker/shipment.h"
#include "worker/spool.h"

enum { DRAIN_MS = 3000, LAST_TRY_MS = 2000 };
static const struct spool_limits LIMITS = {2 << 20, 256ULL << 20};

struct delivery {
    struct delivery_events told;
    char *dir;
    struct session *session;
    struct reporter *reporter;
    struct spool *spool, *early; // `early`: events of a job that isn't known to the server yet
    atomic_bool lost;            // the job was given up
    // of the thread that puts in
    uint64_t next_batch, left_out;
    struct session_identity as; // under which the last batch went out
};

// ---- what the server says -----------------------------------------------------------------------------------------

static void on_identity(void *ctx)
{
    struct delivery *d = ctx;
    d->told.known(d->told.ctx);
}

static bool is_ours(struct delivery *d, const char *job_id, const char *lease)
{
    struct session_identity id;
    return session_get(d->session, &id) && strcmp(id.job_id, job_id) == 0 && strcmp(id.lease, lease) == 0;
}

// Nothing else is asked of a program that runs where it was called.
static void on_control(void *ctx, const char *job_id, const char *lease, const char *control)
{
    struct delivery *d = ctx;
    if (strcmp(control, "cancel") == 0 && is_ours(d, job_id, lease)) d->told.cancel(d->told.ctx);
}

// The job was given up. The program goes on; nothing more of it is wanted.
static void on_lost(void *ctx, const char *job_id, const char *lease)
{
    struct delivery *d = ctx;
    if (is_ours(d, job_id, lease)) atomic_store(&d->lost, true);
}

static void on_unknown(void *ctx, const char *worker_id)
{
    session_renew(((struct delivery *)ctx)->session, worker_id);
}

// ---- batches ------------------------------------------------------------------------------------------------------

// An error of the spool's disk: the batch stays in memory, of which there is a bound as well.
static void keep(struct spool *s, const char *as, struct buf *body)
{
    (void)spool_push(s, as, body, NULL);
}

static void push(struct delivery *d, const struct session_identity *id, struct slice events)
{
    struct shipment s;
    struct buf body;
    if (strcmp(id->worker_id, d->as.worker_id) != 0) d->next_batch = 1; // each worker counts its own
    d->as = *id;
    shipment_begin(&s, id->worker_id, (int64_t)d->next_batch++);
    shipment_add(&s, id->job_id, id->attempt, id->lease, events);
    if (shipment_end(&s, &body)) keep(d->spool, id->worker_id, &body);
}

static void push_early(struct delivery *d, const struct session_identity *id)
{
    struct spool_batch b = {0};
    while (!spool_empty(d->early)) {
        if (spool_wait(d->early, 0, &b)) {
            push(d, id, buf_slice(&b.body));
            spool_drop(d->early);
        }
    }
    buf_release(&b.body);
}

uint64_t delivery_waiting(struct delivery *d)
{
    return spool_bytes(d->spool) + spool_bytes(d->early);
}

bool delivery_away(struct delivery *d)
{
    struct session_identity id;
    return reporter_away(d->reporter) || !session_get(d->session, &id);
}

bool delivery_take(struct delivery *d, struct batches *from)
{
    struct session_identity id;
    struct buf events;
    bool any = false, known = session_get(d->session, &id);
    if (known) push_early(d, &id);
    for (; batches_take(from, &events); any = true) {
        if (atomic_load(&d->lost))
            buf_release(&events);
        else if (spool_full(d->spool) || spool_full(d->early))
            d->left_out++, buf_release(&events);
        else if (known)
            push(d, &id, buf_slice(&events)), buf_release(&events);
        else
            keep(d->early, "early", &events);
    }
    return any;
}

// ---- life ---------------------------------------------------------------------------------------------------------

static int make_folder(struct delivery *d, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    d->dir = mem_printf("%s/headway-run-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(d->dir)) return 0;
    int rc = err_sys(e, errno, "can't make a folder in %s", tmp && *tmp ? tmp : "/tmp");
    free(d->dir);
    d->dir = NULL;
    return rc;
}

static int open_spools(struct delivery *d, struct err *e)
{
    char *spool = file_join(d->dir, "spool"), *early = file_join(d->dir, "early");
    int rc = spool_open(&d->spool, spool, LIMITS, e);
    if (!rc) rc = spool_open(&d->early, early, LIMITS, e);
    free(spool);
    free(early);
    return rc;
}

static void release(struct delivery *d)
{
    session_free(d->session);
    spool_close(d->spool);
    spool_close(d->early);
    if (d->dir) (void)file_remove_tree(d->dir, NULL); // it is in the folder for temporary files
    free(d->dir);
    free(d);
}

int delivery_start(struct delivery **out, const char *server_url, struct slice job, struct delivery_events events,
                   struct err *e)
{
    struct delivery *d = mem_zalloc(sizeof *d);
    d->told = events;
    int rc = make_folder(d, e);
    if (!rc) rc = open_spools(d, e);
    // The session first: it is what the reporter's events ask.
    if (!rc) rc = session_start(&d->session, server_url, job, on_identity, d, e);
    if (!rc)
        rc = reporter_start(&d->reporter, server_url, d->spool,
                            (struct reporter_events){on_control, on_lost, on_unknown, d}, e);
    if (rc) {
        delivery_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void delivery_free(struct delivery *d)
{
    struct err ignored;
    if (!d) return;
    reporter_stop(d->reporter, 0);
    if (d->session) session_stop(d->session, 0, &ignored);
    release(d);
}

bool delivery_wait_known(struct delivery *d, int timeout_ms, struct session_identity *out)
{
    return session_wait(d->session, timeout_ms, out);
}

bool delivery_finish(struct delivery *d, struct batches *last, struct err *why)
{
    struct session_identity id;
    session_stop(d->session, LAST_TRY_MS, why);
    bool known = session_get(d->session, &id);
    (void)delivery_take(d, last);
    reporter_stop(d->reporter, DRAIN_MS);
    bool whole = known && spool_empty(d->spool) && d->left_out == 0;
    if (known && !whole) err_set(why, HW_EUNAVAILABLE, "the server did not take all of it in time");
    release(d);
    return whole;
}
