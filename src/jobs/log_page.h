// A page of a job's log, with a line in the place of those that are not kept. Inside a store_fn.
#ifndef HW_JOBS_LOG_PAGE_H
#define HW_JOBS_LOG_PAGE_H

#include "store/job_logs_table.h"

struct store_tx;

struct log_query {
    int64_t after;      // lines after this seq, oldest first …
    int64_t before;     // … or, if above 0, the newest ones before this seq
    int limit;          // at least 1
    const char *stream; // NULL: all. The line that says what isn't kept belongs to every stream
};

struct log_page {
    struct job_log_row *rows; // in order of seq
    int n;
    int64_t after, before; // where the next page, and the one before it, begins; before 0: nothing is older
};

int log_page_read(struct store_tx *tx, const char *job_id, const struct log_query *q, struct log_page *out,
                  struct err *e); // HW_ENOTFOUND: no such job
void log_page_release(struct log_page *p);

#endif
