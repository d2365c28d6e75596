// One job that runs on this worker: its process, what it has written since the last batch, and how it is being stopped.
// The worker's main thread owns all of it.
#ifndef HW_WORKER_RUNNING_H
#define HW_WORKER_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/list.h"
#include "monitor/cgroup.h"
#include "worker/child.h"
#include "worker/job_events.h"
#include "worker/lines.h"
#include "worker/resources.h"

enum stop_reason {
    STOP_NONE,
    STOP_CANCEL,     // the server said cancel
    STOP_LEASE_LOST, // the job isn't ours any more: nothing of it is reported
    STOP_SHUTDOWN,   // this worker is leaving
    STOP_TIME_LIMIT, // the time that its user gave it is over
};

struct running {
    struct list node;
    char job_id[40], lease[64], worker_id[32], resource_class[16];
    int64_t attempt;
    struct child child;
    struct lines wire, out, err;
    struct job_events events;
    int64_t reported_us; // when the last batch took something of this job, monotonic
    char *params_path;
    char *output_dir;  // where it writes; NULL: nowhere in particular
    bool checkpoints;  // it pauses by leaving a checkpoint and ending
    bool frozen;       // its processes stand still
    int ask;           // the signal by which it is asked to pause or to finish early, said again each second; 0: none
    int64_t ask_at_us; // monotonic
    enum stop_reason stop;
    int64_t kill_at_us;    // monotonic; 0: it need not end yet
    int64_t limit_us;      // of its running time; 0: none
    int64_t deadline_us;   // monotonic: when that is over; 0: no limit
    int64_t held_us;       // monotonic: since when its time does not count; 0: it counts
    bool killed;           // SIGKILL was ours
    bool unsure;           // whether the lease is still ours can't be told: another may be at work where it writes
    bool ended;            // the exit is among the events
    struct oom_watch *oom; // borrowed; NULL: whether the kernel killed it for want of memory is not known
};

// Starts `task_program KIND --params FILE` for a job of a claim's answer (borrowed). On failure nothing runs, and *out
// holds what is known of the job; the caller reports why. `task_program` NULL: nothing is to be started
// (HW_EUNAVAILABLE: the worker is leaving).
int running_start(struct running **out, const char *task_program, const char *scratch_dir, const char *worker_id,
                  const json_t *job, struct err *e);
void running_free(struct running *r); // the process must have ended

// Reads once what the pipe `fd` of the child holds now (64 KiB at most); closes it at its end. Bytes read; 0: none
// there, or it is closed.
size_t running_read(struct running *r, int *fd, int64_t now_us);
// The process has ended: reads the rest, reaps it, adds the exit event.
void running_end(struct running *r, int64_t now_us);
// What the server's answers say: "cancel"; "pause": by a checkpoint (SIGUSR1) or by standing still (SIGSTOP); "resume";
// "stop": finish early with the result it has (SIGUSR2). Anything else is a newer server's, and ignored.
void running_control(struct running *r, const char *control, int64_t now_us);
// Sends SIGTERM now and SIGKILL 30 s later (running_tick). A worker that leaves asks for a checkpoint where there can
// be one, so that the job goes on elsewhere from where it is.
void running_stop(struct running *r, enum stop_reason why, int64_t now_us);
// Also stops it when its time limit has come.
void running_tick(struct running *r, int64_t now_us);
// While a job is held (paused), its time doesn't count towards its limit. Calling either twice changes nothing.
void running_hold_time(struct running *r, int64_t now_us);
void running_go_on(struct running *r, int64_t now_us);

// Moves the waiting progress event to the events if it is due (50 ms) or `force`d.
void running_flush_progress(struct running *r, int64_t now_us, bool force);
void running_add_heartbeat(struct running *r);
void running_add_resources(struct running *r, const struct resources *from); // as last measured; nothing if it wasn't
void running_add_failure(struct running *r, const char *error_type, const char *message);

#endif
