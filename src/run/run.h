// Runs a program where it is called, as if it had been called by itself, and tells a server of it.
//
// Its standard streams that are terminals are a pseudo-terminal that is handed through to the caller's; the others are
// pipes, each carried separately. Standard input that isn't a terminal is the program's own. The server being away
// never disturbs, delays or stops the program.
#ifndef HW_RUN_RUN_H
#define HW_RUN_RUN_H

#include "base/err.h"

struct run_options {
    char *const *argv; // the program and its arguments
    const char *server_url;
    const char *name; // the job's; NULL: the program's name and first arguments
    const char *gpu;  // becomes CUDA_VISIBLE_DEVICES, and the job's class gpu; NULL: neither
};

// Returns when the program has ended and what there was to tell is delivered, or a few seconds later: its exit status,
// 128 and the signal's number if one ended it, 127 or 126 if it could not be run. Says on standard error, in one line,
// what could not be delivered. Blocks signals of its own process; SIGPIPE must be ignored.
int run_command(const struct run_options *o);

#endif
