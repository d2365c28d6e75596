#include "store/archived_blocks.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/curve_queries.h"
#include "store/metric_archive.h"
#include "store/metric_blocks_table.h"
#include "store/sql.h"
#include "store/training_removal.h"

// One row of integers: 1, 0: there is none, or a negative code.
static int row_of(struct store_tx *tx, const char *text, const int64_t *args, int n_args, int64_t *out, int n,
                  struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    for (int i = 0; i < n_args; i++) sql_bind_i64(st, i + 1, args[i]);
    int rc = sql_step(st, e);
    for (int i = 0; rc == 1 && i < n; i++) out[i] = sql_i64(st, i);
    sql_end(st);
    return rc;
}

#define ROW_OF(tx, e, out, n, text, ...)                                                                               \
    row_of(tx, text, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), out, n, \
           e)

// ---- deleting ------------------------------------------------------------------------------------------------------

// Leaves the block's rows up to the cut.
static int64_t cut_block(struct store_tx *tx, int64_t key, int layer, int64_t cut, struct err *e)
{
    struct metric_block b;
    int rc = metric_block_next(tx, key, layer, cut, cut, &b, e);
    if (rc != 1) return rc;
    bool *keep = mem_array((size_t)b.rows.n, sizeof *keep);
    for (int64_t i = 0; i < b.rows.n; i++) keep[i] = b.rows.rows[i].step <= cut;
    int64_t n = metric_block_thin(tx, key, layer, &b, keep, e);
    free(keep);
    metric_rows_release(&b.rows);
    return n;
}

int64_t archived_blocks_purge_void(struct store_tx *tx, struct err *e)
{
    int64_t at[3], b[3];
    int rc = row_of(tx,
                    "SELECT c.training_id, c.layer_idx, c.step FROM training_metric_cuts AS c WHERE EXISTS"
                    " (SELECT 1 FROM training_metric_blocks AS b WHERE b.training_id = c.training_id"
                    " AND b.layer_idx = c.layer_idx AND b.last_step > c.step" METRIC_ONE_ROW ") LIMIT 1",
                    NULL, 0, at, 3, e);
    if (rc != 1) return rc;
    rc = ROW_OF(tx, e, b, 3,
                "SELECT first_step, last_step, rows FROM training_metric_blocks WHERE training_id = ?1"
                " AND layer_idx = ?2 AND last_step > ?3 ORDER BY last_step LIMIT 1",
                at[0], at[1], at[2]);
    if (rc != 1) return rc;
    if (b[0] <= at[2]) return cut_block(tx, at[0], (int)at[1], at[2], e);
    // All of it is void: it needn't even be readable.
    rc = metric_block_remove(tx, at[0], (int)at[1], b[1], e);
    return rc ? rc : b[2];
}

// Leaves the block's rows that aren't live.
static int64_t thin_restored(struct store_tx *tx, int64_t key, int layer, int64_t first, int64_t last, struct err *e)
{
    struct metric_block b;
    struct metric_steps live = {0};
    int rc = metric_block_next(tx, key, layer, last - 1, last, &b, e);
    if (rc != 1) return rc;
    rc = metric_steps_of(tx, METRIC_LIVE, key, layer, first, last, INT64_MAX, &live, e);
    bool *keep = mem_array((size_t)b.rows.n, sizeof *keep);
    for (int64_t i = 0; i < b.rows.n; i++) keep[i] = !metric_steps_have(&live, b.rows.rows[i].step);
    int64_t n = rc ? rc : metric_block_thin(tx, key, layer, &b, keep, e);
    free(keep);
    metric_steps_release(&live);
    metric_rows_release(&b.rows);
    return n;
}

static int64_t purge_training(struct store_tx *tx, int64_t key, struct err *e)
{
    int64_t b[3] = {METRIC_LAYER_ALL - 1, 0, 0}, n = 0;
    // A block among whose steps there are live ones may be without a single one of these: then the next.
    while (n == 0) {
        int rc = ROW_OF(tx, e, b, 3,
                        "SELECT b.layer_idx, b.last_step, b.first_step FROM training_metric_blocks AS b"
                        " WHERE b.training_id = ?1 AND (b.layer_idx, b.last_step) > (?2, ?3) AND EXISTS"
                        " (SELECT 1 FROM training_metrics AS l WHERE l.training_id = b.training_id AND"
                        " l.layer_idx = b.layer_idx AND l.step >= b.first_step AND l.step <= b.last_step" METRIC_ONE_ROW
                        ") ORDER BY b.layer_idx, b.last_step LIMIT 1",
                        key, b[0], b[1]);
        if (rc != 1) return rc;
        n = thin_restored(tx, key, (int)b[0], b[2], b[1], e);
    }
    return n;
}

int64_t archived_blocks_purge_restored(struct store_tx *tx, int64_t restored_before, struct err *e)
{
    int64_t key = INT64_MIN, n = 0;
    while (n == 0) {
        int rc = ROW_OF(tx, e, &key, 1,
                        "SELECT r.training_id FROM training_metric_restores AS r WHERE r.restored_at < ?1"
                        " AND r.training_id > ?2 AND EXISTS (SELECT 1 FROM training_metric_blocks AS b"
                        " WHERE b.training_id = r.training_id" METRIC_ONE_ROW ") ORDER BY r.training_id LIMIT 1",
                        restored_before, key);
        if (rc != 1) return rc;
        n = purge_training(tx, key, e);
    }
    return n;
}

// ---- bringing back -------------------------------------------------------------------------------------------------

int archived_blocks_find(struct store_tx *tx, int64_t key, int layer, int64_t step, struct archived_block_place *out,
                         struct err *e)
{
    int64_t b[3];
    int rc = ROW_OF(tx, e, b, 3,
                    "SELECT layer_idx, first_step, last_step FROM training_metric_blocks WHERE training_id = ?1"
                    " AND (layer_idx, last_step) > (?2, ?3) ORDER BY layer_idx, last_step LIMIT 1",
                    key, layer, step);
    if (rc == 1) *out = (struct archived_block_place){.layer = (int)b[0], .first_step = b[1], .last_step = b[2]};
    return rc;
}

static int insert_live(struct store_tx *tx, int64_t key, const struct metric_row *r, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx,
                  "INSERT INTO training_metrics (training_id, " METRIC_ROW ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                  " ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                  e);
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
    return sql_exec_later(st, e);
}

// The archive's rows first: they go before a block's of the same step, which then finds its step live.
static int copy_rows(struct store_tx *tx, int64_t key, int layer, int64_t after, int64_t upto, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx,
                  "INSERT INTO training_metrics (training_id, " METRIC_ROW ") SELECT training_id, " METRIC_ROW
                  " FROM training_metrics_archive AS a WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3"
                  " AND step <= ?4 AND " METRIC_ARCHIVED_COUNTS,
                  e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    sql_bind_i64(st, 3, after);
    sql_bind_i64(st, 4, upto);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int64_t restore_block(struct store_tx *tx, int64_t key, const struct metric_block *b, int layer, int64_t after,
                             int64_t *upto, struct err *e)
{
    struct metric_steps rows = {0}, live = {0};
    int64_t from = 0, to, looked = 0;
    while (b->rows.rows[from].step <= after) from++; // the last is behind it
    to = from + STRETCH_PIECE < b->rows.n ? from + STRETCH_PIECE : b->rows.n;
    if (b->rows.rows[to - 1].step < *upto) *upto = b->rows.rows[to - 1].step;
    int rc = metric_steps_of(tx, METRIC_ARCHIVE_ROWS, key, layer, after + 1, *upto, STRETCH_PIECE, &rows, e);
    if (!rc && rows.n == STRETCH_PIECE) *upto = rows.list[rows.n - 1];
    if (!rc) rc = copy_rows(tx, key, layer, after, *upto, e);
    if (!rc) rc = metric_steps_of(tx, METRIC_LIVE, key, layer, after + 1, *upto, INT64_MAX, &live, e);
    for (int64_t i = from; !rc && i < to && b->rows.rows[i].step <= *upto; i++) {
        const struct metric_row *r = &b->rows.rows[i];
        looked += !metric_steps_have(&rows, r->step);
        if (r->step <= b->cut && !metric_steps_have(&live, r->step)) rc = insert_live(tx, key, r, e);
    }
    looked += (int64_t)rows.n;
    metric_steps_release(&rows);
    metric_steps_release(&live);
    return rc ? rc : looked;
}

int64_t archived_blocks_restore(struct store_tx *tx, int64_t key, int layer, int64_t after, int64_t *upto,
                                struct err *e)
{
    struct metric_block b;
    int rc = metric_block_next(tx, key, layer, after, *upto, &b, e);
    if (rc != 1) return rc;
    int64_t n = restore_block(tx, key, &b, layer, after, upto, e);
    metric_rows_release(&b.rows);
    return n;
}

// ---- counting ------------------------------------------------------------------------------------------------------

static const int64_t DAY_US = 86400LL * 1000000;

static int age_of(int64_t timestamp, int64_t now)
{
    int i = 0;
    while (i < METRIC_AGES - 1 && timestamp < now - metric_age_days[i] * DAY_US) i++;
    return i;
}

static int count_each(struct store_tx *tx, int64_t key, int layer, int64_t last, int64_t now, int64_t ages[],
                      struct err *e)
{
    struct metric_block b;
    struct metric_steps live = {0}, rows = {0};
    int rc = metric_block_next(tx, key, layer, last - 1, last, &b, e);
    if (rc != 1) return rc;
    rc = metric_steps_of(tx, METRIC_LIVE, key, layer, b.first_step, last, INT64_MAX, &live, e);
    if (!rc) rc = metric_steps_of(tx, METRIC_ARCHIVE_ROWS, key, layer, b.first_step, last, INT64_MAX, &rows, e);
    for (int64_t i = 0; !rc && i < b.rows.n; i++) {
        const struct metric_row *r = &b.rows.rows[i];
        if (r->step <= b.cut && !metric_steps_have(&live, r->step) && !metric_steps_have(&rows, r->step))
            ages[age_of(r->timestamp, now)]++;
    }
    metric_steps_release(&live);
    metric_steps_release(&rows);
    metric_rows_release(&b.rows);
    return rc;
}

#define AMONG_ITS_STEPS(table)                                                                                         \
    "EXISTS (SELECT 1 FROM " table " AS x WHERE x.training_id = b.training_id AND x.layer_idx = b.layer_idx"           \
    " AND x.step >= b.first_step AND x.step <= b.last_step" METRIC_ONE_ROW ")"

// Most blocks are counted unread.
int archived_blocks_count(struct store_tx *tx, int64_t now, int64_t ages[], struct err *e)
{
    const char *text =
        "SELECT training_id, layer_idx, last_step, rows, min_timestamp, max_timestamp, CASE WHEN"
        " " AMONG_ITS_STEPS("training_metrics") " OR " AMONG_ITS_STEPS(
            "training_metrics_archive") " OR EXISTS (SELECT 1 FROM training_metric_cuts AS c WHERE c.training_id = "
                                        "b.training_id"
                                        " AND c.layer_idx = b.layer_idx AND c.step < b.last_step" METRIC_ONE_ROW
                                        ") THEN 1 ELSE 0 END FROM training_metric_blocks AS b WHERE " TRAINING_STAYS(
                                            "b");
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        int youngest = age_of(sql_i64(st, 5), now);
        if (sql_i64(st, 6) == 0 && age_of(sql_i64(st, 4), now) == youngest) {
            ages[youngest] += sql_i64(st, 3);
            continue;
        }
        rc = count_each(tx, sql_i64(st, 0), (int)sql_i64(st, 1), sql_i64(st, 2), now, ages, e);
        if (rc) break;
    }
    sql_end(st);
    return rc;
}
