// Texts that reading curves and summing them up have in common. Internal to src/store.
#ifndef HW_STORE_CURVE_QUERIES_H
#define HW_STORE_CURVE_QUERIES_H

// A row `x` isn't void because its training began again before it.
#define METRIC_NOT_CUT(x)                                                                                              \
    "NOT EXISTS (SELECT 1 FROM training_metric_cuts AS c WHERE c.training_id = " x ".training_id"                      \
    " AND c.layer_idx = " x ".layer_idx AND c.step < " x ".step)"

// An archived row `a` is part of its curve: it isn't void, and the live table has none of its step.
#define METRIC_NOT_LIVE                                                                                                \
    "NOT EXISTS (SELECT 1 FROM training_metrics AS l WHERE l.training_id = a.training_id"                              \
    " AND l.layer_idx = a.layer_idx AND l.step = a.step)"
#define METRIC_ARCHIVED_COUNTS METRIC_NOT_LIVE " AND " METRIC_NOT_CUT("a")

// A stretch of the curve of a training (?1) and layer (?2), in step order: steps above ?3 up to ?4, at most ?5 rows.
// What has been archived belongs to it; a step that is in both tables (while it is moved, or because it was written
// again) is the live table's. The cut is a bound of the range: void rows, of which there may be many, aren't even
// looked at.
#define METRIC_CURVE_SQL(columns)                                                                                      \
    "SELECT " columns                                                                                                  \
    " FROM training_metrics AS m WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3 AND step <= ?4"               \
    " UNION ALL SELECT " columns                                                                                       \
    " FROM training_metrics_archive AS a WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3 AND step <= ?4"       \
    " AND step <= COALESCE((SELECT c.step FROM training_metric_cuts AS c WHERE c.training_id = ?1"                     \
    " AND c.layer_idx = ?2), ?4) AND " METRIC_NOT_LIVE " ORDER BY step LIMIT ?5"

// The same of the live table alone.
#define METRIC_LIVE_SQL(columns)                                                                                       \
    "SELECT " columns                                                                                                  \
    " FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step > ?3 AND step <= ?4 ORDER BY step"      \
    " LIMIT ?5"

#define METRIC_NAME(name) ", " #name
#define METRIC_ROW        "step, layer_idx, timestamp" METRIC_COLUMNS(METRIC_NAME) ", extra"

struct metric_row;
struct sql_stmt;

void metric_row_read(struct sql_stmt *st, struct metric_row *r); // of METRIC_ROW; `r` is uninitialised

#endif
