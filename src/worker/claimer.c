#include "worker/claimer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/http_client.h"
#include "worker/backoff.h"
#include "worker/predecessor.h"

enum { POLL_SECONDS = 20, REQUEST_TIMEOUT_MS = 35000, SHORT_POLL_US = 500000 };

// One resource class: its own long poll on its own connection, so that a place that becomes free is offered at once,
// whatever the other classes are waiting for.
struct poller {
    struct claimer *claimer;
    int slot_class;
    struct http_client *http;
    struct backoff backoff;
    pthread_t thread;
    bool started;
};

struct claimer {
    const char *host;
    struct slots *slots;
    const struct queue_names *queues;
    struct claimer_events events;
    struct poller pollers[SLOT_CLASSES_MAX];
    int n;
    pthread_mutex_t enrolling; // held while one registers; taken before `lock`
    pthread_mutex_t lock;      // guards what follows
    char worker_id[32];        // "" while not registered
    char replaces[32];         // to be said with the first registration; "" afterwards. Guarded by `enrolling`
    bool registered;           // at least once. Guarded by `enrolling`
    bool away;                 // the server's absence was logged
};

static void note_contact(struct claimer *c, const char *trouble)
{
    pthread_mutex_lock(&c->lock);
    if (trouble && !c->away) log_warn("worker", "the server can't be asked for jobs: %s", trouble);
    if (!trouble && c->away) log_info("worker", "connected to the server again");
    c->away = trouble != NULL;
    pthread_mutex_unlock(&c->lock);
}

// One call. NULL and *status (or a negative code) on anything but success.
static json_t *call(struct poller *p, const char *path, struct slice body, int *status)
{
    struct err e = {0};
    struct buf answer = BUF_INIT;
    json_t *reply = NULL;
    *status = http_client_request(p->http, "POST", path, body, REQUEST_TIMEOUT_MS, &answer, &e);
    if (*status >= 200 && *status < 300) {
        reply = json_read_object(buf_slice(&answer), &e);
        if (!reply) *status = HW_EPROTOCOL;
    }
    if (reply) {
        note_contact(p->claimer, NULL);
        backoff_reset(&p->backoff);
    } else if (*status != 404 && *status != HW_ECANCELLED) {
        note_contact(p->claimer, *status < 0 ? e.message : buf_cstr(&answer));
    }
    buf_release(&answer);
    return reply;
}

static void write_queues(const struct claimer *c, struct jw *w)
{
    jw_key(w, "queues");
    jw_arr(w);
    for (int i = 0; i < c->queues->n; i++) jw_str(w, c->queues->name[i]);
    jw_arr_end(w);
}

static json_t *enroll(struct poller *p)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "host", p->claimer->host);
    jw_ki64(&w, "pid", getpid());
    jw_kstr(&w, "version", HEADWAY_VERSION);
    jw_key(&w, "slots");
    slots_write_total(p->claimer->slots, &w);
    if (p->claimer->replaces[0]) jw_kstr(&w, "replaces", p->claimer->replaces);
    write_queues(p->claimer, &w);
    jw_obj_end(&w);
    int status;
    json_t *reply = call(p, "/api/v1/workers", buf_slice(&body), &status);
    buf_release(&body);
    return reply;
}

// The id known now ("" if none), forgetting it first if it is `stale`.
static void known_id(struct claimer *c, const char *stale, char out[32])
{
    pthread_mutex_lock(&c->lock);
    if (strcmp(c->worker_id, stale) == 0) c->worker_id[0] = 0;
    memcpy(out, c->worker_id, sizeof c->worker_id);
    pthread_mutex_unlock(&c->lock);
}

// Registers; the id into `out`, or "" if it can't be had now. With `enrolling` held.
static void get_registered(struct poller *p, char out[32])
{
    struct claimer *c = p->claimer;
    if (!c->registered && !c->events.may_register(c->events.ctx)) return;
    json_t *reply = enroll(p);
    const char *id = json_string_value(json_object_get(reply, "id"));
    const double lease = json_number_value(json_object_get(reply, "lease_seconds"));
    const struct registered r = {id, lease > 0 ? lease : 15, json_string_value(json_object_get(reply, "host")),
                                 json_number_value(json_object_get(reply, "machine_interval_seconds"))};
    if (reply && !worker_id_usable(id)) {
        log_error("worker", "the server gave no usable worker id");
    } else if (reply) {
        c->events.registered(c->events.ctx, &r);
        c->registered = true;
        c->replaces[0] = 0;
        memcpy(out, id, strlen(id) + 1);
        pthread_mutex_lock(&c->lock);
        memcpy(c->worker_id, out, sizeof c->worker_id);
        pthread_mutex_unlock(&c->lock);
    }
    json_decref(reply);
}

// The id to claim under, registering first if there is none. `stale`: an id that the server doesn't know any more; ""
// if none. False: it can't be had now.
static bool worker_id(struct poller *p, const char *stale, char out[32])
{
    struct claimer *c = p->claimer;
    pthread_mutex_lock(&c->enrolling); // the others wait, and then find the id
    known_id(c, stale, out);
    if (!out[0]) get_registered(p, out);
    pthread_mutex_unlock(&c->enrolling);
    return out[0] != 0;
}

static size_t take_jobs(struct claimer *c, const char *id, const json_t *reply)
{
    size_t i;
    json_t *job;
    json_array_foreach(json_object_get(reply, "jobs"), i, job)
    {
        const char *cls = json_string_value(json_object_get(job, "resource_class"));
        if (cls && slots_take(c->slots, cls))
            c->events.claimed(c->events.ctx, id, job);
        else
            log_error("worker", "the server gave a job for which there is no free slot; its lease will run out");
    }
    return json_array_size(json_object_get(reply, "jobs"));
}

// 200, or the status or code of the failure; *jobs: how many it brought.
static int claim(struct poller *p, const char *id, int free_places, size_t *jobs)
{
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_key(&w, "slots");
    jw_obj(&w);
    jw_ki64(&w, slots_class_name(p->claimer->slots, p->slot_class), free_places);
    jw_obj_end(&w);
    write_queues(p->claimer, &w);
    jw_ki64(&w, "wait_seconds", POLL_SECONDS);
    jw_obj_end(&w);
    char path[96];
    snprintf(path, sizeof path, "/api/v1/workers/%s/claim", id);
    int status;
    json_t *reply = call(p, path, buf_slice(&body), &status);
    buf_release(&body);
    *jobs = take_jobs(p->claimer, id, reply);
    json_decref(reply);
    return status;
}

static void *run(void *arg)
{
    struct poller *p = arg;
    char id[32], stale[32] = "";
    while (!backoff_stopped(&p->backoff)) {
        int places = slots_wait_free(p->claimer->slots, p->slot_class);
        if (places == 0) break;
        if (!worker_id(p, stale, id)) {
            backoff_wait(&p->backoff);
            continue;
        }
        size_t jobs;
        int64_t began = clock_mono_us();
        int status = claim(p, id, places, &jobs);
        if (status == 404) memcpy(stale, id, sizeof stale); // a new data folder, or we were forgotten
        // A server that has nothing and doesn't wait (it is stopping) isn't asked in a tight loop.
        bool hasty = jobs == 0 && clock_mono_us() - began < SHORT_POLL_US;
        if (status < 200 || status >= 300 || hasty) backoff_wait(&p->backoff);
    }
    return NULL;
}

static int start_poller(struct claimer *c, int slot_class, const char *server_url, struct err *e)
{
    struct poller *p = &c->pollers[c->n];
    p->claimer = c;
    p->slot_class = slot_class;
    int rc = http_client_new(&p->http, server_url, e);
    if (rc) return rc;
    backoff_init(&p->backoff);
    c->n++;
    int sys = pthread_create(&p->thread, NULL, run, p);
    p->started = sys == 0;
    return sys ? err_sys(e, sys, "can't start a claiming thread") : 0;
}

int claimer_start(struct claimer **out, const char *server_url, const char *host, struct slots *slots,
                  const struct queue_names *queues, const char *replaces, struct claimer_events events, struct err *e)
{
    struct claimer *c = mem_zalloc(sizeof *c);
    c->host = host;
    c->slots = slots;
    c->queues = queues;
    c->events = events;
    snprintf(c->replaces, sizeof c->replaces, "%s", replaces);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->enrolling, NULL);
    int rc = 0;
    for (int i = 0; i < slots_classes(slots) && !rc; i++)
        if (slots_total(slots, i) > 0) rc = start_poller(c, i, server_url, e);
    if (rc) {
        claimer_stop(c);
        return rc;
    }
    *out = c;
    return 0;
}

void claimer_stop(struct claimer *c)
{
    if (!c) return;
    slots_close(c->slots);
    for (int i = 0; i < c->n; i++) {
        backoff_stop(&c->pollers[i].backoff);
        http_client_interrupt(c->pollers[i].http);
    }
    for (int i = 0; i < c->n; i++) {
        struct poller *p = &c->pollers[i];
        if (p->started) pthread_join(p->thread, NULL);
        http_client_free(p->http);
        backoff_release(&p->backoff);
    }
    pthread_mutex_destroy(&c->enrolling);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
