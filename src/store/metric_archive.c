#include "store/metric_archive.h"

#include "store/archived_blocks.h"
#include "store/curve_queries.h"
#include "store/metrics_table.h"
#include "store/sql.h"
#include "store/training_removal.h"
#include "store/trainings_table.h"

enum { LOOKED_AT = 20000 };
static const int64_t DAY_US = 86400LL * 1000000;

// Binds ?1 … ?n and runs it: the number of rows changed, or a negative code.
static int64_t run(struct store_tx *tx, const char *text, const int64_t *args, int n, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    for (int i = 0; i < n; i++) sql_bind_i64(st, i + 1, args[i]);
    return sql_exec(st, e);
}

#define RUN(tx, e, text, ...)                                                                                          \
    run(tx, text, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), e)

// ---- moving --------------------------------------------------------------------------------------------------------

// Live rows in the order of the table, old or not, so that what is looked at stays bounded.
int metric_archive_find(struct store_tx *tx, int64_t before, struct metric_stretch *s, struct err *e)
{
    const char *text =
        "SELECT training_id, layer_idx, step, CASE WHEN timestamp < ?4 AND NOT EXISTS (SELECT 1 FROM"
        " training_metric_restores AS r WHERE r.training_id = m.training_id AND r.restored_at >= ?4) "
        "AND " TRAINING_STAYS("m") " THEN 1 ELSE 0 END"
                                   " FROM training_metrics AS m WHERE (training_id, layer_idx, step) > (?1, ?2, ?3)"
                                   " ORDER BY training_id, layer_idx, step LIMIT ?5";
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, s->place.key);
    sql_bind_i64(st, 2, s->place.layer);
    sql_bind_i64(st, 3, s->place.step);
    sql_bind_i64(st, 4, before);
    sql_bind_i64(st, 5, LOOKED_AT);
    int rc, piece_rows = 0, looked = 0;
    s->n = 0;
    s->more = false;
    while ((rc = sql_step(st, e)) == 1) {
        int64_t key = sql_i64(st, 0), step = sql_i64(st, 2);
        int layer = (int)sql_i64(st, 1);
        bool old = sql_i64(st, 3) == 1;
        bool full = s->n == STRETCH_PIECES && piece_rows == STRETCH_PIECE;
        s->more = s->n && (key != s->key || layer != s->layer || (old && full));
        if (s->more) break;
        s->place.key = key, s->place.layer = layer, s->place.step = step;
        looked++;
        if (!old) continue;
        if (s->n == 0 || piece_rows == STRETCH_PIECE) {
            s->key = key, s->layer = layer;
            s->begin[s->n++] = step - 1;
            piece_rows = 0;
        }
        s->end[s->n - 1] = step;
        piece_rows++;
    }
    sql_end(st);
    if (looked == LOOKED_AT) s->more = true;
    return rc < 0 ? rc : 0;
}

// By their steps: with "+ 0" no index of times is thought of, which would go over all that the training has.
#define PIECE                                                                                                          \
    "m.training_id = ?1 AND m.layer_idx = ?2 AND m.step > ?3 AND m.step <= ?4 AND m.timestamp + 0 < ?5"                \
    " AND " METRIC_NOT_CUT("m")
#define REPLACED(name) ", " #name " = excluded." #name
#define SAME(name)     " AND a." #name " IS NOT DISTINCT FROM m." #name

int64_t metric_archive_copy(struct store_tx *tx, int64_t before, const struct metric_stretch *s, int piece,
                            struct err *e)
{
    return RUN(tx, e,
               "INSERT INTO training_metrics_archive (training_id, " METRIC_ROW ") SELECT training_id, " METRIC_ROW
               " FROM training_metrics AS m WHERE " PIECE " ON CONFLICT (training_id, layer_idx, step) DO UPDATE SET"
               " timestamp = excluded.timestamp" METRIC_COLUMNS(REPLACED) ", extra = excluded.extra",
               s->key, s->layer, s->begin[piece], s->end[piece], before);
}

int64_t metric_archive_delete(struct store_tx *tx, int64_t before, const struct metric_stretch *s, int piece,
                              struct err *e)
{
    return RUN(tx, e,
               "DELETE FROM training_metrics AS m WHERE " PIECE
               " AND EXISTS (SELECT 1 FROM training_metrics_archive AS a"
               " WHERE a.training_id = m.training_id AND a.layer_idx = m.layer_idx AND a.step = m.step"
               " AND a.timestamp = m.timestamp" METRIC_COLUMNS(SAME) SAME(extra) METRIC_ONE_ROW ")",
               s->key, s->layer, s->begin[piece], s->end[piece], before);
}

// ---- void rows -----------------------------------------------------------------------------------------------------

int metric_archive_cut(struct store_tx *tx, int64_t key, int layer, int64_t step, struct err *e)
{
    int64_t n = RUN(tx, e,
                    "INSERT INTO training_metric_cuts (training_id, layer_idx, step) SELECT ?1, ?2, ?3 WHERE EXISTS"
                    " (SELECT 1 FROM training_metrics_archive WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3)"
                    " OR EXISTS (SELECT 1 FROM training_metric_blocks WHERE training_id = ?1 AND layer_idx = ?2"
                    " AND last_step > ?3)"
                    " ON CONFLICT (training_id, layer_idx) DO UPDATE SET step = CASE WHEN"
                    " training_metric_cuts.step < excluded.step THEN training_metric_cuts.step ELSE excluded.step END",
                    key, layer, step);
    return n < 0 ? (int)n : 0;
}

// One row of integers, or HW_ENOTFOUND.
static int row_of(struct store_tx *tx, const char *text, const int64_t *arg, int64_t *out, int n, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    if (arg) sql_bind_i64(st, 1, *arg);
    int rc = sql_step(st, e);
    for (int i = 0; rc == 1 && i < n; i++) out[i] = sql_i64(st, i);
    sql_end(st);
    return rc == 1 ? 0 : rc == 0 ? err_set(e, HW_ENOTFOUND, "there is none left") : rc;
}

int metric_archive_matters(struct store_tx *tx, int64_t key, bool *matters, struct err *e)
{
    int64_t it;
    int rc = row_of(tx, "SELECT " METRIC_ARCHIVE_MATTERS("?1"), &key, &it, 1, e);
    *matters = rc == 0 && it == 1;
    return rc;
}

#define IS_LIVE                                                                                                        \
    "EXISTS (SELECT 1 FROM training_metrics AS l WHERE l.training_id = a.training_id AND l.layer_idx = a.layer_idx"    \
    " AND l.step = a.step" METRIC_ONE_ROW ")"

static int64_t purge_rows(struct store_tx *tx, int64_t restored_before, struct err *e)
{
    int64_t at[3];
    int rc = row_of(tx,
                    "SELECT c.training_id, c.layer_idx, c.step FROM training_metric_cuts AS c WHERE EXISTS"
                    " (SELECT 1 FROM training_metrics_archive AS a WHERE a.training_id = c.training_id"
                    " AND a.layer_idx = c.layer_idx AND a.step > c.step" METRIC_ONE_ROW ") LIMIT 1",
                    NULL, at, 3, e);
    if (rc == 0)
        return RUN(tx, e,
                   "DELETE FROM training_metrics_archive WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3 AND"
                   " step <= (SELECT MAX(step) FROM (SELECT step FROM training_metrics_archive WHERE training_id = ?1"
                   " AND layer_idx = ?2 AND step > ?3 ORDER BY step LIMIT ?4) AS some_rows)",
                   at[0], at[1], at[2], STRETCH_PIECE);
    if (rc != HW_ENOTFOUND) return rc;
    err_clear(e);
    // The first archived row of a training that was brought back, if the live table has it.
    rc = row_of(
        tx,
        "SELECT r.training_id FROM training_metric_restores AS r WHERE r.restored_at < ?1 AND EXISTS"
        " (SELECT 1 FROM training_metrics_archive AS a WHERE a.training_id = r.training_id AND " IS_LIVE METRIC_ONE_ROW
        ") LIMIT 1",
        &restored_before, at, 1, e);
    if (rc == 0)
        rc =
            row_of(tx,
                   "SELECT a.layer_idx, a.step FROM training_metrics_archive AS a WHERE a.training_id = ?1 AND " IS_LIVE
                   " ORDER BY a.layer_idx, a.step LIMIT 1",
                   &at[0], &at[1], 2, e);
    if (rc == HW_ENOTFOUND) err_clear(e);
    if (rc) return rc == HW_ENOTFOUND ? 0 : rc;
    return RUN(tx, e,
               "DELETE FROM training_metrics_archive AS a WHERE training_id = ?1 AND layer_idx = ?2 AND step >= ?3 AND"
               " step <= (SELECT MAX(step) FROM (SELECT step FROM training_metrics_archive WHERE training_id = ?1"
               " AND layer_idx = ?2 AND step >= ?3 ORDER BY step LIMIT ?4) AS some_rows) AND " IS_LIVE,
               at[0], at[1], at[2], STRETCH_PIECE);
}

int64_t metric_archive_purge(struct store_tx *tx, int64_t restored_before, struct err *e)
{
    int64_t n = purge_rows(tx, restored_before, e);
    if (n == 0) n = archived_blocks_purge_void(tx, e);
    return n ? n : archived_blocks_purge_restored(tx, restored_before, e);
}

int metric_archive_forget(struct store_tx *tx, int64_t before, struct err *e)
{
    int64_t n =
        run(tx,
            "DELETE FROM training_metric_cuts WHERE NOT EXISTS (SELECT 1 FROM"
            " training_metrics_archive AS a WHERE a.training_id = training_metric_cuts.training_id"
            " AND a.layer_idx = training_metric_cuts.layer_idx AND a.step > training_metric_cuts.step" METRIC_ONE_ROW
            ") AND NOT EXISTS (SELECT 1 FROM training_metric_blocks AS b WHERE b.training_id ="
            " training_metric_cuts.training_id AND b.layer_idx = training_metric_cuts.layer_idx"
            " AND b.last_step > training_metric_cuts.step" METRIC_ONE_ROW ")",
            NULL, 0, e);
    if (n >= 0) n = RUN(tx, e, "DELETE FROM training_metric_restores WHERE restored_at < ?1", before);
    return n < 0 ? (int)n : 0;
}

// ---- bringing back -------------------------------------------------------------------------------------------------

int metric_restore_next(struct store_tx *tx, int64_t *key, struct err *e)
{
    const char *text = "SELECT training_id FROM (SELECT MIN(training_id) AS training_id FROM training_metrics_archive"
                       " WHERE training_id > ?1 UNION ALL SELECT MIN(training_id) FROM training_metric_blocks"
                       " WHERE training_id > ?1) AS next WHERE training_id IS NOT NULL ORDER BY training_id LIMIT 1";
    bool noted = false;
    int rc;
    do {
        const int64_t after = *key;
        rc = row_of(tx, text, &after, key, 1, e);
        if (!rc) rc = training_key_is_noted(tx, *key, &noted, e);
    } while (!rc && noted);
    return rc;
}

int metric_restore_find(struct store_tx *tx, const char *training_id, int64_t *key, struct err *e)
{
    return training_key_get(tx, training_id, key, e);
}

int metric_restore_begin(struct store_tx *tx, int64_t key, int64_t now, struct err *e)
{
    int64_t n = RUN(tx, e,
                    "INSERT INTO training_metric_restores (training_id, restored_at, complete) SELECT ?1, ?2, 0"
                    " WHERE EXISTS (SELECT 1 FROM trainings WHERE key = ?1)" // deleted meanwhile
                    " ON CONFLICT (training_id) DO UPDATE SET restored_at = excluded.restored_at, complete = 0",
                    key, now);
    return n < 0 ? (int)n : 0;
}

int metric_restore_end(struct store_tx *tx, int64_t key, struct err *e)
{
    int64_t n = RUN(tx, e, "UPDATE training_metric_restores SET complete = 1 WHERE training_id = ?1", key);
    return n < 0 ? (int)n : 0;
}

int64_t metric_restore_copy(struct store_tx *tx, int64_t key, int *layer, int64_t *step, struct err *e)
{
    bool noted;
    int gone = training_key_is_noted(tx, key, &noted, e);
    if (gone || noted) return gone;
    struct archived_block_place b;
    int found = archived_blocks_find(tx, key, *layer, *step, &b, e);
    if (found < 0) return found;
    struct sql_stmt *st = sql_begin(tx,
                                    "SELECT layer_idx, step FROM training_metrics_archive WHERE training_id = ?1"
                                    " AND (layer_idx, step) > (?2, ?3) ORDER BY layer_idx, step LIMIT ?4",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, key);
    sql_bind_i64(st, 2, *layer);
    sql_bind_i64(st, 3, *step);
    sql_bind_i64(st, 4, STRETCH_PIECE);
    int64_t looked = 0, from = 0, to = 0;
    int rc, of = 0;
    while ((rc = sql_step(st, e)) == 1) {
        int l = (int)sql_i64(st, 0);
        if (looked && l != of) break;
        // From there on they are looked at together with the block.
        if (found && (l > b.layer || (l == b.layer && sql_i64(st, 1) >= b.first_step))) break;
        if (!looked++) of = l, from = sql_i64(st, 1);
        to = sql_i64(st, 1);
    }
    sql_end(st);
    if (rc < 0) return rc;
    if (looked == 0 && found) {
        int64_t after = *layer == b.layer && *step >= b.first_step ? *step : b.first_step - 1, upto = b.last_step;
        int64_t n = archived_blocks_restore(tx, key, b.layer, after, &upto, e);
        if (n <= 0) return n;
        *layer = b.layer;
        *step = upto;
        return n;
    }
    if (looked == 0) return 0;
    int64_t n = RUN(tx, e,
                    "INSERT INTO training_metrics (training_id, " METRIC_ROW ") SELECT training_id, " METRIC_ROW
                    " FROM training_metrics_archive AS a WHERE training_id = ?1 AND layer_idx = ?2 AND step >= ?3"
                    " AND step <= ?4 AND " METRIC_ARCHIVED_COUNTS,
                    key, of, from, to);
    if (n < 0) return n; // and may be called again as it was
    *layer = of;
    *step = to;
    return looked;
}

// ---- counting ------------------------------------------------------------------------------------------------------

const int metric_age_days[METRIC_AGES - 1] = {1, 7, 30, 90};

static int count(struct store_tx *tx, const char *text, int64_t now, int64_t out[METRIC_AGES], struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    for (int i = 0; i < METRIC_AGES - 1; i++) sql_bind_i64(st, i + 1, now - metric_age_days[i] * DAY_US);
    for (int i = 0; i < METRIC_AGES; i++) out[i] = 0;
    int rc;
    while ((rc = sql_step(st, e)) == 1) out[sql_i64(st, 0)] = sql_i64(st, 1);
    sql_end(st);
    return rc;
}

#define COUNT_BY_AGE                                                                                                   \
    "SELECT CASE WHEN timestamp >= ?1 THEN 0 WHEN timestamp >= ?2 THEN 1 WHEN timestamp >= ?3 THEN 2"                  \
    " WHEN timestamp >= ?4 THEN 3 ELSE 4 END AS age, COUNT(*) FROM "

int get_metric_count_by_age(struct store_tx *tx, int64_t now, struct metric_ages *out, struct err *e)
{
    int rc =
        count(tx, COUNT_BY_AGE "training_metrics AS m WHERE " TRAINING_STAYS("m") " GROUP BY age", now, out->live, e);
    if (!rc)
        rc = count(tx,
                   COUNT_BY_AGE "training_metrics_archive AS a WHERE " METRIC_ARCHIVED_COUNTS
                                " AND " TRAINING_STAYS("a") " GROUP BY age",
                   now, out->archived, e);
    return rc ? rc : archived_blocks_count(tx, now, out->archived, e);
}
