#include "worker/running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/wire.h"

static const int64_t PROGRESS_INTERVAL_US = 50000;
static const int64_t KILL_AFTER_US = 30 * 1000000LL;
static const int64_t ASK_AGAIN_US = 1000000; // a task that has only just begun may not have heard it
enum { OUTPUT_LINE_MAX = 64 << 10, READ_SIZE = 64 << 10 };

// ---- events -------------------------------------------------------------------------------------------------------

static struct jw begin_event(struct running *r, const char *type)
{
    struct jw w;
    jw_init(&w, batches_next(&r->events));
    jw_obj(&w);
    jw_kstr(&w, "type", type);
    jw_ktime(&w, "ts", clock_now_us());
    return w;
}

void running_add_heartbeat(struct running *r)
{
    struct jw w = begin_event(r, "heartbeat");
    jw_obj_end(&w);
}

void running_add_failure(struct running *r, const char *error_type, const char *message)
{
    struct jw w = begin_event(r, "error");
    jw_kstr(&w, "error_type", error_type);
    jw_kstr(&w, "message", message);
    jw_obj_end(&w);
}

void running_add_resources(struct running *r, const struct resources *from)
{
    struct buf members = BUF_INIT;
    struct jw w;
    jw_init(&w, &members);
    jw_obj(&w);
    jw_kstr(&w, "type", "resources");
    jw_ktime(&w, "ts", clock_now_us());
    bool seen = resources_write(from, r->child.pid, &w);
    jw_obj_end(&w);
    if (seen) buf_add_slice(batches_next(&r->events), buf_slice(&members));
    buf_release(&members);
}

// In pieces, so that no event is long, whatever its bytes become in JSON.
static void add_output(struct running *r, const char *stream, struct slice text)
{
    running_flush_progress(r, 0, true);
    do {
        size_t n = text.n > OUTPUT_LINE_MAX ? OUTPUT_LINE_MAX : text.n;
        struct jw w = begin_event(r, "output");
        jw_kstr(&w, "stream", stream);
        jw_key(&w, "text");
        jw_slice(&w, slice_of(text.p, n));
        jw_obj_end(&w);
        if (n) text = slice_of(text.p + n, text.n - n);
    } while (text.n);
}

// The line as the task wrote it, with the time it was read put before its members unless it carries its own.
static void add_line(struct buf *to, const struct wire_event *ev, struct slice line)
{
    line = slice_trim(line);
    if (ev->ts_us) {
        buf_add_slice(to, line);
        return;
    }
    char ts[CLOCK_RFC3339_SIZE];
    clock_format(clock_now_us(), ts);
    // Every known event has a "type", so a comma is right.
    buf_addf(to, "{\"ts\":\"%s\",", ts);
    if (json_object_get(ev->json, "ts")) { // one that says nothing: a name must not stand twice
        struct buf own = BUF_INIT;
        struct jw w;
        (void)json_object_del(ev->json, "ts"); // it is there
        jw_init(&w, &own);
        jw_json(&w, ev->json);
        buf_add(to, own.p + 1, own.n - 1);
        buf_release(&own);
    } else {
        buf_add(to, line.p + 1, line.n - 1);
    }
}

static void add_ignored(struct running *r, const char *why)
{
    char text[sizeof(((struct err *)0)->message) + 32];
    snprintf(text, sizeof text, "ignored: %s", why);
    add_output(r, "log", slice_str(text));
}

static void on_wire_line(void *ctx, struct slice line, bool whole)
{
    struct running *r = ctx;
    struct wire_event ev;
    struct err e;
    if (line.n == 0) return;
    // No JSON object: the contract keeps it as a log line. A piece of a line that is too long is none, whatever it
    // looks like.
    int rc = whole ? wire_event_parse(line, &ev, &e) : HW_EINVALID;
    if (rc) {
        if (rc == HW_EINVALID)
            add_output(r, "log", line);
        else
            add_ignored(r, e.message);
        return;
    }
    switch (ev.type) {
    case WIRE_PROGRESS:
        buf_clear(&r->progress);
        add_line(&r->progress, &ev, line);
        break;
    case WIRE_PHASE:
    case WIRE_METRIC:
    case WIRE_CHECKPOINT:
    case WIRE_LOG:
    case WIRE_RESULT:
    case WIRE_ERROR:
    case WIRE_PAUSED:
        if (ev.type == WIRE_PAUSED) r->paused = true;
        // A phase must not overtake the progress of the one before it.
        if (ev.type != WIRE_METRIC) running_flush_progress(r, 0, true);
        add_line(batches_next(&r->events), &ev, line);
        break;
    default: break; // unknown, or one of the worker's own types, which a task has no say in
    }
    wire_event_release(&ev);
}

static void on_out_line(void *ctx, struct slice line, bool whole)
{
    (void)whole;
    add_output(ctx, "stdout", line);
}

static void on_err_line(void *ctx, struct slice line, bool whole)
{
    (void)whole;
    struct running *r = ctx;
    add_output(r, "stderr", line);
    size_t have = strlen(r->last_stderr), room = sizeof r->last_stderr - 2;
    if (line.n > room) line = slice_of(line.p + line.n - room, room);
    if (have + line.n > room) {
        size_t cut = have + line.n - room;
        memmove(r->last_stderr, r->last_stderr + cut, have - cut + 1);
        have -= cut;
    }
    if (line.n) memcpy(r->last_stderr + have, line.p, line.n);
    r->last_stderr[have + line.n] = '\n';
    r->last_stderr[have + line.n + 1] = 0;
}

void running_flush_progress(struct running *r, int64_t now_us, bool force)
{
    if (r->progress.n == 0 || (!force && now_us - r->progress_flushed_us < PROGRESS_INTERVAL_US)) return;
    buf_add_slice(batches_next(&r->events), buf_slice(&r->progress));
    buf_clear(&r->progress);
    if (now_us) r->progress_flushed_us = now_us;
}

// ---- life ---------------------------------------------------------------------------------------------------------

static int copy_text(const json_t *job, const char *key, char *out, size_t size, struct err *e)
{
    const char *s = json_string_value(json_object_get(job, key));
    if (!s || !*s || strlen(s) >= size || strchr(s, '/'))
        return err_set(e, HW_EPROTOCOL, "the server's job has no usable \"%s\"", key);
    memcpy(out, s, strlen(s) + 1);
    return 0;
}

static int write_params(struct running *r, const char *dir, const json_t *job, struct err *e)
{
    json_t *spec = json_object_get(job, "spec");
    if (!json_is_object(spec)) return err_set(e, HW_EPROTOCOL, "the server's job has no \"spec\"");
    r->params_path = mem_printf("%s/%s-%lld.params.json", dir, r->job_id, (long long)r->attempt);
    struct buf text = BUF_INIT;
    struct jw w;
    jw_init(&w, &text);
    jw_json(&w, spec);
    int rc = file_write_atomic(r->params_path, buf_slice(&text), e);
    buf_release(&text);
    return rc;
}

int running_start(struct running **out, const char *task_program, const char *scratch_dir, const char *worker_id,
                  const json_t *job, struct err *e)
{
    struct running *r = mem_zalloc(sizeof *r);
    char kind[32];
    list_init(&r->node);
    r->child = CHILD_NONE;
    lines_init(&r->wire, WIRE_LINE_MAX);
    lines_init(&r->out, OUTPUT_LINE_MAX);
    lines_init(&r->err, OUTPUT_LINE_MAX);
    snprintf(r->worker_id, sizeof r->worker_id, "%s", worker_id);
    r->attempt = json_integer_value(json_object_get(job, "attempt"));
    // First, because its slot is taken already and must be given back whatever else is wrong.
    int rc = copy_text(job, "resource_class", r->resource_class, sizeof r->resource_class, e);
    if (!rc) rc = copy_text(job, "job_id", r->job_id, sizeof r->job_id, e);
    if (!rc) rc = copy_text(job, "lease", r->lease, sizeof r->lease, e);
    if (!rc) rc = copy_text(job, "kind", kind, sizeof kind, e);
    *out = r; // also when it can't start: the caller reports why, with the ids that are known
    if (!rc && !task_program) rc = err_set(e, HW_EUNAVAILABLE, "the worker was stopped before the job began");
    if (!rc) rc = write_params(r, scratch_dir, job, e);
    if (rc) return rc;
    const char *pause = json_string_value(json_object_get(job, "pause"));
    r->checkpoints = pause && strcmp(pause, "checkpoint") == 0;
    char program[4096], flag[] = "--params";
    snprintf(program, sizeof program, "%s", task_program);
    char *argv[] = {program, kind, flag, r->params_path, NULL};
    char job_env[64], attempt_env[40];
    snprintf(job_env, sizeof job_env, "HEADWAY_JOB_ID=%s", r->job_id);
    snprintf(attempt_env, sizeof attempt_env, "HEADWAY_ATTEMPT=%lld", (long long)r->attempt);
    char *env[] = {job_env, attempt_env, NULL};
    rc = child_spawn(&r->child, argv, env, e);
    if (rc) return rc;
    struct jw w = begin_event(r, "started");
    jw_ki64(&w, "pid", r->child.pid);
    jw_obj_end(&w);
    return 0;
}

void running_free(struct running *r)
{
    if (!r) return;
    list_remove(&r->node);
    child_close(&r->child);
    lines_release(&r->wire);
    lines_release(&r->out);
    lines_release(&r->err);
    batches_release(&r->events);
    buf_release(&r->progress);
    if (r->params_path) unlink(r->params_path);
    free(r->params_path);
    free(r);
}

static void feed(struct running *r, const int *fd, struct slice bytes)
{
    if (fd == &r->child.wire_fd)
        lines_feed(&r->wire, bytes, on_wire_line, r);
    else if (fd == &r->child.out_fd)
        lines_feed(&r->out, bytes, on_out_line, r);
    else
        lines_feed(&r->err, bytes, on_err_line, r);
}

static void close_pipe(struct running *r, int *fd)
{
    if (fd == &r->child.wire_fd) lines_finish(&r->wire, on_wire_line, r);
    if (fd == &r->child.out_fd) lines_finish(&r->out, on_out_line, r);
    if (fd == &r->child.err_fd) lines_finish(&r->err, on_err_line, r);
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

size_t running_read(struct running *r, int *fd, int64_t now_us)
{
    char bytes[READ_SIZE];
    ssize_t n;
    do n = read(*fd, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        feed(r, fd, slice_of(bytes, (size_t)n));
        running_flush_progress(r, now_us, false);
        return (size_t)n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    close_pipe(r, fd);
    return 0;
}

// What the pipe held when the task ended. No more: a process that left the group may hold it open and go on writing.
static void read_rest(struct running *r, int *fd, int64_t now_us)
{
    int held = *fd >= 0 ? fcntl(*fd, F_GETPIPE_SZ) : 0;
    size_t left = held > 0 ? (size_t)held : 0;
    while (left && *fd >= 0) {
        size_t n = running_read(r, fd, now_us);
        if (n == 0) break;
        left -= n < left ? n : left;
    }
    close_pipe(r, fd);
}

void running_end(struct running *r, int64_t now_us)
{
    struct child_exit x = child_reap(&r->child); // kills what is left of the group, so the pipes come to their end
    int *fds[] = {&r->child.wire_fd, &r->child.out_fd, &r->child.err_fd};
    for (size_t i = 0; i < 3; i++) read_rest(r, fds[i], now_us);
    running_flush_progress(r, now_us, true);
    bool paused = r->paused && x.code == 0 && x.signal == 0;
    // A task that came to its own good end while the worker was leaving is not lost.
    if (r->stop == STOP_SHUTDOWN && (x.code != 0 || x.signal))
        running_add_failure(r, "WORKER_LOST", "the worker was stopped while the job ran");
    struct jw w = begin_event(r, "exited");
    jw_key(&w, "code");
    if (x.signal)
        jw_null(&w);
    else
        jw_i64(&w, x.code);
    jw_key(&w, "signal");
    if (x.signal)
        jw_i64(&w, x.signal);
    else
        jw_null(&w);
    if (paused) jw_kbool(&w, "paused", true);
    if (paused && r->stop == STOP_SHUTDOWN) jw_kbool(&w, "requeue", true);
    if (r->last_stderr[0]) {
        jw_key(&w, "last_stderr");
        jw_slice(&w, slice_str(r->last_stderr));
    }
    jw_obj_end(&w);
    r->ended = true;
}

static void ask(struct running *r, int sig, int64_t now_us)
{
    child_ask(&r->child, sig);
    r->ask = sig;
    r->ask_at_us = now_us + ASK_AGAIN_US;
}

void running_stop(struct running *r, enum stop_reason why, int64_t now_us)
{
    // A lost lease counts most: nothing may be reported any more. A cancel stays one when the worker then leaves.
    if (why == STOP_LEASE_LOST || r->stop == STOP_NONE || r->stop == STOP_SHUTDOWN) r->stop = why;
    bool checkpoint = r->stop == STOP_SHUTDOWN && r->checkpoints;
    if (r->kill_at_us && (checkpoint || r->ask == 0)) return; // asked already
    r->ask = 0;
    if (checkpoint)
        ask(r, SIGUSR1, now_us);
    else
        child_signal(&r->child, SIGTERM);
    child_signal(&r->child, SIGCONT); // a stopped process can't hear either
    if (!r->kill_at_us) r->kill_at_us = now_us + KILL_AFTER_US;
}

static void add_simple(struct running *r, const char *type)
{
    running_flush_progress(r, 0, true);
    struct jw w = begin_event(r, type);
    jw_obj_end(&w);
}

static void freeze(struct running *r)
{
    child_signal(&r->child, SIGSTOP);
    r->frozen = true;
    add_simple(r, "frozen");
}

static void thaw(struct running *r)
{
    child_signal(&r->child, SIGCONT);
    r->frozen = false;
    add_simple(r, "thawed");
}

void running_control(struct running *r, const char *control, int64_t now_us)
{
    if (strcmp(control, "cancel") == 0) running_stop(r, STOP_CANCEL, now_us);
    if (r->stop != STOP_NONE) return;
    if (strcmp(control, "pause") == 0 && r->checkpoints && r->ask == 0) ask(r, SIGUSR1, now_us);
    if (strcmp(control, "pause") == 0 && !r->checkpoints) freeze(r);
    // A checkpoint under way is left to its end: the job then goes on by way of the queue.
    if (strcmp(control, "resume") == 0 && r->ask != SIGUSR1) thaw(r);
    if (strcmp(control, "stop") == 0 && r->ask == 0) {
        if (r->frozen) thaw(r);
        ask(r, SIGUSR2, now_us);
    }
}

void running_tick(struct running *r, int64_t now_us)
{
    if (r->ask && now_us >= r->ask_at_us) ask(r, r->ask, now_us);
    if (r->kill_at_us && now_us >= r->kill_at_us) child_signal(&r->child, SIGKILL);
    running_flush_progress(r, now_us, false);
}
