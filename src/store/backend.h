// What a database must offer: connections, transactions, statements. The queue of writes, group commit and the threads
// are store.c's, and the same for every backend. Internal to src/store.
#ifndef HW_STORE_BACKEND_H
#define HW_STORE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct store_maintenance;
struct db;       // one connection, used by one thread at a time
struct sql_stmt; // a backend's own struct begins with the one below

struct backend_ops {
    const char *scheme; // "sqlite"
    int readers;        // reading connections worth having

    // `rest` is the URL after "scheme:". The first connection opened with write == true also migrates.
    int (*open)(struct db **out, const char *rest, bool write, struct err *e);
    void (*close)(struct db *db);

    int (*begin)(struct db *db, bool write, struct err *e);
    int (*commit)(struct db *db, struct err *e); // on error the transaction is rolled back
    void (*rollback)(struct db *db);
    int (*savepoint)(struct db *db, struct err *e);
    int (*release)(struct db *db, struct err *e);
    // Undoes what came after the savepoint; an error when the whole transaction is gone (a full disk may do that).
    int (*undo)(struct db *db, struct err *e);
    int64_t (*changes)(struct db *db); // rows changed since the connection was opened

    // store_maintain's two halves: on the writing connection, inside a transaction; and on a connection of its own.
    int (*optimize)(struct db *db, struct err *e);
    int (*checkpoint)(const char *rest, struct store_maintenance *out, struct err *e);

    struct sql_stmt *(*stmt_begin)(struct db *db, const char *text, struct err *e);
    void (*stmt_end)(struct sql_stmt *st);
    void (*bind_slice)(struct sql_stmt *st, int i, struct slice s); // p NULL: NULL
    void (*bind_i64)(struct sql_stmt *st, int i, int64_t v);
    void (*bind_f64)(struct sql_stmt *st, int i, double v);
    int (*step)(struct sql_stmt *st, struct err *e);
    int64_t (*stmt_changes)(struct sql_stmt *st); // of the last step
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

extern const struct backend_ops backend_sqlite;

#endif
