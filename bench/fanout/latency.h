// A histogram of durations: 64 steps for each power of two, so that a percentile is right within 1.6 %.
#ifndef FANOUT_LATENCY_H
#define FANOUT_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS (64 * 40)

struct latency {
    uint64_t count, max_ns;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, uint64_t ns);
double latency_us(const struct latency *l, double percentile); // 0 without any

#endif
