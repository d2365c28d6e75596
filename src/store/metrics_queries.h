// Queries of the table `training_metrics` whose cost must not grow with its size: a test asks the database how it would
// run each. Internal to src/store.
#ifndef HW_STORE_METRICS_QUERIES_H
#define HW_STORE_METRICS_QUERIES_H

#include "store/curve_queries.h"

// PostgreSQL's: the rows of layer ?2 that are about to be written again, steps ?5 between ?3 and ?4. With "+ 0" the
// range is what is looked for, once, and not each step by itself.
#define METRIC_REPLACED_SQL                                                                                            \
    "DELETE FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step BETWEEN ?3 AND ?4"                \
    " AND step + 0 = ANY(?5::bigint[])"

// PostgreSQL's: the rows of layer ?2 at the steps ?3, in their order. LIMIT makes it look for each by its key; "step =
// ANY(…)", planned for empty tables, goes over the whole curve.
#define METRIC_STEPS_SQL(columns)                                                                                      \
    "SELECT m.* FROM unnest(?3::bigint[]) AS chosen CROSS JOIN LATERAL (SELECT " columns                               \
    " FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step = chosen LIMIT 1) AS m"

// The first block of curve (?1, ?2) that ends behind step ?3. One that begins after ?4 isn't even fetched; were that a
// condition, all that follow would be looked at.
#define METRIC_BLOCK_SQL                                                                                               \
    "SELECT first_step, last_step, rows, CASE WHEN first_step <= ?4 THEN data END,"                                    \
    " COALESCE((SELECT c.step FROM training_metric_cuts AS c WHERE c.training_id = ?1"                                 \
    " AND c.layer_idx = ?2), 9223372036854775807) FROM training_metric_blocks"                                         \
    " WHERE training_id = ?1 AND layer_idx = ?2 AND last_step > ?3 ORDER BY last_step LIMIT 1"

// The highest level of curve (?1, ?2)'s sums. Not MAX, which a plan made for an empty table may look for in all of
// them.
#define ROLLUPS_TOP_SQL                                                                                                \
    "SELECT level FROM training_metric_rollups WHERE training_id = ?1 AND layer_idx = ?2 ORDER BY level DESC LIMIT 1"

// ---- PostgreSQL's, of many curves at once --------------------------------------------------------------------------
//
// The curves are arrays: the keys ?1, the layers ?2 and, where there is a third, the steps ?3 behind which to look. The
// last column is a curve's number in them, from 1; the rows of one come in order, since what is joined laterally is run
// once for each of what it depends on.
#define CURVES_OF(arrays, columns) "unnest(" arrays ") WITH ORDINALITY AS w(" columns ", n)"
#define CURVES_SQL                 CURVES_OF("?1::bigint[], ?2::integer[]", "key, layer")
#define CURVES_AFTER_SQL           CURVES_OF("?1::bigint[], ?2::integer[], ?3::bigint[]", "key, layer, after")
#define OF_CURVE                   "training_id = w.key AND layer_idx = w.layer"

// All of each in sums, but for the rows behind the last of them: the highest level of which there are ?3 or more, what
// lies behind it in the level below, and so on.
#define CURVES_SUMS_SQL                                                                                                \
    "SELECT r.first_step, r.last_step, r.rows, r.data, w.n FROM " CURVES_SQL " CROSS JOIN LATERAL (SELECT level"       \
    " FROM training_metric_rollups WHERE " OF_CURVE " ORDER BY level DESC LIMIT 1) AS top CROSS JOIN LATERAL"          \
    " (SELECT MAX(l) AS level FROM generate_series(1, top.level) AS l WHERE (SELECT COUNT(*) FROM (SELECT 1"           \
    " FROM training_metric_rollups WHERE " OF_CURVE " AND level = l LIMIT ?3) AS counted) >= ?3) AS high"              \
    " CROSS JOIN LATERAL generate_series(high.level, 1, -1) AS lv CROSS JOIN LATERAL (SELECT COALESCE((SELECT"         \
    " last_step FROM training_metric_rollups WHERE " OF_CURVE " AND level = lv + 1 AND lv < high.level"                \
    " ORDER BY last_step DESC LIMIT 1), -1) AS step OFFSET 0) AS above CROSS JOIN LATERAL (SELECT first_step,"         \
    " last_step, rows, data FROM training_metric_rollups WHERE " OF_CURVE " AND level = lv"                            \
    " AND last_step > above.step ORDER BY last_step) AS r"

// Rows behind those steps, ?4 of each curve at most; of those that have none in the archive, and of those that have.
#define CURVES_LIVE_SQL(columns)                                                                                       \
    "SELECT m.*, w.n FROM " CURVES_AFTER_SQL " CROSS JOIN LATERAL (SELECT " columns                                    \
    " FROM training_metrics WHERE " OF_CURVE " AND step > w.after ORDER BY step LIMIT ?4) AS m"
#define CURVES_ROWS_SQL(columns)                                                                                       \
    "SELECT m.*, w.n FROM " CURVES_AFTER_SQL " CROSS JOIN LATERAL (SELECT * FROM (SELECT " columns                     \
    " FROM training_metrics WHERE " OF_CURVE " AND step > w.after ORDER BY step LIMIT ?4) AS live"                     \
    " UNION ALL SELECT * FROM (SELECT " columns " FROM training_metrics_archive AS a WHERE " OF_CURVE                  \
    " AND step > w.after AND step <= COALESCE(" METRIC_CUT_OF(                                                         \
        "w.key", "w.layer") ", 9223372036854775807) AND " METRIC_NOT_LIVE                                              \
                            " ORDER BY step LIMIT ?4) AS archived ORDER BY step LIMIT ?4) AS m"

// Blocks that end behind those steps, ?4 of each curve at most, as METRIC_BLOCK_SQL's.
#define CURVES_BLOCKS_SQL                                                                                              \
    "SELECT b.*, COALESCE(" METRIC_CUT_OF("w.key",                                                                     \
                                          "w.layer") ", 9223372036854775807), w.n FROM " CURVES_AFTER_SQL              \
                                                     " CROSS JOIN LATERAL (SELECT first_step, last_step, rows, data "  \
                                                     "FROM training_metric_blocks WHERE " OF_CURVE                     \
                                                     " AND last_step > w.after ORDER BY last_step LIMIT ?4) AS b"

#endif
