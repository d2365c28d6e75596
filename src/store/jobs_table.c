#include "store/jobs_table.h"

#include <string.h>

#include "base/buf.h"
#include "store/columns.h"

static const struct column jobs_columns[] = {
    COLUMN(COL_ID, job_row, id),
    COLUMN(COL_TEXT, job_row, kind),
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
    COLUMN(COL_TIME, job_row, created_at),
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
    COLUMN(COL_ID, job_row, retry_of),
    COLUMN(COL_ID, job_row, retried_by),
    COLUMN(COL_TEXT, job_row, idempotency_key),
    COLUMN(COL_BOOL, job_row, dismissed),
    COLUMN(COL_BOOL, job_row, determinate),
    COLUMN(COL_TEXT, job_row, control),
    COLUMN(COL_TEXT, job_row, resume),
    COLUMN(COL_TIME, job_row, not_before),
    COLUMN(COL_REAL, job_row, time_limit_seconds),
    COLUMN(COL_BOOL, job_row, auto_retry),
    COLUMN(COL_I32, job_row, auto_retries),
    COLUMN(COL_BOOL, job_row, attached),
    COLUMN(COL_TEXT, job_row, usage),
    COLUMN(COL_INT, job_row, log_bytes),
    COLUMN(COL_INT, job_row, log_head_end),
    COLUMN(COL_INT, job_row, log_tail_begin),
    COLUMN(COL_INT, job_row, log_cut_bytes),
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

static const char *state_condition(const char *state)
{
    if (strcmp(state, "active") == 0)
        return "status IN ('queued', 'starting', 'running', 'paused', 'stalled', 'cancelling')";
    if (strcmp(state, "failed") == 0) return "status = 'failed' AND dismissed = 0 AND retried_by IS NULL";
    return "(status IN ('completed', 'cancelled') OR"
           " (status = 'failed' AND (dismissed = 1 OR retried_by IS NOT NULL)))";
}

int job_rows_list(struct store_tx *tx, const struct job_filter *f, const struct page *p, struct job_row **rows, int *n,
                  bool *more, struct err *e)
{
    const struct {
        const char *column, *value;
    } wanted[] = {
        {"kind", f->kind}, {"status", f->status}, {"entity_type", f->entity_type}, {"entity_id", f->entity_id}};
    const char *args[4];
    int n_args = 0;
    struct buf where = BUF_INIT;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!wanted[i].value || !*wanted[i].value) continue;
        args[n_args++] = wanted[i].value;
        buf_addf(&where, "%s%s = ?%d", where.n ? " AND " : "", wanted[i].column, n_args);
    }
    if (f->state && *f->state) buf_addf(&where, "%s%s", where.n ? " AND " : "", state_condition(f->state));
    void *all;
    int rc = table_page(tx, &jobs, buf_cstr(&where), args, n_args, p, &all, n, more, e);
    *rows = all;
    buf_release(&where);
    return rc;
}

int job_row_next_queued(struct store_tx *tx, const char *resource_class, struct job_row *r, struct err *e)
{
    const char *tail = "WHERE status = 'queued' AND resource_class = ?1 ORDER BY priority DESC, queued_at, id LIMIT 1";
    job_row_init(r);
    struct sql_stmt *st = table_select(tx, &jobs, tail, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, resource_class);
    return first(st, r, "no job of this class is queued", e);
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

int job_counts_read(struct store_tx *tx, struct job_counts *c, struct err *e)
{
    const struct {
        const char *status;
        int64_t *count;
    } active[] = {{"queued", &c->queued}, {"starting", &c->starting}, {"running", &c->running},
                  {"paused", &c->paused}, {"stalled", &c->stalled},   {"cancelling", &c->cancelling}};
    *c = (struct job_counts){0};
    const char *text = "SELECT status, status = 'failed' AND dismissed = 0 AND retried_by IS NULL AS shown, COUNT(*)"
                       " FROM jobs GROUP BY status, shown";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        int64_t *count = sql_i64(st, 1) ? &c->failed : &c->finished;
        for (size_t i = 0; i < sizeof active / sizeof *active; i++)
            if (slice_is(sql_slice(st, 0), active[i].status)) count = active[i].count;
        *count += sql_i64(st, 2);
    }
    sql_end(st);
    return rc;
}
