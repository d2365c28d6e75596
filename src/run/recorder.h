// Tells the server of a program that runs here: its lines of output, the progress it draws or reports, what it uses,
// and its end. All of it on threads of its own: whatever the server does, the program is never waited for.
//
// Reports wait in a private temporary folder while the server is away, up to a bound; what doesn't fit is left out, and
// counted. The output of a program that writes faster than it can be kept is left out in part, with a line that says
// so.
#ifndef HW_RUN_RECORDER_H
#define HW_RUN_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/tap.h"

struct recorder;

struct recorder_options {
    const char *server_url;
    struct slice job;          // body of POST /workers/{id}/jobs
    int wire_fd;               // read end of the pipe HEADWAY_FD; the recorder's from here on
    const char *streams[2];    // what the taps carry: "stdout", "stderr"; NULL: that tap isn't used
    void (*cancel)(void *ctx); // the server asks for the program's end; on a thread of the recorder's
    void *ctx;
};

enum { RECORDER_JOB_ID_SIZE = 40 };

// Borrowed strings are copied.
int recorder_start(struct recorder **out, const struct recorder_options *o, struct err *e);
struct tap *recorder_tap(struct recorder *r, int i);
// The job's id, if the server gives one within that time; at once false when it can't be reached.
bool recorder_job_id(struct recorder *r, int timeout_ms, char id[RECORDER_JOB_ID_SIZE]);
void recorder_started(struct recorder *r, int64_t pid); // also its process group

struct recorder_end {
    int code, signal;    // signal 0: it exited by itself
    bool interrupted;    // ended by its caller, at the terminal
    const char *failure; // it could not be started: why; NULL: it was
};

// The program has ended and its output is in the taps: delivers what there is, for a few seconds at most, and frees.
// False: not everything could be delivered; `why` says what stood in the way.
bool recorder_finish(struct recorder *r, const struct recorder_end *end, struct err *why);

#endif
