// What a job of which nothing can be measured is expected to use: of another program, or whose /proc can't be read. By
// kind and phase alone, and without numbers. Pure.
#ifndef HW_JOBS_ESTIMATE_H
#define HW_JOBS_ESTIMATE_H

#include "base/json.h"

enum {
    EXPECT_CPU = 1,
    EXPECT_GPU = 2,
    EXPECT_DISK = 4,
    EXPECT_NETWORK = 8,
};

// A sum of the above. `resource_class`, `phase`: NULL or "" if there is none.
unsigned estimate_expected(const char *kind, const char *resource_class, const char *phase);

// The payload of job:resources: source "estimated", what is expected, every number null.
void estimate_write(struct jw *w, const char *job_id, unsigned expected);

#endif
