// Storing what a job wrote, within its bounds. On the store's thread.
#include "jobs/log_bounds.h"
#include "jobs/queue_internal.h"

// In one transaction: more than a report can bring (512 KiB of events), so that the bound is kept up with.
enum { CUT_CHUNKS_MAX = 200 };

int change_store_logs(struct store_tx *tx, struct change *c, struct err *e)
{
    if (c->n_logs == 0) return 0;
    struct log_chunk chunk = LOG_CHUNK_INIT;
    struct job_logs_cut cut;
    int rc = 0;
    for (int i = 0; !rc && i < c->n_logs; i++) {
        const struct change_log *l = &c->logs[i];
        log_bounds_add(&c->job, l->seq, (int64_t)l->n);
        // Chunks are forgotten whole, so the first one of the newest part begins with it.
        if (l->seq == c->job.log_tail_begin || log_chunk_full(&chunk)) rc = log_chunk_store(tx, c->job.id, &chunk, e);
        log_chunk_add(&chunk, l->seq, l->ts_us, l->stream, slice_of(l->text, l->n));
    }
    if (!rc) rc = log_chunk_store(tx, c->job.id, &chunk, e);
    log_chunk_release(&chunk);
    int64_t excess = rc ? 0 : log_bounds_excess(&c->job);
    if (excess == 0) return rc;
    rc = job_logs_cut(tx, c->job.id, c->job.log_tail_begin, excess, CUT_CHUNKS_MAX, &cut, e);
    if (!rc) log_bounds_cut(&c->job, &cut);
    return rc;
}
