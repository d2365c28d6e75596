// Rows as plain structs: a table says which column fills which field, and the statements are made from it.
//
// Conventions of every row struct of this folder: text is heap-owned by the row (NULL: SQL NULL), ids are arrays ("":
// NULL), times are µs UTC (0: NULL), counts are int64_t (negative: NULL), reals are double (NaN: NULL). A zeroed row is
// not an empty one where counts and reals are concerned: *_row_init makes one, *_row_release frees what it holds.
// Internal to src/store.
#ifndef HW_STORE_COLUMNS_H
#define HW_STORE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/page.h"
#include "store/sql.h"

enum column_type {
    COL_ID,    // char[ID_SIZE]
    COL_TEXT,  // char *
    COL_INT,   // int64_t
    COL_I32,   // int
    COL_COUNT, // int64_t, negative: NULL
    COL_TIME,  // int64_t, 0: NULL
    COL_KEY,   // int64_t that the database gives out: read, and left out of what is written
    COL_REAL,  // double, NaN: NULL
    COL_BOOL,
};

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
    bool fixed; // written with the row and never again: an update leaves it, and the indexes on it, alone
};

// The first column is the primary key.
struct table {
    const char *name;
    const struct column *columns;
    int n;
    size_t row_size;
};

#define COLUMN(type_, row, field)                                                                                      \
    {                                                                                                                  \
#field, type_, offsetof(struct row, field), false                                                              \
    }

#define FIXED_COLUMN(type_, row, field)                                                                                \
    {                                                                                                                  \
#field, type_, offsetof(struct row, field), true                                                               \
    }

void table_row_init(const struct table *t, void *row);
void table_row_release(const struct table *t, void *row);
void table_row_copy(const struct table *t, void *to, const void *from); // `to` is uninitialised

// SELECT <columns> FROM <table> <tail>; bind, step and read with table_read. NULL on error.
struct sql_stmt *table_select(struct store_tx *tx, const struct table *t, const char *tail, struct err *e);
void table_read(const struct table *t, struct sql_stmt *st, void *row); // `row` is uninitialised

// By key. HW_ENOTFOUND names the table and the key.
int table_get(struct store_tx *tx, const struct table *t, const char *id, void *row, struct err *e);
int table_insert(struct store_tx *tx, const struct table *t, const void *row, struct err *e);
// Writes all columns that aren't fixed where the key matches. HW_ENOTFOUND.
int table_update(struct store_tx *tx, const struct table *t, const void *row, struct err *e);
int table_delete(struct store_tx *tx, const struct table *t, const char *id, struct err *e); // HW_ENOTFOUND
// The same as table_update if `version` (a column) still is what it was in `row`; the stored one is one higher.
// HW_ECONFLICT.
int table_update_cas(struct store_tx *tx, const struct table *t, const void *row, int64_t version, struct err *e);

// All rows of a prepared select, as one array (*rows, heap; NULL if there are none). Ends the statement.
int table_fetch(const struct table *t, struct sql_stmt *st, void **rows, int *n, struct err *e);
void table_rows_free(const struct table *t, void *rows, int n);

// One page, newest first, by (created_at, key). `where` ("" or "a = ?1 AND …") uses the parameters ?1 to ?n_args, text,
// NULL ones included. *more: rows follow.
int table_page(struct store_tx *tx, const struct table *t, const char *where, const char *const *args, int n_args,
               const struct page *p, void **rows, int *n, bool *more, struct err *e);

#endif
