// What one job has to say, as events of a report: the lines it writes in the wire format, its output, and what whoever
// runs it sees of it. Progress is thinned to one event each 50 ms; the newest is always among them in the end.
//
// Pure but for the clock that stamps events. The caller owns the struct; zeroed, it is empty.
#ifndef HW_WORKER_JOB_EVENTS_H
#define HW_WORKER_JOB_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "worker/batches.h"
#include "worker/resources.h"

enum { JOB_OUTPUT_LINE_MAX = 64 << 10 };

struct job_events {
    struct batches batches;
    struct buf progress;         // the newest progress event, not yet in the batches; empty: none
    int64_t progress_flushed_us; // monotonic
    bool tells_progress;         // the job has written a phase or progress itself
    bool tells_pause;            // the job has said that it left a checkpoint and ends
    char last_stderr[2048];      // its last bytes
};

struct job_end {
    int code, signal; // signal 0: it exited by itself
    bool timed_out;   // it was stopped for its time limit
    bool interrupted; // whoever called it ended it at its terminal
    bool paused;      // at a checkpoint
    bool requeue;     // because its worker leaves
    bool oom_killed;  // by the kernel, for want of memory
};

void job_events_release(struct job_events *s);

void job_events_started(struct job_events *s, int64_t pid);
void job_events_heartbeat(struct job_events *s);
void job_events_failure(struct job_events *s, const char *error_type, const char *message);
// As last measured; nothing if it wasn't.
void job_events_resources(struct job_events *s, const struct resources *from, int64_t pgid);
void job_events_exited(struct job_events *s, const struct job_end *end);
void job_events_stands_still(struct job_events *s, bool still); // its processes do, or go on

// A line that the job wrote on the descriptor HEADWAY_FD; `whole` false: a piece of one that is too long.
void job_events_wire_line(struct job_events *s, struct slice line, bool whole);
// A line of output; `stream` is "stdout", "stderr" or "log".
void job_events_output(struct job_events *s, const char *stream, struct slice text);
// A line that may tell why the job failed: the last ones go with its end.
void job_events_last_words(struct job_events *s, struct slice line);

// Moves the waiting progress event to the batches if it is due (50 ms) or `force`d.
void job_events_flush_progress(struct job_events *s, int64_t now_us, bool force);

#endif
