// Removing what is left of trainings that were deleted: a task of the schedule, in slices (jobs/slices.h), so that
// nobody's writes wait for more than one of them, however long a curve was. Cut off at any moment, it is gone on with
// by the next run.
#ifndef HW_JOBS_TRAINING_REMOVAL_H
#define HW_JOBS_TRAINING_REMOVAL_H

#include "base/err.h"

struct schedule_run;

#define TRAINING_REMOVAL_TASK "training_removal"

// A schedule_fn; its context is the struct store. {"trainings","rows","slices","longest_slice_ms"}
int training_removal_task(struct schedule_run *run, void *store, struct err *e);

#endif
