// A worker on a thread of a test, and the HTTP server it works for: it gives out jobs and answers reports as each case
// wants, and keeps what it was told.
#ifndef HW_TESTS_WORKER_WORLD_H
#define HW_TESTS_WORKER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "temp_dir.h"
#include "tiny_server.h"
#include "worker/worker.h"

enum { DEADLINE_S = 60, JOBS_MAX = 4 };

struct world {
    struct tiny_server server;
    struct temp_dir dir;
    char *data, *task;
    // what the server does
    const char *job_lease[JOBS_MAX]; // jobs job_0, job_1 … to give out, by their lease
    const char *lost_lease;          // reports under it are refused
    const char *cancel_lease;        // reports under it are answered with "cancel"
    bool silent;                     // reports aren't answered
    bool unknown;                    // reports are answered with 404
    int busy;                        // so many reports are put off with 503
    // what it has seen
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int given, registered, asked;
    int taken, before; // reports taken; of them, before the first registration
    char replaces[40]; // as the last registration said it
    json_t *events;    // {"lease", "worker", "event"}, in order
    size_t largest;    // report, bytes
    int64_t last_batch;
    int together; // requests with reports of several jobs
    // the worker
    pthread_t thread;
    int stop_fd, rc;
    struct err e;
};

static inline void answer_report(struct world *w, const struct tiny_request *q)
{
    struct err e = {0};
    struct buf b = BUF_INIT;
    struct jw j;
    json_t *body = json_read_object(q->body, &e);
    if (!body) fail_msg("a report that can't be read: %s", e.message);
    jw_init(&j, &b);
    jw_obj(&j);
    jw_key(&j, "jobs");
    jw_obj(&j);
    size_t i, k;
    json_t *report, *event;
    json_array_foreach(json_object_get(body, "reports"), i, report)
    {
        const char *lease = json_string_value(json_object_get(report, "lease"));
        bool lost = w->lost_lease && strcmp(lease, w->lost_lease) == 0;
        jw_key(&j, json_string_value(json_object_get(report, "job_id")));
        jw_obj(&j);
        jw_kbool(&j, "ok", !lost);
        jw_kstr(&j, "control", w->cancel_lease && strcmp(lease, w->cancel_lease) == 0 ? "cancel" : NULL);
        jw_obj_end(&j);
        json_array_foreach(json_object_get(report, "events"), k, event) json_array_append_new(
            w->events, json_pack("{s:s,s:s#,s:O}", "lease", lease, "worker", q->path + 16, 5, "event", event));
    }
    jw_obj_end(&j);
    jw_obj_end(&j);
    if (q->body.n > w->largest) w->largest = q->body.n;
    if (json_array_size(json_object_get(body, "reports")) > 1) w->together++;
    w->last_batch = json_integer_value(json_object_get(body, "batch"));
    tiny_answer(q, w->unknown ? 404 : 200, buf_cstr(&b));
    buf_release(&b);
    json_decref(body);
}

static inline bool serve(void *ctx, const struct tiny_request *q)
{
    struct world *w = ctx;
    bool hang = false;
    pthread_mutex_lock(&w->lock);
    if (strcmp(q->path, "/api/v1/workers") == 0) {
        json_t *body = json_read_object(q->body, NULL);
        const char *replaces = json_string_value(json_object_get(body, "replaces"));
        snprintf(w->replaces, sizeof w->replaces, "%s", replaces ? replaces : "");
        json_decref(body);
        if (w->registered++ == 0) w->before = w->taken;
        tiny_answer(q, 201, "{\"id\":\"wrk_1\",\"lease_seconds\":0.3}");
    } else if (strstr(q->path, "/claim")) {
        const char *lease = w->given < JOBS_MAX ? w->job_lease[w->given] : NULL;
        char job[512];
        snprintf(job, sizeof job,
                 "{\"jobs\":[{\"job_id\":\"job_%d\",\"attempt\":1,\"lease\":\"%s\",\"kind\":\"x\",\"resource_class\":"
                 "\"cpu\",\"spec\":{}}]}",
                 w->given, lease ? lease : "");
        hang = !lease || !memmem(q->body.p, q->body.n, "\"cpu\"", 5);
        if (!hang) w->given++, tiny_answer(q, 200, job);
    } else if (strstr(q->path, "/report")) {
        w->asked++;
        if (w->silent)
            hang = true;
        else if (w->busy > 0)
            w->busy--, tiny_answer(q, 503, "{}");
        else
            w->taken++, answer_report(w, q);
    }
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (hang) tiny_hang(q);
    return !hang;
}

static inline void set_up(struct world *w, const char *script)
{
    *w = (struct world){.dir = temp_dir_new(), .events = json_array(), .stop_fd = -1};
    struct err e = {0};
    struct buf text = BUF_INIT;
    buf_addf(&text, "#!/bin/sh\n%s\n", script);
    w->task = file_join(w->dir.path, "task");
    w->data = file_join(w->dir.path, "data");
    if (file_write_atomic(w->task, buf_slice(&text), &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(chmod(w->task, 0700), 0);
    buf_release(&text);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    tiny_start(&w->server, 0, serve, w);
}

static inline void tear_down(struct world *w)
{
    tiny_stop(&w->server);
    json_decref(w->events);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w->task);
    free(w->data);
    temp_dir_remove(&w->dir);
}

static inline void *work(void *arg)
{
    struct world *w = arg;
    const struct worker_options o = {.server_url = w->server.url,
                                     .data_dir = w->data,
                                     .slots = "cpu=2,io=1",
                                     .task_program = w->task,
                                     .stop_fd = w->stop_fd};
    w->rc = worker_run(&o, &w->e);
    return NULL;
}

static inline void start_worker(struct world *w)
{
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(w->stop_fd >= 0);
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
}

static inline void stop_worker(struct world *w)
{
    uint64_t one = 1;
    assert_int_equal(write(w->stop_fd, &one, sizeof one), sizeof one);
    pthread_join(w->thread, NULL);
    close(w->stop_fd);
    if (w->rc != 0) fail_msg("%s", w->e.message);
}

// ---- what there is to see ----

// How many events of that type were reported under that lease (NULL: any); with the lock held.
static inline int seen(const struct world *w, const char *lease, const char *type)
{
    size_t i;
    json_t *it;
    int n = 0;
    json_array_foreach(w->events, i, it)
    {
        const char *l = json_string_value(json_object_get(it, "lease"));
        const char *t = json_string_value(json_object_get(json_object_get(it, "event"), "type"));
        n += (!lease || strcmp(l, lease) == 0) && t && strcmp(t, type) == 0;
    }
    return n;
}

static inline void wait_seen(struct world *w, const char *lease, const char *type, int times)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&w->lock);
    while (seen(w, lease, type) < times)
        if (pthread_cond_timedwait(&w->changed, &w->lock, &until) == ETIMEDOUT) fail_msg("no %s", type);
    pthread_mutex_unlock(&w->lock);
}

static inline const json_t *last_event(const struct world *w, const char *lease)
{
    for (size_t i = json_array_size(w->events); i-- > 0;) {
        json_t *it = json_array_get(w->events, i);
        if (strcmp(json_string_value(json_object_get(it, "lease")), lease) == 0) return json_object_get(it, "event");
    }
    fail_msg("nothing under %s", lease);
    return NULL;
}

// In the folder that the task lies in.
static inline void wait_file(const struct world *w, const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(inotify_add_watch(fd, w->dir.path, IN_CREATE | IN_MOVED_TO) >= 0);
    while (!file_exists(path)) {
        char events[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, DEADLINE_S * 1000), 1);
        assert_true(read(fd, events, sizeof events) > 0);
    }
    close(fd);
}

static inline int spooled(const struct world *w)
{
    char *path = file_join(w->data, "spool");
    DIR *d = opendir(path);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *it; (it = readdir(d));) n += it->d_name[0] != '.';
    closedir(d);
    free(path);
    return n;
}

#endif
