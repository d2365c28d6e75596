#include "store/workers_table.h"

#include "store/columns.h"

static const struct column workers_columns[] = {
    COLUMN(COL_ID, worker_row, id),           COLUMN(COL_TEXT, worker_row, host),
    COLUMN(COL_TEXT, worker_row, version),    COLUMN(COL_COUNT, worker_row, pid),
    COLUMN(COL_I32, worker_row, slots_gpu),   COLUMN(COL_I32, worker_row, slots_cpu),
    COLUMN(COL_I32, worker_row, slots_io),    COLUMN(COL_INT, worker_row, last_batch),
    COLUMN(COL_TIME, worker_row, created_at), COLUMN(COL_TIME, worker_row, last_seen_at),
    COLUMN(COL_TEXT, worker_row, queues),
};

static const struct table workers = {"workers", workers_columns, sizeof workers_columns / sizeof *workers_columns,
                                     sizeof(struct worker_row)};

void worker_row_init(struct worker_row *r)
{
    table_row_init(&workers, r);
}

void worker_row_release(struct worker_row *r)
{
    table_row_release(&workers, r);
}

void worker_rows_free(struct worker_row *rows, int n)
{
    table_rows_free(&workers, rows, n);
}

int worker_row_get(struct store_tx *tx, const char *id, struct worker_row *r, struct err *e)
{
    return table_get(tx, &workers, id, r, e);
}

int worker_row_insert(struct store_tx *tx, const struct worker_row *r, struct err *e)
{
    return table_insert(tx, &workers, r, e);
}

int worker_row_seen(struct store_tx *tx, const char *id, int64_t batch, int64_t now, struct err *e)
{
    const char *text = "UPDATE workers SET last_seen_at = ?2,"
                       " last_batch = CASE WHEN last_batch < ?3 THEN ?3 ELSE last_batch END WHERE id = ?1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, id);
    sql_bind_i64(st, 2, now);
    sql_bind_i64(st, 3, batch);
    int64_t n = sql_exec(st, e);
    return n == 0 ? err_set(e, HW_ENOTFOUND, "there is no worker %.60s", id) : n < 0 ? (int)n : 0;
}

int worker_rows_list(struct store_tx *tx, int64_t since, struct worker_row **rows, int *n, struct err *e)
{
    struct sql_stmt *st = table_select(tx, &workers, "WHERE last_seen_at >= ?1 ORDER BY last_seen_at DESC", e);
    *rows = NULL, *n = 0;
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, since);
    void *all;
    int rc = table_fetch(&workers, st, &all, n, e);
    *rows = all;
    return rc;
}
