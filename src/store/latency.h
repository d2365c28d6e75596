// How long something took, counted by upper bounds: from a lookup in the cache to a disk that hangs.
#ifndef HW_STORE_LATENCY_H
#define HW_STORE_LATENCY_H

#include <stdint.h>

enum { LATENCY_BOUNDS = 11 };
extern const double latency_bounds[LATENCY_BOUNDS]; // seconds, ascending

struct latency {
    uint64_t counts[LATENCY_BOUNDS + 1]; // each for itself alone; the last: above all bounds
    double sum;                          // seconds
};

void latency_add(struct latency *l, int64_t us);

#endif
