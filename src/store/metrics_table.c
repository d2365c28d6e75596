#include "store/metrics_table.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/downsample.h"
#include "store/metrics_queries.h"
#include "store/sql.h"

#define NAME(name) ", " #name
#define COLUMNS    "step, layer_idx, timestamp" METRIC_COLUMNS(NAME) ", extra"

void metric_row_init(struct metric_row *r)
{
    *r = (struct metric_row){.layer_idx = METRIC_LAYER_ALL};
#define X(name) r->name = (double)NAN;
    METRIC_COLUMNS(X)
#undef X
}

void metric_rows_release(struct metric_rows *m)
{
    for (int64_t i = 0; i < m->n; i++) free(m->rows[i].extra);
    free(m->rows);
    *m = (struct metric_rows){0};
}

// SQLite finds the row to replace by its key. PostgreSQL's table is partitioned by time and has no such key: what the
// row replaces is deleted first. It can't be older than the training, so that the months before are left out; a day
// more, for a clock that was set back.
#define PUT(name) ", " #name " = excluded." #name
#define VALUES    "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15"
static const char *const put_texts[] = {
    [SQL_SQLITE] = "INSERT INTO training_metrics (training_id, " COLUMNS ") VALUES (" VALUES ")"
                   " ON CONFLICT (training_id, layer_idx, step) DO UPDATE SET"
                   " timestamp = excluded.timestamp" METRIC_COLUMNS(PUT) ", extra = excluded.extra",
    [SQL_POSTGRES] = "WITH gone AS (" METRIC_REPLACED_SQL ")"
                     " INSERT INTO training_metrics (training_id, " COLUMNS ") VALUES (" VALUES ")",
};
#undef PUT

int metric_row_put(struct store_tx *tx, int64_t training_key, const struct metric_row *r, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, put_texts[sql_dialect(tx)], e);
    if (!st) return HW_EINTERNAL;
    int i = 1;
    sql_bind_i64(st, i++, training_key);
    sql_bind_i64(st, i++, r->step);
    sql_bind_i64(st, i++, r->layer_idx);
    sql_bind_i64(st, i++, r->timestamp);
#define X(name) sql_bind_f64(st, i++, r->name);
    METRIC_COLUMNS(X)
#undef X
    sql_bind_text(st, i, r->extra);
    return sql_exec_later(st, e);
}

int metric_rows_cut(struct store_tx *tx, int64_t training_key, int layer, int64_t step, struct err *e)
{
    const char *text = "DELETE FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, training_key);
    sql_bind_i64(st, 2, layer);
    sql_bind_i64(st, 3, step);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

// ---- reading ------------------------------------------------------------------------------------------------------

static void read_row(struct sql_stmt *st, struct metric_row *r)
{
    int i = 0;
    *r = (struct metric_row){0};
    r->step = sql_i64(st, i++);
    r->layer_idx = (int)sql_i64(st, i++);
    r->timestamp = sql_i64(st, i++);
#define X(name) r->name = sql_f64(st, i++);
    METRIC_COLUMNS(X)
#undef X
    struct slice extra = sql_slice(st, i);
    if (extra.p) r->extra = mem_strndup(extra.p, extra.n);
}

static struct sql_stmt *select_layer(struct store_tx *tx, const char *text, int64_t key, int layer,
                                     const struct metric_query *q, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return NULL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    sql_bind_i64(st, 3, q->from_step);
    sql_bind_i64(st, 4, q->to_step);
    return st;
}

struct kept {
    size_t *at; // NULL: every row
    size_t n;
};

// A first pass over the losses alone chooses which rows the second one reads.
static int choose(struct store_tx *tx, int64_t key, int layer, const struct metric_query *q, struct kept *out,
                  struct err *e)
{
    double *y = NULL;
    size_t n = 0, cap = 0;
    struct sql_stmt *st = select_layer(tx, METRIC_LOSSES_SQL, key, layer, q, e);
    if (!st) return HW_EINTERNAL;
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        if (n == cap) {
            cap = cap ? cap * 2 : 1024;
            y = mem_realloc_array(y, cap, sizeof *y);
        }
        y[n++] = sql_f64(st, 0);
    }
    sql_end(st);
    size_t max = (size_t)q->max_points < 5 ? 5 : (size_t)q->max_points;
    if (rc == 0 && n > max) {
        out->at = mem_array(max, sizeof *out->at);
        out->n = downsample(y, n, max, out->at);
    }
    free(y);
    return rc;
}

static int read_layer(struct store_tx *tx, int64_t key, int layer, const struct metric_query *q,
                      struct metric_rows *out, int64_t *cap, struct err *e)
{
    struct kept kept = {0};
    int rc = q->max_points > 0 ? choose(tx, key, layer, q, &kept, e) : 0;
    if (rc) return rc;
    struct sql_stmt *st = select_layer(tx, "SELECT " COLUMNS METRIC_RANGE, key, layer, q, e);
    if (!st) {
        free(kept.at);
        return HW_EINTERNAL;
    }
    size_t i = 0, next = 0;
    while ((rc = sql_step(st, e)) == 1) {
        size_t index = i++;
        if (kept.at && (next == kept.n || kept.at[next] != index)) continue;
        next++;
        if (out->n == *cap) {
            *cap = *cap ? *cap * 2 : 64;
            out->rows = mem_realloc_array(out->rows, (size_t)*cap, sizeof *out->rows);
        }
        read_row(st, &out->rows[out->n++]);
    }
    sql_end(st);
    free(kept.at);
    return rc;
}

static int training_key(struct store_tx *tx, const char *training_id, int64_t *key, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "SELECT key FROM trainings WHERE id = ?1", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_text(st, 1, training_id);
    int rc = sql_step(st, e);
    if (rc == 1) *key = sql_i64(st, 0);
    sql_end(st);
    if (rc == 0) return err_set(e, HW_ENOTFOUND, "there is no training %.60s", training_id);
    return rc == 1 ? 0 : rc;
}

enum { LAYERS_MAX = 1024 };

static int layers_of(struct store_tx *tx, int64_t key, int *layers, int *n, struct err *e)
{
    const char *text =
        "SELECT DISTINCT layer_idx FROM training_metrics WHERE training_id = ?1 ORDER BY layer_idx LIMIT ?2";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, LAYERS_MAX);
    int rc;
    while ((rc = sql_step(st, e)) == 1) layers[(*n)++] = (int)sql_i64(st, 0);
    sql_end(st);
    return rc;
}

static int by_step(const void *a, const void *b)
{
    const struct metric_row *x = a, *y = b;
    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return x->layer_idx < y->layer_idx ? -1 : x->layer_idx > y->layer_idx;
}

int metric_rows_query(struct store_tx *tx, const char *training_id, const struct metric_query *q,
                      struct metric_rows *out, struct err *e)
{
    int64_t key = 0, cap = 0;
    *out = (struct metric_rows){0};
    int rc = training_key(tx, training_id, &key, e);
    int layers[LAYERS_MAX], n = 0;
    if (!rc && q->layer < 0) rc = layers_of(tx, key, layers, &n, e);
    if (q->layer >= 0) {
        layers[n++] = q->layer;
    } else if (q->layer == METRIC_LAYER_ALL && n != 1) {
        layers[0] = METRIC_LAYER_ALL;
        n = n > 0;
    }
    for (int i = 0; !rc && i < n; i++) rc = read_layer(tx, key, layers[i], q, out, &cap, e);
    if (n > 1 && out->n) qsort(out->rows, (size_t)out->n, sizeof *out->rows, by_step);
    if (rc) metric_rows_release(out);
    return rc;
}
