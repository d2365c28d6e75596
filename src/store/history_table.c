#include "store/history_table.h"

#include <stdio.h>

#include "store/columns.h"

static const struct column history_columns[] = {
    COLUMN(COL_INT, history_row, id),         COLUMN(COL_TEXT, history_row, entity_type),
    COLUMN(COL_ID, history_row, entity_id),   COLUMN(COL_INT, history_row, timestamp),
    COLUMN(COL_REAL, history_row, progress),  COLUMN(COL_TEXT, history_row, metrics),
    COLUMN(COL_INT, history_row, created_at),
};

static const struct table history = {"progress_history", history_columns,
                                     sizeof history_columns / sizeof *history_columns, sizeof(struct history_row)};

void history_row_release(struct history_row *r)
{
    table_row_release(&history, r);
}

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

// The start of the metrics of a job's snapshots; of any, where no job is named. (An id has no % in it, and what its _
// matches besides is no other id.)
static void job_pattern(const char *job_id, char out[ID_SIZE + 16])
{
    if (job_id)
        snprintf(out, ID_SIZE + 16, "{\"job_id\":\"%.*s\"%%", ID_SIZE, job_id);
    else
        snprintf(out, ID_SIZE + 16, "%%");
}

int history_rows_list(struct store_tx *tx, const struct history_query *q, struct history_row **rows, int *n,
                      struct err *e)
{
    const char *tail = "WHERE entity_type = ?1 AND entity_id = ?2 AND timestamp BETWEEN ?3 AND ?4"
                       " AND (timestamp, id) > (?5, ?6) AND COALESCE(metrics, '') LIKE ?7"
                       " ORDER BY timestamp, id LIMIT ?8";
    char pattern[ID_SIZE + 16];
    *rows = NULL, *n = 0;
    struct sql_stmt *st = table_select(tx, &history, tail, e);
    if (!st) return HW_EINTERNAL;
    job_pattern(q->job_id, pattern);
    sql_bind_text(st, 1, q->entity_type);
    sql_bind_text(st, 2, q->entity_id);
    sql_bind_i64(st, 3, q->start);
    sql_bind_i64(st, 4, q->end);
    sql_bind_i64(st, 5, q->after_us);
    sql_bind_i64(st, 6, q->after_id);
    sql_bind_text(st, 7, pattern);
    sql_bind_i64(st, 8, q->limit);
    void *all;
    int rc = table_fetch(&history, st, &all, n, e);
    *rows = all;
    return rc;
}

int history_row_newest(struct store_tx *tx, const char *entity_type, const char *entity_id, const char *job_id,
                       struct history_row *r, struct err *e)
{
    // By id, not by time: a clock may have been set back. (MAX within the entity's part of the index: ordered by id,
    // the whole table might be gone through.)
    const char *tail = "WHERE id = (SELECT MAX(h.id) FROM progress_history AS h WHERE h.entity_type = ?1"
                       " AND h.entity_id = ?2 AND COALESCE(h.metrics, '') LIKE ?3)";
    char pattern[ID_SIZE + 16];
    table_row_init(&history, r);
    struct sql_stmt *st = table_select(tx, &history, tail, e);
    if (!st) return HW_EINTERNAL;
    job_pattern(job_id, pattern);
    sql_bind_text(st, 1, entity_type);
    sql_bind_text(st, 2, entity_id);
    sql_bind_text(st, 3, pattern);
    int rc = sql_step(st, e);
    if (rc == 1) table_read(&history, st, r);
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "there is no snapshot of the %s %s", entity_type, entity_id);
    return rc == 1 ? 0 : rc;
}

int history_entity_type(struct store_tx *tx, const char *entity_id, char type[ID_SIZE], struct err *e)
{
    const char *text = "SELECT entity_type FROM progress_history WHERE entity_type IN ('training', 'extraction',"
                       " 'dataset', 'model', 'job') AND entity_id = ?1 LIMIT 1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, entity_id);
    int rc = sql_step(st, e);
    if (rc == 1) snprintf(type, ID_SIZE, "%.*s", SLICE_FMT(sql_slice(st, 0)));
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "there is no snapshot of %s", entity_id);
    return rc == 1 ? 0 : rc;
}

int history_rows_move(struct store_tx *tx, const char *job_id, const char *entity_type, const char *entity_id,
                      struct err *e)
{
    const char *text = "UPDATE progress_history SET entity_type = ?1, entity_id = ?2"
                       " WHERE entity_type = 'job' AND entity_id = ?3";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, entity_type);
    sql_bind_text(st, 2, entity_id);
    sql_bind_text(st, 3, job_id);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int64_t history_rows_remove(struct store_tx *tx, int64_t before, int limit, struct err *e)
{
    const char *text = "DELETE FROM progress_history WHERE id IN (SELECT h.id FROM progress_history AS h"
                       " WHERE h.timestamp < ?1 ORDER BY h.timestamp LIMIT ?2)";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, before);
    sql_bind_i64(st, 2, limit);
    return sql_exec(st, e);
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
