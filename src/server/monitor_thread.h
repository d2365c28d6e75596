// Samples the machine on a thread of its own (a driver may block for seconds) and hands each sample's JSON to the loop,
// where it is published on the system/… channels and kept in the history; its main readings are gathered into minutes.
#ifndef HW_SERVER_MONITOR_THREAD_H
#define HW_SERVER_MONITOR_THREAD_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "monitor/history.h"
#include "monitor/minute.h"
#include "monitor/recent.h"
#include "monitor/sampler.h"

struct emitter;
struct loop;
struct monitor_thread;

// Who the process groups of jobs under way are; called on the loop's thread, after each sample.
struct monitor_jobs {
    void (*each)(void *ctx, void (*add)(void *to, const char *host, int64_t pgid, const char *job_id), void *to);
    void *ctx;
};

// Takes each minute that has ended; called on the loop's thread, the minute is borrowed for the call.
struct monitor_minutes {
    void (*keep)(void *ctx, const char *host, const struct minute *m);
    void *ctx;
};

int monitor_thread_start(struct monitor_thread **out, struct loop *l, struct emitter *em,
                         const struct sampler_options *o, struct monitor_jobs jobs, struct monitor_minutes minutes,
                         double interval_seconds, struct err *e);
// Joins the thread; what it posted before is dropped when the loop runs it. Before the loop is freed.
void monitor_thread_stop(struct monitor_thread *m);
void monitor_thread_free(struct monitor_thread *m); // after loop_free

// On the loop's thread.
const struct history *monitor_thread_history(const struct monitor_thread *m);
const struct recent *monitor_thread_recent(const struct monitor_thread *m); // the main readings of the last hour
const char *monitor_thread_host(const struct monitor_thread *m);
const char *monitor_thread_gpu_reason(const struct monitor_thread *m); // "" if there is a GPU
struct monitor_reading {
    int64_t count;               // so far
    int64_t started_at, took_us; // the last, on the wall clock
    int64_t next_at;
};
struct monitor_reading monitor_thread_last(const struct monitor_thread *m);

#endif
