// Samples the server's own machine on a thread of its own (a driver may block for seconds) and hands each sample's JSON
// to the loop, where the machine takes it (server/machine.h).
#ifndef HW_SERVER_MONITOR_THREAD_H
#define HW_SERVER_MONITOR_THREAD_H

#include <stdint.h>

#include "base/err.h"
#include "monitor/sampler.h"
#include "server/job_groups.h"
#include "server/machine.h"

struct emitter;
struct loop;
struct monitor_thread;

int monitor_thread_start(struct monitor_thread **out, struct loop *l, struct emitter *em,
                         const struct sampler_options *o, struct monitor_jobs jobs, struct monitor_minutes minutes,
                         double interval_seconds, struct err *e);
// Joins the thread; what it posted before is dropped when the loop runs it. Before the loop is freed.
void monitor_thread_stop(struct monitor_thread *m);
void monitor_thread_free(struct monitor_thread *m); // after loop_free

// On the loop's thread.
struct machine *monitor_thread_machine(struct monitor_thread *m); // borrowed
struct monitor_reading {
    int64_t count;               // so far
    int64_t started_at, took_us; // the last, on the wall clock
    int64_t next_at;
};
struct monitor_reading monitor_thread_last(const struct monitor_thread *m);

#endif
