// The worker that `headway serve` starts beside itself: a process of its own, started again when it dies.
//
// It outlives a server that was killed: its jobs go on, and the next server finds the data folder's worker lock held
// and leaves it in peace. If that server has another address, the worker can't know it: it is stopped, which its jobs'
// errors say, and a new one sends what it had still to report.
#ifndef HW_SERVER_LOCAL_WORKER_H
#define HW_SERVER_LOCAL_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct local_worker;
struct loop;

struct local_worker_options {
    const char *server_url, *data_dir, *slots, *queues, *task_program;
    const char *nvml_library; // NULL: the system's
    double monitor_interval_seconds;
};

// Runs this program again as "worker". Strings are copied.
int local_worker_start(struct local_worker **out, struct loop *l, const struct local_worker_options *o, struct err *e);
// Asks it to stop (SIGTERM), and kills it after a while; `done` once it has ended.
void local_worker_stop(struct local_worker *w, void (*done)(void *ctx), void *ctx);
void local_worker_free(struct local_worker *w); // after `done`, or if there never was one

// How long to wait before a worker that ended is started again, after `before_ms` the last time (0: the first): twice
// as long each time, from 1 s to 30 s, and from 1 s again once one has lived for 30 s. Pure.
int64_t local_worker_delay_ms(int64_t before_ms, int64_t lived_ms);

#endif
