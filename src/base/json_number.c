// Numbers as JSON: the shortest decimal that reads back the same, and readings cut to the digits that mean something.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

// "%g" without what JSON doesn't need of an exponent: 1e-07 is 1e-7, 1e+20 is 1e20.
static void add_g(struct buf *out, const char *text)
{
    const char *e = strchr(text, 'e');
    if (!e) {
        buf_add_str(out, text);
        return;
    }
    buf_add(out, text, (size_t)(e - text) + 1);
    if (e[1] == '-') buf_add_char(out, '-');
    const char *digits = e + 1 + strspn(e + 1, "+-0");
    buf_add_str(out, digits);
}

void json_add_f64(struct buf *out, double v)
{
    char text[40];
    if (v == floor(v) && fabs(v) < 1e15) {
        snprintf(text, sizeof text, "%.0f", v == 0 ? 0.0 : v);
        buf_add_str(out, text);
        return;
    }
    // With up to 15 digits "%g" gives back the decimal that was read, its zeros left out; 17 always read back. The
    // smallest numbers hold fewer digits than that.
    int digits = fabs(v) < DBL_MIN ? 1 : DBL_DIG;
    do snprintf(text, sizeof text, "%.*g", digits, v);
    while (strtod(text, NULL) != v && digits++ < DBL_DECIMAL_DIG);
    add_g(out, text);
}

void jw_ksig(struct jw *w, const char *key, double v, int digits)
{
    char text[40];
    if (isfinite(v)) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        v = strtod(text, NULL);
    }
    jw_kf64(w, key, v);
}

void jw_kfixed(struct jw *w, const char *key, double v, int decimals)
{
    double scale = decimals == 0 ? 1 : decimals == 1 ? 10 : decimals == 2 ? 100 : 1000;
    // Beyond this a double has no decimals to cut.
    if (fabs(v) < 1e12) v = nearbyint(v * scale) / scale;
    jw_kf64(w, key, v);
}

void jw_kpercent(struct jw *w, const char *key, double v)
{
    if (isfinite(v)) {
        // The sum lets 0.29 be 0.29, though a hundred times that is a little less than 29.
        double cut = floor(v * 100 + 1e-9) / 100;
        v = v < 100 && cut >= 100 ? 99.99 : cut;
    }
    jw_kf64(w, key, v);
}

static int add(const char *p, size_t n, void *out)
{
    buf_add(out, p, n);
    return 0;
}

// Jansson prints every real with 17 digits, so that 0.2 would become 0.20000000000000001; its own printing is left the
// rest. No deeper than what Jansson reads (2,048).
static void add_value(struct buf *out, const json_t *v)
{
    const char *key;
    json_t *member;
    size_t n = 0;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        buf_add_char(out, '{');
        json_object_foreach((json_t *)(uintptr_t)v, key, member)
        {
            struct jw w;
            if (n++) buf_add_char(out, ',');
            jw_init(&w, out);
            jw_str(&w, key);
            buf_add_char(out, ':');
            add_value(out, member);
        }
        buf_add_char(out, '}');
        break;
    case JSON_ARRAY:
        buf_add_char(out, '[');
        json_array_foreach(v, n, member)
        {
            if (n) buf_add_char(out, ',');
            add_value(out, member);
        }
        buf_add_char(out, ']');
        break;
    case JSON_REAL: json_add_f64(out, json_real_value(v)); break;
    default: (void)json_dump_callback(v, add, out, JSON_COMPACT | JSON_ENCODE_ANY); break;
    }
}

void json_add(struct buf *out, const json_t *v)
{
    if (v)
        add_value(out, v);
    else
        buf_add_str(out, "null");
}

char *json_to_text(const json_t *v)
{
    if (!v) return NULL;
    struct buf b = BUF_INIT;
    json_add(&b, v);
    return buf_detach(&b, NULL);
}
