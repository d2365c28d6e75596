// Minimum, mean and maximum of the main readings (moment.h) over some time. What couldn't be read doesn't count: it is
// no 0.
#ifndef HW_MONITOR_READING_STATS_H
#define HW_MONITOR_READING_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "monitor/moment.h"

struct reading_stat {
    double min, max, sum, n; // n 0: it was never taken
};

struct gpu_stats {
    int gpu_id;
    struct reading_stat v[GPU_READINGS];
};

struct reading_stats {
    int64_t samples; // moments
    struct reading_stat v[MACHINE_READINGS];
    struct gpu_stats *gpus; // by id
    int n_gpus;
};

// A zeroed struct is one of no time at all; release makes it so again.
void reading_stats_release(struct reading_stats *s);
void reading_stats_add(struct reading_stats *s, const struct moment *m);
void reading_stats_merge(struct reading_stats *s, const struct reading_stats *other);
bool reading_stats_any(const struct reading_stats *s); // has any reading been taken?

// Members of an object: "cpu_percent":[minimum, mean, maximum], …, "gpus":[{"gpu_id":0,"utilization":[…],…}]. What was
// never taken is null, or left out if `brief`, as is an empty list of GPUs.
void reading_stats_write(const struct reading_stats *s, bool brief, struct jw *w);
// Reads them back, each reading as taken `samples` times. What isn't sound is left out. `s` must be zeroed.
void reading_stats_read(struct reading_stats *s, const json_t *obj, int64_t samples);

#endif
