// One task process: a process group of its own, a pipe for the wire format, one each for stdout and stderr, and a pidfd
// that becomes readable at its end. It is killed when the thread that started it ends, as it does when the worker is
// killed; so all calls come from the worker's main thread.
#ifndef HW_WORKER_CHILD_H
#define HW_WORKER_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct child {
    pid_t pid;                   // also the process group's id; -1: none
    int pidfd;                   // readable when the process has ended
    int wire_fd, out_fd, err_fd; // read ends, non-blocking; -1 once closed
};

#define CHILD_NONE ((struct child){.pid = -1, .pidfd = -1, .wire_fd = -1, .out_fd = -1, .err_fd = -1})

struct child_exit {
    int code;   // exit status, -1 if ended by a signal
    int signal; // 0: exited by itself
};

// Starts argv[0] (a path) with the worker's environment, HEADWAY_FD=3 and `extra_env` ("NAME=value", NULL-terminated,
// may be NULL), which go before names that the environment has already. Standard input is /dev/null, no other
// descriptor is inherited, signals are at their defaults but for SIGUSR1 and SIGUSR2. Returns once the program runs.
// HW_ENOTFOUND, HW_EIO.
int child_spawn(struct child *c, char *const argv[], char *const extra_env[], struct err *e);

// Sends `sig` to the first process alone: a request (SIGUSR1, SIGUSR2) that would end a program which doesn't know it.
// The program starts with these two ignored, so that one which hasn't set its handlers yet doesn't end by them.
void child_ask(const struct child *c, int sig);
// Sends `sig` to the whole process group; a group that is gone already is fine.
void child_signal(const struct child *c, int sig);

// After pidfd became readable: kills what is left of the group, then reaps the leader. The order matters: while the
// leader is unreaped its group id can't be given to anybody else.
struct child_exit child_reap(struct child *c);

// Closes all descriptors.
void child_close(struct child *c);

#endif
