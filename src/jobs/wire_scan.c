#include "jobs/wire_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static bool once(bool *seen)
{
    bool first = !*seen;
    *seen = true;
    return first;
}

// Text that says when: all that a line without a tree may have.
static bool read_ts(bool *seen, struct slice value, int64_t *us)
{
    bool text = value.p[0] == '"';
    return once(seen) && text && clock_parse(slice_of(value.p + 1, value.n - 2), us) && *us != 0;
}

// ---- metrics ------------------------------------------------------------------------------------------------------

static const struct slice columns[WIRE_METRIC_COLUMN_COUNT] = {
#define X(name) SLICE_LIT(#name),
    WIRE_METRIC_COLUMNS(X)
#undef X
};

static double *value_of(struct wire_event *ev, int column)
{
    double *const values[WIRE_METRIC_COLUMN_COUNT] = {
#define X(name) &ev->u.metric.name,
        WIRE_METRIC_COLUMNS(X)
#undef X
    };
    return values[column];
}

enum { OTHER_MAX = 16 };

struct reading {
    struct wire_event *ev;
    int next; // the column that is expected: most lines have them in the table's order
    bool type, step, layer, ts;
    struct slice other[OTHER_MAX]; // names beyond the columns, each of which may stand once
    int n_other;
    struct buf extra;
    struct jw w;
};

static bool is_number(struct slice value)
{
    return value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9');
}

static bool is_null(struct slice value)
{
    return value.p[0] == 'n'; // it was scanned
}

// A whole number, written as one.
static bool whole(struct slice value, int64_t lo, int64_t hi, int64_t *out)
{
    unsigned long long v;
    bool minus = value.p[0] == '-';
    if (!slice_u64(slice_of(value.p + minus, value.n - minus), &v) || v > WIRE_COUNT_MAX) return false;
    *out = minus ? -(int64_t)v : (int64_t)v;
    return *out >= lo && *out <= hi;
}

static int column_of(const struct reading *r, struct slice name)
{
    for (int i = 0; i < WIRE_METRIC_COLUMN_COUNT; i++) {
        int column = (r->next + i) % WIRE_METRIC_COLUMN_COUNT;
        if (slice_eq(name, columns[column])) return column;
    }
    return -1;
}

static bool read_column(struct reading *r, int column, struct slice value)
{
    unsigned bit = 1u << column;
    if (r->ev->u.metric.given & bit) return false;
    r->ev->u.metric.given |= bit;
    r->next = column + 1;
    return is_null(value) || (is_number(value) && json_f64(value, value_of(r->ev, column)));
}

static bool read_layer(struct reading *r, struct slice value)
{
    int64_t layer = -1;
    if (!once(&r->layer) || (!is_null(value) && !whole(value, -1, WIRE_LAYER_MAX, &layer))) return false;
    r->ev->u.metric.layer = (int)layer;
    return true;
}

static bool read_other(struct reading *r, struct slice name, struct slice value)
{
    if (r->n_other == OTHER_MAX) return false;
    for (int i = 0; i < r->n_other; i++)
        if (slice_eq(r->other[i], name)) return false;
    r->other[r->n_other++] = name;
    // Within an object or a list a name may stand twice as well, which only the other reader notices.
    if (value.p[0] == '{' || value.p[0] == '[') return false;
    double v;
    if (!is_number(value)) return true;
    if (!json_f64(value, &v)) return false;
    if (r->extra.n == 0) {
        jw_init(&r->w, &r->extra);
        jw_obj(&r->w);
    }
    jw_slice(&r->w, name);
    buf_add_char(&r->extra, ':');
    r->w.after_key = true;
    jw_f64(&r->w, v);
    return true;
}

static bool read_member(struct reading *r, const struct json_member *m)
{
    if (m->escaped) return false;
    // What a line begins with, then the columns.
    if (slice_is(m->name, "type")) return once(&r->type) && slice_is(m->value, "\"metric\"");
    if (slice_is(m->name, "step")) return once(&r->step) && whole(m->value, 0, WIRE_COUNT_MAX, &r->ev->u.metric.step);
    if (slice_is(m->name, "layer")) return read_layer(r, m->value);
    if (slice_is(m->name, "ts")) return read_ts(&r->ts, m->value, &r->ev->ts_us);
    int column = column_of(r, m->name);
    return column >= 0 ? read_column(r, column, m->value) : read_other(r, m->name, m->value);
}

bool wire_scan_metric(struct json_scan *object, struct wire_event *out)
{
    struct json_member m;
    struct err ignored;
    struct reading r = {.ev = out};
    *out = (struct wire_event){.type = WIRE_METRIC};
    out->u.metric.layer = -1;
    for (int i = 0; i < WIRE_METRIC_COLUMN_COUNT; i++) *value_of(out, i) = (double)NAN;
    int rc;
    while ((rc = json_scan_member(object, &m, &ignored)) == 1)
        if (!read_member(&r, &m)) break;
    if (rc != 0 || !r.type || !r.step) {
        buf_release(&r.extra);
        *out = (struct wire_event){0};
        return false;
    }
    if (r.extra.n) {
        jw_obj_end(&r.w);
        out->u.metric.extra = out->held = buf_detach(&r.extra, NULL);
    }
    return true;
}

// ---- output -------------------------------------------------------------------------------------------------------

// Stream and text go one behind the other into what the event holds.
struct output {
    bool type, ts;
    struct slice stream, text; // as written between their quotes
};

static bool read_text(struct slice value, struct slice *out)
{
    if (out->p || value.p[0] != '"') return false;
    *out = slice_of(value.p + 1, value.n - 2);
    return true;
}

static bool read_output_member(struct output *o, struct wire_event *ev, const struct json_member *m)
{
    if (m->escaped) return false;
    if (slice_is(m->name, "type")) return once(&o->type) && slice_is(m->value, "\"output\"");
    if (slice_is(m->name, "ts")) return read_ts(&o->ts, m->value, &ev->ts_us);
    if (slice_is(m->name, "stream")) return read_text(m->value, &o->stream);
    if (slice_is(m->name, "text")) return read_text(m->value, &o->text);
    return false;
}

bool wire_scan_output(struct json_scan *object, struct wire_event *out)
{
    struct json_member m;
    struct err ignored;
    struct output o = {0};
    *out = (struct wire_event){.type = WIRE_OUTPUT};
    int rc;
    while ((rc = json_scan_member(object, &m, &ignored)) == 1)
        if (!read_output_member(&o, out, &m)) break;
    if (rc != 0 || !o.type || !o.text.p) {
        *out = (struct wire_event){0};
        return false;
    }
    if (!o.stream.p) o.stream = SLICE_LIT("stdout");
    struct buf held = BUF_INIT;
    json_unescape(o.text, &held);
    buf_add_char(&held, 0);
    size_t stream_at = held.n;
    json_unescape(o.stream, &held);
    out->held = buf_detach(&held, NULL);
    out->u.output.text = out->held;
    out->u.output.stream = out->held + stream_at;
    return true;
}
