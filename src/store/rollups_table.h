// The table `training_metric_rollups`: curves summed up by tens, hundreds, thousands … of their rows, so that a chart
// of ten million steps reads no more than one of ten thousand.
//
// The rows of a level are made when there are ten of the level below that belong to none yet, in the transaction that
// writes them; what lies behind the last of them is read one level below. A step that is written again, or between
// others, has the few rows that contain it made again.
//
// All functions run inside a store_fn.
#ifndef HW_STORE_ROLLUPS_TABLE_H
#define HW_STORE_ROLLUPS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct metric_batch;
struct metric_summaries;
struct store_tx;

// Brings the sums up to a batch that was put (store/metric_batch.h). Of a curve that has many rows without sums, as
// those of an older database, it does some thousands at a time: the rest waits for later calls. *more (may be NULL): it
// does.
int rollups_update(struct store_tx *tx, int64_t training_key, const struct metric_batch *b, bool *more, struct err *e);
// The same for a curve of which nothing was written, in smaller pieces.
int rollups_extend(struct store_tx *tx, int64_t training_key, int layer_idx, bool *more, struct err *e);
// The curve behind (*training_key, *layer_idx), which begins as (0, 0) and is moved on. HW_ENOTFOUND: that was the
// last.
int rollups_next_curve(struct store_tx *tx, int64_t *training_key, int *layer_idx, struct err *e);
// Forgets sums of rows after `step`; those of rows before it that are lost with them are made again as rows follow.
int rollups_cut(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t step, struct err *e);

// Adds the steps above `after` up to `to`, archived ones included, in so few summaries as are about `want` at least,
// and a dozen times that at most: single rows if there are few.
int rollups_read(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t after, int64_t to, int64_t want,
                 struct metric_summaries *out, struct err *e);

// The same of the live table alone, for which there are no sums: it goes over the rows.
int curve_read_live(struct store_tx *tx, int64_t training_key, int layer_idx, int64_t after, int64_t to, int64_t want,
                    struct metric_summaries *out, struct err *e);

#endif
