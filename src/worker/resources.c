#include "worker/resources.h"

#include <stdlib.h>

#include "base/mem.h"
#include "monitor/process.h"
#include "worker/gpu_watch.h"

static const int64_t INTERVAL_US = 2000000; // unless another one is set
// A rate needs two readings: for a new job these come soon, so that one of a second or two shows what it used.
static const int64_t FIRST_US = 250000;
enum { FIRST_READINGS = 2 };

struct resources {
    struct process_watch *watch;
    struct gpu_watch *gpus;
    int64_t interval_us, due_us, read_us;
    int first;    // readings still to come soon
    int followed; // groups
};

struct resources *resources_new(const char *nvml_library, double interval_seconds)
{
    struct resources *r = mem_zalloc(sizeof *r);
    r->interval_us = interval_seconds > 0 ? (int64_t)(interval_seconds * 1e6) : INTERVAL_US;
    r->watch = process_watch_new("/proc");
    r->gpus = gpu_watch_new(nvml_library, r->interval_us);
    return r;
}

void resources_free(struct resources *r)
{
    if (!r) return;
    gpu_watch_free(r->gpus);
    process_watch_free(r->watch);
    free(r);
}

void resources_follow(struct resources *r, int64_t pgid)
{
    process_watch_add(r->watch, pgid);
    r->followed++;
    gpu_watch_want(r->gpus, true);
    r->first = FIRST_READINGS;
    r->due_us = 0;
}

void resources_forget(struct resources *r, int64_t pgid)
{
    process_watch_remove(r->watch, pgid);
    if (--r->followed == 0) gpu_watch_want(r->gpus, false);
}

bool resources_measure(struct resources *r, int64_t now_us)
{
    if (now_us < r->due_us) return false;
    r->due_us = now_us + (r->first && FIRST_US < r->interval_us ? FIRST_US : r->interval_us);
    r->read_us = now_us;
    if (r->first) r->first--;
    process_watch_read(r->watch, now_us);
    return true;
}

// Rounded to what a reading of /proc tells: tenths of a percent, whole bytes a second.
static void write_f64(struct jw *w, const char *key, struct opt_f64 v, int decimals)
{
    if (v.valid)
        jw_kfixed(w, key, v.v, decimals);
    else
        jw_knull(w, key);
}

bool resources_write(const struct resources *r, int64_t pgid, struct jw *w)
{
    struct group_usage u;
    if (!process_watch_get(r->watch, pgid, &u) || u.processes == 0) return false;
    jw_kstr(w, "source", "measured");
    jw_ki64(w, "processes", (int64_t)u.processes);
    write_f64(w, "cpu_percent", u.cpu_percent, 1);
    if (u.rss_bytes.valid)
        jw_ki64(w, "rss_bytes", (int64_t)u.rss_bytes.v);
    else
        jw_knull(w, "rss_bytes");
    write_f64(w, "read_bytes_per_s", u.read_rate, 0);
    write_f64(w, "write_bytes_per_s", u.write_rate, 0);
    jw_key(w, "gpus");
    gpu_watch_write(r->gpus, pgid, r->read_us, w);
    return true;
}
