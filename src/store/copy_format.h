// Rows in PostgreSQL's binary COPY format, and out of it: bytes in, values out. Pure.
#ifndef HW_STORE_COPY_FORMAT_H
#define HW_STORE_COPY_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum copy_type { COPY_I32, COPY_I64, COPY_F64, COPY_BYTES, COPY_BLOB };

struct copy_value {
    bool null;
    int64_t i64;        // COPY_I32, COPY_I64
    double f64;         // COPY_F64
    struct slice bytes; // COPY_BYTES, which are text, and COPY_BLOB: in what was parsed
};

void copy_put_header(struct buf *out);
void copy_put_row(struct buf *out, int columns);
void copy_put_value(struct buf *out, enum copy_type type, const struct copy_value *v);
void copy_put_end(struct buf *out);

// Takes the header off. HW_EPROTOCOL.
int copy_take_header(struct slice *in, struct err *e);
// Takes one row off: 1, or 0 at the end of all rows. HW_EPROTOCOL.
int copy_take_row(struct slice *in, const enum copy_type *types, int columns, struct copy_value *out, struct err *e);

#endif
