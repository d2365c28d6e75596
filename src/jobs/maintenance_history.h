// What is removed of the histories: functions for rows of the schedule (schedule.h). Their context is a struct
// history_retention.
#ifndef HW_JOBS_MAINTENANCE_HISTORY_H
#define HW_JOBS_MAINTENANCE_HISTORY_H

#include <stdint.h>

#include "base/err.h"

struct schedule_run;
struct store;

enum { SYSTEM_HISTORY_RETENTION_DAYS = 30 };

struct history_retention {
    struct store *store; // borrowed
    int64_t days;
};

// Removes snapshots of progress that are older, in slices. {"removed","slices","longest_slice_ms"}
int maintenance_progress_history(struct schedule_run *run, void *retention, struct err *e);
// The same of the machine's minutes.
int maintenance_system_history(struct schedule_run *run, void *retention, struct err *e);

#endif
