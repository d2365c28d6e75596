#include "worker/reporter.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/http_client.h"
#include "worker/backoff.h"

enum { IDLE_WAIT_MS = 200, REQUEST_TIMEOUT_MS = 15000 };

struct reporter {
    struct spool *spool;
    struct http_client *http;
    struct reporter_events events;
    pthread_t thread;
    struct backoff backoff;
    _Atomic int64_t stop_by_us; // monotonic; set before the backoff is stopped
    atomic_bool away;
    pthread_mutex_t lock; // guards `ended`
    pthread_cond_t end;
    bool ended;
};

static bool over(struct reporter *r)
{
    return backoff_stopped(&r->backoff) && (spool_empty(r->spool) || clock_mono_us() >= atomic_load(&r->stop_by_us));
}

// ---- answers ------------------------------------------------------------------------------------------------------

// The lease that the batch's report of this job went out under; NULL if it has none.
static const char *lease_of(const json_t *batch, const char *job_id)
{
    size_t i;
    json_t *it;
    json_array_foreach(json_object_get(batch, "reports"), i, it)
    {
        const char *id = json_string_value(json_object_get(it, "job_id"));
        if (id && strcmp(id, job_id) == 0) return json_string_value(json_object_get(it, "lease"));
    }
    return NULL;
}

static void read_reply(struct reporter *r, const struct spool_batch *b, const json_t *reply)
{
    json_t *batch = NULL; // read when it is needed, which is rarely
    const char *job_id;
    json_t *verdict;
    json_object_foreach(json_object_get(reply, "jobs"), job_id, verdict)
    {
        bool lost = json_is_false(json_object_get(verdict, "ok"));
        const char *control = json_string_value(json_object_get(verdict, "control"));
        if (!lost && !control) continue;
        if (!batch) batch = json_read_object(buf_slice(&b->body), NULL);
        const char *lease = lease_of(batch, job_id);
        // Both: the job was cancelled and given up, and its process is still to end.
        if (lease && control) r->events.control(r->events.ctx, job_id, lease, control);
        if (lease && lost) r->events.lost(r->events.ctx, job_id, lease);
    }
    json_decref(batch);
}

// The batch itself is at fault: repeating it can't mend that. Everything else (a proxy's page, a server that is busy or
// starting) may pass.
static bool refused(int status)
{
    return status == 400 || status == 404 || status == 409 || status == 413 || status == 422;
}

static void note_away(struct reporter *r, bool away, const char *why)
{
    if (atomic_exchange(&r->away, away) == away) return;
    spool_secure(r->spool, away);
    if (away)
        log_warn("worker", "the server doesn't take reports (%s); they wait in the spool", why);
    else
        log_info("worker", "the server takes reports again");
}

// True if the batch is settled: acknowledged, or refused for good.
static bool post(struct reporter *r, const struct spool_batch *b, struct buf *answer)
{
    struct err e = {0};
    char path[96];
    snprintf(path, sizeof path, "/api/v1/workers/%s/report", b->worker_id);
    int status = http_client_request(r->http, "POST", path, buf_slice(&b->body), REQUEST_TIMEOUT_MS, answer, &e);
    json_t *reply = status >= 200 && status < 300 ? json_read_object(buf_slice(answer), &e) : NULL;
    bool settled = reply || refused(status);
    if (status > 0 && !settled && !e.message[0]) err_set(&e, HW_EUNAVAILABLE, "it answered with status %d", status);
    note_away(r, !settled, e.message);
    if (reply) read_reply(r, b, reply);
    if (status == 404) r->events.unknown(r->events.ctx, b->worker_id);
    if (refused(status) && status != 404)
        log_error("worker", "the server refused a batch of reports with %d: %.*s", status,
                  SLICE_FMT(buf_slice(answer)));
    json_decref(reply);
    return settled;
}

// ---- the thread ---------------------------------------------------------------------------------------------------

static void *run(void *arg)
{
    struct reporter *r = arg;
    struct spool_batch b = {0};
    struct buf answer = BUF_INIT;
    while (!over(r)) {
        if (!spool_wait(r->spool, IDLE_WAIT_MS, &b)) continue;
        if (post(r, &b, &answer)) {
            spool_drop(r->spool);
            backoff_reset(&r->backoff);
        } else {
            if (backoff_stopped(&r->backoff)) break; // the server is away and we are leaving: the spool keeps it
            backoff_wait(&r->backoff);
        }
    }
    buf_release(&b.body);
    buf_release(&answer);
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    pthread_cond_signal(&r->end);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void release(struct reporter *r)
{
    http_client_free(r->http);
    backoff_release(&r->backoff);
    pthread_cond_destroy(&r->end);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

int reporter_start(struct reporter **out, const char *server_url, struct spool *spool, struct reporter_events events,
                   struct err *e)
{
    struct reporter *r = mem_zalloc(sizeof *r);
    r->spool = spool;
    r->events = events;
    backoff_init(&r->backoff);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->end, &attr);
    pthread_condattr_destroy(&attr);
    int rc = http_client_new(&r->http, server_url, e);
    if (!rc) {
        int sys = pthread_create(&r->thread, NULL, run, r);
        if (sys) rc = err_sys(e, sys, "can't start the reporting thread");
    }
    if (rc) {
        release(r);
        return rc;
    }
    *out = r;
    return 0;
}

bool reporter_away(struct reporter *r)
{
    return atomic_load(&r->away);
}

void reporter_stop(struct reporter *r, int drain_ms)
{
    if (!r) return;
    int64_t by = clock_mono_us() + (int64_t)drain_ms * 1000;
    atomic_store(&r->stop_by_us, by);
    backoff_stop(&r->backoff);
    spool_wake(r->spool);
    struct timespec until = {.tv_sec = by / 1000000, .tv_nsec = (long)(by % 1000000) * 1000};
    pthread_mutex_lock(&r->lock);
    while (!r->ended && pthread_cond_timedwait(&r->end, &r->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&r->lock);
    http_client_interrupt(r->http); // a server that takes a request and doesn't answer must not hold us up
    pthread_join(r->thread, NULL);
    release(r);
}
