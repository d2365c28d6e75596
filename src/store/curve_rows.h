// The rows of a curve, wherever they lie: live ones, archived ones, and those of blocks, each step once, in order.
//
// A step that is in several places is the live table's, then the archive's row, then the block's; what a cut has made
// void is left out. One struct serves many stretches of a curve, one after the other: the block it read last stays
// unpacked. Inside one transaction. Internal to src/store.
#ifndef HW_STORE_CURVE_ROWS_H
#define HW_STORE_CURVE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/metric_blocks_table.h"
#include "store/metrics_table.h"

struct sql_stmt;

struct curve_rows {
    struct store_tx *tx;
    int64_t key;
    int layer;
    bool live_only;
    // The stretch.
    struct sql_stmt *st;
    int64_t at, to, left; // steps behind `at` up to `to` are to come, at most so many rows
    struct metric_row head;
    enum { HEAD_UNREAD, HEAD_READ, HEAD_NONE } state; // of what the two tables of rows have next
    // The first block that ends behind block_after; no block has a step behind gap_after and before gap_end.
    bool has_block, has_gap;
    struct metric_block block;
    int64_t block_after, gap_after, gap_end;
};

void curve_rows_init(struct curve_rows *c, struct store_tx *tx, int64_t key, int layer, bool live_only);
void curve_rows_release(struct curve_rows *c);

// The steps above `after` up to `to`, at most `limit` rows. Must be ended, whatever it returns.
int curve_rows_begin(struct curve_rows *c, int64_t after, int64_t to, int64_t limit, struct err *e);
// 1: *r is the next, and its text the caller's; 0: that was all; or a negative code.
int curve_rows_next(struct curve_rows *c, struct metric_row *r, struct err *e);
void curve_rows_end(struct curve_rows *c);

#endif
