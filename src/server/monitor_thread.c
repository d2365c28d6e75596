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
#include "net/loop.h"
#include "server/machine.h"

// One sample's JSON, on its way to the loop.
struct delivery {
    struct monitor_thread *m;
    struct machine_reading *of_machine;
    struct monitor_reading reading;
};

struct monitor_thread {
    struct loop *loop;
    struct sampler_options options;
    int64_t interval_us;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    // guarded by lock
    bool stopping;
    struct job_groups groups;
    // the loop's
    struct monitor_jobs jobs;
    struct machine *machine;
    bool deaf; // stopped, so what still comes is dropped
    struct monitor_reading last;
};

// ---- on the loop --------------------------------------------------------------------------------------------------

// The thread can't ask the queue, so it is told; only GPUs have processes to name.
static void tell_groups(struct monitor_thread *m, bool has_gpus)
{
    struct job_groups now = {0};
    if (has_gpus) job_groups_list(&now, m->jobs);
    pthread_mutex_lock(&m->lock);
    struct job_groups old = m->groups;
    m->groups = now;
    pthread_mutex_unlock(&m->lock);
    job_groups_release(&old);
}

static void deliver(void *arg)
{
    struct delivery *d = arg;
    struct monitor_thread *m = d->m;
    if (m->deaf) {
        machine_reading_free(d->of_machine);
    } else {
        tell_groups(m, machine_reading_has_gpus(d->of_machine));
        machine_take(m->machine, d->of_machine, clock_mono_us());
    }
    d->reading.count = m->last.count + 1;
    m->last = d->reading;
    free(d);
}

// ---- on the thread ------------------------------------------------------------------------------------------------

struct lookup {
    struct monitor_thread *m;
    const char *host;
    char job_id[ID_SIZE];
};

static const char *job_of_group(void *ctx, int64_t pgid)
{
    struct lookup *l = ctx;
    pthread_mutex_lock(&l->m->lock);
    const char *found = job_groups_find(&l->m->groups, l->host, pgid);
    if (found) snprintf(l->job_id, sizeof l->job_id, "%s", found);
    pthread_mutex_unlock(&l->m->lock);
    return found ? l->job_id : NULL;
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
        struct delivery *d = mem_zalloc(sizeof *d);
        struct lookup l = {.m = m, .host = s.host};
        d->m = m;
        d->of_machine = machine_reading_new(&s, SAMPLE_ALL, started_at, job_of_group, &l);
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
    m->options = *o;
    m->jobs = jobs;
    m->interval_us = (int64_t)(interval_seconds * 1e6);
    char host[256];
    sampler_host(o, host, sizeof host);
    m->machine = machine_new(em, minutes, host, true, m->interval_us);
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
    machine_free(m->machine);
    job_groups_release(&m->groups);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

struct machine *monitor_thread_machine(struct monitor_thread *m)
{
    return m->machine;
}

struct monitor_reading monitor_thread_last(const struct monitor_thread *m)
{
    return m->last;
}
