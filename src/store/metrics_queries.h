// Queries of the table `training_metrics` whose cost must not grow with its size: a test asks the database how it would
// run each. Internal to src/store.
#ifndef HW_STORE_METRICS_QUERIES_H
#define HW_STORE_METRICS_QUERIES_H

// A stretch of the curve of a training (?1) and layer (?2).
#define METRIC_RANGE                                                                                                   \
    " FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?2 AND step BETWEEN ?3 AND ?4 ORDER BY step"
#define METRIC_LOSSES_SQL "SELECT loss" METRIC_RANGE

// PostgreSQL's: the row that is about to be written again, step ?2 of layer ?3.
#define METRIC_REPLACED_SQL "DELETE FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?3 AND step = ?2"

#endif
