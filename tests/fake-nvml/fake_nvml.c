// A libnvidia-ml.so.1 for tests: the functions that src/monitor/gpu_nvml.c looks up, answering from a text file.
//
// The file is named by HEADWAY_FAKE_NVML and read again at each call, so that a test can change it while a server runs.
// Without it there are two GPUs, of which the second refuses its utilization, fan and processes. One fact a line:
//
//     init 9                     nvmlInit fails with this status
//     gpus 2                     how many devices
//     gpu 0 name NVIDIA H100     what device 0 answers; a key that is missing, or "unsupported", is NVML_NOT_SUPPORTED
//     gpu 0 utilization 37       percent
//     gpu 0 memory_total 85899345920, memory_used, memory_reserved: bytes
//     gpu 0 temperature 41       °C
//     gpu 0 power 123456         mW; power_limit, power_default: mW
//     gpu 0 fan 30               percent
//     gpu 0 clock_sm 1410        MHz; clock_memory
//     gpu 0 process 4242 1073741824   pid and bytes, "-" if the bytes can't be told; any number of lines
//     gpu 0 process_utilization 4242 1000000 30   pid, time in µs and percent of a sample; any number of lines
//     gpu 0 no_processes         there are none, and the driver says so
//     gpu 0 lost                 every call about it fails with NVML_GPU_IS_LOST
//
// Built with -DFAKE_NVML_OLD it is a driver of 2013: only the first versions of the functions, no enforced power limit.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/nvml_abi.h"

#define EXPORT __attribute__((visibility("default")))

static const char *const default_facts = "gpus 2\n"
                                         "gpu 0 name NVIDIA H100 80GB HBM3\n"
                                         "gpu 0 utilization 37\n"
                                         "gpu 0 memory_total 85899345920\n"
                                         "gpu 0 memory_used 21474836480\n"
                                         "gpu 0 memory_reserved 536870912\n"
                                         "gpu 0 temperature 41\n"
                                         "gpu 0 power 123456\n"
                                         "gpu 0 power_limit 700000\n"
                                         "gpu 0 fan 30\n"
                                         "gpu 0 clock_sm 1410\n"
                                         "gpu 0 clock_memory 2619\n"
                                         "gpu 0 process 4242 1073741824\n"
                                         "gpu 0 process 4243 -\n"
                                         "gpu 1 name NVIDIA GB10\n"
                                         "gpu 1 memory_total 128849018880\n"
                                         "gpu 1 memory_used 4294967296\n"
                                         "gpu 1 temperature 38\n"
                                         "gpu 1 power 9000\n";

// Calls `visit` for each line until it says stop.
static void each_line(bool (*visit)(const char *line, void *ctx), void *ctx)
{
    const char *path = getenv("HEADWAY_FAKE_NVML");
    FILE *f = path ? fopen(path, "r") : fmemopen((void *)(size_t)default_facts, strlen(default_facts), "r");
    if (!f) return;
    char line[512];
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (!visit(line, ctx)) break;
    }
    fclose(f);
}

struct wanted {
    const char *prefix; // with its blank
    char value[512];
    bool found;
};

static bool match(const char *line, void *ctx)
{
    struct wanted *w = ctx;
    size_t n = strlen(w->prefix);
    if (strncmp(line, w->prefix, n) != 0 || (line[n] != ' ' && line[n] != '\0')) return true;
    snprintf(w->value, sizeof w->value, "%s", line[n] ? line + n + 1 : "");
    w->found = true;
    return false;
}

static bool fact(const char *prefix, char *value, size_t size)
{
    struct wanted w = {.prefix = prefix};
    each_line(match, &w);
    if (w.found) snprintf(value, size, "%s", w.value);
    return w.found;
}

static unsigned index_of(nvml_device d)
{
    return (unsigned)((size_t)d - 1);
}

static int text_of(nvml_device d, const char *key, char *value, size_t size)
{
    char prefix[64], lost[8];
    snprintf(prefix, sizeof prefix, "gpu %u lost", index_of(d));
    if (fact(prefix, lost, sizeof lost)) return NVML_GPU_IS_LOST;
    snprintf(prefix, sizeof prefix, "gpu %u %s", index_of(d), key);
    if (!fact(prefix, value, size) || strcmp(value, "unsupported") == 0) return NVML_NOT_SUPPORTED;
    return NVML_OK;
}

static int number_of(nvml_device d, const char *key, unsigned long long *v)
{
    char value[64];
    int status = text_of(d, key, value, sizeof value);
    if (status == NVML_OK) *v = strtoull(value, NULL, 10);
    return status;
}

static int small_of(nvml_device d, const char *key, unsigned *out)
{
    unsigned long long v = 0;
    int status = number_of(d, key, &v);
    if (status == NVML_OK) *out = (unsigned)v;
    return status;
}

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlInit_v2(void)
{
    char status[16];
    return fact("init", status, sizeof status) ? atoi(status) : NVML_OK;
}

EXPORT int nvmlShutdown(void);
EXPORT int nvmlShutdown(void)
{
    return NVML_OK;
}

EXPORT const char *nvmlErrorString(int status);
EXPORT const char *nvmlErrorString(int status)
{
    return status == NVML_DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Unknown Error";
}

EXPORT int nvmlDeviceGetCount_v2(unsigned *count);
EXPORT int nvmlDeviceGetCount_v2(unsigned *count)
{
    char value[16];
    *count = fact("gpus", value, sizeof value) ? (unsigned)atoi(value) : 0;
    return NVML_OK;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *d);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *d)
{
    unsigned count;
    if (nvmlDeviceGetCount_v2(&count) != NVML_OK || index >= count) return NVML_INVALID_ARGUMENT;
    *d = (nvml_device)(size_t)(index + 1);
    return NVML_OK;
}

EXPORT int nvmlDeviceGetName(nvml_device d, char *name, unsigned size);
EXPORT int nvmlDeviceGetName(nvml_device d, char *name, unsigned size)
{
    return text_of(d, "name", name, size);
}

EXPORT int nvmlDeviceGetUtilizationRates(nvml_device d, struct nvml_utilization *u);
EXPORT int nvmlDeviceGetUtilizationRates(nvml_device d, struct nvml_utilization *u)
{
    // A driver that refuses may have touched the structure: the caller must go by the status.
    *u = (struct nvml_utilization){0};
    return small_of(d, "utilization", &u->gpu);
}

EXPORT int nvmlDeviceGetMemoryInfo(nvml_device d, struct nvml_memory *m);
EXPORT int nvmlDeviceGetMemoryInfo(nvml_device d, struct nvml_memory *m)
{
    unsigned long long reserved = 0;
    int status = number_of(d, "memory_total", &m->total);
    if (status == NVML_OK) status = number_of(d, "memory_used", &m->used);
    if (status != NVML_OK) return status;
    (void)number_of(d, "memory_reserved", &reserved);
    m->used += reserved;
    m->free = m->total - m->used;
    return NVML_OK;
}

EXPORT int nvmlDeviceGetTemperature(nvml_device d, int sensor, unsigned *v);
EXPORT int nvmlDeviceGetTemperature(nvml_device d, int sensor, unsigned *v)
{
    return sensor == NVML_TEMPERATURE_OF_GPU ? small_of(d, "temperature", v) : NVML_INVALID_ARGUMENT;
}

EXPORT int nvmlDeviceGetPowerUsage(nvml_device d, unsigned *v);
EXPORT int nvmlDeviceGetPowerUsage(nvml_device d, unsigned *v)
{
    return small_of(d, "power", v);
}

EXPORT int nvmlDeviceGetPowerManagementLimit(nvml_device d, unsigned *v);
EXPORT int nvmlDeviceGetPowerManagementLimit(nvml_device d, unsigned *v)
{
    return small_of(d, "power_default", v);
}

EXPORT int nvmlDeviceGetFanSpeed(nvml_device d, unsigned *v);
EXPORT int nvmlDeviceGetFanSpeed(nvml_device d, unsigned *v)
{
    return small_of(d, "fan", v);
}

EXPORT int nvmlDeviceGetClockInfo(nvml_device d, int clock, unsigned *v);
EXPORT int nvmlDeviceGetClockInfo(nvml_device d, int clock, unsigned *v)
{
    if (clock == NVML_CLOCK_OF_SM) return small_of(d, "clock_sm", v);
    if (clock == NVML_CLOCK_OF_MEMORY) return small_of(d, "clock_memory", v);
    return NVML_INVALID_ARGUMENT;
}

struct process_list {
    char prefix[64];
    unsigned room, found;
    unsigned pids[512];
    unsigned long long bytes[512];
};

static bool add_process(const char *line, void *ctx)
{
    struct process_list *l = ctx;
    size_t n = strlen(l->prefix);
    if (strncmp(line, l->prefix, n) != 0 || l->found == 512) return true;
    char *end;
    l->pids[l->found] = (unsigned)strtoul(line + n, &end, 10);
    l->bytes[l->found] = strchr(end, '-') ? NVML_VALUE_NOT_AVAILABLE : strtoull(end, NULL, 10);
    l->found++;
    return true;
}

static int list_processes(nvml_device d, unsigned *count, struct process_list *l)
{
    char value[8];
    int status = text_of(d, "no_processes", value, sizeof value);
    if (status == NVML_GPU_IS_LOST) return status;
    *l = (struct process_list){.room = *count};
    snprintf(l->prefix, sizeof l->prefix, "gpu %u process ", index_of(d));
    each_line(add_process, l);
    if (!l->found && status != NVML_OK) return NVML_NOT_SUPPORTED;
    *count = l->found;
    return l->found > l->room ? NVML_INSUFFICIENT_SIZE : NVML_OK;
}

EXPORT int nvmlDeviceGetComputeRunningProcesses(nvml_device d, unsigned *count, struct nvml_process_v1 *out);
EXPORT int nvmlDeviceGetComputeRunningProcesses(nvml_device d, unsigned *count, struct nvml_process_v1 *out)
{
    struct process_list l;
    int status = list_processes(d, count, &l);
    for (unsigned i = 0; status == NVML_OK && i < l.found; i++)
        out[i] = (struct nvml_process_v1){l.pids[i], l.bytes[i]};
    return status;
}

#ifndef FAKE_NVML_OLD
EXPORT int nvmlDeviceGetMemoryInfo_v2(nvml_device d, struct nvml_memory_v2 *m);
EXPORT int nvmlDeviceGetMemoryInfo_v2(nvml_device d, struct nvml_memory_v2 *m)
{
    if (m->version != NVML_MEMORY_V2) return NVML_INVALID_ARGUMENT;
    struct nvml_memory v1;
    int status = nvmlDeviceGetMemoryInfo(d, &v1);
    if (status != NVML_OK) return status;
    m->reserved = 0;
    (void)number_of(d, "memory_reserved", &m->reserved);
    m->total = v1.total;
    m->used = v1.used - m->reserved;
    m->free = v1.free;
    return NVML_OK;
}

EXPORT int nvmlDeviceGetEnforcedPowerLimit(nvml_device d, unsigned *v);
EXPORT int nvmlDeviceGetEnforcedPowerLimit(nvml_device d, unsigned *v)
{
    return small_of(d, "power_limit", v);
}

struct sample_list {
    char prefix[64];
    unsigned long long since;
    unsigned room, found;
    struct nvml_process_utilization *out;
};

static bool add_sample(const char *line, void *ctx)
{
    struct sample_list *l = ctx;
    size_t n = strlen(l->prefix);
    if (strncmp(line, l->prefix, n) != 0) return true;
    char *at;
    struct nvml_process_utilization s = {.pid = (unsigned)strtoul(line + n, &at, 10)};
    s.timestamp = strtoull(at, &at, 10);
    s.sm = (unsigned)strtoul(at, NULL, 10);
    if (s.timestamp <= l->since) return true;
    if (l->found < l->room) l->out[l->found] = s;
    l->found++;
    return true;
}

EXPORT int nvmlDeviceGetProcessUtilization(nvml_device d, struct nvml_process_utilization *out, unsigned *count,
                                           unsigned long long since);
EXPORT int nvmlDeviceGetProcessUtilization(nvml_device d, struct nvml_process_utilization *out, unsigned *count,
                                           unsigned long long since)
{
    struct sample_list l = {.since = since, .room = *count, .out = out};
    snprintf(l.prefix, sizeof l.prefix, "gpu %u process_utilization ", index_of(d));
    each_line(add_sample, &l);
    *count = l.found;
    if (!l.found) return NVML_NOT_FOUND;
    return l.found > l.room ? NVML_INSUFFICIENT_SIZE : NVML_OK;
}

EXPORT int nvmlDeviceGetComputeRunningProcesses_v2(nvml_device d, unsigned *count, struct nvml_process_v2 *out);
EXPORT int nvmlDeviceGetComputeRunningProcesses_v2(nvml_device d, unsigned *count, struct nvml_process_v2 *out)
{
    struct process_list l;
    int status = list_processes(d, count, &l);
    for (unsigned i = 0; status == NVML_OK && i < l.found; i++)
        out[i] = (struct nvml_process_v2){l.pids[i], l.bytes[i], ~0u, ~0u};
    return status;
}
#endif
