// Memory and swap of the machine.
//
// The machine, not the cgroup: the page shows what the host has left for everybody's jobs, and what a limit set on the
// server alone would show is no use for that. A job's own use comes from its processes (monitor/process.h).
#ifndef HW_MONITOR_MEMORY_H
#define HW_MONITOR_MEMORY_H

#include "base/slice.h"
#include "monitor/reading.h"

// Bytes. `used` is what isn't available to a new program without swapping (MemTotal - MemAvailable), so that used and
// available add up. On kernels older than 3.14, which don't tell it, `available` and what follows from it are absent.
// `free` is used for nothing at all: what is available beyond it is cache that the kernel gives back.
struct memory_sample {
    struct opt_u64 total, used, available, free;
    struct opt_u64 swap_total, swap_used; // 0 on a machine without swap
};

struct memory_sample parse_meminfo(struct slice text);

#endif
