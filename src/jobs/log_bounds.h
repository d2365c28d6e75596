// How much of a job's log is kept: its first MiB, which says how it began, and its last 64 MiB; what lies between is
// counted and forgotten, so that a job that writes without end keeps a database of bounded size. A line counts its text
// and LOG_LINE_COST. Pure: the numbers in the job's row.
#ifndef HW_JOBS_LOG_BOUNDS_H
#define HW_JOBS_LOG_BOUNDS_H

#include "store/job_logs_table.h"
#include "store/jobs_table.h"

enum { LOG_HEAD_BYTES = 1 << 20, LOG_TAIL_BYTES = 64 << 20 };

// A line was written, of `text` bytes; its seq is one more than that of the line before.
void log_bounds_add(struct job_row *r, int64_t seq, int64_t text);
// The bytes that the newest part holds too many; 0: none.
int64_t log_bounds_excess(const struct job_row *r);
// Those lines at the beginning of the newest part are gone.
void log_bounds_cut(struct job_row *r, const struct job_logs_cut *cut);
// Lines between the two parts.
int64_t log_bounds_missing(const struct job_row *r);

// "… 123,456 lines (45.6 MiB) are not kept …"
void log_bounds_text(const struct job_row *r, char *out, size_t size);

#endif
