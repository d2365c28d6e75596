// What a task that was killed has left half written: its temporary files and folders, named *.tmp or *.tmp.PID, beside
// and below the folder that it writes to. What is finished stays.
#ifndef HW_JOBS_OUTPUT_SWEEP_H
#define HW_JOBS_OUTPUT_SWEEP_H

#include <stdbool.h>

#include "base/err.h"

// `output_dir` is absolute. Call it while nobody else can be at work there: before the job's end is told. 0 also if
// there was nothing; the first error otherwise, and the rest is removed all the same.
int output_sweep(const char *output_dir, struct err *e);
// Whether there is anything to remove: cheap, and changes nothing.
bool output_needs_sweep(const char *output_dir);

#endif
