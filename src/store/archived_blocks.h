// What is done with the archive's blocks besides reading curves: metric_archive.c's other half. Internal to src/store.
//
// All functions run inside a store_fn; each does a small piece, and writes to the archive only, but for the restore's,
// which writes only to the live table.
#ifndef HW_STORE_ARCHIVED_BLOCKS_H
#define HW_STORE_ARCHIVED_BLOCKS_H

#include <stdint.h>

#include "base/err.h"

struct metric_ages;
struct store_tx;

// Deletes what is void of a block; or rows of one that were brought back before `restored_before` and are live. How
// many; 0: none is left.
int64_t archived_blocks_purge_void(struct store_tx *tx, struct err *e);
int64_t archived_blocks_purge_restored(struct store_tx *tx, int64_t restored_before, struct err *e);

// The training's first block that ends behind (layer, step), in that order. 1, or 0: there is none.
struct archived_block_place {
    int layer;
    int64_t first_step, last_step;
};
int archived_blocks_find(struct store_tx *tx, int64_t key, int layer, int64_t step, struct archived_block_place *out,
                         struct err *e);
// Copies the archive's rows of a layer behind `after`, packed or not, up to *upto into the live table, where there are
// none of the same step. *upto, the end of a block at most, is made less if there are many. How many were looked at.
int64_t archived_blocks_restore(struct store_tx *tx, int64_t key, int layer, int64_t after, int64_t *upto,
                                struct err *e);

// Adds the rows of blocks that count: those that no row of their step, live or archived, hides, and that aren't void.
int archived_blocks_count(struct store_tx *tx, int64_t now, int64_t ages[], struct err *e);

#endif
