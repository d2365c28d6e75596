// The job's state machine: one pure function owns every transition. No clock, no database, no I/O.
//
//     queued → starting → running ⇄ paused
//                 └────────┬──────────┴─→ cancelling → cancelled
//                          ├─→ stalled → queued (attempt + 1) | failed (WORKER_LOST)
//                          ├─→ completed
//                          ├─→ failed
//                          └─→ queued (attempt + 1): a failure that is tried again by itself
//
// A paused job either keeps its process, which stands still, and goes on as running; or it has none (it was never
// begun, or it left a checkpoint and ended), and goes on by way of the queue.
#ifndef HW_JOBS_STATE_H
#define HW_JOBS_STATE_H

#include <stdbool.h>

#include "base/err.h"

// status, name on the wire
#define JOB_STATUS_MAP(X)                                                                                              \
    X(JOB_QUEUED, "queued")                                                                                            \
    X(JOB_STARTING, "starting")                                                                                        \
    X(JOB_RUNNING, "running")                                                                                          \
    X(JOB_PAUSED, "paused")                                                                                            \
    X(JOB_STALLED, "stalled")                                                                                          \
    X(JOB_CANCELLING, "cancelling")                                                                                    \
    X(JOB_CANCELLED, "cancelled")                                                                                      \
    X(JOB_COMPLETED, "completed")                                                                                      \
    X(JOB_FAILED, "failed")

enum job_status {
#define X(sym, name) sym,
    JOB_STATUS_MAP(X)
#undef X
        JOB_STATUS_COUNT
};

enum job_event {
    JOB_EV_CLAIMED,    // a worker took it
    JOB_EV_STARTED,    // its process runs
    JOB_EV_REPORTED,   // any report under a valid lease: progress, heartbeat
    JOB_EV_PAUSED,     // the process stands still, or has ended at a checkpoint; or the job was still queued
    JOB_EV_RESUMED,    // and goes on
    JOB_EV_LATE,       // the lease passed without a report
    JOB_EV_LOST,       // the grace after that passed too: the worker is taken for dead
    JOB_EV_CANCEL,     // somebody asked to cancel
    JOB_EV_EXITED_OK,  // the process ended with success
    JOB_EV_EXITED_BAD, // the process ended in any other way
    JOB_EV_RETRY,      // the same, and it is to be tried again by itself
    JOB_EVENT_COUNT
};

struct job_state {
    enum job_status status;
    int attempt;      // from 1
    int max_attempts; // at least 1
    bool held;        // a worker holds it: it has, or may have, a process
};

// Applies `ev`, or refuses it with HW_ECONFLICT and leaves *s alone. An event that changes nothing (a report while
// running, a second cancel) is accepted. A cancelled job that ends in any way is cancelled; a lost one is queued again
// as its next attempt while it has attempts left, else failed. JOB_EV_RETRY always begins the next attempt: whether
// there is to be one is decided elsewhere (jobs/retry.h).
int job_apply(struct job_state *s, enum job_event ev, struct err *e);

bool job_is_final(enum job_status s);  // cancelled, completed, failed
bool job_is_active(enum job_status s); // begun and not ended: starting … cancelling
const char *job_status_name(enum job_status s);
bool job_status_from_name(const char *name, enum job_status *out);
const char *job_event_name(enum job_event ev);

#endif
