#include "run/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "client/http_client.h"
#include "worker/backoff.h"

enum { REQUEST_TIMEOUT_MS = 15000 };

struct session {
    struct http_client *http;
    struct buf job;
    void (*changed)(void *ctx);
    void *ctx;
    pthread_t thread;
    struct backoff backoff;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t news;
    bool known, refused, ended, stop;
    int tries; // finished
    struct session_identity id;
    struct err why;
};

// One call; NULL, and s->why, if it had no success. *refused: repeating it can't help.
static json_t *call(struct session *s, const char *path, struct slice body, bool *refused)
{
    struct err e = {0};
    struct buf answer = BUF_INIT;
    int status = http_client_request(s->http, "POST", path, body, REQUEST_TIMEOUT_MS, &answer, &e);
    json_t *reply = status >= 200 && status < 300 ? json_read_object(buf_slice(&answer), &e) : NULL;
    if (!reply && status > 0) err_set(&e, HW_EPROTOCOL, "the server answered with status %d", status);
    *refused = status >= 400 && status < 500 && status != 408 && status != 429;
    if (!reply) {
        pthread_mutex_lock(&s->lock);
        s->why = e;
        pthread_mutex_unlock(&s->lock);
    }
    buf_release(&answer);
    return reply;
}

static bool copy(const json_t *from, const char *key, char *out, size_t size)
{
    const char *v = json_string_value(json_object_get(from, key));
    if (!v || !*v || strlen(v) >= size || strpbrk(v, "/\"\\")) return false;
    memcpy(out, v, strlen(v) + 1);
    return true;
}

static bool enroll(struct session *s, struct session_identity *id, bool *refused)
{
    struct buf body = BUF_INIT;
    struct jw w;
    char host[256] = "", path[96];
    if (gethostname(host, sizeof host - 1) != 0) memcpy(host, "localhost", 10);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "host", host);
    jw_ki64(&w, "pid", getpid());
    jw_kstr(&w, "version", HEADWAY_VERSION);
    jw_key(&w, "slots");
    jw_obj(&w);
    jw_obj_end(&w);
    jw_obj_end(&w);
    json_t *worker = call(s, "/api/v1/workers", buf_slice(&body), refused), *job = NULL;
    buf_release(&body);
    if (worker && copy(worker, "id", id->worker_id, sizeof id->worker_id)) {
        snprintf(path, sizeof path, "/api/v1/workers/%s/jobs", id->worker_id);
        job = call(s, path, buf_slice(&s->job), refused);
    }
    bool sound =
        job && copy(job, "job_id", id->job_id, sizeof id->job_id) && copy(job, "lease", id->lease, sizeof id->lease);
    id->attempt = json_integer_value(json_object_get(job, "attempt"));
    id->lease_seconds = json_number_value(json_object_get(job, "lease_seconds"));
    json_decref(worker);
    json_decref(job);
    return sound;
}

static void try_once(struct session *s)
{
    struct session_identity id = {0};
    bool refused = false, sound = enroll(s, &id, &refused);
    pthread_mutex_lock(&s->lock);
    if (sound) s->id = id;
    s->known = sound;
    s->refused = refused;
    s->tries++;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    if (!sound) return;
    backoff_reset(&s->backoff);
    s->changed(s->ctx);
}

static void *run(void *arg)
{
    struct session *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        bool last = s->stop;
        if (!s->known && !s->refused) {
            pthread_mutex_unlock(&s->lock);
            try_once(s);
            pthread_mutex_lock(&s->lock);
            bool again = !s->known && !s->refused;
            pthread_mutex_unlock(&s->lock);
            if (again && !last) backoff_wait(&s->backoff);
            pthread_mutex_lock(&s->lock);
        }
        if (last) break;
        while ((s->known || s->refused) && !s->stop) pthread_cond_wait(&s->news, &s->lock);
    }
    s->ended = true;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int session_start(struct session **out, const char *server_url, struct slice job, void (*changed)(void *ctx), void *ctx,
                  struct err *e)
{
    struct session *s = mem_zalloc(sizeof *s);
    s->changed = changed;
    s->ctx = ctx;
    buf_add_slice(&s->job, job);
    backoff_init(&s->backoff);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->news, &attr);
    pthread_condattr_destroy(&attr);
    int rc = http_client_new(&s->http, server_url, e);
    if (!rc) {
        int sys = pthread_create(&s->thread, NULL, run, s);
        if (sys) rc = err_sys(e, sys, "can't start a thread");
    }
    if (rc) {
        session_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

bool session_get(struct session *s, struct session_identity *out)
{
    pthread_mutex_lock(&s->lock);
    bool known = s->known;
    if (known) *out = s->id;
    pthread_mutex_unlock(&s->lock);
    return known;
}

static struct timespec in_ms(int ms)
{
    int64_t at = clock_mono_us() + (int64_t)ms * 1000;
    return (struct timespec){.tv_sec = at / 1000000, .tv_nsec = (long)(at % 1000000) * 1000};
}

bool session_wait(struct session *s, int timeout_ms, struct session_identity *out)
{
    struct timespec until = in_ms(timeout_ms);
    pthread_mutex_lock(&s->lock);
    while (s->tries == 0 && pthread_cond_timedwait(&s->news, &s->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&s->lock);
    return session_get(s, out);
}

void session_renew(struct session *s, const char *worker_id)
{
    pthread_mutex_lock(&s->lock);
    if (s->known && strcmp(s->id.worker_id, worker_id) == 0) {
        s->known = false;
        pthread_cond_broadcast(&s->news);
    }
    pthread_mutex_unlock(&s->lock);
}

void session_stop(struct session *s, int timeout_ms, struct err *why)
{
    struct timespec until = in_ms(timeout_ms);
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    backoff_stop(&s->backoff);
    pthread_mutex_lock(&s->lock);
    while (!s->ended && pthread_cond_timedwait(&s->news, &s->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&s->lock);
    http_client_interrupt(s->http);
    pthread_join(s->thread, NULL);
    *why = s->why;
}

void session_free(struct session *s)
{
    if (!s) return;
    http_client_free(s->http);
    backoff_release(&s->backoff);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->lock);
    buf_release(&s->job);
    free(s);
}
