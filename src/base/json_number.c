// Numbers of JSON: read; written as the shortest decimal that reads back the same; and readings cut to the digits that
// mean something.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

// ---- reading ------------------------------------------------------------------------------------------------------

enum { EXACT_DIGITS = 19 }; // so many always fit a uint64_t

struct decimal {
    uint64_t digits;
    int exponent; // of ten
    bool negative, whole;
};

// False: too many digits to hold. `s` is a JSON number.
static bool take_decimal(struct slice s, struct decimal *d)
{
    const char *p = s.p, *end = s.p + s.n;
    int n = 0;
    *d = (struct decimal){.negative = *p == '-', .whole = true};
    p += d->negative;
    for (; p < end && ((*p >= '0' && *p <= '9') || *p == '.'); p++) {
        if (*p == '.') {
            d->whole = false;
            continue;
        }
        if (n += d->digits || *p != '0', n > EXACT_DIGITS) return false;
        d->digits = d->digits * 10 + (uint64_t)(*p - '0');
        d->exponent -= !d->whole;
    }
    if (p == end) return true;
    d->whole = false;
    bool minus = p[1] == '-';
    int exponent = 0;
    for (p += p[1] == '+' || minus ? 2 : 1; p < end; p++) {
        exponent = exponent * 10 + (*p - '0');
        if (exponent > 9999) return false;
    }
    d->exponent += minus ? -exponent : exponent;
    return true;
}

// One rounding to the 64 bits of the x87's format, then one to the 53 of a double. The first is at most half a unit of
// the last of the 64 bits off, so the second errs only where these lie exactly between two doubles: false.
#if LDBL_MANT_DIG == 64
static bool round_twice(const struct decimal *d, double *out)
{
    static const long double tens[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                       1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                       1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L}; // all of them exact
    int e = d->exponent;
    if (e < -27 || e > 27) return false;
    long double v = (long double)d->digits;
    v = e < 0 ? v / tens[-e] : v * tens[e];
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits); // the first eight bytes are the mantissa
    if ((bits & 0x7FF) == 0x400) return false;
    *out = d->negative ? -(double)v : (double)v;
    return true;
}
#else
static bool round_twice(const struct decimal *d, double *out)
{
    (void)d, (void)out;
    return false;
}
#endif

static double through_strtod(struct slice s)
{
    char small[64];
    char *text = s.n < sizeof small ? small : mem_alloc(s.n + 1);
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    double v = strtod(text, NULL);
    if (text != small) free(text);
    return v;
}

bool json_f64(struct slice number, double *out)
{
    struct decimal d;
    bool held = take_decimal(number, &d);
    if (held && d.whole) {
        if (d.digits > INT64_MAX) return false;
        *out = d.negative ? -(double)d.digits : (double)d.digits;
        if (d.digits == 0) *out = 0; // an integer has no -0
        return true;
    }
    // What has no point and no exponent is an integer, and more than 19 digits are none of 64 bits.
    if (!held && !memchr(number.p, '.', number.n) && !memchr(number.p, 'e', number.n) &&
        !memchr(number.p, 'E', number.n))
        return false;
    if (held && round_twice(&d, out)) return true;
    *out = through_strtod(number);
    return isfinite(*out);
}

// ---- writing ------------------------------------------------------------------------------------------------------

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
