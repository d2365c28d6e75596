#include "store/metric_blocks_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/metric_block.h"
#include "store/metrics_queries.h"
#include "store/sql.h"

static struct sql_stmt *begin(struct store_tx *tx, const char *text, int64_t key, int layer, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return NULL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, layer);
    return st;
}

// ---- reading -------------------------------------------------------------------------------------------------------

// "training trn_…"; by its key where there is none.
static void name_training(struct store_tx *tx, int64_t key, char name[64])
{
    struct sql_stmt *st = sql_begin(tx, "SELECT id FROM trainings WHERE key = ?1", NULL);
    snprintf(name, 64, "with the key %" PRId64, key);
    if (!st) return;
    sql_bind_i64(st, 1, key);
    if (sql_step(st, NULL) == 1) snprintf(name, 64, "%.*s", SLICE_FMT(sql_slice(st, 0)));
    sql_end(st);
}

static int damaged(struct store_tx *tx, int64_t key, int layer, const struct metric_block *b, const struct err *why,
                   struct err *e)
{
    char name[64];
    name_training(tx, key, name);
    return err_set(e, HW_EIO,
                   "the archived metrics of training %s, layer %d, steps %" PRId64 " to %" PRId64
                   ", are damaged: %.120s",
                   name, layer, b->first_step, b->last_step, why->message);
}

static int unpack(struct slice data, int layer, int64_t rows, struct metric_block *b, struct err *e)
{
    int rc = metric_block_read(data, layer, &b->rows, e);
    if (rc) return rc;
    if (b->rows.n == rows && b->rows.rows[0].step == b->first_step && b->rows.rows[rows - 1].step == b->last_step)
        return 0;
    metric_rows_release(&b->rows);
    return err_set(e, HW_EIO, "it holds other rows than the table says");
}

int metric_block_take(struct store_tx *tx, struct sql_stmt *st, int64_t key, int layer, struct metric_block *b,
                      struct err *e)
{
    struct err why = {0};
    *b = (struct metric_block){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 4), {0}};
    int rc = unpack(sql_slice(st, 3), layer, sql_i64(st, 2), b, &why);
    return rc ? damaged(tx, key, layer, b, &why, e) : 0;
}

int metric_block_next(struct store_tx *tx, int64_t key, int layer, int64_t after, int64_t to, struct metric_block *b,
                      struct err *e)
{
    struct sql_stmt *st = begin(tx, METRIC_BLOCK_SQL, key, layer, e);
    *b = (struct metric_block){.first_step = INT64_MAX, .last_step = INT64_MAX, .cut = INT64_MAX};
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, after);
    sql_bind_i64(st, 4, to);
    int rc = sql_step(st, e);
    if (rc == 1 && sql_i64(st, 0) > to) {
        *b = (struct metric_block){sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 4), {0}};
        rc = 0;
    } else if (rc == 1) {
        int bad = metric_block_take(tx, st, key, layer, b, e);
        if (bad) rc = bad;
    }
    sql_end(st);
    return rc;
}

// ---- writing -------------------------------------------------------------------------------------------------------

int metric_block_put(struct store_tx *tx, int64_t key, int layer, const struct metric_block_made *b, struct err *e)
{
    const char *text = "INSERT INTO training_metric_blocks (training_id, layer_idx, last_step, first_step, rows,"
                       " min_timestamp, max_timestamp, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    struct sql_stmt *st = begin(tx, text, key, layer, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, b->last_step);
    sql_bind_i64(st, 4, b->first_step);
    sql_bind_i64(st, 5, b->rows);
    sql_bind_i64(st, 6, b->min_timestamp);
    sql_bind_i64(st, 7, b->max_timestamp);
    sql_bind_blob(st, 8, b->data);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

int metric_block_remove(struct store_tx *tx, int64_t key, int layer, int64_t last_step, struct err *e)
{
    const char *text =
        "DELETE FROM training_metric_blocks WHERE training_id = ?1 AND layer_idx = ?2 AND last_step = ?3";
    struct sql_stmt *st = begin(tx, text, key, layer, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, last_step);
    int64_t n = sql_exec(st, e);
    return n == 1 ? 0 : n < 0 ? (int)n : err_set(e, HW_EINTERNAL, "a block of archived metrics was gone");
}

void metric_block_measure(const struct metric_row *rows, size_t n, struct metric_block_made *out)
{
    out->first_step = rows[0].step;
    out->last_step = rows[n - 1].step;
    out->rows = (int64_t)n;
    out->min_timestamp = out->max_timestamp = rows[0].timestamp;
    for (size_t i = 1; i < n; i++) {
        if (rows[i].timestamp < out->min_timestamp) out->min_timestamp = rows[i].timestamp;
        if (rows[i].timestamp > out->max_timestamp) out->max_timestamp = rows[i].timestamp;
    }
}

int64_t metric_block_thin(struct store_tx *tx, int64_t key, int layer, const struct metric_block *b, const bool *keep,
                          struct err *e)
{
    size_t n = 0, all = (size_t)b->rows.n;
    struct metric_row *kept = mem_array(all, sizeof *kept); // their texts stay the block's
    for (size_t i = 0; i < all; i++)
        if (keep[i]) kept[n++] = b->rows.rows[i];
    int rc = n < all ? metric_block_remove(tx, key, layer, b->last_step, e) : 0;
    if (!rc && n && n < all) {
        struct buf data = BUF_INIT;
        struct metric_block_made made;
        metric_block_write(kept, n, &data);
        metric_block_measure(kept, n, &made);
        made.data = buf_slice(&data);
        rc = metric_block_put(tx, key, layer, &made, e);
        buf_release(&data);
    }
    free(kept);
    return rc ? rc : (int64_t)(all - n);
}

// ---- steps ---------------------------------------------------------------------------------------------------------

#define STEPS_OF(table)                                                                                                \
    "SELECT step FROM " table " WHERE training_id = ?1 AND layer_idx = ?2 AND step >= ?3 AND step <= ?4"               \
    " ORDER BY step LIMIT ?5"

int metric_steps_of(struct store_tx *tx, enum metric_place in, int64_t key, int layer, int64_t first, int64_t last,
                    int64_t limit, struct metric_steps *out, struct err *e)
{
    static const char *const texts[] = {
        [METRIC_LIVE] = STEPS_OF("training_metrics"),
        [METRIC_ARCHIVE_ROWS] = STEPS_OF("training_metrics_archive"),
    };
    size_t cap = 0;
    *out = (struct metric_steps){0};
    struct sql_stmt *st = begin(tx, texts[in], key, layer, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, first);
    sql_bind_i64(st, 4, last);
    sql_bind_i64(st, 5, limit);
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        if (out->n == cap) {
            cap = cap ? cap * 2 : 64;
            out->list = mem_realloc_array(out->list, cap, sizeof *out->list);
        }
        out->list[out->n++] = sql_i64(st, 0);
    }
    sql_end(st);
    if (rc < 0) metric_steps_release(out);
    return rc;
}

static int by_step(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

bool metric_steps_have(const struct metric_steps *s, int64_t step)
{
    return s->n && bsearch(&step, s->list, s->n, sizeof step, by_step) != NULL;
}

void metric_steps_release(struct metric_steps *s)
{
    free(s->list);
    *s = (struct metric_steps){0};
}
