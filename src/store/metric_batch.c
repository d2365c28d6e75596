#include "store/metric_batch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/curve_queries.h"
#include "store/metrics_queries.h"
#include "store/metrics_table.h"
#include "store/postgres_array.h"
#include "store/postgres_types.h"
#include "store/sql.h"

void metric_batch_add(struct metric_batch *b, const struct metric_row *r)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->rows = mem_realloc_array(b->rows, b->cap, sizeof *b->rows);
    }
    b->rows[b->n++] = *r;
}

void metric_batch_release(struct metric_batch *b)
{
    free(b->rows);
    *b = (struct metric_batch){0};
}

// ---- order ---------------------------------------------------------------------------------------------------------

static int by_place(const struct metric_row *x, const struct metric_row *y)
{
    if (x->layer_idx != y->layer_idx) return x->layer_idx < y->layer_idx ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

static int by_place_and_time(const void *a, const void *b)
{
    const struct metric_row *x = *(const struct metric_row *const *)a, *y = *(const struct metric_row *const *)b;
    int c = by_place(x, y);
    return c ? c : x < y ? -1 : x > y;
}

static bool in_order(const struct metric_batch *b)
{
    for (size_t i = 1; i < b->n; i++)
        if (by_place(&b->rows[i - 1], &b->rows[i]) >= 0) return false;
    return true;
}

static void put_in_order(struct metric_batch *b)
{
    if (in_order(b)) return;
    const struct metric_row **at = mem_array(b->n, sizeof *at);
    struct metric_row *rows = mem_array(b->n, sizeof *rows);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) at[i] = &b->rows[i];
    qsort(at, b->n, sizeof *at, by_place_and_time);
    for (size_t i = 0; i < b->n; i++)
        if (i + 1 == b->n || by_place(at[i], at[i + 1]) != 0) rows[n++] = *at[i];
    free(at);
    free(b->rows);
    *b = (struct metric_batch){rows, n, b->n};
}

// ---- SQLite --------------------------------------------------------------------------------------------------------

#define PUT(name) ", " #name " = excluded." #name

// It finds the row to replace by its key.
static int put_sqlite(struct store_tx *tx, int64_t key, const struct metric_batch *b, struct err *e)
{
    const char *text = "INSERT INTO training_metrics (training_id, " METRIC_ROW
                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
                       " ON CONFLICT (training_id, layer_idx, step) DO UPDATE SET"
                       " timestamp = excluded.timestamp" METRIC_COLUMNS(PUT) ", extra = excluded.extra";
    for (const struct metric_row *r = b->rows; r < b->rows + b->n; r++) {
        struct sql_stmt *st = sql_begin(tx, text, e);
        if (!st) return HW_EINTERNAL;
        int i = 1;
        sql_bind_i64(st, i++, key);
        sql_bind_i64(st, i++, r->step);
        sql_bind_i64(st, i++, r->layer_idx);
        sql_bind_i64(st, i++, r->timestamp);
#define X(name) sql_bind_f64(st, i++, r->name);
        METRIC_COLUMNS(X)
#undef X
        sql_bind_text(st, i, r->extra);
        int rc = sql_exec_later(st, e);
        if (rc) return rc;
    }
    return 0;
}

// ---- PostgreSQL ----------------------------------------------------------------------------------------------------

// Its table is partitioned by time and has no unique key: what the rows replace is deleted first, in whichever month it
// lies. One look for all steps of a curve, where mostly there is nothing.
static int delete_replaced(struct store_tx *tx, int64_t key, const struct metric_row *rows, size_t n, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, METRIC_REPLACED_SQL, e);
    struct buf steps = BUF_INIT;
    if (!st) return HW_EINTERNAL;
    pg_array_begin(&steps, OID_INT8, n);
    for (size_t i = 0; i < n; i++) pg_array_i64(&steps, rows[i].step);
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, rows[0].layer_idx);
    sql_bind_i64(st, 3, rows[0].step);
    sql_bind_i64(st, 4, rows[n - 1].step);
    sql_bind_slice(st, 5, buf_slice(&steps));
    int rc = sql_exec_later(st, e);
    buf_release(&steps);
    return rc;
}

static void put_doubles(struct buf *out, const struct metric_row *rows, size_t n, size_t member)
{
    pg_array_begin(out, OID_FLOAT8, n);
    for (size_t i = 0; i < n; i++) {
        double v;
        memcpy(&v, (const char *)&rows[i] + member, sizeof v);
        pg_array_f64(out, v);
    }
}

enum { COLUMNS = 14, ROWS_AT_ONCE = 2000 };

// As METRIC_ROW has them.
static void put_columns(struct buf out[COLUMNS], const struct metric_row *rows, size_t n)
{
    struct buf *steps = out++, *layers = out++, *times = out++;
    pg_array_begin(steps, OID_INT8, n);
    pg_array_begin(layers, OID_INT4, n);
    pg_array_begin(times, OID_INT8, n);
    for (size_t i = 0; i < n; i++) {
        pg_array_i64(steps, rows[i].step);
        pg_array_i32(layers, rows[i].layer_idx);
        pg_array_i64(times, rows[i].timestamp);
    }
#define X(name) put_doubles(out++, rows, n, offsetof(struct metric_row, name));
    METRIC_COLUMNS(X)
#undef X
    pg_array_begin(out, OID_TEXT, n);
    for (size_t i = 0; i < n; i++) pg_array_text(out, rows[i].extra);
}

static int insert(struct store_tx *tx, int64_t key, const struct metric_row *rows, size_t n, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx,
                  "INSERT INTO training_metrics (training_id, " METRIC_ROW ") SELECT ?1::bigint, * FROM unnest("
                  "?2::bigint[], ?3::integer[], ?4::bigint[], ?5::float8[], ?6::float8[], ?7::float8[], ?8::float8[],"
                  " ?9::float8[], ?10::float8[], ?11::float8[], ?12::float8[], ?13::float8[], ?14::float8[],"
                  " ?15::text[])",
                  e);
    if (!st) return HW_EINTERNAL;
    struct buf columns[COLUMNS] = {0};
    put_columns(columns, rows, n);
    sql_bind_i64(st, 1, key);
    for (int i = 0; i < COLUMNS; i++) sql_bind_slice(st, i + 2, buf_slice(&columns[i]));
    int rc = sql_exec_later(st, e);
    for (int i = 0; i < COLUMNS; i++) buf_release(&columns[i]);
    return rc;
}

static int put_postgres(struct store_tx *tx, int64_t key, const struct metric_batch *b, struct err *e)
{
    int rc = 0;
    for (size_t from = 0, to; !rc && from < b->n; from = to) {
        for (to = from; to < b->n && to - from < ROWS_AT_ONCE && b->rows[to].layer_idx == b->rows[from].layer_idx;)
            to++;
        rc = delete_replaced(tx, key, b->rows + from, to - from, e);
    }
    for (size_t from = 0; !rc && from < b->n; from += ROWS_AT_ONCE)
        rc = insert(tx, key, b->rows + from, b->n - from < ROWS_AT_ONCE ? b->n - from : ROWS_AT_ONCE, e);
    return rc;
}

int metric_batch_put(struct store_tx *tx, int64_t training_key, struct metric_batch *b, struct err *e)
{
    put_in_order(b);
    return (sql_dialect(tx) == SQL_POSTGRES ? put_postgres : put_sqlite)(tx, training_key, b, e);
}
