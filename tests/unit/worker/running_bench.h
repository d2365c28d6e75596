// One running job, with a shell script as its task program, and all that it said.
#ifndef HW_TESTS_RUNNING_BENCH_H
#define HW_TESTS_RUNNING_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "temp_dir.h"
#include "worker/running.h"

static const int64_t DEADLINE_US = 60000000;

struct bench {
    struct temp_dir dir;
    char *program;
    struct running *r;
    json_t *events; // all that were said
    size_t largest; // batch, bytes
};

static inline json_t *make_job(void)
{
    return json_pack("{s:s,s:i,s:s,s:s,s:s,s:{s:i}}", "job_id", "job_a", "attempt", 2, "lease", "l1", "kind",
                     "tokenize", "resource_class", "cpu", "spec", "k", 5);
}

// `time_limit` 0: none.
static inline void begin_limited(struct bench *b, const char *script, double time_limit)
{
    *b = (struct bench){.dir = temp_dir_new(), .events = json_array()};
    struct err e = {0};
    struct buf text = BUF_INIT;
    buf_addf(&text, "#!/bin/sh\n%s\n", script);
    b->program = file_join(b->dir.path, "task");
    if (file_write_atomic(b->program, buf_slice(&text), &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(chmod(b->program, 0700), 0);
    buf_release(&text);
    json_t *job = make_job();
    json_object_set_new(job, "time_limit_seconds", time_limit > 0 ? json_real(time_limit) : json_null());
    if (running_start(&b->r, b->program, b->dir.path, "wrk_a", job, &e) != 0) fail_msg("%s", e.message);
    json_decref(job);
}

static inline void begin(struct bench *b, const char *script)
{
    begin_limited(b, script, 0);
}

static inline void collect(struct bench *b)
{
    struct buf batch;
    while (batches_take(&b->r->events.batches, &batch)) {
        struct buf text = BUF_INIT;
        struct err e = {0};
        if (batch.n > b->largest) b->largest = batch.n;
        buf_addf(&text, "[%.*s]", SLICE_FMT(buf_slice(&batch)));
        json_t *a = json_read(buf_slice(&text), &e);
        if (!a) fail_msg("%s: %.300s", e.message, buf_cstr(&text));
        assert_int_equal(json_array_extend(b->events, a), 0);
        json_decref(a);
        buf_release(&text);
        buf_release(&batch);
    }
}

// As the worker's loop does it, until the process has ended.
static inline void run(struct bench *b)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    for (;;) {
        struct child *c = &b->r->child;
        int *each[] = {&c->wire_fd, &c->out_fd, &c->err_fd, &c->pidfd};
        struct pollfd p[4];
        for (int i = 0; i < 4; i++) p[i] = (struct pollfd){.fd = *each[i], .events = POLLIN};
        if (clock_mono_us() > until) fail_msg("the task doesn't end");
        if (poll(p, 4, 50) < 0) fail_msg("poll");
        for (int i = 0; i < 3; i++)
            if (p[i].revents) (void)running_read(b->r, each[i], clock_mono_us());
        running_tick(b->r, clock_mono_us());
        collect(b);
        if (!p[3].revents) continue;
        running_end(b->r, clock_mono_us());
        collect(b);
        return;
    }
}

static inline void end(struct bench *b)
{
    char *params = mem_strdup(b->r->params_path);
    running_free(b->r);
    assert_false(file_exists(params));
    free(params);
    json_decref(b->events);
    free(b->program);
    temp_dir_remove(&b->dir);
}

static const char *text_of(const json_t *ev, const char *key)
{
    const char *s = json_string_value(json_object_get(ev, key));
    return s ? s : "";
}

// The events' types (and the texts of output, in brackets), in order.
static inline void shape(const struct bench *b, struct buf *out)
{
    size_t i;
    json_t *ev;
    json_array_foreach(b->events, i, ev)
    {
        int64_t us;
        struct slice ts = slice_str(text_of(ev, "ts"));
        if (!clock_parse(ts, &us) && !json_is_number(json_object_get(ev, "ts")))
            fail_msg("an event without a time: %s", text_of(ev, "type"));
        buf_addf(out, "%s%s", i ? " " : "", text_of(ev, "type"));
        if (strcmp(text_of(ev, "type"), "output") == 0) buf_addf(out, "[%s]", text_of(ev, "text"));
    }
}

static inline void expect_shape(const struct bench *b, const char *want)
{
    struct buf got = BUF_INIT;
    shape(b, &got);
    assert_string_equal(buf_cstr(&got), want);
    buf_release(&got);
}

static inline json_t *last(const struct bench *b)
{
    return json_array_get(b->events, json_array_size(b->events) - 1);
}

static inline size_t count(const struct bench *b, const char *type)
{
    size_t i, n = 0;
    json_t *ev;
    json_array_foreach(b->events, i, ev) n += strcmp(text_of(ev, "type"), type) == 0;
    return n;
}

static inline void wait_for_output(struct bench *b, const char *text)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    for (;;) {
        struct pollfd p = {.fd = b->r->child.out_fd, .events = POLLIN};
        if (poll(&p, 1, 100) > 0) (void)running_read(b->r, &b->r->child.out_fd, clock_mono_us());
        collect(b);
        if (strcmp(text_of(last(b), "text"), text) == 0) return;
        if (clock_mono_us() > until) fail_msg("no \"%s\"", text);
    }
}

#endif
