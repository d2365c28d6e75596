#include "jobs/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "jobs/queue_internal.h"

int64_t queue_now(const struct queue *q)
{
    return q->cfg.now_us ? q->cfg.now_us(q->cfg.ctx) : clock_now_us();
}

int64_t queue_mono(const struct queue *q)
{
    return q->cfg.mono_us ? q->cfg.mono_us(q->cfg.ctx) : clock_mono_us();
}

struct queue *queue_new(const struct queue_config *config)
{
    struct queue *q = mem_zalloc(sizeof *q);
    q->cfg = *config;
    if (!q->cfg.lease_us) q->cfg.lease_us = QUEUE_LEASE_US;
    if (!q->cfg.history.interval_us) q->cfg.history = (struct history_rule){5, 60000000};
    if (!q->cfg.stall_grace_us) q->cfg.stall_grace_us = QUEUE_STALL_GRACE_US;
    if (!q->cfg.start_grace_us) q->cfg.start_grace_us = QUEUE_START_GRACE_US;
    list_init(&q->claims);
    map_init(&q->workers);
    map_init(&q->shown);
    map_init(&q->live);
    map_init(&q->turns);
    q->next_due = INT64_MAX;
    return q;
}

struct history_rule queue_history_rule(const struct queue *q)
{
    return q->cfg.history;
}

void queue_free(struct queue *q)
{
    if (!q) return;
    queue_claims_stop(q);
    queue_workers_release(q);
    shown_release(q);
    live_release(q);
    queue_turns_release(q);
    free(q);
}

void queue_stop(struct queue *q)
{
    q->stopped = true;
    queue_claims_stop(q);
}

int64_t queue_lost_events(const struct queue *q)
{
    return q->lost_events;
}

// ---- time ---------------------------------------------------------------------------------------------------------

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void queue_rearm(struct queue *q)
{
    if (!q->cfg.arm || q->stopped) return;
    int64_t mono = queue_mono(q), now = queue_now(q);
    int64_t due = min64(queue_publish_due(q), queue_claims_due(q));
    int64_t lease = q->lease_check ? INT64_MAX : queue_leases_due(q);
    int64_t delay = due == INT64_MAX ? INT64_MAX : due - mono;
    lease = min64(lease, queue_delays_due(q));
    if (lease != INT64_MAX) delay = min64(delay, lease - now);
    if (delay == INT64_MAX) return;
    q->cfg.arm(q->cfg.ctx, delay > 0 ? delay : 0);
}

void queue_tick(struct queue *q)
{
    if (q->stopped) return;
    int64_t mono = queue_mono(q);
    queue_publish_held(q, mono);
    queue_claims_tick(q, mono);
    queue_leases_tick(q, queue_now(q));
    queue_delays_tick(q, queue_now(q));
    queue_rearm(q);
}

// ---- what there is to say about a job -----------------------------------------------------------------------------

// Why a queued job isn't taken, as far as it isn't just that others are before it.
static const char *queued_text(const struct queue *q, const struct job_row *job, char *out, size_t size)
{
    char until[CLOCK_RFC3339_SIZE + 48] = "";
    bool named = strcmp(job->queue, QUEUE_DEFAULT) != 0;
    if (job->waiting) {
        char at[CLOCK_RFC3339_SIZE], again[24] = "";
        clock_format(job->not_before, at);
        if (job->attempt > 1) snprintf(again, sizeof again, " for attempt %d", job->attempt);
        snprintf(until, sizeof until, "waits until %s%s", at, again);
    }
    const char *and = *until ? "; " : "";
    if (queue_served(q, job->queue, job->resource_class))
        snprintf(out, size, "%s", until);
    else if (!named)
        snprintf(out, size, "%s%sno worker serves the class %s", until, and, job->resource_class);
    else if (!queue_served(q, job->queue, NULL))
        snprintf(out, size, "%s%sno worker serves the queue %s", until, and, job->queue);
    else
        snprintf(out, size, "%s%sno worker serves the class %s of the queue %s", until, and, job->resource_class,
                 job->queue);
    return *out ? out : NULL;
}

const char *queue_status_text(const struct queue *q, const struct job_row *job, char *out, size_t size)
{
    const int64_t quiet_us = 10000000; // reports come every few seconds
    int64_t since = job->last_report_at ? (queue_now(q) - job->last_report_at) / 1000000 : -1;
    switch (row_status(job)) {
    case JOB_QUEUED: return queued_text(q, job, out, size);
    case JOB_STALLED:
        if (since < 0)
            snprintf(out, size, "%s and has not reported since", job->attached ? "it was begun" : "the worker took it");
        else if (job->attached)
            snprintf(out, size, "last report %" PRId64 " s ago; the program or its connection may be lost", since);
        else
            snprintf(out, size, "last report %" PRId64 " s ago; the worker may be lost", since);
        return out;
    case JOB_CANCELLING: snprintf(out, size, "waiting for the process to end"); return out;
    case JOB_PAUSED:
        if (!job->lease_until) return NULL; // nothing runs that could report
        // fallthrough
    case JOB_STARTING:
    case JOB_RUNNING:
        if (job->control) {
            static const char *const asked[][2] = {
                {"pause", "asked to pause at the next safe point"},
                {"resume", "asked to go on"},
                {"stop", "asked to finish early"},
            };
            for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
                if (strcmp(job->control, asked[i][0]) == 0) return asked[i][1];
        }
        if (since < 0 || since * 1000000 < quiet_us) return NULL;
        snprintf(out, size, "last report %" PRId64 " s ago", since);
        return out;
    default: return NULL;
    }
}
