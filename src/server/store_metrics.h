// The store, and what is in it of jobs, queues and workers, for /metrics.
#ifndef HW_SERVER_STORE_METRICS_H
#define HW_SERVER_STORE_METRICS_H

#include "base/buf.h"
#include "store/jobs_table.h"
#include "store/store.h"

// What a scrape reads of the database.
struct store_metrics {
    struct job_counts jobs;
    struct job_queue_count *queues; // owned
    int n_queues;
    int workers; // heard from in the last minute, with places for jobs
};
int store_metrics_read(struct store_tx *tx, struct store_metrics *m, struct err *e);
void store_metrics_release(struct store_metrics *m);

// `m`: NULL if it could not be read, and then nothing is said of jobs.
void store_metrics_write(struct store *s, const struct store_metrics *m, struct buf *out);

#endif
