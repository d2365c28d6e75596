// The table `training_metrics`: one row for (training, layer or all, step), a training's rows lying together on disk.
#ifndef HW_STORE_METRICS_TABLE_H
#define HW_STORE_METRICS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct store_tx;

// The named columns, in the order of the table.
#define METRIC_COLUMNS(X)                                                                                              \
    X(loss)                                                                                                            \
    X(loss_reconstructed)                                                                                              \
    X(l0_sparsity)                                                                                                     \
    X(l1_sparsity)                                                                                                     \
    X(dead_neurons)                                                                                                    \
    X(explained_variance)                                                                                              \
    X(learning_rate)                                                                                                   \
    X(grad_norm)                                                                                                       \
    X(gpu_memory_used_mb)                                                                                              \
    X(samples_per_second)

enum { METRIC_LAYER_ALL = -1, METRIC_LAYER_ANY = -2 };

struct metric_row {
    int64_t step;
    int layer_idx; // METRIC_LAYER_ALL: over all layers
    int64_t timestamp;
#define X(name) double name; // NaN: not known
    METRIC_COLUMNS(X)
#undef X
    char *extra; // JSON object or NULL; heap-owned
};

// Rows of one training in order of (step, layer).
struct metric_rows {
    struct metric_row *rows;
    int64_t n;
    int64_t more_after; // beyond the limit: rows of later steps than this follow; -1: none do
};

void metric_row_init(struct metric_row *r); // all NaN, layer all
void metric_rows_release(struct metric_rows *m);

// Removes a layer's rows after `step`, and their sums: an attempt that starts again earlier makes them its own past's
// future.
int metric_rows_cut(struct store_tx *tx, int64_t training_key, int layer, int64_t step, struct err *e);

struct metric_query {
    int64_t from_step, to_step; // both included; 0 and INT64_MAX: all
    int layer; // METRIC_LAYER_ALL (the one layer's, if there is only one), METRIC_LAYER_ANY, or a layer
    // A layer; 0: all. Chosen as store/metric_summary.h says; more than METRIC_POINTS_MAX are taken as so many.
    int64_t max_points;
    int64_t limit;  // rows at most; 0: all. Ends with a whole step. Not together with max_points.
    bool live_only; // without what has been archived
};

enum { METRIC_POINTS_MAX = 20000 };

// HW_ENOTFOUND: there is no such training.
int metric_rows_query(struct store_tx *tx, const char *training_id, const struct metric_query *q,
                      struct metric_rows *out, struct err *e);

// All rows of all layers.
int get_training_metrics(struct store_tx *tx, const char *training_id, bool include_archived, struct metric_rows *out,
                         struct err *e);

#endif
