// Running a program to its end and reading what it prints. Blocks: not for a loop's thread.
#ifndef HW_BASE_SUBPROCESS_H
#define HW_BASE_SUBPROCESS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct subprocess_result {
    int code;       // exit status; -1: ended by a signal
    int signal;     // 0: it exited by itself
    struct buf out; // standard output, at most `max` bytes
    struct buf err; // standard error, the same
};

// Runs argv[0] (a path) with standard input from /dev/null. 0 once it has ended, whatever its status; HW_ETIMEOUT (it
// is killed and reaped), HW_ENOTFOUND, HW_EIO, HW_ETOOBIG (it printed more than `max` bytes; killed). The caller
// releases *r in every case.
int subprocess_run(char *const argv[], int timeout_ms, size_t max, struct subprocess_result *r, struct err *e);
void subprocess_result_release(struct subprocess_result *r);

#endif
