// Moving old metrics to the archive and back: one task of the schedule, which does the one or the other, so that the
// two never meet. Long work in slices (jobs/slices.h): nobody's writes wait for more than one of them.
//
// Threads: archival_task on its run's thread, the rest on the loop's.
#ifndef HW_JOBS_ARCHIVAL_H
#define HW_JOBS_ARCHIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/prometheus.h"
#include "jobs/slices.h"
#include "store/metric_archive.h"

struct archival;
struct schedule_run;
struct store;

#define ARCHIVAL_TASK "metric_archival"

struct archival *archival_new(struct store *store, int64_t days_old); // borrowed; days: what a run by itself does
void archival_free(struct archival *a);

// The next run, which the caller starts at once, is to do this. Withdrawn with archival_request_none if it can't be
// started.
void archival_request_archive(struct archival *a, int64_t days_old);
void archival_request_restore(struct archival *a, const char *training_id); // NULL: all of them
void archival_request_none(struct archival *a);

// A schedule_fn; `archival` is the struct archival. {"action":"archive","days_old","rows","purged","slices",
// "longest_slice_ms"} or {"action":"restore","trainings","rows","slices","longest_slice_ms"}
int archival_task(struct schedule_run *run, void *archival, struct err *e);

// Since the server's start.
struct archival_stats {
    int64_t archived, restored, failures;
    struct metric_ages ages; // as a run last counted them
    bool counted;
};
struct archival_stats archival_stats(struct archival *a);
void archival_metrics(struct archival *a, struct buf *out); // in Prometheus' text format

// ---- the work ------------------------------------------------------------------------------------------------------

struct archive_outcome {
    int64_t rows, purged;
    struct slices slices;
};

// Moves live rows that are older than so many days. HW_ECANCELLED: the run is to stop; what was moved is moved.
int archive_old_metrics(struct schedule_run *run, struct store *store, int64_t days_old, struct archive_outcome *out,
                        struct err *e);

#endif
