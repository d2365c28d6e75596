// The machine's GPUs. Two backends: NVIDIA's management library, found when the program runs, and none.
//
// Every call may block for seconds (a driver that resets a device): never on the event loop, and from one thread only.
#ifndef HW_MONITOR_GPU_H
#define HW_MONITOR_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/reading.h"

#define GPU_NAME_SIZE     96
#define GPU_MAX           64 // devices beyond are not looked at
#define GPU_PROCESSES_MAX 256
#define GPU_REASON_SIZE   512

struct gpu_process {
    int64_t pid;  // as the driver numbers processes: inside a container that may be the host's number
    bool local;   // the number is this program's too, so that it may be looked up; set by gpu_mark_local
    int64_t pgid; // its process group; 0: not known. Set by gpu_mark_local
    struct opt_u64 memory_bytes;
    struct opt_f64 utilization; // percent; absent where the driver keeps no samples of it
};

// What a driver doesn't support, refuses or fails to tell is absent.
struct gpu_reading {
    int index;                                // the gpu_id of the contract
    char name[GPU_NAME_SIZE];                 // "" if it can't be told
    struct opt_f64 utilization;               // percent of the time with a kernel running
    struct opt_u64 memory_used, memory_total; // bytes
    struct opt_f64 memory_percent;
    struct opt_f64 temperature;              // °C
    struct opt_f64 power_usage, power_limit; // W; the limit in force
    struct opt_f64 fan_speed;                // percent
    struct opt_f64 clock_sm, clock_memory;   // MHz
    bool processes_known;                    // false: which processes use it can't be told
    struct gpu_process *processes;
    size_t process_count, process_cap;
};

void gpu_reading_release(struct gpu_reading *r); // the owner zeroes it before its first use

// Says of each process whether its number means the same process here as to the driver, and of those that do the
// process group. Outside containers it does. Inside one the numbers may be the host's: only a process that has an
// NVIDIA device open is then believed to be the one meant.
void gpu_mark_local(const char *proc_root, struct gpu_reading *r);

// One backend. `gpu_open` gives one that works, whatever the machine has.
struct gpu;
struct gpu_ops {
    // Reads device `index` into `out`, reusing its memory. Always fills it; a device that is lost has no readings.
    void (*read)(struct gpu *g, int index, struct gpu_reading *out);
    void (*free)(struct gpu *g);
};

// Backends embed this as their first member.
struct gpu {
    const struct gpu_ops *ops;
    int count;
    char reason[GPU_REASON_SIZE]; // why there is no GPU, what was tried; "" if there are some
};

// `library` NULL: the usual names. Never fails: without a driver there simply is no GPU. The caller ends with gpu_free.
struct gpu *gpu_open(const char *library);
static inline void gpu_read(struct gpu *g, int index, struct gpu_reading *out)
{
    g->ops->read(g, index, out);
}
static inline void gpu_free(struct gpu *g)
{
    if (g) g->ops->free(g);
}

// The backends themselves. gpu_nvml_open returns NULL and says why in `reason` when there is no library, no driver, or
// no device.
struct gpu *gpu_nvml_open(const char *library, char *reason, size_t reason_size);
struct gpu *gpu_none_new(const char *reason);

#endif
