// Arrays as PostgreSQL takes them in binary form, one dimension counted from 1 (src/backend/utils/adt/arrayfuncs.c,
// array_recv): what unnest makes a column of. Internal to src/store.
#ifndef HW_STORE_POSTGRES_ARRAY_H
#define HW_STORE_POSTGRES_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// Begins an array of n elements, which are to follow; `oid` is their type (store/postgres_types.h).
void pg_array_begin(struct buf *out, int oid, size_t n);
void pg_array_i64(struct buf *out, int64_t v);
void pg_array_i32(struct buf *out, int32_t v);
void pg_array_f64(struct buf *out, double v);       // NaN: NULL
void pg_array_text(struct buf *out, const char *s); // NULL: NULL

#endif
