#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

void jw_init(struct jw *w, struct buf *out)
{
    *w = (struct jw){.out = out};
}

static void before_value(struct jw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    uint32_t bit = 1u << w->depth;
    if (w->has_item & bit) buf_add_char(w->out, ',');
    w->has_item |= bit;
}

static void open(struct jw *w, char c)
{
    before_value(w);
    assert(w->depth < 31);
    w->depth++;
    w->has_item &= ~(1u << w->depth);
    buf_add_char(w->out, c);
}

static void close(struct jw *w, char c)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    buf_add_char(w->out, c);
}

void jw_obj(struct jw *w)
{
    open(w, '{');
}

void jw_obj_end(struct jw *w)
{
    close(w, '}');
}

void jw_arr(struct jw *w)
{
    open(w, '[');
}

void jw_arr_end(struct jw *w)
{
    close(w, ']');
}

void jw_key(struct jw *w, const char *key)
{
    jw_str(w, key);
    buf_add_char(w->out, ':');
    w->after_key = true;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void jw_slice(struct jw *w, struct slice s)
{
    before_value(w);
    struct buf *o = w->out;
    buf_add_char(o, '"');
    size_t i = 0;
    while (i < s.n) {
        size_t run = i;
        while (run < s.n && plain((unsigned char)s.p[run])) run++;
        buf_add(o, s.p + i, run - i);
        i = run;
        if (i == s.n) break;
        unsigned char c = (unsigned char)s.p[i];
        switch (c) {
        case '"': buf_add_str(o, "\\\""); break;
        case '\\': buf_add_str(o, "\\\\"); break;
        case '\n': buf_add_str(o, "\\n"); break;
        case '\r': buf_add_str(o, "\\r"); break;
        case '\t': buf_add_str(o, "\\t"); break;
        default:
            if (c < 0x20) {
                buf_addf(o, "\\u%04x", c);
            } else if (c < 0x80) {
                buf_add_char(o, (char)c);
            } else {
                uint32_t cp;
                char enc[4];
                size_t used = utf8_decode(s.p + i, s.n - i, &cp);
                buf_add(o, enc, utf8_encode(cp, enc));
                i += used - 1;
            }
        }
        i++;
    }
    buf_add_char(o, '"');
}

void jw_str(struct jw *w, const char *s)
{
    if (s)
        jw_slice(w, slice_str(s));
    else
        jw_null(w);
}

void jw_u64(struct jw *w, uint64_t v)
{
    before_value(w);
    buf_add_u64(w->out, v);
}

void jw_i64(struct jw *w, int64_t v)
{
    if (v >= 0) {
        jw_u64(w, (uint64_t)v);
        return;
    }
    before_value(w);
    buf_addf(w->out, "%lld", (long long)v);
}

void jw_f64(struct jw *w, double v)
{
    before_value(w);
    if (isfinite(v))
        json_add_f64(w->out, v);
    else
        buf_add_str(w->out, "null");
}

void jw_f32(struct jw *w, float v)
{
    before_value(w);
    if (!isfinite(v)) {
        buf_add_str(w->out, "null");
        return;
    }
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    buf_add_str(w->out, text);
}

void jw_bool(struct jw *w, bool v)
{
    before_value(w);
    buf_add_str(w->out, v ? "true" : "false");
}

void jw_null(struct jw *w)
{
    before_value(w);
    buf_add_str(w->out, "null");
}

void jw_raw(struct jw *w, struct slice json)
{
    before_value(w);
    buf_add_slice(w->out, json);
}

void jw_json(struct jw *w, const json_t *v)
{
    before_value(w);
    json_add(w->out, v);
}

void jw_time(struct jw *w, int64_t us)
{
    if (us == 0) {
        jw_null(w);
        return;
    }
    char ts[CLOCK_RFC3339_SIZE];
    clock_format(us, ts);
    jw_str(w, ts);
}

void jw_kstr(struct jw *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_ki64(struct jw *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_i64(w, v);
}

void jw_kf64(struct jw *w, const char *key, double v)
{
    jw_key(w, key);
    jw_f64(w, v);
}

void jw_kbool(struct jw *w, const char *key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_knull(struct jw *w, const char *key)
{
    jw_key(w, key);
    jw_null(w);
}

void jw_kraw(struct jw *w, const char *key, struct slice json)
{
    jw_key(w, key);
    jw_raw(w, json);
}

void jw_ktime(struct jw *w, const char *key, int64_t us)
{
    jw_key(w, key);
    jw_time(w, us);
}
