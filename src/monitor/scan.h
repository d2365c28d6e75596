// Reading the kernel's text files by hand: sscanf costs more than the system calls that fetch the text.
// Each function takes what it read off the front of the slice; on failure nothing is promised about where it stands.
#ifndef HW_MONITOR_SCAN_H
#define HW_MONITOR_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "monitor/reading.h"

// The next whole line, without its newline. A last line that isn't ended was cut off, perhaps inside a number: it is
// not a line.
static inline bool scan_line(struct slice *rest, struct slice *line)
{
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!end) return false;
    *line = (struct slice){rest->p, (size_t)(end - rest->p)};
    size_t used = line->n + 1;
    *rest = (struct slice){rest->p + used, rest->n - used};
    return true;
}

static inline void scan_blanks(struct slice *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t')) s->p++, s->n--;
}

// The next run of bytes other than blanks; empty at the end of the line.
static inline struct slice scan_word(struct slice *s)
{
    scan_blanks(s);
    struct slice word = {s->p, 0};
    while (word.n < s->n && word.p[word.n] != ' ' && word.p[word.n] != '\t') word.n++;
    if (word.n) *s = (struct slice){s->p + word.n, s->n - word.n};
    return word;
}

// The next unsigned decimal number; false if there is none, or one that doesn't fit.
static inline bool scan_u64(struct slice *s, uint64_t *out)
{
    scan_blanks(s);
    uint64_t v = 0;
    size_t i = 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
            return false;
    }
    if (i == 0) return false;
    *s = (struct slice){s->p + i, s->n - i};
    *out = v;
    return true;
}

// The next number with an optional fraction ("2596.124"), as the kernel prints it: no sign, no exponent.
static inline bool scan_decimal(struct slice *s, double *out)
{
    uint64_t whole;
    if (!scan_u64(s, &whole)) return false;
    double v = (double)whole, unit = 0.1;
    if (s->n && s->p[0] == '.') {
        s->p++, s->n--;
        while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
            v += unit * (s->p[0] - '0');
            unit /= 10;
            s->p++, s->n--;
        }
    }
    *out = v;
    return true;
}

#endif
