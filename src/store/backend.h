// What a database must offer: connections, transactions, statements. The queue of writes, group commit and the threads
// are store.c's, and the same for every backend. Internal to src/store.
#ifndef HW_STORE_BACKEND_H
#define HW_STORE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "store/sql.h"
#include "store/store.h"

struct backend;  // what the connections of one store share; used by many threads
struct db;       // one connection, or the right to one; used by one thread at a time
struct sql_stmt; // a backend's own struct begins with the one below

struct backend_ops {
    const char *scheme, *alias; // "sqlite"; a second name or NULL
    enum sql_dialect dialect;

    // `url` is whole. Looks at it, and connects to nothing.
    int (*attach)(struct backend **out, const char *url, const struct store_options *o, struct err *e);
    void (*detach)(struct backend *b); // NULL is fine
    // Reading connections worth having: so many from the start, and at most, when there is more to read.
    void (*readers)(const struct backend *b, int *first, int *most);
    // Brings the schema up to this program's version; `note` (may be NULL) hears of each migration that was applied.
    // HW_EINVALID: not a database, or a newer schema.
    int (*migrate)(struct backend *b, store_migrated_fn note, void *ctx, struct err *e);

    int (*open)(struct db **out, struct backend *b, bool write, struct err *e);
    void (*close)(struct db *db);

    // HW_EUNAVAILABLE, at once, while the database is away.
    int (*begin)(struct db *db, bool write, struct err *e);
    int (*commit)(struct db *db, struct err *e); // on error the transaction is rolled back
    void (*rollback)(struct db *db);             // also of a transaction that couldn't begin
    int (*savepoint)(struct db *db, struct err *e);
    int (*release)(struct db *db, struct err *e);
    // Undoes what came after the savepoint; an error when the whole transaction is gone (a full disk may do that).
    int (*undo)(struct db *db, struct err *e);
    int64_t (*changes)(struct db *db); // rows changed since the connection was opened
    // Waits for what exec_later has begun; its first error. NULL: nothing is ever begun and not ended.
    int (*settle)(struct db *db, struct err *e);
    // Whether what failed last gave way to another transaction, and would most likely succeed now. NULL: never.
    bool (*gave_way)(struct db *db);

    // store_maintain's two halves: on the writing connection, inside a transaction; and on a connection of its own.
    int (*optimize)(struct db *db, struct err *e);
    int (*checkpoint)(struct backend *b, struct store_maintenance *out, struct err *e);

    struct sql_stmt *(*stmt_begin)(struct db *db, const char *text, struct err *e);
    void (*stmt_end)(struct sql_stmt *st);
    void (*bind_slice)(struct sql_stmt *st, int i, struct slice s); // p NULL: NULL
    void (*bind_blob)(struct sql_stmt *st, int i, struct slice s);
    void (*bind_i64)(struct sql_stmt *st, int i, int64_t v);
    void (*bind_f64)(struct sql_stmt *st, int i, double v);
    int (*step)(struct sql_stmt *st, struct err *e);
    int (*exec_later)(struct sql_stmt *st, struct err *e); // NULL: steps are as good
    int64_t (*stmt_changes)(struct sql_stmt *st);          // of the last step
    bool (*is_null)(struct sql_stmt *st, int i);
    struct slice (*col_slice)(struct sql_stmt *st, int i);
    int64_t (*col_i64)(struct sql_stmt *st, int i);
    double (*col_f64)(struct sql_stmt *st, int i);
};

struct sql_stmt {
    const struct backend_ops *ops;
};

struct store_tx {
    const struct backend_ops *ops;
    struct db *db;
};

extern const struct backend_ops backend_sqlite, backend_postgres;

#endif
