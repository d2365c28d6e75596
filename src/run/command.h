// Starting a program where it was called: its environment, its descriptors and its signals are the caller's, but for
// what is named here.
#ifndef HW_RUN_COMMAND_H
#define HW_RUN_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct command {
    char *const *argv;    // looked up in PATH
    char *const *env;     // all of it
    int out, err;         // become 1 and 2; -1: as they are
    int in;               // becomes 0; -1: as it is
    int wire, wire_fd;    // `wire` becomes `wire_fd`, which was reserved
    bool terminal;        // a session of its own, with the terminal that `out`, `err` or `in` is; else a process group
    const sigset_t *mask; // blocked signals
};

// Takes the first free descriptor from 3 on, close-on-exec, so that nothing else has its number; negative: errno says
// why. A shell can only name those up to 9, so it is asked before anything is opened.
int command_reserve_fd(void);
// 0 once the program runs. HW_ENOTFOUND: there is none of that name; HW_EIO: it can't be run. *pidfd is readable at its
// end; the caller reaps it.
int command_start(const struct command *c, pid_t *pid, int *pidfd, struct err *e);

#endif
