#include "monitor/moment.h"

#include <math.h>

#include "base/mem.h"

const struct reading_kind machine_readings[MACHINE_READINGS] = {
    {"cpu_percent", 1},     {"memory_used", 0},       {"swap_used", 0},         {"disk_read_rate", 0},
    {"disk_write_rate", 0}, {"network_sent_rate", 0}, {"network_recv_rate", 0},
};

const struct reading_kind gpu_readings[GPU_READINGS] = {
    {"utilization", 1}, {"memory_used", 0}, {"temperature", 1}, {"power_usage", 1}};

static float f64(struct opt_f64 v)
{
    return v.valid ? (float)v.v : (float)NAN;
}

static float u64(struct opt_u64 v)
{
    return v.valid ? (float)v.v : (float)NAN;
}

struct moment *moment_new(const struct sample *s, int64_t at_us)
{
    struct moment *m = mem_zalloc(sizeof *m + s->gpu_count * sizeof m->gpus[0]);
    *m = (struct moment){.at_us = at_us,
                         .v = {f64(s->cpu.percent), u64(s->memory.used), u64(s->memory.swap_used),
                               f64(s->disk.read_rate), f64(s->disk.write_rate), f64(s->network.sent_rate),
                               f64(s->network.recv_rate)},
                         .n_gpus = (int)s->gpu_count};
    for (size_t i = 0; i < s->gpu_count; i++) {
        const struct gpu_reading *g = &s->gpus[i];
        m->gpus[i] = (struct gpu_moment){
            g->index, {f64(g->utilization), u64(g->memory_used), f64(g->temperature), f64(g->power_usage)}};
    }
    return m;
}
