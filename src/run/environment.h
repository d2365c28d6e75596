// What a program that is run gets besides its caller's environment, and what its job says of it.
#ifndef HW_RUN_ENVIRONMENT_H
#define HW_RUN_ENVIRONMENT_H

#include "base/buf.h"

struct environment {
    int wire_fd; // HEADWAY_FD; negative: none
    const char *server_url;
    const char *job_id; // NULL: not known
    const char *gpu;    // CUDA_VISIBLE_DEVICES; NULL: as it is
};

// The caller's environment with these in place of its own. What an outer job is called is left out: the program isn't
// that job.
char **environment_make(const struct environment *x);
void environment_free(char **env);

// The body of POST /workers/{id}/jobs, with an idempotency key made here.
void environment_job(struct buf *out, char *const *argv, const char *name, const char *gpu);

#endif
