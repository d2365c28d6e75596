#include "store/metrics_table.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/curve_place.h"
#include "store/curve_queries.h"
#include "store/curve_rows.h"
#include "store/metric_archive.h"
#include "store/metric_summary.h"
#include "store/metrics_queries.h"
#include "store/postgres_array.h"
#include "store/postgres_types.h"
#include "store/rollups_table.h"
#include "store/sql.h"
#include "store/trainings_table.h"

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

int metric_rows_cut(struct store_tx *tx, int64_t training_key, int layer, int64_t step, struct err *e)
{
    const char *text = "DELETE FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, training_key);
    sql_bind_i64(st, 2, layer);
    sql_bind_i64(st, 3, step);
    int64_t n = sql_exec(st, e);
    int rc = n < 0 ? (int)n : metric_archive_cut(tx, training_key, layer, step, e);
    return rc ? rc : rollups_cut(tx, training_key, layer, step, e);
}

// ---- reading ------------------------------------------------------------------------------------------------------

void metric_row_read(struct sql_stmt *st, struct metric_row *r)
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

struct reading {
    struct store_tx *tx;
    int64_t key;
    const struct metric_query *q;
    bool live_only; // the archive has nothing of it, or isn't asked for
    struct metric_rows *out;
    int64_t cap;
};

static struct metric_row *room_for_one(struct reading *r)
{
    if (r->out->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->out->rows = mem_realloc_array(r->out->rows, (size_t)r->cap, sizeof *r->out->rows);
    }
    return &r->out->rows[r->out->n];
}

// A layer's rows of the steps above `after` up to `to`.
static int read_rows(struct reading *r, struct curve_rows *c, int64_t after, int64_t to, int64_t limit, struct err *e)
{
    int rc = curve_rows_begin(c, after, to, limit, e);
    if (!rc)
        while ((rc = curve_rows_next(c, room_for_one(r), e)) == 1) r->out->n++;
    curve_rows_end(c);
    return rc;
}

// PostgreSQL: one statement for all of them, since each one costs a round trip.
static int read_steps_at_once(struct reading *r, int layer, const int64_t *steps, size_t n, struct err *e)
{
    struct sql_stmt *st = sql_begin(r->tx, METRIC_STEPS_SQL(METRIC_ROW), e);
    struct buf array = BUF_INIT;
    if (!st) return HW_EINTERNAL;
    pg_array_begin(&array, OID_INT8, n);
    for (size_t i = 0; i < n; i++) pg_array_i64(&array, steps[i]);
    sql_bind_i64(st, 1, r->key);
    sql_bind_i64(st, 2, layer);
    sql_bind_slice(st, 3, buf_slice(&array));
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        metric_row_read(st, room_for_one(r));
        r->out->n++;
    }
    sql_end(st);
    buf_release(&array);
    return rc;
}

static int read_steps(struct reading *r, struct curve_rows *c, const int64_t *steps, size_t n, struct err *e)
{
    if (n && r->live_only && sql_dialect(r->tx) == SQL_POSTGRES) return read_steps_at_once(r, c->layer, steps, n, e);
    int rc = 0;
    for (size_t i = 0; !rc && i < n; i++) rc = read_rows(r, c, steps[i] - 1, steps[i], 1, e);
    return rc;
}

// The rows that are chosen for a chart or, where all of them are wanted, all.
static int read_curve(struct reading *r, struct curve_rows *c, struct err *e)
{
    const struct metric_query *q = r->q;
    int64_t after = q->from_step - 1;
    if (q->max_points == 0) return read_rows(r, c, after, q->to_step, INT64_MAX, e);
    int64_t max = q->max_points < METRIC_POINTS_MAX ? q->max_points : METRIC_POINTS_MAX;
    struct metric_summaries sums;
    struct metric_choice choice = {0};
    metric_summaries_init(&sums);
    // Some summaries to a bucket: buckets then are of nearly the same length.
    int rc =
        (q->live_only ? curve_read_live : rollups_read)(r->tx, r->key, c->layer, after, q->to_step, max / 2, &sums, e);
    if (!rc && metric_summaries_rows(&sums, 0, sums.n) > max)
        metric_summaries_choose(&sums, (size_t)max, &choice);
    else if (!rc)
        rc = read_rows(r, c, after, q->to_step, INT64_MAX, e);
    metric_summaries_release(&sums);
    if (!rc) rc = read_steps(r, c, choice.steps, choice.n, e);
    metric_choice_release(&choice);
    return rc;
}

static int read_layer(struct reading *r, int layer, struct err *e)
{
    struct curve_rows c;
    curve_rows_init(&c, r->tx, r->key, layer, r->live_only);
    int rc = read_curve(r, &c, e);
    curve_rows_release(&c);
    return rc;
}

// Every row up to a step so that these are no more than the limit, unless one step alone has more.
static int read_page(struct reading *r, const int *layers, int n, struct err *e)
{
    struct metric_rows *out = r->out;
    int64_t share = r->q->limit / n < 1 ? 1 : r->q->limit / n, cut = r->q->to_step;
    bool more = false;
    for (int i = 0; i < n; i++) {
        int64_t before = out->n;
        struct curve_rows c;
        curve_rows_init(&c, r->tx, r->key, layers[i], r->live_only);
        int rc = read_rows(r, &c, r->q->from_step - 1, cut, share + 1, e);
        curve_rows_release(&c);
        if (rc) return rc;
        if (out->n - before <= share) continue;
        cut = out->rows[before + share - 1].step;
        more = true;
    }
    if (!more) return 0;
    int64_t kept = 0;
    for (int64_t i = 0; i < out->n; i++) {
        if (out->rows[i].step > cut)
            free(out->rows[i].extra);
        else
            out->rows[kept++] = out->rows[i];
    }
    out->n = kept;
    out->more_after = cut;
    return 0;
}

enum { LAYERS_MAX = 1024 };

// From one layer to the next by the index: going over the rows would take as long as there are many.
static int layers_of(struct store_tx *tx, int64_t key, int *layers, int *n, struct err *e)
{
    const char *text = "SELECT MIN(layer_idx) FROM ("
                       "SELECT MIN(layer_idx) AS layer_idx FROM training_metrics"
                       " WHERE training_id = ?1 AND layer_idx > ?2 UNION ALL "
                       "SELECT MIN(layer_idx) AS layer_idx FROM training_metrics_archive"
                       " WHERE training_id = ?1 AND layer_idx > ?2 UNION ALL "
                       "SELECT MIN(layer_idx) AS layer_idx FROM training_metric_blocks"
                       " WHERE training_id = ?1 AND layer_idx > ?2) AS next";
    int64_t last = METRIC_LAYER_ALL - 1;
    while (*n < LAYERS_MAX) {
        struct sql_stmt *st = sql_begin(tx, text, e);
        if (!st) return HW_EINTERNAL;
        sql_bind_i64(st, 1, key);
        sql_bind_i64(st, 2, last);
        int rc = sql_step(st, e);
        bool none = rc == 1 && sql_is_null(st, 0);
        if (rc == 1) last = sql_i64(st, 0);
        sql_end(st);
        if (rc < 0) return rc;
        if (rc == 0 || none) break;
        layers[(*n)++] = (int)last;
    }
    return 0;
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
    *out = (struct metric_rows){.more_after = -1};
    struct reading r = {.tx = tx, .q = q, .out = out};
    struct curve_place place;
    int layers[LAYERS_MAX], n = 0;
    int rc = curve_place_get(tx, training_id, &place, e);
    if (rc) return rc;
    r.key = place.key;
    r.live_only = q->live_only || !place.archived;
    if (q->layer >= 0)
        layers[n++] = q->layer;
    else if (!place.empty && (q->layer == METRIC_LAYER_ALL || place.first_layer == place.last_layer))
        layers[n++] = curve_place_layer(&place);
    else if (!place.empty)
        rc = layers_of(tx, r.key, layers, &n, e);
    if (!rc && n && q->limit && !q->max_points)
        rc = read_page(&r, layers, n, e);
    else
        for (int i = 0; !rc && i < n; i++) rc = read_layer(&r, layers[i], e);
    if (n > 1 && out->n) qsort(out->rows, (size_t)out->n, sizeof *out->rows, by_step);
    if (rc) metric_rows_release(out);
    return rc;
}

int get_training_metrics(struct store_tx *tx, const char *training_id, bool include_archived, struct metric_rows *out,
                         struct err *e)
{
    const struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY, .live_only = !include_archived};
    return metric_rows_query(tx, training_id, &q, out, e);
}
