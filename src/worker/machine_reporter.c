#include "worker/machine_reporter.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/http_client.h"
#include "monitor/sampler.h"
#include "worker/predecessor.h"

enum { REQUEST_TIMEOUT_MS = 10000 };

struct machine_reporter {
    char *server_url, *nvml_library;
    char host[256];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    // guarded by lock
    bool started, stopping;
    char worker_id[WORKER_ID_SIZE]; // "": the server doesn't want to hear of this machine
    int64_t interval_us;
    struct http_client *http; // made before the thread is started
    // the thread's
    bool silenced; // that it can't be told was logged
};

struct machine_reporter *machine_reporter_new(const char *server_url, const char *host, const char *nvml_library)
{
    struct machine_reporter *r = mem_zalloc(sizeof *r);
    const struct sampler_options o = {.host = host};
    sampler_host(&o, r->host, sizeof r->host);
    r->server_url = mem_strdup(server_url);
    r->nvml_library = nvml_library ? mem_strdup(nvml_library) : NULL;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &attr);
    pthread_condattr_destroy(&attr);
    return r;
}

void machine_reporter_free(struct machine_reporter *r)
{
    if (!r) return;
    if (r->started) {
        pthread_mutex_lock(&r->lock);
        r->stopping = true;
        pthread_cond_signal(&r->wake);
        pthread_mutex_unlock(&r->lock);
        http_client_interrupt(r->http);
        pthread_join(r->thread, NULL);
    }
    http_client_free(r->http);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r->server_url);
    free(r->nvml_library);
    free(r);
}

const char *machine_reporter_host(const struct machine_reporter *r)
{
    return r->host;
}

// ---- the thread ----------------------------------------------------------------------------------------------------

static void post(struct machine_reporter *r, const char *worker_id, const struct sample *s)
{
    struct buf body = BUF_INIT, answer = BUF_INIT;
    struct err e = {0};
    struct jw w;
    char path[96];
    jw_init(&w, &body);
    sample_write_report(s, &w);
    snprintf(path, sizeof path, "/api/v1/workers/%s/machine", worker_id);
    int status = http_client_request(r->http, "POST", path, buf_slice(&body), REQUEST_TIMEOUT_MS, &answer, &e);
    bool taken = status >= 200 && status < 300;
    if (!taken && !r->silenced && status != HW_ECANCELLED)
        log_warn("worker", "the server doesn't get this machine's readings: %s",
                 status < 0 ? e.message : buf_cstr(&answer));
    if (taken && r->silenced) log_info("worker", "the server gets this machine's readings again");
    r->silenced = !taken;
    buf_release(&body);
    buf_release(&answer);
}

// Until there is an id, and `next_us` (monotonic) has come; false when stopping.
static bool wait_until(struct machine_reporter *r, int64_t next_us, char worker_id[WORKER_ID_SIZE],
                       int64_t *interval_us)
{
    struct timespec until = {.tv_sec = next_us / 1000000, .tv_nsec = (next_us % 1000000) * 1000};
    bool due = false;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && !(due && r->worker_id[0])) {
        int rc = due ? pthread_cond_wait(&r->wake, &r->lock) : pthread_cond_timedwait(&r->wake, &r->lock, &until);
        if (rc == ETIMEDOUT) due = true;
    }
    bool go_on = !r->stopping;
    memcpy(worker_id, r->worker_id, sizeof r->worker_id);
    *interval_us = r->interval_us;
    pthread_mutex_unlock(&r->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct machine_reporter *r = arg;
    const struct sampler_options o = {.nvml_path = r->nvml_library, .host = r->host};
    struct sampler *sampler = sampler_new(&o);
    struct sample s;
    char worker_id[WORKER_ID_SIZE];
    int64_t next_us = clock_mono_us(), interval_us;
    sample_init(&s);
    while (wait_until(r, next_us, worker_id, &interval_us)) {
        sampler_read(sampler, clock_mono_us(), &s);
        post(r, worker_id, &s);
        // What took longer than the interval isn't caught up.
        int64_t now = clock_mono_us();
        next_us = next_us + interval_us > now ? next_us + interval_us : now + interval_us;
    }
    sample_release(&s);
    sampler_free(sampler);
    return NULL;
}

// ---- from outside --------------------------------------------------------------------------------------------------

// With the lock held.
static void start(struct machine_reporter *r)
{
    struct err e = {0};
    int rc = r->http ? 0 : http_client_new(&r->http, r->server_url, &e);
    if (!rc) {
        int sys = pthread_create(&r->thread, NULL, run, r);
        if (sys) rc = err_sys(&e, sys, "can't start a thread");
    }
    r->started = rc == 0;
    if (rc) log_error("worker", "this machine can't be reported: %s", e.message);
}

void machine_reporter_registered(struct machine_reporter *r, const char *worker_id, const char *server_host,
                                 double interval_seconds)
{
    bool wanted = server_host && strcmp(server_host, r->host) != 0 && interval_seconds > 0;
    pthread_mutex_lock(&r->lock);
    snprintf(r->worker_id, sizeof r->worker_id, "%s", wanted ? worker_id : "");
    r->interval_us =
        interval_seconds < 0.1 ? 100000 : (int64_t)((interval_seconds < 3600 ? interval_seconds : 3600) * 1e6);
    if (wanted && !r->started && !r->stopping) start(r);
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}
