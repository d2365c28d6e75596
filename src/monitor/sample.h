// What the machine looked like at one moment, and its JSON: the bodies of the system/… channels.
#ifndef HW_MONITOR_SAMPLE_H
#define HW_MONITOR_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "monitor/disk.h"
#include "monitor/filesystem.h"
#include "monitor/gpu.h"
#include "monitor/memory.h"
#include "monitor/network.h"
#include "monitor/reading.h"

struct cpu_sample {
    struct opt_f64 percent;
    struct opt_u64 count;     // cores switched on
    struct opt_f64 *per_core; // by CPU number; absent for a core that is switched off
    size_t per_core_count, per_core_cap;
    struct opt_f64 load1, load5, load15, frequency_mhz;
};

struct disk_sample {
    struct opt_u64 read_bytes, write_bytes; // sums over the devices below
    struct opt_f64 read_rate, write_rate;
    struct disk_rates *devices;
    size_t device_count, device_cap;
    struct filesystem_list filesystems;
};

struct network_sample {
    struct opt_u64 sent_bytes, recv_bytes; // sums over the interfaces below
    struct opt_f64 sent_rate, recv_rate;
    struct net_rates *interfaces;
    size_t interface_count, interface_cap;
};

// Filled by sampler_read, which reuses its memory, or by sample_read_report. It may be handed from one thread to
// another, not shared.
struct sample {
    const char *host; // borrowed: from the sampler, or whoever set it; NULL: nobody
    struct cpu_sample cpu;
    struct memory_sample memory;
    struct disk_sample disk;
    struct network_sample network;
    struct gpu_reading *gpus;
    size_t gpu_count;
    char gpu_reason[GPU_REASON_SIZE]; // why there is no GPU, what was tried; "" if there are some
};

void sample_init(struct sample *s);
void sample_release(struct sample *s);

// Which job a process group is: its id (valid until the next call), or NULL.
typedef const char *(*sample_job_of_group)(void *ctx, int64_t pgid);

// Each writes one JSON object: the fields of the contract, without channel, epoch, seq and ts. A reading that could not
// be taken is null. Percentages have one decimal, rates none.
void sample_write_cpu(const struct sample *s, struct jw *w);
void sample_write_memory(const struct sample *s, struct jw *w);
void sample_write_disk(const struct sample *s, struct jw *w);
void sample_write_network(const struct sample *s, struct jw *w);
// `i` < gpu_count; the channel is system/gpu/{gpus[i].index}. `job_of_group` may be NULL.
void sample_write_gpu(const struct sample *s, size_t i, sample_job_of_group job_of_group, void *ctx, struct jw *w);

// What a worker tells the server of its machine: an object of all of the above, each without its host, the processes of
// GPUs with their group, from which the server knows the job. monitor/sample_read.h reads it.
void sample_write_report(const struct sample *s, struct jw *w);

#endif
