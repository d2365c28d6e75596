#include "store/downsample.h"

#include <math.h>
#include <stdbool.h>

// What one bucket keeps: at most three finite points, and the first that is none.
struct bucket {
    size_t lowest, highest, last, odd;
    bool has_finite, has_odd;
};

static struct bucket look(const double *y, size_t from, size_t to)
{
    struct bucket b = {.last = to - 1};
    for (size_t i = from; i < to; i++) {
        if (!isfinite(y[i])) {
            if (!b.has_odd) b.odd = i;
            b.has_odd = true;
            continue;
        }
        if (!b.has_finite || y[i] < y[b.lowest]) b.lowest = i;
        if (!b.has_finite || y[i] > y[b.highest]) b.highest = i;
        b.has_finite = true;
    }
    return b;
}

// Appends the bucket's points in ascending order, each once.
static size_t put(const struct bucket *b, size_t *keep, size_t n)
{
    size_t at[4], count = 0;
    if (b->has_finite) at[count++] = b->lowest, at[count++] = b->highest;
    if (b->has_odd) at[count++] = b->odd;
    at[count++] = b->last;
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && at[k - 1] > at[k]; k--) {
            size_t swap = at[k];
            at[k] = at[k - 1];
            at[k - 1] = swap;
        }
    for (size_t i = 0; i < count; i++)
        if (n == 0 || keep[n - 1] != at[i]) keep[n++] = at[i];
    return n;
}

static bool all_finite(const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i])) return false;
    return true;
}

size_t downsample(const double *y, size_t n, size_t max_points, size_t *keep)
{
    if (max_points < 5) max_points = 5;
    if (n <= max_points) {
        for (size_t i = 0; i < n; i++) keep[i] = i;
        return n;
    }
    size_t buckets = (max_points - 1) / (all_finite(y, n) ? 3 : 4);
    size_t kept = 0;
    keep[kept++] = 0;
    for (size_t b = 0; b < buckets; b++) {
        // In this order of operations the buckets differ by one point at most, and none is empty: n > buckets.
        size_t from = n / buckets * b + n % buckets * b / buckets;
        size_t to = n / buckets * (b + 1) + n % buckets * (b + 1) / buckets;
        struct bucket k = look(y, from, to);
        kept = put(&k, keep, kept);
    }
    return kept;
}
