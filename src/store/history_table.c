#include "store/history_table.h"

#include "store/columns.h"

static const struct column history_columns[] = {
    COLUMN(COL_INT, history_row, id),         COLUMN(COL_TEXT, history_row, entity_type),
    COLUMN(COL_ID, history_row, entity_id),   COLUMN(COL_INT, history_row, timestamp),
    COLUMN(COL_REAL, history_row, progress),  COLUMN(COL_TEXT, history_row, metrics),
    COLUMN(COL_INT, history_row, created_at),
};

static const struct table history = {"progress_history", history_columns,
                                     sizeof history_columns / sizeof *history_columns, sizeof(struct history_row)};

void history_rows_free(struct history_row *rows, int n)
{
    table_rows_free(&history, rows, n);
}

int history_row_insert(struct store_tx *tx, const struct history_row *r, struct err *e)
{
    const char *text = "INSERT INTO progress_history (entity_type, entity_id, timestamp, progress, metrics, created_at)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, r->entity_type);
    sql_bind_text(st, 2, r->entity_id);
    sql_bind_i64(st, 3, r->timestamp);
    sql_bind_f64(st, 4, r->progress);
    sql_bind_text(st, 5, r->metrics);
    sql_bind_i64(st, 6, r->created_at);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int history_rows_list(struct store_tx *tx, const char *entity_type, const char *entity_id, int64_t start, int64_t end,
                      int limit, struct history_row **rows, int *n, struct err *e)
{
    const char *tail = "WHERE entity_type = ?1 AND entity_id = ?2 AND timestamp BETWEEN ?3 AND ?4"
                       " ORDER BY timestamp, id LIMIT ?5";
    *rows = NULL, *n = 0;
    struct sql_stmt *st = table_select(tx, &history, tail, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, entity_type);
    sql_bind_text(st, 2, entity_id);
    sql_bind_i64(st, 3, start);
    sql_bind_i64(st, 4, end);
    sql_bind_i64(st, 5, limit);
    void *all;
    int rc = table_fetch(&history, st, &all, n, e);
    *rows = all;
    return rc;
}

int setting_get(struct store_tx *tx, const char *name, struct buf *value, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT value FROM settings WHERE name = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, name);
    int rc = sql_step(st, e);
    if (rc == 1) buf_add_slice(value, sql_slice(st, 0));
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "there is no setting %.60s", name);
    return rc == 1 ? 0 : rc;
}

int setting_put(struct store_tx *tx, const char *name, const char *value, struct err *e)
{
    const char *text = "INSERT INTO settings (name, value) VALUES (?1, ?2)"
                       " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, name);
    sql_bind_text(st, 2, value);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}
