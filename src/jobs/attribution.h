// Whose the machine's load is: the machine's readings beside those of the jobs that run on it, as shares with a rest
// that belongs to no job. Pure.
//
// The machine and the jobs are read at different moments, and processes share pages: where the jobs' readings come to
// more than the machine's, they are scaled down to it. So shares never exceed the whole, and rests are never negative.
// A job's own readings stay as they are in job:resources.
#ifndef HW_JOBS_ATTRIBUTION_H
#define HW_JOBS_ATTRIBUTION_H

#include "base/json.h"

struct attribution_job {
    const char *job_id;
    const json_t *resources; // its newest job:resources; NULL: nothing is known
};

// Writes {"host","cpu","memory","disk","gpus"} (docs/api/rest.md). `system`: what GET /system/metrics answers, an
// object; a part that is missing is unknown. The jobs must be of the machine that `system` is about.
void attribution_write(struct jw *w, const json_t *system, const struct attribution_job *jobs, int n);

#endif
