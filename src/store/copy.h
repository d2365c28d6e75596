// Copies an SQLite database to PostgreSQL: headway copy.
//
// Rows go in the order of their keys, some hundred to a commit, so that what was copied is always the beginning of a
// table: a copy that was cut off is gone on with by calling it again. At the end both sides are read and compared, row
// by row. Nobody may write to either meanwhile.
#ifndef HW_STORE_COPY_H
#define HW_STORE_COPY_H

#include <stdint.h>

#include "base/err.h"

// After each table: how many rows were copied now, and how many both sides hold.
typedef void (*store_copied_fn)(void *ctx, const char *table, int64_t copied, int64_t rows);

// Opens and migrates both. HW_EUNSUPPORTED: not from SQLite to PostgreSQL. HW_ECONFLICT: a table differs, and where;
// what `to` holds that isn't in `from` stays there. The rest as store_open. Blocks.
int store_copy(const char *from, const char *to, store_copied_fn note, void *ctx, struct err *e);

#endif
