// What a worker that was killed left running. Its tasks die with it (the parent-death signal), but what they started
// may not, nor a task that lost that signal by executing a program with another owner. So each running job's group is
// written down in a folder, and the next worker ends what is provably that group (worker/leftover.h) before it does
// anything else: two attempts of a job must not write to one place.
//
// A record is written when the task already runs, a moment after its fork: what a worker that is killed in that moment
// leaves isn't found. From the worker's main thread; all calls block.
#ifndef HW_WORKER_LEFTOVERS_H
#define HW_WORKER_LEFTOVERS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

// The job's leader `pgid` runs, or is a zombie that wasn't reaped. The folder must exist.
int leftovers_note(const char *dir, const char *job_id, int64_t attempt, pid_t pgid, struct err *e);
// The job has ended and its group was killed. One that wasn't noted is fine.
void leftovers_forget(const char *dir, const char *job_id, int64_t attempt);

struct leftovers_ended {
    int processes; // killed and gone
    int foreign;   // records whose group isn't provably theirs: left alone
    int stuck;     // records whose group is still there after timeout_ms: kept for the next time
};

// Kills what the records say, waits until it has gone, says in the log what it did, and removes the records. Makes the
// folder if there is none. Call it with the data folder's lock held: nobody else may write records.
int leftovers_end(const char *dir, int timeout_ms, struct leftovers_ended *out, struct err *e);

#endif
