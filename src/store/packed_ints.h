// Integers in few bits: a row of them, its differences or the differences of these, whichever takes least, without what
// all have in common; or, where there are few different ones, which it is. Pure; used for the columns of a block of
// metrics (store/metric_block.h).
#ifndef HW_STORE_PACKED_INTS_H
#define HW_STORE_PACKED_INTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// How many bytes packed_ints_put would add. `scratch` has room for n.
size_t packed_ints_size(const int64_t *v, size_t n, int64_t *scratch);
void packed_ints_put(struct buf *out, const int64_t *v, size_t n, int64_t *scratch);
// Takes n of them off. False: that is not what is there.
bool packed_ints_take(struct slice *in, int64_t *v, size_t n);

// A number in seven bits a byte, the lowest first.
void varint_put(struct buf *out, uint64_t v);
size_t varint_size(uint64_t v);
bool varint_take(struct slice *in, uint64_t *v);

#endif
