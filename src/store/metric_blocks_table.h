// The table `training_metric_blocks`: archived rows of a curve, some hundred of them packed into one
// (store/metric_block.h). It lies where `training_metrics_archive` does, and holds part of the same: what is archived
// of a curve is the rows there and, for steps that have none there, those of the blocks. Stretches of blocks don't
// overlap.
//
// All functions run inside a store_fn. Internal to src/store.
#ifndef HW_STORE_METRIC_BLOCKS_TABLE_H
#define HW_STORE_METRIC_BLOCKS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/metrics_table.h"

struct sql_stmt;
struct store_tx;

struct metric_block {
    int64_t first_step, last_step;
    int64_t cut; // the curve's steps beyond it are void; INT64_MAX: none are
    struct metric_rows rows;
};

// The curve's first block that ends behind `after`, if it begins by `to`: 1 and the block, its rows those of the caller
// (metric_rows_release). 0: it doesn't; first_step is where the next begins, INT64_MAX: nowhere. HW_EIO: it is damaged;
// the message names the training and the steps.
int metric_block_next(struct store_tx *tx, int64_t key, int layer, int64_t after, int64_t to, struct metric_block *b,
                      struct err *e);
// The same of a statement that stands at a row with the columns of METRIC_BLOCK_SQL (store/metrics_queries.h). 0 or
// HW_EIO.
int metric_block_take(struct store_tx *tx, struct sql_stmt *st, int64_t key, int layer, struct metric_block *b,
                      struct err *e);

// A block that is ready to be written.
struct metric_block_made {
    int64_t first_step, last_step, rows, min_timestamp, max_timestamp;
    struct slice data;
};
int metric_block_put(struct store_tx *tx, int64_t key, int layer, const struct metric_block_made *b, struct err *e);
int metric_block_remove(struct store_tx *tx, int64_t key, int layer, int64_t last_step, struct err *e);
// Leaves of a block only the rows for which keep[i] is set; the number of those that are gone, or a negative code.
int64_t metric_block_thin(struct store_tx *tx, int64_t key, int layer, const struct metric_block *b, const bool *keep,
                          struct err *e);

// What is known of rows besides their bytes; `data` stays as it is.
void metric_block_measure(const struct metric_row *rows, size_t n, struct metric_block_made *out);

// Steps of a curve from `first` to `last`, in order; heap-owned.
struct metric_steps {
    int64_t *list;
    size_t n;
};
enum metric_place { METRIC_LIVE, METRIC_ARCHIVE_ROWS };
int metric_steps_of(struct store_tx *tx, enum metric_place in, int64_t key, int layer, int64_t first, int64_t last,
                    int64_t limit, struct metric_steps *out, struct err *e);
bool metric_steps_have(const struct metric_steps *s, int64_t step);
void metric_steps_release(struct metric_steps *s);

#endif
