// Removing what is too old, in pieces: the caller decides how much at a time. All functions run inside a store_fn.
#ifndef HW_STORE_RETENTION_H
#define HW_STORE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

// Workers that were heard from last before `before` and hold no job that hasn't ended, at most `limit`; how many were
// removed, or a negative code. Jobs that ended go on naming theirs.
int64_t retention_remove_workers(struct store_tx *tx, int64_t before, int limit, struct err *e);

// Jobs that ended before `before` and have log lines: the next of them, oldest first, behind (*created_at, id), which
// begin as 0 and "" and are moved on. HW_ENOTFOUND: there is none left.
int retention_next_logged_job(struct store_tx *tx, int64_t before, int64_t *created_at, char id[ID_SIZE],
                              struct err *e);
// The first lines of a job's log: at most so many, and so many bytes of text, but one row of them at least
// (store/job_logs_table.h). *lines 0: there was none left, and the job's counts of what is kept are cleared.
int retention_remove_log_lines(struct store_tx *tx, const char *job_id, int max_lines, int64_t max_bytes,
                               int64_t *lines, int64_t *bytes, struct err *e);

// Jobs that failed or were cancelled and had a folder to write to: the next of them behind (*created_at, id), which are
// moved on; its folder into *output_dir (the caller's). HW_ENOTFOUND: there is none left.
int retention_next_output(struct store_tx *tx, int64_t *created_at, char id[ID_SIZE], char **output_dir, struct err *e);
// Whether a job that hasn't ended writes to that folder, or may yet.
int retention_output_in_use(struct store_tx *tx, const char *output_dir, bool *in_use, struct err *e);

#endif
