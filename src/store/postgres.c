// The PostgreSQL backend: transactions, and which connection they run on. A commit that has returned survives a power
// cut, as far as the server keeps to its own promise (fsync, synchronous_commit).
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/postgres_internal.h"

// Of the connections one writes and one is for maintenance, so that there are three at least.
enum { POOL_SIZE = 20, MAX_OVERFLOW = 40, LEAST = 3, READERS_FIRST = 2 };

// A connection that has answered just now needs no question of its own whether it still does.
static const int64_t TRUSTED_US = 1000000;

// Readers see one moment. The writers of all servers on one database run one after another, as a single server's do: a
// transaction is short, and none ever waits for a row that another holds. "headway" in ASCII is the lock's name.
static const char READ[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
static const char WRITE[] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
static const char WRITE_LOCK[] = "SELECT pg_advisory_xact_lock(" PG_WRITE_LOCK ")";

static int attach(struct backend **out, const char *url, const struct store_options *o, struct err *e)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &why);
    if (!options) {
        // Some of these texts end with the whole URL, of which a password may be part.
        struct slice text = slice_str(why ? why : "");
        const char *whole = why ? strstr(why, " in URI") : NULL;
        if (whole) text.n = (size_t)(whole - why);
        if (text.n && text.p[text.n - 1] == '\n') text.n--;
        int rc = err_set(e, HW_EINVALID, "the database's URL: %.*s", SLICE_FMT(text));
        PQfreemem(why);
        return rc;
    }
    PQconninfoFree(options);
    struct backend *b = mem_zalloc(sizeof *b);
    b->url = mem_strdup(url);
    b->keep = o->pool_size > 0 ? o->pool_size : POOL_SIZE;
    b->most = b->keep + (o->pool_size > 0 ? o->max_overflow : MAX_OVERFLOW);
    if (b->most < LEAST) b->most = LEAST;
    pthread_mutex_init(&b->lock, NULL);
    list_init(&b->idle);
    *out = b;
    return 0;
}

static void detach(struct backend *b)
{
    if (!b) return;
    LIST_EACH(it, next, &b->idle)
    {
        list_remove(it);
        pg_conn_free(LIST_ITEM(it, struct pg_conn, node));
    }
    pthread_mutex_destroy(&b->lock);
    free(b->url);
    free(b);
}

static void readers(const struct backend *b, int *first, int *most)
{
    *most = b->most - 2;
    *first = *most < READERS_FIRST ? *most : READERS_FIRST;
}

static int open_db(struct db **out, struct backend *b, bool write, struct err *e)
{
    (void)e;
    struct db *db = mem_zalloc(sizeof *db);
    db->backend = b;
    db->write = write;
    *out = db;
    return 0;
}

static void drop(struct db *db)
{
    if (db->c) db->changes += db->c->changes;
    pg_give(db->backend, db->c);
    db->c = NULL;
}

static void close_db(struct db *db)
{
    if (!db) return;
    drop(db);
    free(db);
}

// ---- transactions -------------------------------------------------------------------------------------------------

static int begin(struct db *db, bool write, struct err *e)
{
    for (;;) {
        if (db->c && db->c->broken) drop(db);
        int rc = db->c ? 0 : pg_take(db->backend, &db->c, e);
        if (rc) return rc;
        bool trusted = clock_mono_us() - db->c->used_us < TRUSTED_US;
        db->c->reading = !write;
        pg_send(db->c, write ? WRITE : READ);
        if (write) pg_send(db->c, WRITE_LOCK);
        if (trusted) return 0;
        rc = pg_settle(db->c, e);
        if (rc && !db->c->broken) return rc;
        if (!rc) return 0;
        // It has died while nobody used it, and with it all that idled: the next is a new one, or none.
    }
}

// The writer keeps its connection, readers give theirs back.
static void ended(struct db *db)
{
    if (!db->write || db->c->broken) drop(db);
}

static void rollback(struct db *db)
{
    if (!db->c) return;
    struct err e;
    pg_settle(db->c, &e); // whatever failed before has been told
    if (!db->c->broken && pg_run(db->c, "ROLLBACK", NULL, &e) != 0) db->c->broken = true;
    ended(db);
}

static int commit(struct db *db, struct err *e)
{
    char status[32];
    int rc = pg_run(db->c, "COMMIT", status, e);
    // To a transaction that has failed the server answers COMMIT with a rollback.
    if (!rc && strcmp(status, "COMMIT") != 0) rc = err_set(e, HW_EIO, "the transaction was rolled back");
    if (rc)
        rollback(db);
    else
        ended(db);
    return rc;
}

static int savepoint(struct db *db, struct err *e)
{
    (void)e;
    db->c->sqlstate[0] = 0;
    pg_send(db->c, "SAVEPOINT one");
    return 0;
}

static int release(struct db *db, struct err *e)
{
    (void)e;
    pg_send(db->c, "RELEASE one");
    return 0;
}

static int undo(struct db *db, struct err *e)
{
    struct err told;
    pg_settle(db->c, &told);
    pg_send(db->c, "ROLLBACK TO one");
    pg_send(db->c, "RELEASE one");
    return pg_settle(db->c, e);
}

// Statements whose answers nobody waited for belong to the function that has just ended.
static int settle(struct db *db, struct err *e)
{
    return pg_settle(db->c, e);
}

static bool gave_way(struct db *db)
{
    const char *state = db->c->sqlstate;
    return !db->c->broken && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

static int64_t changes(struct db *db)
{
    return db->changes + (db->c ? db->c->changes : 0);
}

// ---- maintenance --------------------------------------------------------------------------------------------------

// Statistics and what was deleted are the server's own business (autovacuum); the months to come are ours.
static int optimize(struct db *db, struct err *e)
{
    return pg_partitions(db->c, e);
}

static int checkpoint(struct backend *b, struct store_maintenance *out, struct err *e)
{
    struct pg_conn *c;
    int64_t bytes = 0;
    int rc = pg_take(b, &c, e);
    if (rc) return rc;
    rc = pg_number(c, "SELECT current_setting('block_size')", &out->page_bytes, e);
    if (!rc) rc = pg_number(c, "SELECT pg_database_size(current_database())", &bytes, e);
    if (!rc && out->page_bytes > 0) out->pages = bytes / out->page_bytes;
    pg_give(b, c);
    return rc;
}

const struct backend_ops backend_postgres = {
    .scheme = "postgresql",
    .alias = "postgres",
    .dialect = SQL_POSTGRES,
    .attach = attach,
    .detach = detach,
    .readers = readers,
    .migrate = pg_migrate,
    .open = open_db,
    .close = close_db,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .release = release,
    .undo = undo,
    .changes = changes,
    .settle = settle,
    .gave_way = gave_way,
    .optimize = optimize,
    .checkpoint = checkpoint,
    .stmt_begin = pg_stmt_begin,
    .stmt_end = pg_stmt_end,
    .bind_slice = pg_bind_slice,
    .bind_blob = pg_bind_slice, // by the parameter's type
    .bind_i64 = pg_bind_i64,
    .bind_f64 = pg_bind_f64,
    .step = pg_stmt_step,
    .exec_later = pg_exec_later,
    .stmt_changes = pg_stmt_changes,
    .is_null = pg_is_null,
    .col_slice = pg_col_slice,
    .col_i64 = pg_col_i64,
    .col_f64 = pg_col_f64,
};
