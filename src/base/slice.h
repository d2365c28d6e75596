// A view of bytes that somebody else owns.
#ifndef HW_BASE_SLICE_H
#define HW_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE_LIT(s) ((struct slice){"" s, sizeof(s) - 1})
#define SLICE_CONST(s)                                                                                                 \
    {                                                                                                                  \
        "" s, sizeof(s) - 1                                                                                            \
    }                                  /* in a static initializer */
#define SLICE_FMT(s) (int)(s).n, (s).p /* for "%.*s" */

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){(const char *)p, n};
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
    return slice_eq(a, slice_str(s));
}

static inline bool slice_is_nocase(struct slice a, const char *s)
{
    return a.n == strlen(s) && strncasecmp(a.p, s, a.n) == 0;
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

// Removes and returns what comes before the first `c`; all of it if there is none. `*rest` then holds what follows `c`.
static inline struct slice slice_cut(struct slice *rest, char c)
{
    const char *hit = rest->n ? memchr(rest->p, c, rest->n) : NULL;
    struct slice head = {rest->p, hit ? (size_t)(hit - rest->p) : rest->n};
    size_t skip = hit ? head.n + 1 : head.n;
    if (skip) *rest = (struct slice){rest->p + skip, rest->n - skip};
    return head;
}

// Without the spaces and tabs at both ends.
static inline struct slice slice_trim(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

// An unsigned decimal number and nothing else; false on anything else and on overflow.
static inline bool slice_u64(struct slice s, unsigned long long *out)
{
    unsigned long long v = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, 10ULL, &v) || __builtin_add_overflow(v, (unsigned long long)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

#endif
