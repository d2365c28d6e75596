// What the running jobs use of this machine: each job's process group, measured every 2 s, and sooner when a job has
// just begun. From the worker's main thread.
#ifndef HW_WORKER_RESOURCES_H
#define HW_WORKER_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct resources;

struct resources *resources_new(void);
void resources_free(struct resources *r);

void resources_follow(struct resources *r, int64_t pgid);
void resources_forget(struct resources *r, int64_t pgid);

// Measures all groups if a reading is due (monotonic clock); true if it did.
bool resources_measure(struct resources *r, int64_t now_us);
// Writes the members of job:resources for a group into an open object: what can't be read is null. False, and nothing
// written: no process of the group was seen at the last reading.
bool resources_write(const struct resources *r, int64_t pgid, struct jw *w);

#endif
