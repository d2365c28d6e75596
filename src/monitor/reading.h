// A reading that may not have been taken. What can't be read is absent (`valid` false, null in JSON), never 0: a GPU
// that refuses to tell its utilization isn't idle.
#ifndef HW_MONITOR_READING_H
#define HW_MONITOR_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_f64 {
    double v;
    bool valid;
};

struct opt_u64 {
    uint64_t v;
    bool valid;
};

static inline struct opt_f64 some_f64(double v)
{
    return (struct opt_f64){v, true};
}

static inline struct opt_u64 some_u64(uint64_t v)
{
    return (struct opt_u64){v, true};
}

#define NO_F64 ((struct opt_f64){0, false})
#define NO_U64 ((struct opt_u64){0, false})

// What a counter advanced by between two readings. A counter that is `bits` wide (the kernel's `unsigned long`) may
// have wrapped: that is believed only when it went from its last quarter to its first. Any other step back means that
// it was reset (a device was replaced, a driver reloaded), and then nothing is known about the interval: absent.
static inline struct opt_u64 counter_delta(uint64_t before, uint64_t now, unsigned bits)
{
    if (now >= before) return some_u64(now - before);
    if (bits >= 64) return NO_U64;
    uint64_t span = 1ull << bits;
    if (before >= span || before < span - span / 4 || now >= span / 4) return NO_U64;
    return some_u64(span - before + now);
}

#define KERNEL_LONG_BITS (8 * (unsigned)sizeof(long))

// A rate in units per second; absent if the count is, or if no time has passed.
static inline struct opt_f64 per_second(struct opt_u64 count, int64_t elapsed_us)
{
    if (!count.valid || elapsed_us <= 0) return NO_F64;
    return some_f64((double)count.v * 1e6 / (double)elapsed_us);
}

// part / whole as 0 to 100; absent where either is, and where there is no whole.
static inline struct opt_f64 percent_of(struct opt_u64 part, struct opt_u64 whole)
{
    if (!part.valid || !whole.valid || whole.v == 0) return NO_F64;
    double p = 100.0 * (double)part.v / (double)whole.v;
    return some_f64(p > 100 ? 100 : p);
}

// Adds what is known: the sum is absent only while no addend was known.
static inline void sum_known_u64(struct opt_u64 *sum, struct opt_u64 v)
{
    if (v.valid) *sum = some_u64(sum->v + v.v);
}

static inline void sum_known_f64(struct opt_f64 *sum, struct opt_f64 v)
{
    if (v.valid) *sum = some_f64(sum->v + v.v);
}

#endif
