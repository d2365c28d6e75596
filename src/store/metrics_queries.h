// Queries of the table `training_metrics` whose cost must not grow with its size: a test asks the database how it would
// run each. Internal to src/store.
#ifndef HW_STORE_METRICS_QUERIES_H
#define HW_STORE_METRICS_QUERIES_H

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

#endif
