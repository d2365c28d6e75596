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

// What a run is to do instead of archiving what is as old as it was told with archival_new: its argument
// (schedule_run_with).
enum { ARCHIVAL_ARGUMENT_SIZE = ID_SIZE + 16 };
void archival_to_archive(int64_t days_old, char argument[ARCHIVAL_ARGUMENT_SIZE]);
// An id shorter than ID_SIZE; NULL: all of them.
void archival_to_restore(const char *training_id, char argument[ARCHIVAL_ARGUMENT_SIZE]);

// A schedule_fn; `archival` is the struct archival. {"action":"archive","days_old","rows","purged","packed",
// "slices","longest_slice_ms"} or {"action":"restore","trainings","rows","slices","longest_slice_ms"}
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
    int64_t rows, purged, packed;
    struct slices slices;
};

// Packs what earlier runs have moved, and moves live rows that are older than so many days. HW_ECANCELLED: the run is
// to stop; what was moved is moved.
int archive_old_metrics(struct schedule_run *run, struct store *store, int64_t days_old, struct archive_outcome *out,
                        struct err *e);

#endif
