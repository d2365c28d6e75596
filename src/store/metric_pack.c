#include "store/metric_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/curve_queries.h"
#include "store/metric_block.h"
#include "store/sql.h"

enum { LOOKED_AT = 20000, TEXT_MAX = 1 << 20 };

void metric_pack_release(struct metric_pack *p)
{
    metric_rows_release(&p->rows);
    metric_rows_release(&p->old.rows);
    buf_release(&p->data);
    *p = (struct metric_pack){0};
}

// ---- looking for rows ----------------------------------------------------------------------------------------------

// The first row behind the place: 1, 0: there is none, or a negative code.
static int next_row(struct store_tx *tx, const struct metric_pack_place *at, struct metric_pack_place *next,
                    struct err *e)
{
    struct sql_stmt *st = sql_begin(tx,
                                    "SELECT training_id, layer_idx, step FROM training_metrics_archive"
                                    " WHERE (training_id, layer_idx, step) > (?1, ?2, ?3)"
                                    " ORDER BY training_id, layer_idx, step LIMIT 1",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, at->key);
    sql_bind_i64(st, 2, at->layer);
    sql_bind_i64(st, 3, at->step);
    int rc = sql_step(st, e);
    if (rc == 1)
        *next = (struct metric_pack_place){.key = sql_i64(st, 0), .layer = (int)sql_i64(st, 1), .step = sql_i64(st, 2)};
    sql_end(st);
    return rc;
}

// Brought back, or deleted: its rows are about to go.
static int is_left_alone(struct store_tx *tx, int64_t key, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx,
                                    "SELECT 1 FROM training_metric_restores WHERE training_id = ?1"
                                    " UNION ALL SELECT 1 FROM deleted_trainings WHERE key = ?1",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    int rc = sql_step(st, e);
    sql_end(st);
    return rc;
}

static int has_live(struct store_tx *tx, int64_t key, int layer, struct err *e)
{
    const char *text = "SELECT 1 FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 LIMIT 1";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    int rc = sql_step(st, e);
    sql_end(st);
    return rc;
}

// The archive's rows of these steps, a block's worth at most.
static int read_rows(struct store_tx *tx, int64_t key, int layer, int64_t first, int64_t last, struct metric_rows *out,
                     struct err *e)
{
    struct sql_stmt *st = sql_begin(tx,
                                    "SELECT " METRIC_ROW " FROM training_metrics_archive WHERE training_id = ?1"
                                    " AND layer_idx = ?2 AND step >= ?3 AND step <= ?4 ORDER BY step LIMIT ?5",
                                    e);
    *out = (struct metric_rows){.more_after = -1};
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    sql_bind_i64(st, 3, first);
    sql_bind_i64(st, 4, last);
    sql_bind_i64(st, 5, METRIC_BLOCK_ROWS);
    out->rows = mem_array(METRIC_BLOCK_ROWS, sizeof *out->rows);
    int rc;
    size_t texts = 0;
    while ((rc = sql_step(st, e)) == 1 && out->n < METRIC_BLOCK_ROWS) {
        struct metric_row *r = &out->rows[out->n++];
        metric_row_read(st, r);
        texts += r->extra ? strlen(r->extra) : 0;
        if (texts > TEXT_MAX) break;
    }
    sql_end(st);
    if (rc < 0) metric_rows_release(out);
    return rc < 0 ? rc : 0;
}

// Whether it is worth it: the rest of a curve that goes on waits for what follows. 1, 0, or a negative code.
static int is_enough(struct store_tx *tx, const struct metric_pack *p, struct err *e)
{
    if (p->rows.n == METRIC_BLOCK_ROWS) return 1;
    if (p->rows.n < METRIC_PACK_LEAST) return 0;
    // Between blocks, or in one, nothing follows.
    if (p->replaces || p->old.first_step < INT64_MAX) return 1;
    int rc = has_live(tx, p->key, p->layer, e);
    return rc < 0 ? rc : !rc;
}

// The rows from the place on, up to where the next block begins; or, where they lie in a block, up to its end.
static int look_at(struct store_tx *tx, const struct metric_pack_place *at, struct metric_pack *p, struct err *e)
{
    p->key = at->key;
    p->layer = at->layer;
    int rc = metric_block_next(tx, at->key, at->layer, at->step - 1, at->step, &p->old, e);
    if (rc < 0) return rc;
    p->replaces = rc == 1;
    int64_t last = p->replaces ? p->old.last_step : p->old.first_step == INT64_MAX ? INT64_MAX : p->old.first_step - 1;
    return read_rows(tx, at->key, at->layer, at->step, last, &p->rows, e);
}

// Of a block that can't be read the place is moved past it, so that the caller may go on.
static int look_behind(struct store_tx *tx, struct metric_pack_place *at, const struct metric_pack_place *next,
                       struct metric_pack *p, struct err *e)
{
    int rc = is_left_alone(tx, next->key, e);
    if (rc < 0) return rc;
    *at = *next;
    if (rc == 1) {
        at->layer = INT32_MAX;
        at->step = INT64_MAX;
        return 0;
    }
    rc = look_at(tx, next, p, e);
    at->step = !rc                            ? p->rows.rows[p->rows.n - 1].step
               : p->old.last_step < INT64_MAX ? p->old.last_step
                                              : next->step - 1;
    return rc ? rc : is_enough(tx, p, e);
}

int metric_pack_find(struct store_tx *tx, struct metric_pack_place *at, struct metric_pack *p, bool *more,
                     struct err *e)
{
    struct metric_pack_place next;
    int rc;
    int64_t looked = 0;
    *p = (struct metric_pack){0};
    *more = false;
    while ((rc = next_row(tx, at, &next, e)) == 1) {
        *more = true;
        if (looked >= LOOKED_AT) return 0;
        rc = look_behind(tx, at, &next, p, e);
        looked += 1 + p->rows.n;
        if (rc == 1) return 1;
        metric_pack_release(p);
        if (rc) return rc;
    }
    *more = false;
    return rc;
}

// ---- making blocks -------------------------------------------------------------------------------------------------

// Both in the order of the steps, the texts still theirs; a step that both have is the row's.
static size_t merge(const struct metric_pack *p, struct metric_row *out)
{
    const struct metric_rows *a = &p->rows, *b = &p->old.rows;
    size_t n = 0;
    for (int64_t i = 0, k = 0; i < a->n || k < b->n;) {
        bool packed = k < b->n && (i == a->n || b->rows[k].step < a->rows[i].step);
        if (!packed && k < b->n && b->rows[k].step == a->rows[i].step) k++;
        out[n++] = packed ? b->rows[k++] : a->rows[i++];
    }
    return n;
}

static int prove(struct slice data, const struct metric_row *rows, size_t n, int layer, struct err *e)
{
    struct metric_rows got;
    int rc = metric_block_read(data, layer, &got, e);
    if (rc) return rc;
    bool same = got.n == (int64_t)n;
    for (size_t i = 0; same && i < n; i++) same = metric_row_same(&got.rows[i], &rows[i]);
    metric_rows_release(&got);
    return same ? 0 : err_set(e, HW_EINTERNAL, "a block of archived metrics doesn't give back what went into it");
}

int metric_pack_prepare(struct metric_pack *p, struct err *e)
{
    enum { MADE_MAX = sizeof p->made / sizeof *p->made };
    struct metric_row *rows = mem_array((size_t)(p->rows.n + p->old.rows.n), sizeof *rows);
    size_t ends[MADE_MAX], n = merge(p, rows), parts = (n + METRIC_BLOCK_ROWS - 1) / METRIC_BLOCK_ROWS;
    int rc = parts <= MADE_MAX ? 0 : err_set(e, HW_EINTERNAL, "there are too many rows to pack");
    buf_clear(&p->data);
    for (size_t i = 0; !rc && i < parts; i++) {
        size_t from = n * i / parts, to = n * (i + 1) / parts, at = p->data.n;
        metric_block_write(rows + from, to - from, &p->data);
        metric_block_measure(rows + from, to - from, &p->made[i]);
        ends[i] = p->data.n;
        rc = prove(slice_of(p->data.p + at, p->data.n - at), rows + from, to - from, p->layer, e);
    }
    p->n_made = rc ? 0 : (int)parts;
    for (int i = 0; i < p->n_made; i++) { // the buffer doesn't move any more
        size_t at = i ? ends[i - 1] : 0;
        p->made[i].data = slice_of(p->data.p + at, ends[i] - at);
    }
    free(rows);
    return rc;
}

// ---- writing -------------------------------------------------------------------------------------------------------

static bool same_rows(const struct metric_rows *a, const struct metric_rows *b)
{
    bool same = a->n == b->n;
    for (int64_t i = 0; same && i < a->n; i++) same = metric_row_same(&a->rows[i], &b->rows[i]);
    return same;
}

// Nobody else writes to the archive. But what is deleted for good is looked at once more. 1: it is as it was.
static int is_unchanged(struct store_tx *tx, const struct metric_pack *p, int64_t first, int64_t last, struct err *e)
{
    struct metric_rows rows;
    struct metric_block block;
    int rc = read_rows(tx, p->key, p->layer, first, last, &rows, e);
    if (rc) return rc;
    bool same = same_rows(&rows, &p->rows);
    metric_rows_release(&rows);
    if (!same) return 0;
    rc = metric_block_next(tx, p->key, p->layer, first - 1, last, &block, e);
    if (rc < 0) return rc;
    same = (rc == 1) == p->replaces && (rc == 0 || same_rows(&block.rows, &p->old.rows));
    metric_rows_release(&block.rows);
    return same;
}

int64_t metric_pack_write(struct store_tx *tx, const struct metric_pack *p, struct err *e)
{
    int64_t first = p->rows.rows[0].step, last = p->rows.rows[p->rows.n - 1].step;
    int rc = is_unchanged(tx, p, first, last, e);
    if (rc != 1) return rc;
    struct sql_stmt *st = sql_begin(tx,
                                    "DELETE FROM training_metrics_archive WHERE training_id = ?1 AND layer_idx = ?2"
                                    " AND step >= ?3 AND step <= ?4",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, p->key);
    sql_bind_i64(st, 2, p->layer);
    sql_bind_i64(st, 3, first);
    sql_bind_i64(st, 4, last);
    int64_t n = sql_exec(st, e);
    if (n < 0) return n;
    if (n != p->rows.n) return err_set(e, HW_EINTERNAL, "the archive has other rows than were packed");
    rc = p->replaces ? metric_block_remove(tx, p->key, p->layer, p->old.last_step, e) : 0;
    for (int i = 0; !rc && i < p->n_made; i++) rc = metric_block_put(tx, p->key, p->layer, &p->made[i], e);
    return rc ? rc : n;
}
