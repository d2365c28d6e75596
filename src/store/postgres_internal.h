// Shared by the files of the PostgreSQL backend.
//
// A connection speaks libpq's pipeline mode all the time: what has no answer worth waiting for (BEGIN, SAVEPOINT,
// RELEASE, an insert) is sent ahead of the next statement that has, and all their answers are read together. So a
// function of the store costs one round trip for each statement whose rows or count it looks at.
#ifndef HW_STORE_POSTGRES_INTERNAL_H
#define HW_STORE_POSTGRES_INTERNAL_H

#include <libpq-fe.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "store/backend.h"

// ---- connections (postgres_conn.c) --------------------------------------------------------------------------------

struct pg_conn {
    struct list node; // among the pool's idle ones
    PGconn *h;
    struct map cache;    // SQL text → struct pg_stmt *
    unsigned statements; // prepared so far: their names
    int ahead;           // commands sent whose answers nobody has read
    int64_t changes;     // rows changed since it was opened
    int64_t used_us;     // monotonic: when it last answered
    char sqlstate[6];    // of the last error; "" if it wasn't the server's
    bool broken;         // of no more use
    bool reading;        // in a transaction that may not write
};

extern const char pg_session[]; // the settings of every session

// HW_EUNAVAILABLE if no server answers, HW_EINVALID if it refuses.
int pg_connect(struct pg_conn **out, const char *url, struct err *e);
void pg_conn_free(struct pg_conn *c); // NULL is fine

// Sends a command without parameters ahead. An error will be told by the next call that reads answers.
void pg_send(struct pg_conn *c, const char *text);
// Reads all answers that are outstanding; the first error of them.
int pg_settle(struct pg_conn *c, struct err *e);
// The same when one more command was sent: its result, NULL on error. The caller clears it.
PGresult *pg_result(struct pg_conn *c, struct err *e);
// A command and all before it, done. Its status ("COMMIT") into `status` if that isn't NULL.
int pg_run(struct pg_conn *c, const char *text, char status[32], struct err *e);
// Any number of statements without parameters, outside of the pipeline: nothing may be under way.
int pg_script(struct pg_conn *c, const char *text, struct err *e);
// One number.
int pg_number(struct pg_conn *c, const char *text, int64_t *out, struct err *e);
// Fills `e` from a result that failed (NULL: from the connection), and remembers its SQLSTATE.
int pg_fail(struct pg_conn *c, const PGresult *r, struct err *e);

// ---- the pool (postgres_pool.c) -----------------------------------------------------------------------------------

struct backend {
    char *url;
    int keep, most;       // connections
    pthread_mutex_t lock; // guards what follows
    struct list idle;     // the one used last first
    int n_idle, n_open;   // idle ones are open too
    bool trying;          // somebody tries to connect after it failed
    int64_t retry_us;     // monotonic: not before
    int64_t backoff_us;   // 0: the last try went well
    struct err away;      // why it failed
};

// An idle connection, or a new one. While the server is away: HW_EUNAVAILABLE at once, but for one caller now and then.
int pg_take(struct backend *b, struct pg_conn **out, struct err *e);
void pg_give(struct backend *b, struct pg_conn *c); // NULL is fine; a broken one is closed, and all that idle with it

// ---- statements (postgres_stmt.c) ---------------------------------------------------------------------------------

struct db {
    struct backend *backend;
    struct pg_conn *c; // NULL: none at the moment
    bool write;
    int64_t changes; // of connections that are closed
};

// ?1 → $1, outside of texts in quotes.
void pg_translate(const char *text, struct buf *out);

struct sql_stmt *pg_stmt_begin(struct db *db, const char *text, struct err *e);
void pg_stmt_end(struct sql_stmt *st);
void pg_bind_slice(struct sql_stmt *st, int i, struct slice s);
void pg_bind_i64(struct sql_stmt *st, int i, int64_t v);
void pg_bind_f64(struct sql_stmt *st, int i, double v);
int pg_stmt_step(struct sql_stmt *st, struct err *e);
int pg_exec_later(struct sql_stmt *st, struct err *e);
int64_t pg_stmt_changes(struct sql_stmt *st);
bool pg_is_null(struct sql_stmt *st, int i);
struct slice pg_col_slice(struct sql_stmt *st, int i);
int64_t pg_col_i64(struct sql_stmt *st, int i);
double pg_col_f64(struct sql_stmt *st, int i);
void pg_cache_clear(struct pg_conn *c); // before the connection is closed

// ---- the schema (postgres_migrate.c) ------------------------------------------------------------------------------

int pg_migrate(struct backend *b, store_migrated_fn note, void *ctx, struct err *e);
// Makes the partitions of training_metrics for this month and those to come; inside a transaction.
// Does nothing while a backup reads all tables (PG_BACKUP_LOCK): it would wait for that, and everybody else for it.
int pg_partitions(struct pg_conn *c, struct err *e);

// Advisory locks: of whoever writes, of whoever changes the schema, and (shared) of whoever reads all of it.
#define PG_WRITE_LOCK   "29384866549686649"
#define PG_MIGRATE_LOCK "7521971925001761145"
#define PG_BACKUP_LOCK  "7089336938131513954"

#endif
