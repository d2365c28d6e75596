#include "jobs/attribution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { UNKNOWN = -1, GPUS_MAX = 64 };

// One quantity in whole units (bytes, tenths of a percent), so that sums are exact.
struct quantity {
    const char *key;      // of a share
    const char *rest_key; // of what belongs to no job
    int tenths;           // 1: percent, kept in tenths
    int64_t whole;
    int64_t *shares; // of each job
};

static int64_t units(const json_t *obj, const char *key, double scale)
{
    const json_t *v = json_object_get(obj, key);
    double x = json_is_number(v) ? json_number_value(v) * scale : -1;
    return x >= 0 && x <= 1e17 ? (int64_t)(x + 1e-6) : UNKNOWN;
}

// Makes the known shares no more than the whole; what is left of it, or UNKNOWN.
static int64_t fit(const struct quantity *q, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        if (q->shares[i] > 0) sum += (double)q->shares[i];
    if (q->whole < 0) return UNKNOWN;
    int64_t rest = q->whole;
    for (int i = 0; i < n; i++) {
        if (q->shares[i] <= 0) continue;
        if (sum > (double)q->whole) q->shares[i] = (int64_t)floor((double)q->shares[i] / sum * (double)q->whole);
        if (q->shares[i] > rest) q->shares[i] = rest; // floating-point numbers of this size aren't exact
        rest -= q->shares[i];
    }
    return rest;
}

static void put(struct jw *w, const char *key, int64_t v, int tenths)
{
    if (v < 0)
        jw_knull(w, key);
    else if (tenths)
        jw_kfixed(w, key, (double)v / 10, 1);
    else
        jw_ki64(w, key, v);
}

static const char *source_of(const struct attribution_job *job)
{
    const char *s = json_string_value(json_object_get(job->resources, "source"));
    return s ? s : "unknown";
}

static bool expects(const struct attribution_job *job, const char *resource)
{
    size_t i;
    json_t *it;
    json_array_foreach(json_object_get(job->resources, "expected"), i, it)
    {
        if (json_is_string(it) && strcmp(json_string_value(it), resource) == 0) return true;
    }
    return false;
}

// What is said of where a share comes from; NULL: the job has no part in this resource.
static const char *source_of_share(const struct attribution_job *job, const char *resource, bool known)
{
    if (known) return source_of(job);
    if (strcmp(source_of(job), "estimated") == 0) return expects(job, resource) ? "estimated" : NULL;
    return "unknown";
}

// The members "jobs" and the rests, after `qs` were filled in. `among`: which jobs belong here at all; NULL: all.
static void write_jobs(struct jw *w, const char *resource, const struct quantity *qs, int n_qs,
                       const struct attribution_job *jobs, int n, const bool *among)
{
    int64_t rests[2];
    for (int k = 0; k < n_qs; k++) rests[k] = fit(&qs[k], n);
    jw_key(w, "jobs");
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        bool known = false;
        for (int k = 0; k < n_qs; k++) known = known || qs[k].shares[i] >= 0;
        const char *source = !among || among[i] ? source_of_share(&jobs[i], resource, known) : NULL;
        if (!source) continue;
        jw_obj(w);
        jw_kstr(w, "job_id", jobs[i].job_id);
        for (int k = 0; k < n_qs; k++) put(w, qs[k].key, qs[k].shares[i], qs[k].tenths);
        jw_kstr(w, "source", source);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    for (int k = 0; k < n_qs; k++) put(w, qs[k].rest_key, rests[k], qs[k].tenths);
}

// ---- one resource each --------------------------------------------------------------------------------------------

static void fill(const struct quantity *q, const char *key, double scale, const struct attribution_job *jobs, int n)
{
    for (int i = 0; i < n; i++) q->shares[i] = units(jobs[i].resources, key, scale);
}

static void write_cpu(struct jw *w, const json_t *cpu, const struct attribution_job *jobs, int n, int64_t *room)
{
    int64_t count = units(cpu, "count", 1);
    struct quantity q = {"cpu_percent", "unattributed_percent", 1, UNKNOWN, room};
    if (count >= 0) q.whole = units(cpu, "percent", 10.0 * (double)count);
    fill(&q, "cpu_percent", 10, jobs, n);
    jw_obj(w);
    put(w, "used_percent", q.whole, 1);
    put(w, "total_percent", count < 0 ? UNKNOWN : count * 1000, 1);
    write_jobs(w, "cpu", &q, 1, jobs, n, NULL);
    jw_obj_end(w);
}

static void write_memory(struct jw *w, const json_t *ram, const struct attribution_job *jobs, int n, int64_t *room)
{
    struct quantity q = {"rss_bytes", "unattributed_bytes", 0, units(ram, "used", 1), room};
    fill(&q, "rss_bytes", 1, jobs, n);
    jw_obj(w);
    put(w, "used", q.whole, 0);
    put(w, "total", units(ram, "total", 1), 0);
    write_jobs(w, "memory", &q, 1, jobs, n, NULL);
    jw_obj_end(w);
}

static void write_disk(struct jw *w, const json_t *disk, const struct attribution_job *jobs, int n, int64_t *room)
{
    struct quantity qs[2] = {
        {"read_bytes_per_s", "unattributed_read_bytes_per_s", 0, units(disk, "read_rate", 1), room},
        {"write_bytes_per_s", "unattributed_write_bytes_per_s", 0, units(disk, "write_rate", 1), room + n},
    };
    for (int k = 0; k < 2; k++) fill(&qs[k], qs[k].key, 1, jobs, n);
    jw_obj(w);
    for (int k = 0; k < 2; k++) put(w, qs[k].key, qs[k].whole, 0);
    write_jobs(w, "disk", qs, 2, jobs, n, NULL);
    jw_obj_end(w);
}

static const json_t *gpu_of(const json_t *resources, int64_t gpu_id)
{
    size_t i;
    json_t *it;
    json_array_foreach(json_object_get(resources, "gpus"), i, it)
    {
        if (units(it, "gpu_id", 1) == gpu_id) return it;
    }
    return NULL;
}

// `only`: the machine has no other, so a job that is expected to use a GPU uses this one.
static void write_gpu(struct jw *w, const json_t *gpu, bool only, const struct attribution_job *jobs, int n,
                      int64_t *room, bool *among)
{
    int64_t gpu_id = units(gpu, "gpu_id", 1);
    struct quantity qs[2] = {
        {"memory_bytes", "unattributed_bytes", 0, units(gpu, "memory_used", 1), room},
        {"utilization", "unattributed_utilization", 1, units(gpu, "utilization", 10), room + n},
    };
    for (int i = 0; i < n; i++) {
        const json_t *part = gpu_of(jobs[i].resources, gpu_id);
        qs[0].shares[i] = units(part, "memory_bytes", 1);
        qs[1].shares[i] = units(part, "utilization", 10);
        among[i] = part || (only && expects(&jobs[i], "gpu"));
    }
    jw_obj(w);
    jw_ki64(w, "gpu_id", gpu_id);
    put(w, "memory_used", qs[0].whole, 0);
    put(w, "memory_total", units(gpu, "memory_total", 1), 0);
    put(w, "utilization", qs[1].whole, 1);
    write_jobs(w, "gpu", qs, 2, jobs, n, among);
    jw_obj_end(w);
}

void attribution_write(struct jw *w, const json_t *system, const struct attribution_job *jobs, int n)
{
    int64_t *room = mem_array((size_t)n * 2 + 1, sizeof *room);
    bool *among = mem_array((size_t)n + 1, sizeof *among);
    const json_t *cpu = json_object_get(system, "system/cpu"), *gpus[GPUS_MAX];
    int n_gpus = 0;
    for (int i = 0; i < GPUS_MAX; i++) {
        char channel[32];
        snprintf(channel, sizeof channel, "system/gpu/%d", i);
        const json_t *gpu = json_object_get(system, channel);
        if (gpu && units(gpu, "gpu_id", 1) >= 0) gpus[n_gpus++] = gpu;
    }
    jw_obj(w);
    jw_kstr(w, "host", json_string_value(json_object_get(cpu, "host")));
    jw_key(w, "cpu");
    write_cpu(w, cpu, jobs, n, room);
    jw_key(w, "memory");
    write_memory(w, json_object_get(json_object_get(system, "system/memory"), "ram"), jobs, n, room);
    jw_key(w, "disk");
    write_disk(w, json_object_get(system, "system/disk"), jobs, n, room);
    jw_key(w, "gpus");
    jw_arr(w);
    for (int i = 0; i < n_gpus; i++) write_gpu(w, gpus[i], n_gpus == 1, jobs, n, room, among);
    jw_arr_end(w);
    jw_obj_end(w);
    free(room);
    free(among);
}
