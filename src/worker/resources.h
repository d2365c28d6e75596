// What the running jobs use of this machine: each job's process group, measured every 2 s (or what is set), and sooner
// when a job has just begun. From the worker's main thread.
#ifndef HW_WORKER_RESOURCES_H
#define HW_WORKER_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct resources;

// `nvml_library`: as gpu_watch_new. `interval_seconds` 0: 2.
struct resources *resources_new(const char *nvml_library, double interval_seconds);
void resources_free(struct resources *r);

void resources_follow(struct resources *r, int64_t pgid); // once a group; ended by
void resources_forget(struct resources *r, int64_t pgid);

// Measures all groups if a reading is due (monotonic clock); true if it did.
bool resources_measure(struct resources *r, int64_t now_us);
// Writes the members of job:resources for a group into an open object: what can't be read is null. False, and nothing
// written: no process of the group was seen at the last reading.
bool resources_write(const struct resources *r, int64_t pgid, struct jw *w);

#endif
