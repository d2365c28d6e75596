// Some hundred rows of one curve in few bytes, and out of them again, bit by bit as they were. Pure.
//
// Each column lies by itself, as integers and a rule that makes numbers of them (decimals of few digits, 32-bit floats,
// fractions of a power of two, rates, or a double's own bits), chosen by what takes least. A block ends with a
// checksum.
#ifndef HW_STORE_METRIC_BLOCK_H
#define HW_STORE_METRIC_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/metrics_table.h"

enum { METRIC_BLOCK_ROWS = 512 }; // at most

// Adds the block of rows of one layer, in step order, no step twice; 1 to METRIC_BLOCK_ROWS.
void metric_block_write(const struct metric_row *rows, size_t n, struct buf *out);

// The rows, of layer `layer` (they are the caller's: metric_rows_release). Whatever the bytes are: rows whose steps
// ascend, or HW_EIO.
int metric_block_read(struct slice block, int layer, struct metric_rows *out, struct err *e);

// Whether two rows are the same, bit by bit.
bool metric_row_same(const struct metric_row *a, const struct metric_row *b);

#endif
