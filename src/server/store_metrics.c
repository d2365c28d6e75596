#include "server/store_metrics.h"

#include <string.h>

#include "base/clock.h"
#include "base/prometheus.h"
#include "store/workers_table.h"

static const int64_t WORKER_SEEN_US = 60 * 1000000LL;

static int count_workers(struct store_tx *tx, int *count, struct err *e)
{
    struct worker_row *workers;
    int n, rc = worker_rows_list(tx, clock_now_us() - WORKER_SEEN_US, &workers, &n, e);
    if (rc) return rc;
    for (int i = 0; i < n; i++) *count += workers[i].slots_gpu + workers[i].slots_cpu + workers[i].slots_io > 0;
    worker_rows_free(workers, n);
    return 0;
}

int store_metrics_read(struct store_tx *tx, struct store_metrics *m, struct err *e)
{
    *m = (struct store_metrics){0};
    int rc = job_counts_read(tx, &m->jobs, e);
    if (!rc) rc = job_queue_counts_read(tx, &m->queues, &m->n_queues, e);
    if (!rc) rc = count_workers(tx, &m->workers, e);
    return rc;
}

void store_metrics_release(struct store_metrics *m)
{
    job_queue_counts_free(m->queues, m->n_queues);
    m->queues = NULL;
    m->n_queues = 0;
}

static void jobs(struct buf *out, const struct store_metrics *m)
{
    const struct job_counts *c = &m->jobs;
    const struct {
        const char *status;
        int64_t n;
    } states[] = {{"queued", c->queued}, {"starting", c->starting}, {"running", c->running},
                  {"paused", c->paused}, {"stalled", c->stalled},   {"cancelling", c->cancelling},
                  {"failed", c->failed}, {"finished", c->finished}};
    static const char name[] = "headway_jobs", queued[] = "headway_queue_jobs";
    prom_family(
        out, name, PROM_GAUGE,
        "Jobs by status; failed: those that were neither retried nor dismissed; finished: all others that ended.");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        prom_sample(out, name, (const char *const[]){"status", states[i].status, NULL}, (double)states[i].n);
    prom_family(out, queued, PROM_GAUGE, "Jobs that wait, by queue and by the kind of place they need.");
    for (int i = 0; i < m->n_queues; i++) {
        const struct job_queue_count *q = &m->queues[i];
        prom_sample(out, queued, (const char *const[]){"queue", q->queue, "resource_class", q->resource_class, NULL},
                    (double)q->jobs);
    }
    prom_gauge(out, "headway_workers", "Workers that were heard from in the last minute.", m->workers);
}

static void histogram(struct buf *out, const char *name, const char *label, struct latency *l)
{
    const struct prom_histogram h = {
        .bounds = latency_bounds, .n_bounds = LATENCY_BOUNDS, .counts = l->counts, .sum = l->sum};
    prom_histogram_write(out, name, label ? (const char *const[]){"operation", label, NULL} : NULL, &h);
}

static void latencies(struct buf *out, struct store_stats *st)
{
    static const char operations[] = "headway_store_operation_duration_seconds",
                      transactions[] = "headway_store_transaction_duration_seconds",
                      commits[] = "headway_store_commit_duration_seconds",
                      waiting[] = "headway_store_operations_waiting",
                      failed[] = "headway_store_operations_failed_total";
    const char *const reads[] = {"operation", "read", NULL}, *const writes[] = {"operation", "write", NULL};
    prom_family(out, operations, PROM_HISTOGRAM,
                "From what was asked of the store to its answer; a write's is durable.");
    histogram(out, operations, "read", &st->read);
    histogram(out, operations, "write", &st->write);
    prom_family(out, transactions, PROM_HISTOGRAM, "Writing transactions, each of many operations.");
    histogram(out, transactions, NULL, &st->transactions);
    prom_family(out, commits, PROM_HISTOGRAM, "Their commits alone: what the disk, or the database server, takes.");
    histogram(out, commits, NULL, &st->commits);
    prom_family(out, waiting, PROM_GAUGE, "Operations that wait for their turn.");
    prom_sample(out, waiting, reads, st->reads_queued);
    prom_sample(out, waiting, writes, st->writes_queued);
    prom_family(out, failed, PROM_COUNTER,
                "Operations that ended with an error, a conflict or what isn't there included.");
    prom_sample_u64(out, failed, reads, st->reads_failed);
    prom_sample_u64(out, failed, writes, st->writes_failed);
}

void store_metrics_write(struct store *s, const struct store_metrics *m, struct buf *out)
{
    struct store_stats st;
    prom_gauge(out, "headway_store_up", "1 if the database answered this scrape.", m ? 1 : 0);
    if (m) jobs(out, m);
    store_stats(s, &st);
    latencies(out, &st);
}
