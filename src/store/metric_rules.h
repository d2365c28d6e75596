// Rules that make numbers of integers, so that a column of metrics takes few bits. Pure; internal to metric_block.c.
#ifndef HW_STORE_METRIC_RULES_H
#define HW_STORE_METRIC_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool metric_same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

// Stored: the numbers stay.
enum metric_rule_kind {
    METRIC_RULE_NONE = 0,    // all NULL; metric_block.c's
    METRIC_RULE_SAME = 1,    // as the column `parameter`; metric_block.c's
    METRIC_RULE_BITS = 2,    // a double's bits, in the order of the numbers
    METRIC_RULE_FLOAT = 3,   // a float's
    METRIC_RULE_DECIMAL = 4, // i / 10^parameter
    METRIC_RULE_BINARY = 5,  // i / 2^parameter
    METRIC_RULE_RATIO = 6,   // parameter / i: so many samples in i microseconds
};

struct metric_rule {
    int kind;
    uint64_t parameter;
};

// The rule that makes exactly these numbers, none of them NaN, of the integers that take least; these are in `ints`
// then. n is at least 1; `scratch` has room for n.
struct metric_rule metric_rule_choose(const double *v, size_t n, int64_t *ints, int64_t *scratch);
// False: there is no such rule. Any integers will do.
bool metric_rule_apply(const struct metric_rule *r, const int64_t *ints, double *v, size_t n);

#endif
