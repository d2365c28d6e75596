#include "jobs/wire.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "jobs/wire_scan.h"

static const char *const type_names[WIRE_TYPE_COUNT] = {
    [WIRE_PHASE] = "phase",
    [WIRE_PROGRESS] = "progress",
    [WIRE_METRIC] = "metric",
    [WIRE_CHECKPOINT] = "checkpoint",
    [WIRE_LOG] = "log",
    [WIRE_RESULT] = "result",
    [WIRE_ERROR] = "error",
    [WIRE_PAUSED] = "paused",
    [WIRE_STARTED] = "started",
    [WIRE_OUTPUT] = "output",
    [WIRE_RESOURCES] = "resources",
    [WIRE_FROZEN] = "frozen",
    [WIRE_THAWED] = "thawed",
    [WIRE_EXITED] = "exited",
    [WIRE_HEARTBEAT] = "heartbeat",
};

static const char *const metric_columns[] = {
#define X(name) #name,
    WIRE_METRIC_COLUMNS(X)
#undef X
};

static int get_count(const json_t *o, const char *key, int64_t def, int64_t *out, struct err *e)
{
    return json_get_i64(o, key, def, -1, WIRE_COUNT_MAX, out, e);
}

static int need_str(const json_t *o, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(o, key, NULL, out, e);
    if (!rc && !*out) rc = err_field(e, HW_EVALIDATION, key, "%s is missing", key);
    return rc;
}

static int get_int(const json_t *o, const char *key, int def, int lo, int hi, int *out, struct err *e)
{
    int64_t v;
    int rc = json_get_i64(o, key, def, lo, hi, &v, e);
    *out = (int)v;
    return rc;
}

static int get_num(const json_t *o, const char *key, double *out, struct err *e)
{
    return json_get_f64(o, key, NAN, -INFINITY, INFINITY, out, e);
}

static int read_phase(const json_t *o, struct wire_event *w, struct err *e)
{
    int rc = need_str(o, "name", &w->u.phase.name, e);
    if (!rc) rc = get_int(o, "index", 0, 0, 1000, &w->u.phase.index, e);
    if (!rc) rc = get_int(o, "count", 0, 0, 1000, &w->u.phase.count, e);
    if (!rc) rc = json_get_f64(o, "from", NAN, 0, 100, &w->u.phase.from, e);
    if (!rc) rc = json_get_f64(o, "to", NAN, 0, 100, &w->u.phase.to, e);
    return rc;
}

static int read_progress(const json_t *o, struct wire_event *w, struct err *e)
{
    int rc = json_get_i64(o, "done", 0, 0, WIRE_COUNT_MAX, &w->u.progress.done, e);
    if (!rc) rc = get_count(o, "total", -1, &w->u.progress.total, e);
    if (!rc) rc = json_get_str(o, "unit", NULL, &w->u.progress.unit, e);
    if (!rc) rc = json_get_str(o, "message", NULL, &w->u.progress.message, e);
    return rc;
}

static bool is_extra(const char *key, const json_t *value)
{
    if (!json_is_number(value)) return false;
    for (size_t i = 0; i < sizeof metric_columns / sizeof *metric_columns; i++)
        if (strcmp(key, metric_columns[i]) == 0) return false;
    return strcmp(key, "step") != 0 && strcmp(key, "layer") != 0 && strcmp(key, "ts") != 0;
}

static char *extra_text(const json_t *o)
{
    struct buf out = BUF_INIT;
    struct jw w;
    const char *key;
    json_t *value;
    jw_init(&w, &out);
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        if (!is_extra(key, value)) continue;
        if (out.n == 0) jw_obj(&w);
        jw_kf64(&w, key, json_number_value(value));
    }
    if (out.n == 0) return NULL;
    jw_obj_end(&w);
    return buf_detach(&out, NULL);
}

static int read_metric(const json_t *o, struct wire_event *w, struct err *e)
{
    if (!json_object_get(o, "step")) return err_field(e, HW_EVALIDATION, "step", "step is missing");
    int rc = json_get_i64(o, "step", 0, 0, WIRE_COUNT_MAX, &w->u.metric.step, e);
    if (!rc) rc = get_int(o, "layer", -1, -1, WIRE_LAYER_MAX, &w->u.metric.layer, e);
#define X(name)                                                                                                        \
    if (!rc) rc = get_num(o, #name, &w->u.metric.name, e);                                                             \
    if (json_object_get(o, #name)) w->u.metric.given |= 1u << WIRE_METRIC_##name;
    WIRE_METRIC_COLUMNS(X)
#undef X
    if (!rc) w->u.metric.extra = w->held = extra_text(o);
    return rc;
}

static int read_checkpoint(const json_t *o, struct wire_event *w, struct err *e)
{
    int rc = need_str(o, "path", &w->u.checkpoint.path, e);
    if (!rc) rc = json_get_i64(o, "step", 0, 0, WIRE_COUNT_MAX, &w->u.checkpoint.step, e);
    if (!rc) rc = get_count(o, "size_bytes", -1, &w->u.checkpoint.size_bytes, e);
    if (!rc) rc = get_int(o, "layer", -1, -1, WIRE_LAYER_MAX, &w->u.checkpoint.layer, e);
    if (!rc) rc = get_num(o, "loss", &w->u.checkpoint.loss, e);
    if (!rc) rc = json_get_bool(o, "is_best", false, &w->u.checkpoint.is_best, e);
    return rc;
}

static int read_exited(const json_t *o, struct wire_event *w, struct err *e)
{
    int rc = get_int(o, "code", -1, -1, 255, &w->u.exited.code, e);
    if (!rc) rc = get_int(o, "signal", 0, 0, 128, &w->u.exited.signal, e);
    if (!rc) rc = json_get_bool(o, "oom_killed", false, &w->u.exited.oom_killed, e);
    if (!rc) rc = json_get_bool(o, "timed_out", false, &w->u.exited.timed_out, e);
    if (!rc) rc = json_get_bool(o, "paused", false, &w->u.exited.paused, e);
    if (!rc) rc = json_get_bool(o, "requeue", false, &w->u.exited.requeue, e);
    if (!rc) rc = json_get_bool(o, "interrupted", false, &w->u.exited.interrupted, e);
    if (!rc) rc = json_get_str(o, "last_stderr", NULL, &w->u.exited.last_stderr, e);
    if (!rc && w->u.exited.code < 0 && w->u.exited.signal == 0)
        rc = err_field(e, HW_EVALIDATION, "code", "code or signal is missing");
    return rc;
}

static int read_members(const json_t *o, struct wire_event *w, struct err *e)
{
    int rc;
    switch (w->type) {
    case WIRE_PHASE: return read_phase(o, w, e);
    case WIRE_PROGRESS: return read_progress(o, w, e);
    case WIRE_METRIC: return read_metric(o, w, e);
    case WIRE_CHECKPOINT: return read_checkpoint(o, w, e);
    case WIRE_EXITED: return read_exited(o, w, e);
    case WIRE_LOG:
        rc = json_get_str(o, "level", "info", &w->u.log.level, e);
        return rc ? rc : need_str(o, "text", &w->u.log.text, e);
    case WIRE_ERROR:
        rc = json_get_str(o, "error_type", NULL, &w->u.error.error_type, e);
        if (!rc) rc = json_get_str(o, "message", NULL, &w->u.error.message, e);
        w->u.error.params = json_object_get(o, "params");
        if (!json_is_object(w->u.error.params)) w->u.error.params = NULL;
        return rc;
    case WIRE_PAUSED:
        w->u.paused.resume = json_object_get(o, "resume");
        if (!w->u.paused.resume || json_is_object(w->u.paused.resume)) return 0;
        return err_field(e, HW_EVALIDATION, "resume", "resume must be an object");
    case WIRE_STARTED: return json_get_i64(o, "pid", 0, 0, WIRE_COUNT_MAX, &w->u.started.pid, e);
    case WIRE_OUTPUT:
        rc = json_get_str(o, "stream", "stdout", &w->u.output.stream, e);
        return rc ? rc : need_str(o, "text", &w->u.output.text, e);
    default: return 0;
    }
}

static enum wire_type type_from_name(const char *name)
{
    for (int i = 1; name && i < WIRE_TYPE_COUNT; i++)
        if (strcmp(name, type_names[i]) == 0) return (enum wire_type)i;
    return WIRE_UNKNOWN;
}

// `ts` may be a number of seconds or RFC 3339 text; anything else is as if it weren't there.
static int64_t read_ts(const json_t *o)
{
    const json_t *ts = json_object_get(o, "ts");
    int64_t us = 0;
    if (json_is_string(ts) && clock_parse(slice_of(json_string_value(ts), json_string_length(ts)), &us)) return us;
    double s = json_number_value(ts);
    return s > 0 && s < 1e11 ? (int64_t)(s * 1e6) : 0;
}

static bool deeper_than(const json_t *v, int levels)
{
    if (!json_is_object(v) && !json_is_array(v)) return false;
    if (levels == 0) return true;
    size_t i;
    const char *key;
    json_t *it;
    // Jansson's loops want a value that may change; nothing is changed here.
    json_array_foreach((json_t *)(uintptr_t)v, i, it) if (deeper_than(it, levels - 1)) return true;
    json_object_foreach((json_t *)(uintptr_t)v, key, it) if (deeper_than(it, levels - 1)) return true;
    return false;
}

int wire_event_from_json(json_t *obj, struct wire_event *out, struct err *e)
{
    *out = (struct wire_event){.json = obj};
    const char *name = NULL;
    int rc = json_is_object(obj) ? 0 : err_set(e, HW_EINVALID, "a JSON object is wanted");
    if (!rc && deeper_than(obj, WIRE_DEPTH_MAX))
        rc = err_set(e, HW_EVALIDATION, "values are nested deeper than %d levels", WIRE_DEPTH_MAX);
    if (!rc) rc = json_get_str(obj, "type", NULL, &name, e);
    if (!rc) {
        out->type = type_from_name(name);
        out->ts_us = read_ts(obj);
        rc = read_members(obj, out, e);
    }
    if (rc) {
        err_prefix(e, "%s line", name ? name : "wire");
        wire_event_release(out);
    }
    return rc;
}

int wire_event_parse(struct slice line, struct wire_event *out, struct err *e)
{
    *out = (struct wire_event){0};
    if (line.n > WIRE_LINE_MAX)
        return err_set(e, HW_EINVALID, "a line of %zu bytes; %d at most", line.n, WIRE_LINE_MAX);
    // Most lines that aren't ours are plain output: don't wake the parser for them.
    struct slice t = slice_trim(line);
    if (t.n == 0 || t.p[0] != '{') return err_set(e, HW_EINVALID, "not a JSON object");
    struct json_scan scan;
    json_scan_object(&scan, t);
    if (wire_scan_metric(&scan, out)) return 0;
    json_t *obj = json_read_object(t, e);
    return obj ? wire_event_from_json(obj, out, e) : HW_EINVALID;
}

void wire_event_release(struct wire_event *ev)
{
    free(ev->held);
    json_decref(ev->json);
    *ev = (struct wire_event){0};
}
