#include "latency.h"

static unsigned bucket_of(uint64_t ns)
{
    if (ns < 64) return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 6;
    unsigned b = (shift + 1) * 64 + (unsigned)(ns >> shift & 63);
    return b < LATENCY_BUCKETS ? b : LATENCY_BUCKETS - 1;
}

static double upper_end(unsigned b)
{
    if (b < 64) return b;
    unsigned shift = b / 64 - 1;
    return (double)((uint64_t)(64 + b % 64 + 1) << shift);
}

void latency_add(struct latency *l, uint64_t ns)
{
    l->count++;
    if (ns > l->max_ns) l->max_ns = ns;
    l->buckets[bucket_of(ns)]++;
}

double latency_us(const struct latency *l, double percentile)
{
    if (!l->count) return 0;
    uint64_t wanted = (uint64_t)((double)l->count * percentile / 100.0), seen = 0;
    if (wanted >= l->count) wanted = l->count - 1;
    for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
        seen += l->buckets[b];
        if (seen > wanted) return upper_end(b) / 1000;
    }
    return (double)l->max_ns / 1000;
}
