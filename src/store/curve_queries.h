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
#define METRIC_CUT_OF(key, layer)                                                                                      \
    "(SELECT c.step FROM training_metric_cuts AS c WHERE c.training_id = " key " AND c.layer_idx = " layer ")"
#define METRIC_ARCHIVE_STEPS                                                                                           \
    METRIC_LIVE_STEPS " AND step <= COALESCE(" METRIC_CUT_OF("?1", "?2") ", ?4) AND " METRIC_NOT_LIVE
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

// Whether the archive has rows of a training that aren't live: 1 or 0.
#define METRIC_HAS_ANY(table, key, also)                                                                               \
    "EXISTS (SELECT 1 FROM " table " WHERE training_id = " key also METRIC_ONE_ROW ")"
#define METRIC_ARCHIVE_MATTERS(key)                                                                                    \
    "CASE WHEN (" METRIC_HAS_ANY("training_metrics_archive", key, "") " OR " METRIC_HAS_ANY(                           \
        "training_metric_blocks", key, "") ") AND NOT " METRIC_HAS_ANY("training_metric_restores", key,                \
                                                                       " AND complete = 1") " THEN 1 ELSE 0 END"

// What store/curve_place.h says of the training `t`: its key, whether the archive matters, its first and last layer.
// Each table's by itself in the order of its index: MIN over an empty one may be planned as a look at all rows.
#define CURVE_LAYER_IN(table, order)                                                                                   \
    "SELECT * FROM (SELECT layer_idx FROM " table " WHERE training_id = t.key ORDER BY layer_idx" order                \
    " LIMIT 1) AS in_" table
#define CURVE_LAYER(which, order)                                                                                      \
    "(SELECT " which "(layer_idx) FROM (" CURVE_LAYER_IN("training_metrics", order) " UNION ALL " CURVE_LAYER_IN(      \
        "training_metrics_archive", order) " UNION ALL " CURVE_LAYER_IN("training_metric_blocks",                      \
                                                                        order) ") AS layers)"
#define CURVE_PLACE                                                                                                    \
    "t.key, " METRIC_ARCHIVE_MATTERS("t.key") ", " CURVE_LAYER("MIN", "") ", " CURVE_LAYER("MAX", " DESC")
#define CURVE_PLACE_SQL "SELECT " CURVE_PLACE " FROM trainings AS t WHERE t.id = ?1"
// PostgreSQL's: of all of ?1; the fifth column is its number there, from 1.
#define CURVE_PLACES_SQL                                                                                               \
    "SELECT " CURVE_PLACE ", w.n FROM unnest(?1::text[]) WITH ORDINALITY AS w(id, n)"                                  \
    " CROSS JOIN LATERAL (SELECT key FROM trainings WHERE id = w.id LIMIT 1) AS t"

#define METRIC_NAME(name) ", " #name
#define METRIC_ROW        "step, layer_idx, timestamp" METRIC_COLUMNS(METRIC_NAME) ", extra"

struct metric_row;
struct sql_stmt;

void metric_row_read(struct sql_stmt *st, struct metric_row *r); // of METRIC_ROW; `r` is uninitialised

#endif
