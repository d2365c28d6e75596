// Shared by the files of the SQLite backend.
#ifndef HW_STORE_SQLITE_INTERNAL_H
#define HW_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "base/map.h"
#include "store/backend.h"
#include "store/sqlite_files.h"

struct sqlite_stmt;
struct backend {
    char *path;
};

struct db {
    sqlite3 *h;
    bool write;
    struct map cache;         // SQL text → struct sqlite_stmt *
    struct sqlite_stmt *last; // of the cache, the one begun last; NULL: none
};

// sqlite_stmt.c
struct sql_stmt *sqlite_stmt_begin(struct db *db, const char *text, struct err *e);
void sqlite_stmt_end(struct sql_stmt *st);
void sqlite_bind_slice(struct sql_stmt *st, int i, struct slice s);
void sqlite_bind_blob(struct sql_stmt *st, int i, struct slice s);
void sqlite_bind_i64(struct sql_stmt *st, int i, int64_t v);
void sqlite_bind_f64(struct sql_stmt *st, int i, double v);
int sqlite_stmt_step(struct sql_stmt *st, struct err *e);
int64_t sqlite_stmt_changes(struct sql_stmt *st);
bool sqlite_is_null(struct sql_stmt *st, int i);
struct slice sqlite_col_slice(struct sql_stmt *st, int i);
int64_t sqlite_col_i64(struct sql_stmt *st, int i);
double sqlite_col_f64(struct sql_stmt *st, int i);
void sqlite_cache_clear(struct db *db);

#endif
