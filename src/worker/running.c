#include "worker/running.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/output_sweep.h"
#include "jobs/wire.h"

static const int64_t KILL_AFTER_US = 30 * 1000000LL;
static const int64_t ASK_AGAIN_US = 1000000; // a task that has only just begun may not have heard it
enum { READ_SIZE = 64 << 10 };

// ---- events -------------------------------------------------------------------------------------------------------

void running_add_heartbeat(struct running *r)
{
    job_events_heartbeat(&r->events);
}

void running_add_failure(struct running *r, const char *error_type, const char *message)
{
    job_events_failure(&r->events, error_type, message);
}

void running_add_resources(struct running *r, const struct resources *from)
{
    job_events_resources(&r->events, from, r->child.pid);
}

void running_flush_progress(struct running *r, int64_t now_us, bool force)
{
    job_events_flush_progress(&r->events, now_us, force);
}

static void on_wire_line(void *ctx, struct slice line, bool whole)
{
    job_events_wire_line(&((struct running *)ctx)->events, line, whole);
}

static void on_out_line(void *ctx, struct slice line, bool whole)
{
    (void)whole;
    job_events_output(&((struct running *)ctx)->events, "stdout", line);
}

static void on_err_line(void *ctx, struct slice line, bool whole)
{
    (void)whole;
    struct running *r = ctx;
    job_events_output(&r->events, "stderr", line);
    job_events_last_words(&r->events, line);
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
    lines_init(&r->out, JOB_OUTPUT_LINE_MAX);
    lines_init(&r->err, JOB_OUTPUT_LINE_MAX);
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
    const char *output_dir = json_string_value(json_object_get(job, "output_dir"));
    if (output_dir && *output_dir) r->output_dir = mem_strdup(output_dir);
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
    job_events_started(&r->events, r->child.pid);
    double limit = json_number_value(json_object_get(job, "time_limit_seconds")); // null: none
    r->limit_us = limit > 0 && limit < 1e12 ? (int64_t)(limit * 1e6) : 0;
    if (r->limit_us) r->deadline_us = clock_mono_us() + r->limit_us;
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
    job_events_release(&r->events);
    if (r->params_path) unlink(r->params_path);
    free(r->params_path);
    free(r->output_dir);
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
    bool paused = r->events.tells_pause && x.code == 0 && x.signal == 0;
    // A task that came to its own good end while the worker was leaving is not lost.
    if (r->stop == STOP_SHUTDOWN && (x.code != 0 || x.signal))
        running_add_failure(r, "WORKER_LOST", "the worker was stopped while the job ran");
    // Before the end is told: whoever tries the job again may be elsewhere, and quick.
    struct err e = {0};
    bool bad = x.code != 0 || x.signal, ours = r->stop != STOP_LEASE_LOST && !r->unsure;
    if (bad && ours && r->output_dir && output_sweep(r->output_dir, &e) != 0)
        log_warn("worker", "job %s left something half written: %s", r->job_id, e.message);
    const struct job_end end = {
        .code = x.code,
        .signal = x.signal,
        .timed_out = r->stop == STOP_TIME_LIMIT,
        .paused = paused,
        .requeue = paused && r->stop == STOP_SHUTDOWN,
        // Nobody else has any business to send SIGKILL; if the kernel did meanwhile, it was this one.
        .oom_killed = x.signal == SIGKILL && !r->killed && r->oom && oom_watch_explains(r->oom),
    };
    job_events_exited(&r->events, &end);
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
    // A lost lease counts most: nothing may be reported any more. A cancel stays one when the worker then leaves, and
    // so does the end of a time limit.
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

static void freeze(struct running *r, int64_t now_us)
{
    running_hold_time(r, now_us);
    child_signal(&r->child, SIGSTOP);
    r->frozen = true;
    job_events_stands_still(&r->events, true);
}

static void thaw(struct running *r, int64_t now_us)
{
    running_go_on(r, now_us);
    child_signal(&r->child, SIGCONT);
    r->frozen = false;
    job_events_stands_still(&r->events, false);
}

void running_control(struct running *r, const char *control, int64_t now_us)
{
    if (strcmp(control, "cancel") == 0) running_stop(r, STOP_CANCEL, now_us);
    if (r->stop != STOP_NONE) return;
    if (strcmp(control, "pause") == 0 && r->checkpoints && r->ask == 0) ask(r, SIGUSR1, now_us);
    if (strcmp(control, "pause") == 0 && !r->checkpoints) freeze(r, now_us);
    // A checkpoint under way is left to its end: the job then goes on by way of the queue.
    if (strcmp(control, "resume") == 0 && r->ask != SIGUSR1) thaw(r, now_us);
    if (strcmp(control, "stop") == 0 && r->ask == 0) {
        if (r->frozen) thaw(r, now_us);
        ask(r, SIGUSR2, now_us);
    }
}

static bool has_ended(const struct running *r)
{
    struct pollfd p = {.fd = r->child.pidfd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static void say_limit(struct running *r)
{
    char text[96];
    snprintf(text, sizeof text, "the time limit of %.15g s is over: the job is stopped", (double)r->limit_us / 1e6);
    job_events_output(&r->events, "log", slice_str(text));
}

void running_hold_time(struct running *r, int64_t now_us)
{
    if (r->held_us || !r->limit_us) return;
    r->held_us = now_us;
}

void running_go_on(struct running *r, int64_t now_us)
{
    if (!r->held_us) return;
    r->deadline_us += now_us - r->held_us;
    r->held_us = 0;
}

void running_tick(struct running *r, int64_t now_us)
{
    if (r->ask && now_us >= r->ask_at_us) ask(r, r->ask, now_us);
    bool over = r->deadline_us && !r->held_us && now_us >= r->deadline_us && r->stop == STOP_NONE;
    // One that came to its end by itself and has not been reaped yet was in time.
    if (over && !has_ended(r)) {
        say_limit(r);
        running_stop(r, STOP_TIME_LIMIT, now_us);
    }
    if (r->kill_at_us && now_us >= r->kill_at_us) {
        r->killed = true;
        child_signal(&r->child, SIGKILL);
    }
    running_flush_progress(r, now_us, false);
}
