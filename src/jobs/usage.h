// What a job used over its life, from the readings of job:resources: means weighted by time, and peaks. Pure.
//
// A reading of the processor, of a disk or of a GPU's use is a mean since the reading before it, and weighs what lies
// between the two; so does one of memory. A silence counts for a minute at most: what happened in it isn't known.
#ifndef HW_JOBS_USAGE_H
#define HW_JOBS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

#define USAGE_GAP_MAX_US 60000000LL
#define USAGE_GPUS_MAX   64 // of further ones nothing is kept

struct usage_stat {
    double weighted, seconds; // the mean is their quotient; with no time behind it, the last value
    double last, peak;
    bool known;
};

struct usage_gpu {
    int gpu_id;
    struct usage_stat memory_bytes, utilization;
};

struct usage {
    bool any, estimated; // some reading said something; one of them was an estimate
    double seconds;      // covered by readings
    int64_t last_us;     // of the newest reading; 0: none yet
    struct usage_stat cpu_percent, rss_bytes;
    double read_bytes, write_bytes;
    bool read_known, write_known;
    struct usage_gpu *gpus; // by gpu_id, ascending
    int n_gpus;
};

void usage_init(struct usage *u);
void usage_release(struct usage *u);

// Takes one payload of job:resources (borrowed) that was read at `at_us`. What is null or no number counts for nothing,
// and a reading older than the newest adds no time.
void usage_add(struct usage *u, const json_t *resources, int64_t at_us);

// How much had been counted at some moment, so that what came after it can be told by itself.
struct usage_mark {
    struct {
        double weighted, seconds;
    } cpu_percent, rss_bytes, gpu_memory_bytes;
};

// Means over a stretch of time; NaN: no reading covers any of it. gpu_memory_bytes: of all GPUs together.
struct usage_means {
    double cpu_percent, rss_bytes, gpu_memory_bytes;
};

struct usage_mark usage_mark(const struct usage *u);
struct usage_means usage_since(const struct usage *u, const struct usage_mark *m);

// {"source","seconds","cpu_percent":{"mean","peak"},…}, or nothing written and false while no reading said anything.
bool usage_write(const struct usage *u, struct jw *w);
// Goes on from what usage_write wrote (after a restart of the server): each mean then has the whole time behind it.
// What isn't such a text leaves the accumulator empty.
void usage_read(struct usage *u, struct slice text);

#endif
