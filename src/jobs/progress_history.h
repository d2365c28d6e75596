// The history of progress: snapshots of jobs at work, stored and found again by what they were for (a training, an
// extraction, a dataset; entity_type "job" for a job that is for nothing else). All functions run inside a store_fn.
#ifndef HW_JOBS_PROGRESS_HISTORY_H
#define HW_JOBS_PROGRESS_HISTORY_H

#include "jobs/compare.h"
#include "jobs/run_times.h"
#include "jobs/usage.h"
#include "store/history_table.h"
#include "store/jobs_table.h"

struct progress_snapshot {
    const char *entity_type, *entity_id;
    int64_t timestamp;
    double progress; // NaN: not known
    // the metrics
    const char *job_id;
    int attempt;
    const char *status;     // of the job, or of the attempt that ended
    const char *phase;      // or NULL
    const char *error_type; // of a failure, or NULL
    int64_t done, total;    // negative: not known
    const char *unit;       // or NULL
    double rate;            // NaN: not known, as below
    bool training;          // the next are known of a training only
    int64_t step, total_steps;
    double loss, l0_sparsity;
    struct usage_means used; // since the snapshot before; NaN: not known
    const struct run_times *times;
};

int store_progress_snapshot(struct store_tx *tx, const struct progress_snapshot *s, struct err *e);

// What a snapshot's metrics say of the run; false if it isn't of a job's.
struct snapshot_run {
    char job_id[ID_SIZE], status[16], phase[32];
    int attempt;
    struct run_times times;
};
bool snapshot_run_read(const struct history_row *row, struct snapshot_run *out);

// `entity_id` may be a job's: then its part of the history of what it was for. `entity_type` NULL: found by the id.
// HW_ENOTFOUND: nothing has this id. The rows in the order of their times, at most q->limit.
int get_progress_history(struct store_tx *tx, const struct history_query *q, struct history_row **rows, int *n,
                         struct err *e);

// The last run of each (of a job: its last attempt), compared. Ids of entities and of jobs may be mixed; between 2 and
// COMPARE_MAX. HW_ENOTFOUND names the first that nothing has.
int compare_progress_patterns(struct store_tx *tx, const char *const *entity_ids, int n, struct comparison *out,
                              struct err *e);

#endif
