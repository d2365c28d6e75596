#include "server/monitor_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "events/emitter.h"
#include "net/loop.h"

// An hour at the shortest interval.
enum { PARTS_MAX = 4 + GPU_MAX, RECENT_MAX = 36000 };

struct part {
    int gpu_id; // -1: not a GPU
    struct buf body;
    char channel[32];
    int64_t (*emit)(struct emitter *em, struct slice body); // NULL: a GPU's
};

// One sample's JSON, on its way to the loop.
struct delivery {
    struct monitor_thread *m;
    int n;
    struct part parts[PARTS_MAX];
    char gpu_reason[GPU_REASON_SIZE];
    struct monitor_reading reading;
    struct moment *moment;
    char host[256];
};

// A job's process group on some host.
struct group {
    char host[256], job_id[ID_SIZE];
    int64_t pgid;
};

struct monitor_thread {
    struct loop *loop;
    struct emitter *emitter;
    struct history *history; // the loop's
    struct sampler_options options;
    int64_t interval_us;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    // guarded by lock
    bool stopping;
    struct group *groups;
    int n_groups;
    // the loop's
    struct monitor_jobs jobs;
    struct monitor_minutes minutes;
    struct minute minute; // under way
    struct recent *recent;
    char host[256];
    bool has_gpus; // seen in the last sample
    bool deaf;     // on the loop: stopped, so what still comes is dropped
    bool said;     // an event that can't be published was logged
    char gpu_reason[GPU_REASON_SIZE];
    struct monitor_reading last; // the loop's
};

// ---- on the loop --------------------------------------------------------------------------------------------------

static void publish(struct monitor_thread *m, const struct part *p)
{
    struct slice body = buf_slice(&p->body);
    int64_t seq = p->emit ? p->emit(m->emitter, body) : emit_gpu_metrics(m->emitter, p->gpu_id, body);
    if (seq < 0 && !m->said) {
        m->said = true;
        log_error("monitor", "readings of %s can't be published: %s", p->channel, err_name((int)seq));
    }
    if (history_add(m->history, p->channel, clock_now_us(), body) != 0)
        log_error("monitor", "readings of %s can't be kept", p->channel);
}

struct groups {
    struct group *items;
    int n;
};

static void add_group(void *to, const char *host, int64_t pgid, const char *job_id)
{
    struct groups *l = to;
    l->items = mem_realloc_array(l->items, (size_t)l->n + 1, sizeof *l->items);
    struct group *g = &l->items[l->n++];
    *g = (struct group){.pgid = pgid};
    snprintf(g->host, sizeof g->host, "%s", host);
    snprintf(g->job_id, sizeof g->job_id, "%s", job_id);
}

// The thread can't ask the queue, so it is told; only GPUs have processes to name.
static void tell_groups(struct monitor_thread *m)
{
    struct groups l = {0};
    if (m->has_gpus) m->jobs.each(m->jobs.ctx, add_group, &l);
    pthread_mutex_lock(&m->lock);
    struct group *old = m->groups;
    m->groups = l.items;
    m->n_groups = l.n;
    pthread_mutex_unlock(&m->lock);
    free(old);
}

// The moment is the ring's from here on.
static void keep_moment(struct monitor_thread *m, struct moment *at)
{
    struct minute ended;
    if (minute_add(&m->minute, at, &ended)) {
        m->minutes.keep(m->minutes.ctx, m->host, &ended);
        minute_release(&ended);
    }
    recent_add(m->recent, at);
}

static void deliver(void *arg)
{
    struct delivery *d = arg;
    struct monitor_thread *m = d->m;
    m->has_gpus = d->n > PARTS_MAX - GPU_MAX;
    if (!m->deaf) tell_groups(m);
    for (int i = 0; i < d->n; i++) {
        if (!m->deaf) publish(m, &d->parts[i]);
        buf_release(&d->parts[i].body);
    }
    memcpy(m->host, d->host, sizeof m->host);
    if (m->deaf)
        free(d->moment);
    else
        keep_moment(m, d->moment);
    memcpy(m->gpu_reason, d->gpu_reason, sizeof m->gpu_reason);
    d->reading.count = m->last.count + 1;
    m->last = d->reading;
    free(d);
}

// ---- on the thread ------------------------------------------------------------------------------------------------

static struct jw add_part(struct delivery *d, const char *channel, int gpu_id,
                          int64_t (*emit)(struct emitter *, struct slice))
{
    struct part *p = &d->parts[d->n++];
    struct jw w;
    p->gpu_id = gpu_id;
    p->emit = emit;
    snprintf(p->channel, sizeof p->channel, "%s", channel);
    jw_init(&w, &p->body);
    return w;
}

struct lookup {
    struct monitor_thread *m;
    const char *host;
    char job_id[ID_SIZE];
};

static const char *job_of_group(void *ctx, int64_t pgid)
{
    struct lookup *l = ctx;
    bool found = false;
    pthread_mutex_lock(&l->m->lock);
    for (int i = 0; !found && i < l->m->n_groups; i++) {
        const struct group *g = &l->m->groups[i];
        found = g->pgid == pgid && strcmp(g->host, l->host) == 0;
        if (found) memcpy(l->job_id, g->job_id, sizeof l->job_id);
    }
    pthread_mutex_unlock(&l->m->lock);
    return found ? l->job_id : NULL;
}

static struct delivery *encode(struct monitor_thread *m, const struct sample *s)
{
    struct delivery *d = mem_zalloc(sizeof *d);
    d->m = m;
    struct jw w = add_part(d, "system/cpu", -1, emit_cpu_metrics);
    sample_write_cpu(s, &w);
    w = add_part(d, "system/memory", -1, emit_memory_metrics);
    sample_write_memory(s, &w);
    w = add_part(d, "system/disk", -1, emit_disk_metrics);
    sample_write_disk(s, &w);
    w = add_part(d, "system/network", -1, emit_network_metrics);
    sample_write_network(s, &w);
    for (size_t i = 0; i < s->gpu_count && i < GPU_MAX; i++) {
        char channel[32];
        snprintf(channel, sizeof channel, "system/gpu/%d", s->gpus[i].index);
        w = add_part(d, channel, s->gpus[i].index, NULL);
        struct lookup l = {.m = m, .host = s->host};
        sample_write_gpu(s, i, job_of_group, &l, &w);
    }
    memcpy(d->gpu_reason, s->gpu_reason, sizeof d->gpu_reason);
    return d;
}

// Waits for the next reading's time; false when stopping. A reading that took longer than the interval isn't caught up.
static bool wait_until(struct monitor_thread *m, int64_t at_us)
{
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = (at_us % 1000000) * 1000};
    pthread_mutex_lock(&m->lock);
    while (!m->stopping && pthread_cond_timedwait(&m->wake, &m->lock, &until) != ETIMEDOUT) {
    }
    bool go_on = !m->stopping;
    pthread_mutex_unlock(&m->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct monitor_thread *m = arg;
    struct sampler *sampler = sampler_new(&m->options);
    struct sample s;
    sample_init(&s);
    int64_t next = clock_mono_us();
    do {
        int64_t started = clock_mono_us(), started_at = clock_now_us();
        sampler_read(sampler, started, &s);
        struct delivery *d = encode(m, &s);
        d->moment = moment_new(&s, started_at);
        snprintf(d->host, sizeof d->host, "%s", s.host);
        next += m->interval_us;
        int64_t now = clock_mono_us();
        if (next < now) next = now + m->interval_us;
        d->reading = (struct monitor_reading){
            .started_at = started_at, .took_us = now - started, .next_at = started_at + (next - started)};
        loop_post(m->loop, deliver, d);
    } while (wait_until(m, next));
    sample_release(&s);
    sampler_free(sampler);
    return NULL;
}

int monitor_thread_start(struct monitor_thread **out, struct loop *l, struct emitter *em,
                         const struct sampler_options *o, struct monitor_jobs jobs, struct monitor_minutes minutes,
                         double interval_seconds, struct err *e)
{
    struct monitor_thread *m = mem_zalloc(sizeof *m);
    m->loop = l;
    m->emitter = em;
    m->options = *o;
    sampler_host(o, m->host, sizeof m->host); // asked for before the first reading, too
    m->jobs = jobs;
    m->minutes = minutes;
    m->interval_us = (int64_t)(interval_seconds * 1e6);
    m->history = history_new(m->interval_us, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    m->recent = recent_new(HISTORY_KEEP_US, RECENT_MAX);
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &attr);
    pthread_condattr_destroy(&attr);
    int sys = pthread_create(&m->thread, NULL, run, m);
    if (sys) {
        monitor_thread_free(m);
        return err_sys(e, sys, "can't start the monitoring thread");
    }
    *out = m;
    return 0;
}

void monitor_thread_stop(struct monitor_thread *m)
{
    if (!m || m->deaf) return;
    pthread_mutex_lock(&m->lock);
    m->stopping = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    m->deaf = true;
}

void monitor_thread_free(struct monitor_thread *m)
{
    if (!m) return;
    history_free(m->history);
    recent_free(m->recent);
    minute_release(&m->minute);
    free(m->groups);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

const struct history *monitor_thread_history(const struct monitor_thread *m)
{
    return m->history;
}

const struct recent *monitor_thread_recent(const struct monitor_thread *m)
{
    return m->recent;
}

const char *monitor_thread_host(const struct monitor_thread *m)
{
    return m->host;
}

const char *monitor_thread_gpu_reason(const struct monitor_thread *m)
{
    return m->gpu_reason;
}

struct monitor_reading monitor_thread_last(const struct monitor_thread *m)
{
    return m->last;
}
