// Queries of the table `training_metrics` whose cost must not grow with its size: a test asks the database how it would
// run each. Internal to src/store.
#ifndef HW_STORE_METRICS_QUERIES_H
#define HW_STORE_METRICS_QUERIES_H

// PostgreSQL's: the row that is about to be written again, step ?2 of layer ?3.
#define METRIC_REPLACED_SQL "DELETE FROM training_metrics WHERE training_id = ?1 AND layer_idx = ?3 AND step = ?2"

#endif
