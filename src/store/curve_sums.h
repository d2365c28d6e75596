// Whole curves of many trainings, each summed up: what a list shows of every training in it, as its lowest loss or a
// small picture. A database server is asked a few times for all of them, and what is read of one depends on `want`, not
// on how long it is.
//
// Inside a store_fn.
#ifndef HW_STORE_CURVE_SUMS_H
#define HW_STORE_CURVE_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/metric_summary.h"

struct store_tx;

struct curve_sums {
    const char *training_id;   // the caller's
    bool found;                // false: there is no such training
    struct metric_summaries s; // in step order; none: it has no rows
};

// The curve over all layers of each training or, where it has only one layer, of that: live rows, archived and packed
// ones. `want` as in rollups_read (store/rollups_table.h). All but training_id is filled in; to be released unless it
// fails.
int curve_sums_read(struct store_tx *tx, struct curve_sums *curves, size_t n, int64_t want, struct err *e);
void curve_sums_release(struct curve_sums *curves, size_t n);

#endif
