// NVIDIA GPUs, through the management library that comes with the driver. A driver older or newer than what is known
// here lacks some functions, and a device refuses others: each costs one reading, not the rest.
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/gpu.h"
#include "monitor/nvml_abi.h"

// The driver keeps so many samples of processes (a device's buffer has about a hundred), and may keep more one day:
// then none is taken.
#define GPU_SAMPLES_MAX 1024

struct nvml_functions {
#define X(member, result, args, name, needed) result(*member) args;
    NVML_FUNCTIONS(X)
#undef X
};

struct gpu_nvml {
    struct gpu base;
    void *library;
    struct nvml_functions f;
    nvml_device devices[GPU_MAX]; // NULL: the driver counts it but doesn't hand it out
    char names[GPU_MAX][GPU_NAME_SIZE];
    // Room for the longest list, whichever structure the library fills it with.
    struct nvml_process_v2 list[GPU_PROCESSES_MAX];
    struct nvml_process_utilization samples[GPU_SAMPLES_MAX];
    unsigned long long sampled_us[GPU_MAX]; // the newest sample of each device that was looked at
};

static const char *const usual_names[] = {"libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1",
                                          "/run/opengl-driver/lib/libnvidia-ml.so.1"};

static void __attribute__((format(printf, 3, 4))) say(char *reason, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason, size, fmt, args);
    va_end(args);
}

static void *open_library(const char *library, char *reason, size_t size)
{
    if (library) {
        void *l = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        if (!l) say(reason, size, "no NVML library found (tried %s)", library);
        return l;
    }
    size_t n = sizeof usual_names / sizeof usual_names[0];
    for (size_t i = 0; i < n; i++) {
        void *l = dlopen(usual_names[i], RTLD_NOW | RTLD_LOCAL);
        if (l) return l;
    }
    say(reason, size, "no NVML library found (tried %s, %s, %s)", usual_names[0], usual_names[1], usual_names[2]);
    return NULL;
}

// The name of the first needed function that is missing, or NULL.
static const char *look_up(void *library, struct nvml_functions *f)
{
    const char *missing = NULL;
#define X(member, result, args, name, needed)                                                                          \
    *(void **)(&f->member) = dlsym(library, name);                                                                     \
    if (needed && !f->member && !missing) missing = name;
    NVML_FUNCTIONS(X)
#undef X
    return missing;
}

static const char *status_text(const struct nvml_functions *f, int status)
{
    const char *text = f->error_string ? f->error_string(status) : NULL;
    return text ? text : "no text for this error";
}

static void read_name(struct gpu_nvml *g, int i)
{
    char *name = g->names[i];
    if (!g->f.name || g->f.name(g->devices[i], name, GPU_NAME_SIZE) != NVML_OK) name[0] = '\0';
    name[GPU_NAME_SIZE - 1] = '\0';
}

static void nvml_free(struct gpu *base)
{
    struct gpu_nvml *g = (struct gpu_nvml *)base;
    g->f.shutdown();
    dlclose(g->library);
    free(g);
}

static bool valid_percent(unsigned v)
{
    return v <= 100;
}

static void read_memory(const struct gpu_nvml *g, nvml_device d, struct gpu_reading *out)
{
    // Prefer the count without the driver's own reserve: it is what the processes' shares add up to, and what
    // nvidia-smi shows.
    struct nvml_memory_v2 v2 = {.version = NVML_MEMORY_V2};
    struct nvml_memory v1;
    if (g->f.memory_v2 && g->f.memory_v2(d, &v2) == NVML_OK) {
        out->memory_total = some_u64(v2.total);
        out->memory_used = some_u64(v2.used);
    } else if (g->f.memory && g->f.memory(d, &v1) == NVML_OK) {
        out->memory_total = some_u64(v1.total);
        out->memory_used = some_u64(v1.used);
    }
    out->memory_percent = percent_of(out->memory_used, out->memory_total);
}

static void add_process(struct gpu_reading *out, unsigned pid, unsigned long long memory)
{
    if (out->process_count == out->process_cap) {
        out->process_cap = out->process_cap ? out->process_cap * 2 : 8;
        out->processes = mem_realloc_array(out->processes, out->process_cap, sizeof *out->processes);
    }
    out->processes[out->process_count++] = (struct gpu_process){
        .pid = pid, .memory_bytes = memory == NVML_VALUE_NOT_AVAILABLE ? NO_U64 : some_u64(memory)};
}

static void read_processes(struct gpu_nvml *g, nvml_device d, struct gpu_reading *out)
{
    // The second version is asked for first: drivers 530 to 535.86 filled the third's list with larger structures than
    // any other driver does, and a caller can't tell.
    int (*list)(nvml_device, unsigned *, void *) = g->f.processes_v2 ? g->f.processes_v2 : g->f.processes_v3;
    unsigned n = GPU_PROCESSES_MAX;
    if (list) {
        // Half of the room only, should the structures be the larger ones after all.
        n /= 2;
        if (list(d, &n, g->list) != NVML_OK || n > GPU_PROCESSES_MAX / 2) return;
        for (unsigned i = 0; i < n; i++) add_process(out, g->list[i].pid, g->list[i].used_memory);
    } else if (g->f.processes_v1) {
        const struct nvml_process_v1 *v1 = (const void *)g->list;
        if (g->f.processes_v1(d, &n, g->list) != NVML_OK || n > GPU_PROCESSES_MAX) return;
        for (unsigned i = 0; i < n; i++) add_process(out, v1[i].pid, v1[i].used_memory);
    } else {
        return;
    }
    out->processes_known = true;
}

// What each process used since the last reading: the mean of its samples. A process without one isn't known to be idle:
// drivers differ in whether they sample what does nothing.
static void read_process_utilization(struct gpu_nvml *g, int index, struct gpu_reading *out)
{
    nvml_device d = g->devices[index];
    unsigned n = GPU_SAMPLES_MAX;
    if (!out->process_count || !g->f.process_utilization) return;
    if (g->f.process_utilization(d, g->samples, &n, g->sampled_us[index]) != NVML_OK || n > GPU_SAMPLES_MAX) return;
    for (size_t p = 0; p < out->process_count; p++) {
        unsigned count = 0;
        double sum = 0;
        for (unsigned i = 0; i < n; i++) {
            const struct nvml_process_utilization *s = &g->samples[i];
            if ((int64_t)s->pid != out->processes[p].pid || !valid_percent(s->sm)) continue;
            sum += s->sm;
            count++;
        }
        if (count) out->processes[p].utilization = some_f64(sum / count);
    }
    for (unsigned i = 0; i < n; i++)
        if (g->samples[i].timestamp > g->sampled_us[index]) g->sampled_us[index] = g->samples[i].timestamp;
}

static void nvml_read(struct gpu *base, int index, struct gpu_reading *out)
{
    struct gpu_nvml *g = (struct gpu_nvml *)base;
    struct gpu_process *kept = out->processes;
    size_t cap = out->process_cap;
    *out = (struct gpu_reading){.index = index, .processes = kept, .process_cap = cap};
    if (index < 0 || index >= base->count) return;
    memcpy(out->name, g->names[index], sizeof out->name);
    nvml_device d = g->devices[index];
    if (!d) return;

    struct nvml_utilization u;
    if (g->f.utilization && g->f.utilization(d, &u) == NVML_OK && valid_percent(u.gpu))
        out->utilization = some_f64(u.gpu);
    read_memory(g, d, out);
    unsigned v;
    if (g->f.temperature && g->f.temperature(d, NVML_TEMPERATURE_OF_GPU, &v) == NVML_OK) out->temperature = some_f64(v);
    if (g->f.power && g->f.power(d, &v) == NVML_OK) out->power_usage = some_f64(v / 1000.0); // mW
    if ((g->f.power_enforced && g->f.power_enforced(d, &v) == NVML_OK) ||
        (g->f.power_limit && g->f.power_limit(d, &v) == NVML_OK))
        out->power_limit = some_f64(v / 1000.0);
    // Some boards run their fan above its nominal speed and say so.
    if (g->f.fan && g->f.fan(d, &v) == NVML_OK) out->fan_speed = some_f64(v > 100 ? 100 : v);
    if (g->f.clock && g->f.clock(d, NVML_CLOCK_OF_SM, &v) == NVML_OK) out->clock_sm = some_f64(v);
    if (g->f.clock && g->f.clock(d, NVML_CLOCK_OF_MEMORY, &v) == NVML_OK) out->clock_memory = some_f64(v);
    read_processes(g, d, out);
    read_process_utilization(g, index, out);
}

// Starts the library and finds its devices; false with a reason.
static bool start(struct gpu_nvml *g, char *reason, size_t size)
{
    int status = g->f.init();
    if (status != NVML_OK) {
        say(reason, size, "the NVML library found no working driver: %s (%d)", status_text(&g->f, status), status);
        return false;
    }
    unsigned count = 0;
    status = g->f.count(&count);
    if (status == NVML_OK && count > 0) {
        g->base.count = count > GPU_MAX ? GPU_MAX : (int)count;
        for (int i = 0; i < g->base.count; i++) {
            if (g->f.handle((unsigned)i, &g->devices[i]) != NVML_OK)
                g->devices[i] = NULL;
            else
                read_name(g, i);
        }
        return true;
    }
    if (status == NVML_OK)
        say(reason, size, "the NVIDIA driver has no GPU");
    else
        say(reason, size, "NVML can't count the GPUs: %s (%d)", status_text(&g->f, status), status);
    g->f.shutdown();
    return false;
}

struct gpu *gpu_nvml_open(const char *library, char *reason, size_t reason_size)
{
    static const struct gpu_ops ops = {nvml_read, nvml_free};
    void *l = open_library(library, reason, reason_size);
    if (!l) return NULL;
    struct gpu_nvml *g = mem_zalloc(sizeof *g);
    g->base.ops = &ops;
    g->library = l;
    const char *missing = look_up(l, &g->f);
    if (missing) say(reason, reason_size, "the NVML library lacks %s: its driver is too old", missing);
    if (missing || !start(g, reason, reason_size)) {
        dlclose(l);
        free(g);
        return NULL;
    }
    return &g->base;
}
