#include "store/metric_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gcd.h"
#include "base/mem.h"
#include "store/packed_ints.h"

static const double POWERS_OF_TEN[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
enum { DIGITS = sizeof POWERS_OF_TEN / sizeof *POWERS_OF_TEN };
enum { BINARY_MAX = 1074, NORMAL_MAX = 1022, SAMPLED = 32, QUOTIENTS = 40 };
#define EXACT 9007199254740992.0 // 2^53: up to here doubles have every integer

// ---- one number ----------------------------------------------------------------------------------------------------

// The sign's order made that of the numbers; it is its own reverse.
static int64_t in_order(int64_t bits)
{
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static int32_t in_order_32(int32_t bits)
{
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

static double of_bits(int64_t i)
{
    double v;
    i = in_order(i);
    memcpy(&v, &i, sizeof v);
    return v;
}

static double of_float(int64_t i)
{
    float f;
    int32_t bits = in_order_32((int32_t)i);
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

bool metric_rule_apply(const struct metric_rule *r, const int64_t *ints, double *v, size_t n)
{
    switch (r->kind) {
    case METRIC_RULE_BITS:
        for (size_t i = 0; i < n; i++) v[i] = of_bits(ints[i]);
        return true;
    case METRIC_RULE_FLOAT:
        for (size_t i = 0; i < n; i++) {
            if (ints[i] < INT32_MIN || ints[i] > INT32_MAX) return false;
            v[i] = of_float(ints[i]);
        }
        return true;
    case METRIC_RULE_DECIMAL:
        if (r->parameter >= DIGITS) return false;
        for (size_t i = 0; i < n; i++) v[i] = (double)ints[i] / POWERS_OF_TEN[r->parameter];
        return true;
    case METRIC_RULE_BINARY: {
        if (r->parameter > BINARY_MAX) return false;
        // A power of two down to the smallest normal number, and the rest of it: neither product rounds but at the end.
        int rest = r->parameter > NORMAL_MAX ? (int)r->parameter - NORMAL_MAX : 0;
        double unit = ldexp(1, rest - (int)r->parameter), more = ldexp(1, -rest);
        for (size_t i = 0; i < n; i++) v[i] = (double)ints[i] * unit * more;
        return true;
    }
    case METRIC_RULE_RATIO:
        for (size_t i = 0; i < n; i++) v[i] = (double)r->parameter / (double)ints[i];
        return true;
    default: return false;
    }
}

// ---- rules that may fit --------------------------------------------------------------------------------------------

static void as_bits(const double *v, size_t n, int64_t *ints)
{
    memcpy(ints, v, n * sizeof *v);
    for (size_t i = 0; i < n; i++) ints[i] = in_order(ints[i]);
}

static bool as_float(const double *v, size_t n, int64_t *ints)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(v[i]) && fabs(v[i]) > 3.4028234663852886e38) return false; // FLT_MAX: the cast would be undefined
        float f = (float)v[i];
        int32_t bits;
        if (!metric_same_bits((double)f, v[i])) return false;
        memcpy(&bits, &f, sizeof bits);
        ints[i] = in_order_32(bits);
    }
    return true;
}

static bool as_decimal(const double *v, size_t n, uint64_t digits, int64_t *ints)
{
    for (size_t i = 0; i < n; i++) {
        double scaled = nearbyint(v[i] * POWERS_OF_TEN[digits]);
        if (!(fabs(scaled) <= EXACT)) return false;
        ints[i] = (int64_t)scaled; // which has no -0
        if (!metric_same_bits((double)ints[i] / POWERS_OF_TEN[digits], v[i])) return false;
    }
    return true;
}

// So many binary places that all of them are integers.
static bool as_binary(const double *v, size_t n, uint64_t *places, int64_t *ints)
{
    int most = 0;
    for (size_t i = 0; i < n; i++) {
        int exponent;
        if (!isfinite(v[i]) || (v[i] == 0 && signbit(v[i]))) return false;
        int64_t mantissa = (int64_t)ldexp(frexp(v[i], &exponent), 53);
        if (mantissa == 0) continue;
        int needed = 53 - exponent - __builtin_ctzll((uint64_t)mantissa);
        if (needed > most) most = needed;
    }
    if (most > BINARY_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        double scaled = ldexp(v[i], most);
        if (!(fabs(scaled) < 9.2e18)) return false; // a little less than 2^63
        ints[i] = (int64_t)scaled;
    }
    *places = (uint64_t)most;
    return true;
}

// ---- rates ---------------------------------------------------------------------------------------------------------

// v as a fraction of small numbers: its continued fraction, as far as it has to go. *numerator 0: there is none.
static void fraction_of(double v, uint64_t *numerator)
{
    double p = 1, p_before = 0, q = 0, q_before = 1;
    long double rest = (long double)v;
    *numerator = 0;
    for (int i = 0; i < QUOTIENTS; i++) {
        long double whole = floorl(rest);
        if (!(whole < (long double)EXACT)) return;
        double p_next = (double)whole * p + p_before, q_next = (double)whole * q + q_before;
        if (!(p_next < EXACT) || !(q_next < EXACT)) return;
        p_before = p, q_before = q;
        p = p_next, q = q_next;
        if (q > 0 && p > 0 && metric_same_bits(p / q, v)) {
            *numerator = (uint64_t)p;
            return;
        }
        if (!(rest - whole > 0)) return;
        rest = 1 / (rest - whole);
    }
}

// What was measured is mostly samples / microseconds. The fractions are in their lowest terms: what they were divided
// from is the least that all of some numerators divide.
static bool as_ratio(const double *v, size_t n, uint64_t *of, int64_t *ints)
{
    uint64_t whole = 1;
    size_t every = n > SAMPLED ? n / SAMPLED : 1;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]) || v[i] <= 0) return false;
    for (size_t i = 0; i < n; i += every) {
        uint64_t numerator, product;
        fraction_of(v[i], &numerator);
        if (!numerator) return false;
        if (__builtin_mul_overflow(whole, numerator / gcd_u64(whole, numerator), &product)) return false;
        if (product > (uint64_t)EXACT) return false;
        whole = product;
    }
    for (size_t i = 0; i < n; i++) {
        double divisor = nearbyint((double)whole / v[i]);
        if (!(divisor >= 1 && divisor <= EXACT) || !metric_same_bits((double)whole / divisor, v[i])) return false;
        ints[i] = (int64_t)divisor;
    }
    *of = whole;
    return true;
}

// ---- choosing ------------------------------------------------------------------------------------------------------

struct choosing {
    size_t n, size;
    int64_t *best, *scratch;
    struct metric_rule rule;
};

static void consider(struct choosing *c, int kind, uint64_t parameter, const int64_t *ints)
{
    size_t size = packed_ints_size(ints, c->n, c->scratch);
    if (c->rule.kind != METRIC_RULE_NONE && size >= c->size) return;
    c->size = size;
    c->rule = (struct metric_rule){kind, parameter};
    memcpy(c->best, ints, c->n * sizeof *ints);
}

struct metric_rule metric_rule_choose(const double *v, size_t n, int64_t *ints, int64_t *scratch)
{
    struct choosing c = {.n = n, .best = ints, .scratch = scratch, .rule = {METRIC_RULE_NONE, 0}};
    int64_t *tried = mem_array(n, sizeof *tried);
    uint64_t parameter;
    as_bits(v, n, tried);
    consider(&c, METRIC_RULE_BITS, 0, tried);
    if (as_float(v, n, tried)) consider(&c, METRIC_RULE_FLOAT, 0, tried);
    for (uint64_t digits = 0; digits < DIGITS; digits++) {
        if (!as_decimal(v, n, digits, tried)) continue;
        consider(&c, METRIC_RULE_DECIMAL, digits, tried);
        break;
    }
    if (as_binary(v, n, &parameter, tried)) consider(&c, METRIC_RULE_BINARY, parameter, tried);
    if (as_ratio(v, n, &parameter, tried)) consider(&c, METRIC_RULE_RATIO, parameter, tried);
    free(tried);
    return c.rule;
}
