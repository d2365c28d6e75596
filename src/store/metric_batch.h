// Rows of `training_metrics` that one training is given at once: what a report brings is written together, and summed
// up together.
#ifndef HW_STORE_METRIC_BATCH_H
#define HW_STORE_METRIC_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct metric_row;
struct store_tx;

struct metric_batch {
    struct metric_row *rows; // their `extra` is borrowed
    size_t n, cap;
};

void metric_batch_add(struct metric_batch *b, const struct metric_row *r);
void metric_batch_release(struct metric_batch *b);

// Writes the rows, inside a store_fn. A row of the same (training, layer, step) that is there is replaced; of several
// in the batch the last counts. The batch then is in order of (layer, step), each place once: what rollups_update
// (store/rollups_table.h) wants, which is to be called in the same transaction. `training_key` is training_row.key.
int metric_batch_put(struct store_tx *tx, int64_t training_key, struct metric_batch *b, struct err *e);

#endif
