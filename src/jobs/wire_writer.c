#include "jobs/wire_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

enum { PROGRESS_INTERVAL_US = 50000 };

struct wire_writer {
    int fd;
    pthread_mutex_t lock; // guards what follows and the order of lines
    struct buf line;
    bool deaf;                // the reader has gone
    int64_t last_progress_us; // monotonic; 0: none in this phase yet
};

struct wire_writer *wire_writer_new(int fd)
{
    struct wire_writer *w = mem_zalloc(sizeof *w);
    w->fd = fd;
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void wire_writer_free(struct wire_writer *w)
{
    if (!w) return;
    pthread_mutex_destroy(&w->lock);
    buf_release(&w->line);
    free(w);
}

int wire_fd_from_env(void)
{
    const char *s = getenv("HEADWAY_FD");
    unsigned long long v;
    if (s && slice_u64(slice_str(s), &v) && v < 65536 && fcntl((int)v, F_GETFD) >= 0) return (int)v;
    return STDOUT_FILENO;
}

// Starts a line; the lock is held until end().
static struct jw begin(struct wire_writer *w, const char *type)
{
    pthread_mutex_lock(&w->lock);
    buf_clear(&w->line);
    struct jw j;
    jw_init(&j, &w->line);
    jw_obj(&j);
    jw_kstr(&j, "type", type);
    return j;
}

static void end(struct wire_writer *w, struct jw *j)
{
    jw_obj_end(j);
    buf_add_char(&w->line, '\n');
    struct err e;
    if (!w->deaf && file_write_all(w->fd, w->line.p, w->line.n, &e) != 0) w->deaf = true;
    pthread_mutex_unlock(&w->lock);
}

void wire_phase(struct wire_writer *w, const char *name, int index, int count, double from, double to)
{
    struct jw j = begin(w, "phase");
    w->last_progress_us = 0;
    jw_kstr(&j, "name", name);
    jw_ki64(&j, "index", index);
    jw_ki64(&j, "count", count);
    jw_kf64(&j, "from", from);
    jw_kf64(&j, "to", to);
    end(w, &j);
}

void wire_progress(struct wire_writer *w, int64_t done, int64_t total, const char *unit, const char *message)
{
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&w->lock);
    bool due = w->last_progress_us == 0 || done == total || now - w->last_progress_us >= PROGRESS_INTERVAL_US;
    if (due) w->last_progress_us = now;
    pthread_mutex_unlock(&w->lock);
    if (due) wire_progress_now(w, done, total, unit, message);
}

void wire_progress_now(struct wire_writer *w, int64_t done, int64_t total, const char *unit, const char *message)
{
    struct jw j = begin(w, "progress");
    jw_ki64(&j, "done", done);
    jw_ki64(&j, "total", total);
    if (unit) jw_kstr(&j, "unit", unit);
    if (message) jw_kstr(&j, "message", message);
    end(w, &j);
}

void wire_metrics(struct wire_writer *w, int64_t step, int layer, const struct wire_metric *m, int n)
{
    struct jw j = begin(w, "metric");
    jw_ki64(&j, "step", step);
    if (layer >= 0)
        jw_ki64(&j, "layer", layer);
    else
        jw_knull(&j, "layer");
    for (int i = 0; i < n; i++) jw_kf64(&j, m[i].name, m[i].value);
    end(w, &j);
}

void wire_checkpoint(struct wire_writer *w, int64_t step, int layer, const char *path, double loss, int is_best,
                     int64_t size_bytes)
{
    struct jw j = begin(w, "checkpoint");
    jw_ki64(&j, "step", step);
    if (layer >= 0) jw_ki64(&j, "layer", layer);
    jw_kstr(&j, "path", path);
    jw_kf64(&j, "loss", loss);
    jw_kbool(&j, "is_best", is_best != 0);
    jw_ki64(&j, "size_bytes", size_bytes);
    end(w, &j);
}

void wire_log(struct wire_writer *w, const char *level, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct jw j = begin(w, "log");
    jw_kstr(&j, "level", level);
    jw_kstr(&j, "text", text);
    end(w, &j);
}

void wire_result(struct wire_writer *w, const json_t *result)
{
    struct jw j = begin(w, "result");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)result, key, value)
    {
        if (strcmp(key, "type") == 0) continue;
        jw_key(&j, key);
        jw_json(&j, value);
    }
    end(w, &j);
}

void wire_paused(struct wire_writer *w, const json_t *resume)
{
    struct jw j = begin(w, "paused");
    if (resume) {
        jw_key(&j, "resume");
        jw_json(&j, resume);
    }
    end(w, &j);
}

static const char *error_type(int code)
{
    switch (code) {
    case HW_EINVALID:
    case HW_EVALIDATION:
    case HW_EUNSUPPORTED:
    case HW_EEOF:
    case HW_ETOOBIG: return "VALIDATION";
    case HW_ENOTFOUND: return "NOT_FOUND";
    case HW_EDISKFULL: return "DISK_FULL";
    case HW_EUNAVAILABLE: return "NETWORK";
    case HW_ETIMEOUT: return "TIMEOUT";
    case HW_ECANCELLED: return "CANCELLED";
    default: return "UNKNOWN";
    }
}

void wire_error(struct wire_writer *w, const struct err *e, const json_t *retry_params)
{
    struct jw j = begin(w, "error");
    jw_kstr(&j, "error_type", error_type(e->code));
    jw_kstr(&j, "message", e->message);
    if (e->field[0]) jw_kstr(&j, "field", e->field);
    if (retry_params) {
        jw_key(&j, "params");
        jw_json(&j, retry_params);
    }
    end(w, &j);
}
