// Which processes use which GPU, read on a thread of its own: a driver may block for seconds, and the worker's main
// thread keeps the leases. Without a driver on the machine there is no thread and no library is opened.
#ifndef HW_WORKER_GPU_WATCH_H
#define HW_WORKER_GPU_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct gpu_watch;

// `library`: NVIDIA's, NULL for the usual names if a driver is there, "" for none.
struct gpu_watch *gpu_watch_new(const char *library, int64_t interval_us);
void gpu_watch_free(struct gpu_watch *g); // waits for a call into the driver to return

// Reads while somebody wants it, from the next call on within an interval; the library is opened at the first.
void gpu_watch_want(struct gpu_watch *g, bool wanted);

// The value of "gpus" of job:resources for the process group: what it uses of each GPU. null if that can't be told:
// nothing was read yet or lately, the driver doesn't list its processes, or numbers them as another PID namespace does.
void gpu_watch_write(struct gpu_watch *g, int64_t pgid, int64_t mono_us, struct jw *w);

// ---- for tests ----------------------------------------------------------------------------------------------------

// The number of readings that have been made.
int64_t gpu_watch_readings(struct gpu_watch *g);
// Waits until there are so many; false: not within that time.
bool gpu_watch_wait_readings(struct gpu_watch *g, int64_t readings, int timeout_ms);

#endif
