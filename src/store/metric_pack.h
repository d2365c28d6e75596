// Packing: the archive's rows of a curve, some hundred at a time, become a block (store/metric_blocks_table.h).
//
// It changes how the archive holds its rows, and nothing of what they are. It writes to the archive only, in one
// transaction, so that whoever looks finds the rows or the block. All but metric_pack_prepare runs inside a store_fn.
#ifndef HW_STORE_METRIC_PACK_H
#define HW_STORE_METRIC_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/metric_blocks_table.h"

struct store_tx;

// Fewer rows than these stay rows: a block of so few would be no smaller.
enum { METRIC_PACK_LEAST = 32 };

// Where to look further; {0} at first.
struct metric_pack_place {
    int64_t key;
    int layer;
    int64_t step;
};

struct metric_pack {
    int64_t key;
    int layer;
    struct metric_rows rows; // the archive's, all that it has from the first's step to the last's
    bool replaces;           // there is a block among whose steps they lie: they go into it
    struct metric_block old; // that block
    struct metric_block_made made[3];
    int n_made;
    struct buf data;
};

void metric_pack_release(struct metric_pack *p);

// The next rows to be packed, behind the place, which is moved on: 1 and them, 0 if there are none in what was looked
// at, or a negative code. *more: there may be further ones. Not those of trainings that have been brought back; and the
// last ones of a curve that goes on only once there are enough to fill a block. HW_EIO with the place moved on: there
// is a damaged block, and further ones can be looked for.
int metric_pack_find(struct store_tx *tx, struct metric_pack_place *at, struct metric_pack *p, bool *more,
                     struct err *e);
// Makes the blocks, and looks whether all rows come out of them as they went in. On any thread, outside transactions:
// it takes a millisecond.
int metric_pack_prepare(struct metric_pack *p, struct err *e);
// Puts the blocks in the place of the rows, if these are still what they were. How many rows, 0 if they aren't.
int64_t metric_pack_write(struct store_tx *tx, const struct metric_pack *p, struct err *e);

#endif
