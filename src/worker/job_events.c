#include "worker/job_events.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "jobs/wire.h"

static const int64_t PROGRESS_INTERVAL_US = 50000;

void job_events_release(struct job_events *s)
{
    batches_release(&s->batches);
    buf_release(&s->progress);
}

static struct jw begin_event(struct job_events *s, const char *type)
{
    struct jw w;
    jw_init(&w, batches_next(&s->batches));
    jw_obj(&w);
    jw_kstr(&w, "type", type);
    jw_ktime(&w, "ts", clock_now_us());
    return w;
}

void job_events_heartbeat(struct job_events *s)
{
    struct jw w = begin_event(s, "heartbeat");
    jw_obj_end(&w);
}

void job_events_failure(struct job_events *s, const char *error_type, const char *message)
{
    struct jw w = begin_event(s, "error");
    jw_kstr(&w, "error_type", error_type);
    jw_kstr(&w, "message", message);
    jw_obj_end(&w);
}

void job_events_resources(struct job_events *s, const struct resources *from, int64_t pgid)
{
    struct buf members = BUF_INIT;
    struct jw w;
    jw_init(&w, &members);
    jw_obj(&w);
    jw_kstr(&w, "type", "resources");
    jw_ktime(&w, "ts", clock_now_us());
    bool seen = resources_write(from, pgid, &w);
    jw_obj_end(&w);
    if (seen) buf_add_slice(batches_next(&s->batches), buf_slice(&members));
    buf_release(&members);
}

// In pieces, so that no event is long, whatever its bytes become in JSON.
void job_events_output(struct job_events *s, const char *stream, struct slice text)
{
    job_events_flush_progress(s, 0, true);
    do {
        size_t n = text.n > JOB_OUTPUT_LINE_MAX ? JOB_OUTPUT_LINE_MAX : text.n;
        struct jw w = begin_event(s, "output");
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

static void add_ignored(struct job_events *s, const char *why)
{
    char text[sizeof(((struct err *)0)->message) + 32];
    snprintf(text, sizeof text, "ignored: %s", why);
    job_events_output(s, "log", slice_str(text));
}

void job_events_wire_line(struct job_events *s, struct slice line, bool whole)
{
    struct wire_event ev;
    struct err e;
    if (line.n == 0) return;
    // No JSON object: the contract keeps it as a log line. A piece of a line that is too long is none, whatever it
    // looks like.
    int rc = whole ? wire_event_parse(line, &ev, &e) : HW_EINVALID;
    if (rc) {
        if (rc == HW_EINVALID)
            job_events_output(s, "log", line);
        else
            add_ignored(s, e.message);
        return;
    }
    s->tells_progress = s->tells_progress || ev.type == WIRE_PROGRESS || ev.type == WIRE_PHASE;
    switch (ev.type) {
    case WIRE_PROGRESS:
        buf_clear(&s->progress);
        add_line(&s->progress, &ev, line);
        break;
    case WIRE_PHASE:
    case WIRE_METRIC:
    case WIRE_CHECKPOINT:
    case WIRE_LOG:
    case WIRE_RESULT:
    case WIRE_ERROR:
    case WIRE_PAUSED:
        if (ev.type == WIRE_PAUSED) s->tells_pause = true;
        // A phase must not overtake the progress of the one before it.
        if (ev.type != WIRE_METRIC) job_events_flush_progress(s, 0, true);
        add_line(batches_next(&s->batches), &ev, line);
        break;
    default: break; // unknown, or one of the worker's own types, which a task has no say in
    }
    wire_event_release(&ev);
}

void job_events_last_words(struct job_events *s, struct slice line)
{
    size_t have = strlen(s->last_stderr), room = sizeof s->last_stderr - 2;
    if (line.n > room) line = slice_of(line.p + line.n - room, room);
    if (have + line.n > room) {
        size_t cut = have + line.n - room;
        memmove(s->last_stderr, s->last_stderr + cut, have - cut + 1);
        have -= cut;
    }
    if (line.n) memcpy(s->last_stderr + have, line.p, line.n);
    s->last_stderr[have + line.n] = '\n';
    s->last_stderr[have + line.n + 1] = 0;
}

void job_events_flush_progress(struct job_events *s, int64_t now_us, bool force)
{
    if (s->progress.n == 0 || (!force && now_us - s->progress_flushed_us < PROGRESS_INTERVAL_US)) return;
    buf_add_slice(batches_next(&s->batches), buf_slice(&s->progress));
    buf_clear(&s->progress);
    if (now_us) s->progress_flushed_us = now_us;
}

// ---- its beginning and end ----------------------------------------------------------------------------------------

void job_events_started(struct job_events *s, int64_t pid)
{
    struct jw w = begin_event(s, "started");
    jw_ki64(&w, "pid", pid);
    jw_obj_end(&w);
}

void job_events_stands_still(struct job_events *s, bool still)
{
    job_events_flush_progress(s, 0, true);
    struct jw w = begin_event(s, still ? "frozen" : "thawed");
    jw_obj_end(&w);
}

void job_events_exited(struct job_events *s, const struct job_end *end)
{
    struct jw w = begin_event(s, "exited");
    jw_key(&w, "code");
    if (end->signal)
        jw_null(&w);
    else
        jw_i64(&w, end->code);
    jw_key(&w, "signal");
    if (end->signal)
        jw_i64(&w, end->signal);
    else
        jw_null(&w);
    if (end->timed_out) jw_kbool(&w, "timed_out", true);
    if (end->interrupted) jw_kbool(&w, "interrupted", true);
    if (end->paused) jw_kbool(&w, "paused", true);
    if (end->requeue) jw_kbool(&w, "requeue", true);
    if (end->oom_killed) jw_kbool(&w, "oom_killed", true);
    if (s->last_stderr[0]) {
        jw_key(&w, "last_stderr");
        jw_slice(&w, slice_str(s->last_stderr));
    }
    jw_obj_end(&w);
}
