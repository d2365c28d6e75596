#include "jobs/maintenance.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/output_sweep.h"
#include "jobs/schedule.h"
#include "jobs/slices.h"
#include "store/retention.h"
#include "store/rollups_table.h"

static const int64_t DAY_US = 86400LL * 1000000;

// ---- workers -------------------------------------------------------------------------------------------------------

enum { WORKERS_AT_ONCE = 10 };

struct worker_removal {
    int64_t before, removed;
};

static int remove_workers(struct store_tx *tx, void *ctx, struct err *e)
{
    struct worker_removal *r = ctx;
    int64_t n = retention_remove_workers(tx, r->before, WORKERS_AT_ONCE, e);
    if (n < 0) return (int)n;
    r->removed += n;
    return n == WORKERS_AT_ONCE;
}

int maintenance_workers(struct schedule_run *run, void *store, struct err *e)
{
    struct worker_removal r = {.before = schedule_run_started_at(run) - WORKER_RETENTION_DAYS * DAY_US};
    struct slices s = {0};
    int rc = slices_run(run, store, remove_workers, &r, &s, e);
    jw_ki64(schedule_run_result(run), "removed", r.removed);
    return rc;
}

// ---- logs ----------------------------------------------------------------------------------------------------------

// Lines may have a megabyte each: what a piece may hold is bounded both ways.
enum { JOBS_AT_ONCE = 100, LINES_AT_ONCE = 32, BYTES_AT_ONCE = 32768 };

struct log_removal {
    int64_t before;
    int64_t created_at; // of the last job looked for
    char last[ID_SIZE];
    char ids[JOBS_AT_ONCE][ID_SIZE];
    int n, at;
    int64_t jobs, lines, bytes;
};

static int find_jobs(struct store_tx *tx, void *ctx, struct err *e)
{
    struct log_removal *r = ctx;
    for (r->n = r->at = 0; r->n < JOBS_AT_ONCE; r->n++) {
        int rc = retention_next_logged_job(tx, r->before, &r->created_at, r->last, e);
        if (rc == HW_ENOTFOUND) break;
        if (rc) return rc;
        memcpy(r->ids[r->n], r->last, ID_SIZE);
    }
    return 0;
}

static int remove_lines(struct store_tx *tx, void *ctx, struct err *e)
{
    struct log_removal *r = ctx;
    int64_t lines, bytes;
    if (r->at == r->n) return 0;
    int rc = retention_remove_log_lines(tx, r->ids[r->at], LINES_AT_ONCE, BYTES_AT_ONCE, &lines, &bytes, e);
    if (rc) return rc;
    r->lines += lines;
    r->bytes += bytes;
    if (lines == 0) {
        r->jobs++;
        r->at++;
    }
    return r->at < r->n;
}

int maintenance_job_logs(struct schedule_run *run, void *store, struct err *e)
{
    struct log_removal r = {.before = schedule_run_started_at(run) - JOB_LOG_RETENTION_DAYS * DAY_US};
    struct slices s = {0};
    int rc;
    do {
        // Read on a reader's thread: looking for them costs the writer nothing.
        rc = store_read_wait(store, find_jobs, &r, e);
        if (!rc && r.n) rc = slices_run(run, store, remove_lines, &r, &s, e);
    } while (!rc && r.n == JOBS_AT_ONCE);
    struct jw *w = schedule_run_result(run);
    jw_ki64(w, "jobs", r.jobs);
    jw_ki64(w, "lines", r.lines);
    jw_ki64(w, "bytes", r.bytes);
    slices_write(&s, w);
    return rc;
}

// ---- half-written output -------------------------------------------------------------------------------------------

struct output {
    int64_t created_at;
    char id[ID_SIZE];
    char *dir;
    bool swept;
};

// Without a folder when there is no further one.
static int next_output(struct store_tx *tx, void *ctx, struct err *e)
{
    struct output *o = ctx;
    int rc = retention_next_output(tx, &o->created_at, o->id, &o->dir, e);
    if (rc != HW_ENOTFOUND) return rc;
    err_clear(e);
    o->dir = NULL;
    return 0;
}

// In a transaction of the writer, so that no retry begins to write there meanwhile.
static int sweep_output(struct store_tx *tx, void *ctx, struct err *e)
{
    struct output *o = ctx;
    bool in_use = true;
    int rc = retention_output_in_use(tx, o->dir, &in_use, e);
    if (rc || in_use) return rc;
    rc = output_sweep(o->dir, e);
    o->swept = rc == 0;
    return rc;
}

// A folder that can't be swept costs the others nothing: the run goes on, and has failed with the first reason.
int maintenance_outputs(struct schedule_run *run, void *store, struct err *e)
{
    struct output o = {.created_at = schedule_run_started_at(run) - OUTPUT_SWEEP_DAYS * DAY_US};
    int64_t jobs = 0, swept = 0;
    int rc = 0;
    for (;;) {
        struct err why = {0};
        int failed = schedule_run_stopping(run) ? err_set(&why, HW_ECANCELLED, "the server is stopping")
                                                : store_read_wait(store, next_output, &o, &why);
        bool over = failed || !o.dir;
        if (!over) {
            o.swept = false;
            if (output_needs_sweep(o.dir)) failed = store_write_wait(store, sweep_output, &o, &why);
            free(o.dir);
            jobs++;
            swept += o.swept;
        }
        if (failed && (!rc || failed == HW_ECANCELLED)) {
            rc = failed;
            if (e) *e = why;
        }
        if (over) break;
    }
    struct jw *w = schedule_run_result(run);
    jw_ki64(w, "jobs", jobs);
    jw_ki64(w, "swept", swept);
    return rc;
}

// ---- curves --------------------------------------------------------------------------------------------------------

struct summing {
    int64_t key;
    int layer;
    bool more; // of this curve
    int64_t curves;
};

static int sum_up(struct store_tx *tx, void *ctx, struct err *e)
{
    struct summing *s = ctx;
    if (!s->more) {
        int rc = rollups_next_curve(tx, &s->key, &s->layer, e);
        if (rc == HW_ENOTFOUND) {
            err_clear(e);
            return 0;
        }
        if (rc) return rc;
        s->curves++;
    }
    int rc = rollups_extend(tx, s->key, s->layer, &s->more, e);
    return rc ? rc : 1;
}

int maintenance_curves(struct schedule_run *run, void *store, struct err *e)
{
    struct summing all = {0};
    struct slices s = {0};
    int rc = slices_run(run, store, sum_up, &all, &s, e);
    jw_ki64(schedule_run_result(run), "curves", all.curves);
    slices_write(&s, schedule_run_result(run));
    return rc;
}

// ---- the database --------------------------------------------------------------------------------------------------

int maintenance_database(struct schedule_run *run, void *store, struct err *e)
{
    struct store_maintenance m = {0};
    int rc = store_maintain(store, &m, e);
    if (rc) return rc;
    struct jw *w = schedule_run_result(run);
    jw_kfixed(w, "optimize_ms", (double)m.optimize_us / 1e3, 1);
    jw_ki64(w, "wal_pages", m.wal_pages);
    jw_ki64(w, "wal_pages_moved", m.wal_pages_moved);
    jw_ki64(w, "database_pages", m.pages);
    jw_ki64(w, "free_pages", m.free_pages);
    jw_ki64(w, "page_bytes", m.page_bytes);
    return 0;
}
