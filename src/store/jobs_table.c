#include "store/jobs_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/columns.h"
#include "store/jobs_queries.h"

static const struct column jobs_columns[] = {
    COLUMN(COL_ID, job_row, id),
    FIXED_COLUMN(COL_TEXT, job_row, kind),
    COLUMN(COL_TEXT, job_row, name),
    COLUMN(COL_TEXT, job_row, status),
    COLUMN(COL_I32, job_row, attempt),
    COLUMN(COL_I32, job_row, max_attempts),
    COLUMN(COL_I32, job_row, priority),
    COLUMN(COL_TEXT, job_row, queue),
    COLUMN(COL_TEXT, job_row, resource_class),
    COLUMN(COL_TEXT, job_row, entity_type),
    COLUMN(COL_ID, job_row, entity_id),
    COLUMN(COL_TEXT, job_row, params),
    COLUMN(COL_TEXT, job_row, spec),
    COLUMN(COL_TEXT, job_row, output_dir),
    COLUMN(COL_TEXT, job_row, phase),
    COLUMN(COL_I32, job_row, phase_index),
    COLUMN(COL_I32, job_row, phase_count),
    COLUMN(COL_REAL, job_row, phase_from),
    COLUMN(COL_REAL, job_row, phase_to),
    COLUMN(COL_REAL, job_row, progress),
    COLUMN(COL_COUNT, job_row, done),
    COLUMN(COL_COUNT, job_row, total),
    COLUMN(COL_TEXT, job_row, unit),
    COLUMN(COL_REAL, job_row, rate),
    COLUMN(COL_REAL, job_row, eta_seconds),
    COLUMN(COL_REAL, job_row, eta_low),
    COLUMN(COL_REAL, job_row, eta_high),
    COLUMN(COL_TEXT, job_row, message),
    FIXED_COLUMN(COL_TIME, job_row, created_at),
    COLUMN(COL_TIME, job_row, queued_at),
    COLUMN(COL_TIME, job_row, started_at),
    COLUMN(COL_TIME, job_row, finished_at),
    COLUMN(COL_TIME, job_row, updated_at),
    COLUMN(COL_TIME, job_row, last_report_at),
    COLUMN(COL_ID, job_row, worker_id),
    COLUMN(COL_TEXT, job_row, lease),
    COLUMN(COL_TIME, job_row, lease_until),
    COLUMN(COL_COUNT, job_row, pid),
    COLUMN(COL_INT, job_row, log_seq),
    COLUMN(COL_INT, job_row, version),
    COLUMN(COL_TEXT, job_row, result),
    COLUMN(COL_TEXT, job_row, error_type),
    COLUMN(COL_TEXT, job_row, error_message),
    COLUMN(COL_TEXT, job_row, error_params),
    COLUMN(COL_TEXT, job_row, suggested_retry_params),
    FIXED_COLUMN(COL_ID, job_row, retry_of),
    COLUMN(COL_ID, job_row, retried_by),
    FIXED_COLUMN(COL_TEXT, job_row, idempotency_key),
    COLUMN(COL_BOOL, job_row, dismissed),
    COLUMN(COL_BOOL, job_row, determinate),
    COLUMN(COL_TEXT, job_row, control),
    COLUMN(COL_TEXT, job_row, resume),
    COLUMN(COL_TIME, job_row, not_before),
    COLUMN(COL_BOOL, job_row, waiting),
    COLUMN(COL_REAL, job_row, time_limit_seconds),
    COLUMN(COL_BOOL, job_row, auto_retry),
    COLUMN(COL_I32, job_row, auto_retries),
    COLUMN(COL_BOOL, job_row, attached),
    COLUMN(COL_TEXT, job_row, usage),
    COLUMN(COL_INT, job_row, log_bytes),
    COLUMN(COL_INT, job_row, log_head_end),
    COLUMN(COL_INT, job_row, log_tail_begin),
    COLUMN(COL_INT, job_row, log_cut_bytes),
    COLUMN(COL_TIME, job_row, status_at),
    COLUMN(COL_TEXT, job_row, host),
    COLUMN(COL_INT, job_row, event_seq),
};

static const struct table jobs = {"jobs", jobs_columns, sizeof jobs_columns / sizeof *jobs_columns,
                                  sizeof(struct job_row)};

void job_row_init(struct job_row *r)
{
    table_row_init(&jobs, r);
}

void job_row_release(struct job_row *r)
{
    table_row_release(&jobs, r);
}

void job_rows_free(struct job_row *rows, int n)
{
    table_rows_free(&jobs, rows, n);
}

void job_row_copy(struct job_row *to, const struct job_row *from)
{
    table_row_copy(&jobs, to, from);
}

int job_row_get(struct store_tx *tx, const char *id, struct job_row *r, struct err *e)
{
    return table_get(tx, &jobs, id, r, e);
}

// The first row of a select; HW_ENOTFOUND with `none` as the message if it has none.
static int first(struct sql_stmt *st, struct job_row *r, const char *none, struct err *e)
{
    int rc = sql_step(st, e);
    if (rc == 1) table_read(&jobs, st, r);
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "%s", none);
    return rc == 1 ? 0 : rc;
}

int job_row_by_key(struct store_tx *tx, const char *idempotency_key, struct job_row *r, struct err *e)
{
    job_row_init(r);
    struct sql_stmt *st = table_select(tx, &jobs, "WHERE idempotency_key = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, idempotency_key);
    return first(st, r, "no job has this idempotency key", e);
}

int job_row_insert(struct store_tx *tx, const struct job_row *r, struct err *e)
{
    return table_insert(tx, &jobs, r, e);
}

int job_row_update(struct store_tx *tx, struct job_row *r, struct err *e)
{
    int64_t read = r->version++;
    int rc = table_update_cas(tx, &jobs, r, read, e);
    if (rc) r->version = read;
    return rc;
}

int job_rows_list(struct store_tx *tx, const struct job_filter *f, const struct page *p, struct job_row **rows, int *n,
                  bool *more, struct err *e)
{
    const struct {
        const char *column, *value;
    } wanted[] = {
        {"kind", f->kind},           {"status", f->status}, {"state", f->state}, {"entity_type", f->entity_type},
        {"entity_id", f->entity_id},
    };
    const char *args[sizeof wanted / sizeof *wanted];
    int n_args = 0;
    struct buf where = BUF_INIT;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!wanted[i].value || !*wanted[i].value) continue;
        args[n_args++] = wanted[i].value;
        buf_addf(&where, "%s%s = ?%d", where.n ? " AND " : "", wanted[i].column, n_args);
    }
    void *all;
    int rc = table_page(tx, &jobs, buf_cstr(&where), args, n_args, p, &all, n, more, e);
    *rows = all;
    buf_release(&where);
    return rc;
}

int job_head_next(struct store_tx *tx, const char *queue, const char *resource_class, struct job_head *h, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, JOB_HEAD_SQL, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, queue);
    sql_bind_text(st, 2, resource_class);
    int rc = sql_step(st, e);
    if (rc == 1) {
        struct slice id = sql_slice(st, 0);
        snprintf(h->id, sizeof h->id, "%.*s", SLICE_FMT(id));
        h->priority = (int)sql_i64(st, 1);
    }
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "no job of this queue and class can be taken");
    return rc == 1 ? 0 : rc;
}

int job_rows_due(struct store_tx *tx, int64_t now, int limit, struct job_row **rows, int *n, struct err *e)
{
    *rows = NULL, *n = 0;
    struct sql_stmt *st = table_select(tx, &jobs, JOB_DUE_TAIL, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, now);
    sql_bind_i64(st, 2, limit);
    void *all;
    int rc = table_fetch(&jobs, st, &all, n, e);
    *rows = all;
    return rc;
}

int job_next_due(struct store_tx *tx, int64_t *not_before, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, JOB_NEXT_DUE_SQL, e);
    *not_before = 0;
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e);
    if (rc == 1) *not_before = sql_i64(st, 0);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

int job_rows_leased(struct store_tx *tx, int64_t now, struct job_row **rows, int *n, struct err *e)
{
    const char *tail = "WHERE lease_until IS NOT NULL AND lease_until < ?1 ORDER BY lease_until";
    *rows = NULL, *n = 0;
    struct sql_stmt *st = table_select(tx, &jobs, tail, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, now);
    void *all;
    int rc = table_fetch(&jobs, st, &all, n, e);
    *rows = all;
    return rc;
}

static int count_one(struct store_tx *tx, const char *text, const char *value, int64_t *count, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, value);
    int rc = sql_step(st, e);
    if (rc == 1) *count = sql_i64(st, 0);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

int job_counts_read(struct store_tx *tx, struct job_counts *c, struct err *e)
{
    int64_t completed = 0, cancelled = 0, failed = 0;
    const struct {
        const char *status;
        int64_t *count;
    } each[] = {{"queued", &c->queued},    {"starting", &c->starting}, {"running", &c->running},
                {"paused", &c->paused},    {"stalled", &c->stalled},   {"cancelling", &c->cancelling},
                {"completed", &completed}, {"cancelled", &cancelled},  {"failed", &failed}};
    int rc = 0;
    *c = (struct job_counts){0};
    // One by one, each counts a stretch of an index; grouped, SQLite would read every row.
    for (size_t i = 0; !rc && i < sizeof each / sizeof *each; i++)
        rc = count_one(tx, JOB_STATUS_COUNT_SQL, each[i].status, each[i].count, e);
    if (!rc) rc = count_one(tx, JOB_STATE_COUNT_SQL, "failed", &c->failed, e);
    c->finished = completed + cancelled + failed - c->failed;
    return rc;
}

static void add_count(struct job_queue_count **counts, int *n, struct slice queue, struct slice class, int64_t n_jobs)
{
    for (int i = 0; i < *n; i++) {
        struct job_queue_count *c = &(*counts)[i];
        if (!slice_is(queue, c->queue) || !slice_is(class, c->resource_class)) continue;
        c->jobs += n_jobs;
        return;
    }
    *counts = mem_realloc_array(*counts, (size_t)*n + 1, sizeof **counts);
    (*counts)[(*n)++] = (struct job_queue_count){mem_strndup(queue.p, queue.n), mem_strndup(class.p, class.n), n_jobs};
}

int job_queue_counts_read(struct store_tx *tx, struct job_queue_count **counts, int *n, struct err *e)
{
    *counts = NULL, *n = 0;
    struct sql_stmt *st = sql_begin(tx, JOB_QUEUE_COUNTS_SQL, e);
    if (!st) return HW_EINTERNAL;
    int rc;
    while ((rc = sql_step(st, e)) == 1) add_count(counts, n, sql_slice(st, 0), sql_slice(st, 1), sql_i64(st, 2));
    sql_end(st);
    return rc;
}

void job_queue_counts_free(struct job_queue_count *counts, int n)
{
    for (int i = 0; i < n; i++) {
        free(counts[i].queue);
        free(counts[i].resource_class);
    }
    free(counts);
}
