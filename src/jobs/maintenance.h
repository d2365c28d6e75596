// What the server does to its own database from time to time: functions for rows of the schedule (schedule.h). Their
// context is the struct store.
#ifndef HW_JOBS_MAINTENANCE_H
#define HW_JOBS_MAINTENANCE_H

#include "base/err.h"

struct schedule_run;

enum { WORKER_RETENTION_DAYS = 30, JOB_LOG_RETENTION_DAYS = 90, OUTPUT_SWEEP_DAYS = 100 };

// Removes workers not heard from for 30 days that hold no job. {"removed"}
int maintenance_workers(struct schedule_run *run, void *store, struct err *e);

// Removes the logs of jobs that ended more than 90 days ago, in slices.
// {"jobs","lines","bytes","slices","longest_slice_ms"}
int maintenance_job_logs(struct schedule_run *run, void *store, struct err *e);

// Sums up curves of which not all is summed up, as those of an older database, in slices.
// {"curves","slices","longest_slice_ms"}
int maintenance_curves(struct schedule_run *run, void *store, struct err *e);

// Refreshes what the planner knows, and moves the write-ahead log into the database. {"optimize_ms","wal_pages",
// "wal_pages_moved","database_pages","free_pages","page_bytes"}
int maintenance_database(struct schedule_run *run, void *store, struct err *e);

// Removes what jobs of the last 100 days that failed or were cancelled have left half written on this host, and their
// workers could not remove because they had died. {"jobs","swept"}
int maintenance_outputs(struct schedule_run *run, void *store, struct err *e);

#endif
