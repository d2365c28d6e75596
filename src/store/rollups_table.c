#include "store/rollups_table.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/curve_queries.h"
#include "store/curve_rows.h"
#include "store/metric_archive.h"
#include "store/metric_batch.h"
#include "store/metric_summary.h"
#include "store/metrics_queries.h"
#include "store/metrics_table.h"
#include "store/sql.h"

// A level's row stands for TEN of the level below, or up to twice as many once steps were written between others. Level
// 0 is the curve itself. Twelve levels are more than 2^53 steps can fill.
enum { TEN = 10, LEVELS = 12, ROWS_AT_ONCE = 200, ROUNDS = 50, FOLD_ROWS = 50000, FOLD_TO = 1000 };

struct curve {
    struct store_tx *tx;
    int64_t key;
    int layer;
    bool live_only;
    int rounds;                    // of ROWS_AT_ONCE, at each level
    struct metric_summaries part;  // scratch
    struct metric_summaries fresh; // what was added at the end of a level, where that is known without reading it
};

static struct sql_stmt *begin(const struct curve *c, const char *text, struct err *e)
{
    struct sql_stmt *st = sql_begin(c->tx, text, e);
    if (!st) return NULL;
    sql_bind_i64(st, 1, c->key);
    sql_bind_i64(st, 2, c->layer);
    return st;
}

// Mostly there is nothing of it in the archive, which then isn't looked for with every row.
static int look_for_archive(struct curve *c, struct err *e)
{
    bool archived = true;
    int rc = metric_archive_matters(c->tx, c->key, &archived, e);
    c->live_only = !archived;
    return rc;
}

// ---- reading -------------------------------------------------------------------------------------------------------

static int read_rows(struct curve *c, int64_t after, int64_t to, int64_t limit, struct metric_summaries *out,
                     struct err *e)
{
    struct curve_rows rows;
    struct metric_row r;
    size_t unfolded = out->n;
    curve_rows_init(&rows, c->tx, c->key, c->layer, c->live_only);
    int rc = curve_rows_begin(&rows, after, to, limit, e);
    while (!rc && (rc = curve_rows_next(&rows, &r, e)) == 1) {
        rc = 0;
        metric_summaries_add_row(out, &r);
        free(r.extra);
        // So many without sums are only found in an old database before it has been seen to.
        if (out->n - unfolded < FOLD_ROWS) continue;
        metric_summaries_fold(out, unfolded, FOLD_ROWS / FOLD_TO);
        unfolded = out->n;
    }
    curve_rows_release(&rows);
    return rc;
}

// Of rows there are never many to be counted.
static int64_t count_rows(struct curve *c, int64_t after, int64_t to, int64_t limit, struct err *e)
{
    struct curve_rows rows;
    struct metric_row r;
    int64_t n = 0;
    curve_rows_init(&rows, c->tx, c->key, c->layer, false);
    int rc = curve_rows_begin(&rows, after, to, limit, e);
    while (!rc && (rc = curve_rows_next(&rows, &r, e)) == 1) {
        rc = 0;
        free(r.extra);
        n++;
    }
    curve_rows_release(&rows);
    return rc ? rc : n;
}

#define LEVEL_RANGE "training_id = ?1 AND layer_idx = ?2 AND level = ?3 AND last_step > ?4 AND last_step <= ?5"

// Those that end in the range, of a level above 0.
static int read_sums(struct curve *c, int level, int64_t after, int64_t to, int64_t limit, struct metric_summaries *out,
                     struct err *e)
{
    struct sql_stmt *st =
        begin(c,
              "SELECT first_step, last_step, rows, data FROM training_metric_rollups WHERE " LEVEL_RANGE
              " ORDER BY last_step LIMIT ?6",
              e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, level);
    sql_bind_i64(st, 4, after);
    sql_bind_i64(st, 5, to);
    sql_bind_i64(st, 6, limit);
    int rc;
    while ((rc = sql_step(st, e)) == 1) {
        rc = metric_summaries_add(out, sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), sql_slice(st, 3), e);
        if (rc) break;
    }
    sql_end(st);
    return rc;
}

static int read_level(struct curve *c, int level, int64_t after, int64_t to, int64_t limit,
                      struct metric_summaries *out, struct err *e)
{
    return level ? read_sums(c, level, after, to, limit, out, e) : read_rows(c, after, to, limit, out, e);
}

// How many of a level end in the range; no more than `limit` are counted.
static int64_t count_level(struct curve *c, int level, int64_t after, int64_t to, int64_t limit, struct err *e)
{
    struct sql_stmt *st;
    if (level == 0) {
        if (!c->live_only) return count_rows(c, after, to, limit, e);
        st = begin(c, "SELECT COUNT(*) FROM (" METRIC_LIVE_SQL("step") ") AS part", e);
        if (!st) return HW_EINTERNAL;
        sql_bind_i64(st, 3, after);
        sql_bind_i64(st, 4, to);
        sql_bind_i64(st, 5, limit);
    } else {
        st = begin(
            c, "SELECT COUNT(*) FROM (SELECT 1 FROM training_metric_rollups WHERE " LEVEL_RANGE " LIMIT ?6) AS part",
            e);
        if (!st) return HW_EINTERNAL;
        sql_bind_i64(st, 3, level);
        sql_bind_i64(st, 4, after);
        sql_bind_i64(st, 5, to);
        sql_bind_i64(st, 6, limit);
    }
    int rc = sql_step(st, e);
    int64_t n = rc == 1 ? sql_i64(st, 0) : rc;
    sql_end(st);
    return n;
}

// The last step, at or before `to`, at which a row of the level ends; or, where `next` is set, the first at or after
// it. -1: none.
static int find_end(struct curve *c, int level, int64_t to, bool next, int64_t *first, int64_t *last, struct err *e)
{
    struct sql_stmt *st = begin(
        c,
        next ? "SELECT first_step, last_step FROM training_metric_rollups WHERE training_id = ?1 AND layer_idx = ?2"
               " AND level = ?3 AND last_step >= ?4 ORDER BY last_step LIMIT 1"
             : "SELECT first_step, last_step FROM training_metric_rollups WHERE training_id = ?1 AND layer_idx = ?2"
               " AND level = ?3 AND last_step <= ?4 ORDER BY last_step DESC LIMIT 1",
        e);
    *first = *last = -1;
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, level);
    sql_bind_i64(st, 4, to);
    int rc = sql_step(st, e);
    if (rc == 1) *first = sql_i64(st, 0), *last = sql_i64(st, 1);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

// The range in the level's rows where these lie wholly in it, and what is left at both its ends in lower ones.
static int read_range(struct curve *c, int level, int64_t after, int64_t to, struct metric_summaries *out,
                      struct err *e)
{
    int64_t first, last;
    int rc = 0;
    for (; level > 0 && after < to; level--) {
        rc = find_end(c, level, after + 1, true, &first, &last, e);
        if (rc) return rc;
        if (last < 0 || last > to) continue;
        // The first may begin before the range.
        if (first <= after) {
            rc = read_range(c, level - 1, after, last, out, e);
            if (rc) return rc;
            after = last;
        }
        size_t n = out->n;
        rc = read_sums(c, level, after, to, INT64_MAX, out, e);
        if (rc) return rc;
        if (out->n > n) after = out->list[out->n - 1].last_step;
    }
    return after < to ? read_rows(c, after, to, INT64_MAX, out, e) : 0;
}

// The highest that the curve has rows of; 0: it has no sums.
static int top_level(struct curve *c, struct err *e)
{
    struct sql_stmt *st = begin(c, ROLLUPS_TOP_SQL, e);
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e), level = rc == 1 ? (int)sql_i64(st, 0) : rc;
    sql_end(st);
    return level;
}

int rollups_read(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t after, int64_t to, int64_t want,
                 struct metric_summaries *out, struct err *e)
{
    struct curve c = {.tx = tx, .key = training_key, .layer = layer_idx};
    int rc = look_for_archive(&c, e), level = rc ? rc : top_level(&c, e);
    if (level < 0) return level;
    // From the top down to the first that has enough.
    while (level > 0) {
        int64_t n = count_level(&c, level, after, to, want, e);
        if (n < 0) return (int)n;
        if (n >= want) break;
        level--;
    }
    return read_range(&c, level, after, to, out, e);
}

int curve_read_live(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t after, int64_t to, int64_t want,
                    struct metric_summaries *out, struct err *e)
{
    struct curve c = {.tx = tx, .key = training_key, .layer = layer_idx, .live_only = true};
    (void)want;
    return read_rows(&c, after, to, INT64_MAX, out, e);
}

// ---- writing -------------------------------------------------------------------------------------------------------

static int delete_sums(struct curve *c, int level, int64_t after, int64_t to, struct err *e)
{
    struct sql_stmt *st = begin(c, "DELETE FROM training_metric_rollups WHERE " LEVEL_RANGE, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 3, level);
    sql_bind_i64(st, 4, after);
    sql_bind_i64(st, 5, to);
    return sql_exec_later(st, e);
}

static int insert_sum(struct curve *c, int level, struct metric_summaries *s, size_t from, size_t to, struct err *e)
{
    struct sql_stmt *st =
        begin(c,
              "INSERT INTO training_metric_rollups (training_id, layer_idx, level, last_step, first_step,"
              " rows, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
              e);
    if (!st) return HW_EINTERNAL;
    struct buf data = BUF_INIT;
    metric_summaries_write(s, from, to, &data);
    sql_bind_i64(st, 3, level);
    sql_bind_i64(st, 4, s->list[to - 1].last_step);
    sql_bind_i64(st, 5, s->list[from].first_step);
    sql_bind_i64(st, 6, metric_summaries_rows(s, from, to));
    sql_bind_slice(st, 7, buf_slice(&data));
    int rc = sql_exec_later(st, e);
    buf_release(&data);
    return rc;
}

// Behind the level's last row: as many new ones as there are tens below. *made: there were any.
static int extend(struct curve *c, int level, int64_t end, bool *made, bool *more, struct err *e)
{
    *made = *more = false;
    for (int round = 0;; round++) {
        int64_t below = count_level(c, level - 1, end, INT64_MAX, TEN, e);
        if (below < TEN) return below < 0 ? (int)below : 0;
        if (round == c->rounds) break;
        metric_summaries_clear(&c->part);
        int rc = read_level(c, level - 1, end, INT64_MAX, ROWS_AT_ONCE, &c->part, e);
        for (size_t at = 0; !rc && at + TEN <= c->part.n; at += TEN) {
            rc = insert_sum(c, level, &c->part, at, at + TEN, e);
            end = c->part.list[at + TEN - 1].last_step;
        }
        if (rc) return rc;
        *made = true;
    }
    *more = true;
    return 0;
}

// The level's row that ends at `last` is made again, and cut in pieces once it has grown too long.
static int remake(struct curve *c, int level, int64_t last, struct err *e)
{
    int64_t first, before;
    int rc = find_end(c, level, last - 1, false, &first, &before, e);
    if (!rc) rc = delete_sums(c, level, before, last, e);
    if (rc) return rc;
    metric_summaries_clear(&c->part);
    rc = read_level(c, level - 1, before, last, INT64_MAX, &c->part, e);
    size_t pieces = c->part.n < 2 * TEN ? 1 : c->part.n / TEN;
    for (size_t i = 0; !rc && c->part.n && i < pieces; i++)
        rc = insert_sum(c, level, &c->part, c->part.n * i / pieces, c->part.n * (i + 1) / pieces, e);
    return rc;
}

// As extend, without reading what is known: c->fresh holds what was added to the level below behind its end. *known
// becomes false, and nothing is done, where it isn't all that follows. Then c->fresh holds what this level got.
static int extend_by_fresh(struct curve *c, int level, int64_t end, bool *made, bool *known, struct err *e)
{
    struct metric_summaries *s = &c->fresh;
    size_t n = s->n;
    int64_t before = s->list[0].first_step - 1;
    *made = false;
    // Those that were too few for a row of this level.
    int rc = end < before ? read_level(c, level - 1, end, before, ROWS_AT_ONCE, s, e) : 0;
    size_t older = s->n - n;
    if (rc) return rc;
    *known = older < ROWS_AT_ONCE;
    if (*known && level == 1) {
        int64_t rows = count_level(c, 0, end, INT64_MAX, (int64_t)s->n + 1, e);
        if (rows < 0) return (int)rows;
        *known = rows == (int64_t)s->n;
    }
    if (!*known) return 0;
    metric_summaries_rotate(s, n);
    metric_summaries_truncate(s, s->n / TEN * TEN);
    metric_summaries_fold(s, 0, TEN);
    for (size_t i = 0; !rc && i < s->n; i++) rc = insert_sum(c, level, s, i, i + 1, e);
    *made = s->n > 0;
    return rc;
}

// What was written to one curve, in step order.
static int update_curve(struct curve *c, const struct metric_row *rows, size_t n, bool *more, struct err *e)
{
    bool changed = true, known = n > 0, later = false;
    *more = false;
    metric_summaries_clear(&c->fresh);
    for (int level = 1; changed && level <= LEVELS; level++) {
        int64_t first, end, done = -1;
        int rc = find_end(c, level, INT64_MAX, false, &first, &end, e);
        changed = false;
        for (size_t i = 0; !rc && i < n && rows[i].step <= end; i++) {
            int64_t last;
            if (rows[i].step <= done) continue;
            rc = find_end(c, level, rows[i].step, true, &first, &last, e);
            if (!rc) rc = remake(c, level, last, e);
            done = last;
            changed = true;
        }
        bool made = false;
        known = known && !changed;
        if (level == 1 && known)
            for (size_t i = 0; i < n; i++) metric_summaries_add_row(&c->fresh, &rows[i]);
        if (!rc && known) rc = extend_by_fresh(c, level, end, &made, &known, e);
        if (!rc && !known) rc = extend(c, level, end, &made, &later, e);
        if (rc) return rc;
        changed |= made;
        *more |= later;
    }
    return 0;
}

static void begin_curves(struct curve *c)
{
    metric_summaries_init(&c->part);
    metric_summaries_init(&c->fresh);
}

static void end_curves(struct curve *c)
{
    metric_summaries_release(&c->part);
    metric_summaries_release(&c->fresh);
}

int rollups_extend(struct store_tx *tx, int64_t training_key, int layer_idx, bool *more, struct err *e)
{
    struct curve c = {.tx = tx, .key = training_key, .layer = layer_idx, .rounds = 1};
    int rc = look_for_archive(&c, e);
    if (rc) return rc;
    begin_curves(&c);
    rc = update_curve(&c, NULL, 0, more, e);
    end_curves(&c);
    return rc;
}

int rollups_next_curve(struct store_tx *tx, int64_t *training_key, int *layer_idx, struct err *e)
{
    struct sql_stmt *st =
        sql_begin(tx,
                  "SELECT training_id, layer_idx FROM training_metrics"
                  " WHERE (training_id, layer_idx) > (?1, ?2) ORDER BY training_id, layer_idx LIMIT 1",
                  e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, *training_key);
    sql_bind_i64(st, 2, *layer_idx);
    int rc = sql_step(st, e);
    if (rc == 1) *training_key = sql_i64(st, 0), *layer_idx = (int)sql_i64(st, 1);
    sql_end(st);
    return rc == 0 ? err_set(e, HW_ENOTFOUND, "there is no further curve") : rc == 1 ? 0 : rc;
}

int rollups_update(struct store_tx *tx, int64_t training_key, const struct metric_batch *b, bool *more, struct err *e)
{
    struct curve c = {.tx = tx, .key = training_key, .rounds = ROUNDS};
    if (more) *more = false;
    if (b->n == 0) return 0;
    int rc = look_for_archive(&c, e);
    begin_curves(&c);
    for (size_t from = 0, to; !rc && from < b->n; from = to) {
        bool later = false;
        for (to = from; to < b->n && b->rows[to].layer_idx == b->rows[from].layer_idx;) to++;
        c.layer = b->rows[from].layer_idx;
        rc = update_curve(&c, b->rows + from, to - from, &later, e);
        if (more) *more |= later;
    }
    end_curves(&c);
    return rc;
}

int rollups_cut(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t step, struct err *e)
{
    struct curve c = {.tx = tx, .key = training_key, .layer = layer_idx};
    int64_t first, last;
    for (int level = 1; level <= LEVELS; level++) {
        int rc = find_end(&c, level, INT64_MAX, false, &first, &last, e);
        if (!rc && last > step) rc = delete_sums(&c, level, step, INT64_MAX, e);
        if (rc) return rc;
        // A level is never longer than the one below.
        if (last < 0) break;
    }
    return 0;
}
