// The table `jobs`, one row a job whatever its kind.
//
// All functions run inside a store_fn. Conventions of the row's fields: store/columns.h in short: text is heap-owned
// (NULL: not there), times are µs (0: not yet), counts negative and reals NaN: not known.
#ifndef HW_STORE_JOBS_TABLE_H
#define HW_STORE_JOBS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "store/page.h"

struct store_tx;

enum { JOB_LEASE_SIZE = 32 };

struct job_row {
    char id[ID_SIZE];
    char *kind, *name;
    char *status; // job_status_name()
    int attempt, max_attempts, priority;
    char *queue, *resource_class;
    char *entity_type; // "training", "extraction", "dataset", or NULL
    char entity_id[ID_SIZE];
    char *params;     // JSON: what the user asked for
    char *spec;       // JSON: resolved parameters, what the task gets
    char *output_dir; // absolute
    char *phase;
    int phase_index, phase_count;
    double phase_from, phase_to;
    double progress; // 0 to 100; NaN: can't be told
    int64_t done, total;
    char *unit;
    double rate, eta_seconds, eta_low, eta_high;
    char *message;
    int64_t created_at, queued_at, started_at, finished_at, updated_at, last_report_at;
    char worker_id[ID_SIZE];
    char *lease;         // token; NULL: nobody holds it
    int64_t lease_until; // µs UTC, server clock
    int64_t pid;
    int64_t log_seq; // of the last log line
    int64_t version; // counts every write of the row
    char *result;    // JSON
    char *error_type, *error_message;
    char *error_params;           // JSON: the job's own error line's
    char *suggested_retry_params; // JSON
    char retry_of[ID_SIZE], retried_by[ID_SIZE];
    char *idempotency_key;
    bool dismissed;
    bool determinate; // the kind promises a percentage
    char *control;    // "pause", "resume", "stop": asked for and not yet done; NULL: nothing
    char *resume;     // JSON: members that the next start's spec gets besides
    int64_t not_before;
    bool waiting;              // not_before is to come: not to be taken yet
    double time_limit_seconds; // of one attempt; NaN: none
    bool auto_retry;           // may try once more by itself, with the parameters suggested, after OOM or TIMEOUT
    int auto_retries;          // made so far
    bool attached;             // runs where it was called; no worker takes it
    char *usage;               // JSON: peak and mean of what it used
    // Its log, of which the middle isn't kept (jobs/log_bounds.h).
    int64_t log_bytes;      // in the part that grows, as they count
    int64_t log_head_end;   // the last line of the first part, once it is full
    int64_t log_tail_begin; // the first line of the newest part; 0: there is only the first
    int64_t log_cut_bytes;  // of text, between the two
    int64_t status_at;      // since when it is in its status
    char *host;             // of its worker; NULL: it has none
    int64_t event_seq;      // of the last event (store/job_events_table.h)
};

void job_row_init(struct job_row *r);
void job_row_release(struct job_row *r);
void job_row_copy(struct job_row *to, const struct job_row *from); // deep
void job_rows_free(struct job_row *rows, int n);

// NULL and "" : any.
struct job_filter {
    const char *kind, *status;
    // Every job is in one of: "active" (queued … cancelling), "failed" (neither dismissed nor retried), "finished" (the
    // rest).
    const char *state;
    const char *entity_type, *entity_id;
};

int job_row_get(struct store_tx *tx, const char *id, struct job_row *r, struct err *e);                 // HW_ENOTFOUND
int job_row_by_key(struct store_tx *tx, const char *idempotency_key, struct job_row *r, struct err *e); // HW_ENOTFOUND
int job_row_insert(struct store_tx *tx, const struct job_row *r, struct err *e);
// Refused with HW_ECONFLICT if the row has changed since it was read; r->version counts on.
int job_row_update(struct store_tx *tx, struct job_row *r, struct err *e);
// Newest first; *rows is freed with job_rows_free.
int job_rows_list(struct store_tx *tx, const struct job_filter *f, const struct page *p, struct job_row **rows, int *n,
                  bool *more, struct err *e);
// The next to run of a queue and class: highest priority, then the longest queued; those that wait for their time are
// left out. HW_ENOTFOUND: none. The head tells which it is and its priority, which is all that choosing among queues
// needs.
struct job_head {
    char id[ID_SIZE];
    int priority;
};
int job_head_next(struct store_tx *tx, const char *queue, const char *resource_class, struct job_head *h,
                  struct err *e);
// Those that wait no longer than `now`, the first due first, `limit` at most; and when the next is due (0: none waits).
int job_rows_due(struct store_tx *tx, int64_t now, int limit, struct job_row **rows, int *n, struct err *e);
int job_next_due(struct store_tx *tx, int64_t *not_before, struct err *e);
// All whose lease ends before `now` (every job that has one: now = INT64_MAX).
int job_rows_leased(struct store_tx *tx, int64_t now, struct job_row **rows, int *n, struct err *e);

// How many there are: active ones by status, then what the lists of failed and of finished jobs hold.
struct job_counts {
    int64_t queued, starting, running, paused, stalled, cancelling, failed, finished;
};
int job_counts_read(struct store_tx *tx, struct job_counts *c, struct err *e);

// How many are queued, waiting ones included, by queue and class.
struct job_queue_count {
    char *queue, *resource_class;
    int64_t jobs;
};
int job_queue_counts_read(struct store_tx *tx, struct job_queue_count **counts, int *n, struct err *e);
void job_queue_counts_free(struct job_queue_count *counts, int n);

#endif
