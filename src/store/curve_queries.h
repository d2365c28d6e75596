// Texts that reading curves and summing them up have in common. Internal to src/store.
#ifndef HW_STORE_CURVE_QUERIES_H
#define HW_STORE_CURVE_QUERIES_H

// Ends what EXISTS asks for. To SQLite it says nothing. PostgreSQL would otherwise make a join of it, and by plans made
// while the tables are empty one that goes over all of a curve for each row; so it looks for the one row by its key.
#define METRIC_ONE_ROW " LIMIT 1 OFFSET 0"

// A row `x` isn't void because its training began again before it.
#define METRIC_NOT_CUT(x)                                                                                              \
    "NOT EXISTS (SELECT 1 FROM training_metric_cuts AS c WHERE c.training_id = " x ".training_id"                      \
    " AND c.layer_idx = " x ".layer_idx AND c.step < " x ".step" METRIC_ONE_ROW ")"

// An archived row `a` is part of its curve: it isn't void, and the live table has none of its step.
#define METRIC_NOT_LIVE                                                                                                \
    "NOT EXISTS (SELECT 1 FROM training_metrics AS l WHERE l.training_id = a.training_id"                              \
    " AND l.layer_idx = a.layer_idx AND l.step = a.step" METRIC_ONE_ROW ")"
#define METRIC_ARCHIVED_COUNTS METRIC_NOT_LIVE " AND " METRIC_NOT_CUT("a")

// A stretch of the curve of a training (?1) and layer (?2), in step order: steps above ?3 up to ?4, at most ?5 rows.
// What has been archived belongs to it; a step that is in both tables (while it is moved, or because it was written
// again) is the live table's. The cut is a bound of the range: void rows, of which there may be many, aren't even
// looked at.
#define METRIC_LIVE_STEPS "training_id = ?1 AND layer_idx = ?2 AND step > ?3 AND step <= ?4"
#define METRIC_ARCHIVE_STEPS                                                                                           \
    METRIC_LIVE_STEPS " AND step <= COALESCE((SELECT c.step FROM training_metric_cuts AS c WHERE c.training_id = ?1"   \
                      " AND c.layer_idx = ?2), ?4) AND " METRIC_NOT_LIVE
#define METRIC_CURVE_SQL(columns)                                                                                      \
    "SELECT " columns " FROM training_metrics AS m WHERE " METRIC_LIVE_STEPS " UNION ALL SELECT " columns              \
    " FROM training_metrics_archive AS a WHERE " METRIC_ARCHIVE_STEPS " ORDER BY step LIMIT ?5"
// PostgreSQL's: it merges the two as SQLite does only where each is in order by itself.
#define METRIC_CURVE_POSTGRES_SQL(columns)                                                                             \
    "SELECT * FROM (SELECT " columns " FROM training_metrics AS m WHERE " METRIC_LIVE_STEPS                            \
    " ORDER BY step LIMIT ?5) AS live UNION ALL SELECT * FROM (SELECT " columns                                        \
    " FROM training_metrics_archive AS a WHERE " METRIC_ARCHIVE_STEPS                                                  \
    " ORDER BY step LIMIT ?5) AS archived ORDER BY step LIMIT ?5"
#define METRIC_CURVE(dialect, columns)                                                                                 \
    ((dialect) == SQL_POSTGRES ? METRIC_CURVE_POSTGRES_SQL(columns) : METRIC_CURVE_SQL(columns))

// The same of the live table alone.
#define METRIC_LIVE_SQL(columns)                                                                                       \
    "SELECT " columns " FROM training_metrics WHERE " METRIC_LIVE_STEPS " ORDER BY step LIMIT ?5"

#define METRIC_NAME(name) ", " #name
#define METRIC_ROW        "step, layer_idx, timestamp" METRIC_COLUMNS(METRIC_NAME) ", extra"

struct metric_row;
struct sql_stmt;

void metric_row_read(struct sql_stmt *st, struct metric_row *r); // of METRIC_ROW; `r` is uninitialised

#endif
