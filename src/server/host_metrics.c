#include "server/host_metrics.h"

#include <math.h>
#include <stdio.h>

#include "base/prometheus.h"
#include "monitor/moment.h"

// How each reading is called there: base units, so that a percentage is a ratio.
struct host_family {
    const char *name, *help;
    double factor;
};

// In the order of machine_readings and gpu_readings.
static const struct host_family machine[MACHINE_READINGS] = {
    {"headway_host_cpu_usage_ratio", "Busy part of all cores together, 0 to 1.", 0.01},
    {"headway_host_memory_used_bytes", "Memory that is in use and can't be had back.", 1},
    {"headway_host_swap_used_bytes", "Swap in use.", 1},
    {"headway_host_disk_read_bytes_per_second", "Read from all disks.", 1},
    {"headway_host_disk_written_bytes_per_second", "Written to all disks.", 1},
    {"headway_host_network_sent_bytes_per_second", "Sent over all interfaces but loopback.", 1},
    {"headway_host_network_received_bytes_per_second", "Received over all interfaces but loopback.", 1},
};
static const struct host_family gpu[GPU_READINGS] = {
    {"headway_gpu_utilization_ratio", "Part of the time in which the GPU was at work, 0 to 1.", 0.01},
    {"headway_gpu_memory_used_bytes", "Memory of the GPU in use.", 1},
    {"headway_gpu_temperature_celsius", "The GPU's temperature.", 1},
    {"headway_gpu_power_watts", "What the GPU draws.", 1},
};

void host_metrics_write(const struct moment *m, struct buf *out)
{
    for (int i = 0; m && i < MACHINE_READINGS; i++)
        if (!isnan(m->v[i])) prom_gauge(out, machine[i].name, machine[i].help, (double)m->v[i] * machine[i].factor);
    for (int i = 0; m && m->n_gpus && i < GPU_READINGS; i++) {
        prom_family(out, gpu[i].name, PROM_GAUGE, gpu[i].help);
        for (int g = 0; g < m->n_gpus; g++) {
            char id[16];
            snprintf(id, sizeof id, "%d", m->gpus[g].gpu_id);
            if (isnan(m->gpus[g].v[i])) continue;
            prom_sample(out, gpu[i].name, (const char *const[]){"gpu", id, NULL},
                        (double)m->gpus[g].v[i] * gpu[i].factor);
        }
    }
}
