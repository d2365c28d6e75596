// The SQLite backend: connections and transactions. WAL, synchronous=FULL: a commit that has returned survives a power
// cut.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_internal.h"
#include "store/store.h"

int sqlite_fail(sqlite3 *h, int rc, const char *what, struct err *e)
{
    const char *text = h ? sqlite3_errmsg(h) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_FULL: return err_set(e, HW_EDISKFULL, "the database can't grow: %s", text);
    case SQLITE_CONSTRAINT: return err_set(e, HW_ECONFLICT, "the database refuses it: %s", text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return err_set(e, HW_EUNAVAILABLE, "the database is locked by another program: %s", text);
    case SQLITE_NOTADB: return err_set(e, HW_EINVALID, "not an SQLite database: %s", text);
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return err_set(e, HW_EINTERNAL, "%.200s: %s", what, text);
    default: return err_set(e, HW_EIO, "database: %s", text);
    }
}

int sqlite_run(sqlite3 *h, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fail(h, rc, sql, e);
}

static void close_db(struct db *db)
{
    if (!db) return;
    sqlite_cache_clear(db);
    sqlite3_close(db->h);
    free(db);
}

// Small caches: the working set of an idle server is a few pages, and the operating system caches the rest.
static const char PRAGMAS[] = "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA journal_size_limit = 16777216;";

// ---- the archive ---------------------------------------------------------------------------------------------------

// Beside the database, in a file of its own, so that the first stays small: headway.db has headway-archive.db.
char *sqlite_archive_path(const char *path)
{
    size_t n = strlen(path);
    bool named = n > 3 && strcmp(path + n - 3, ".db") == 0;
    return mem_printf("%.*s-archive.db", (int)(named ? n - 3 : n), path);
}

// The tables of a migration would have to be made again where somebody has moved the file away; so they are made where
// they aren't. Commits of the two files follow one another: docs/decisions/0015-archive.md says what that takes.
static const char ARCHIVE[] = "PRAGMA archive.journal_mode = WAL;"
                              "PRAGMA archive.synchronous = FULL;"
                              "PRAGMA archive.journal_size_limit = 16777216;";

static const char ARCHIVE_COLUMNS[] = "(training_id INTEGER NOT NULL,"
                                      " layer_idx INTEGER NOT NULL,"
                                      " step INTEGER NOT NULL,"
                                      " timestamp INTEGER NOT NULL,"
                                      " loss REAL,"
                                      " loss_reconstructed REAL,"
                                      " l0_sparsity REAL,"
                                      " l1_sparsity REAL,"
                                      " dead_neurons REAL,"
                                      " explained_variance REAL,"
                                      " learning_rate REAL,"
                                      " grad_norm REAL,"
                                      " gpu_memory_used_mb REAL,"
                                      " samples_per_second REAL,"
                                      " extra TEXT,"
                                      " PRIMARY KEY (training_id, layer_idx, step)) WITHOUT ROWID";

// With rows numbered by SQLite: where the key is the place, so large a row would lie in pages of its own.
static const char BLOCK_COLUMNS[] = "(training_id INTEGER NOT NULL,"
                                    " layer_idx INTEGER NOT NULL,"
                                    " last_step INTEGER NOT NULL,"
                                    " first_step INTEGER NOT NULL,"
                                    " rows INTEGER NOT NULL,"
                                    " min_timestamp INTEGER NOT NULL,"
                                    " max_timestamp INTEGER NOT NULL,"
                                    " data BLOB NOT NULL,"
                                    " PRIMARY KEY (training_id, layer_idx, last_step))";

const char *const sqlite_archive_tables[] = {"training_metrics_archive", "training_metric_blocks", NULL};

bool sqlite_is_archived(const char *table)
{
    for (int i = 0; sqlite_archive_tables[i]; i++)
        if (strcmp(table, sqlite_archive_tables[i]) == 0) return true;
    return false;
}

int sqlite_make_archive(sqlite3 *h, const char *in, struct err *e)
{
    char *sql = mem_printf("CREATE TABLE IF NOT EXISTS %s.%s %s;"
                           "CREATE TABLE IF NOT EXISTS %s.%s %s",
                           in, sqlite_archive_tables[0], ARCHIVE_COLUMNS, in, sqlite_archive_tables[1], BLOCK_COLUMNS);
    int rc = sqlite_run(h, sql, e);
    free(sql);
    return rc;
}

static int attach_archive(sqlite3 *h, const char *path, struct err *e)
{
    sqlite3_stmt *st = NULL;
    char *archive = sqlite_archive_path(path);
    int rc = sqlite3_prepare_v2(h, "ATTACH DATABASE ?1 AS archive", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 1, archive, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    int failed = rc == SQLITE_DONE ? 0 : sqlite_fail(h, rc, "attach", e);
    if (failed) err_prefix(e, "%s", archive);
    sqlite3_finalize(st);
    free(archive);
    return failed;
}

static int configure(struct db *db, const char *path, struct err *e)
{
    sqlite3_busy_timeout(db->h, 5000);
    sqlite3_extended_result_codes(db->h, 1);
    int rc = attach_archive(db->h, path, e);
    if (!rc) rc = db->write ? sqlite_run(db->h, PRAGMAS, e) : sqlite_run(db->h, "PRAGMA query_only = 1", e);
    if (!rc) rc = sqlite_run(db->h, db->write ? "PRAGMA cache_size = -1024" : "PRAGMA cache_size = -512", e);
    if (!rc) rc = sqlite_run(db->h, "PRAGMA archive.cache_size = -256", e);
    if (!rc && db->write) rc = sqlite_run(db->h, ARCHIVE, e);
    if (!rc && db->write) rc = sqlite_make_archive(db->h, "archive", e);
    return rc;
}

static int attach(struct backend **out, const char *url, const struct store_options *o, struct err *e)
{
    (void)o, (void)e;
    struct slice rest = slice_str(url);
    slice_cut(&rest, ':');
    struct backend *b = mem_zalloc(sizeof *b);
    b->path = mem_strndup(rest.p, rest.n);
    *out = b;
    return 0;
}

static void detach(struct backend *b)
{
    if (!b) return;
    free(b->path);
    free(b);
}

static void readers(const struct backend *b, int *first, int *most)
{
    (void)b;
    *first = *most = 2;
}

static int open_db(struct db **out, struct backend *b, bool write, struct err *e)
{
    const char *path = b->path;
    struct db *db = mem_zalloc(sizeof *db);
    db->write = write;
    map_init(&db->cache);
    // Each connection is used by one thread at a time, so SQLite needs no lock of its own.
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &db->h, flags, NULL);
    rc = rc == SQLITE_OK ? configure(db, path, e) : sqlite_fail(db->h, rc, "open", e);
    if (rc) {
        err_prefix(e, "%s", path);
        close_db(db);
        return rc;
    }
    *out = db;
    return 0;
}

static int migrate(struct backend *b, store_migrated_fn note, void *ctx, struct err *e)
{
    struct db *db;
    int rc = sqlite_finish_restore(b->path, e);
    if (!rc) rc = open_db(&db, b, true, e);
    if (rc) return rc;
    rc = sqlite_migrate(db->h, note, ctx, e);
    if (rc) err_prefix(e, "%s", b->path);
    close_db(db);
    return rc;
}

static int begin(struct db *db, bool write, struct err *e)
{
    return sqlite_run(db->h, write ? "BEGIN IMMEDIATE" : "BEGIN", e);
}

static void rollback(struct db *db)
{
    // SQLite rolls back by itself after some errors; then there is nothing to do.
    if (!sqlite3_get_autocommit(db->h)) sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct db *db, struct err *e)
{
    int rc = sqlite_run(db->h, "COMMIT", e);
    if (rc) rollback(db);
    return rc;
}

static int savepoint(struct db *db, struct err *e)
{
    return sqlite_run(db->h, "SAVEPOINT one", e);
}

static int release(struct db *db, struct err *e)
{
    return sqlite_run(db->h, "RELEASE one", e);
}

static int undo(struct db *db, struct err *e)
{
    if (sqlite3_get_autocommit(db->h)) return err_set(e, HW_EIO, "the transaction was rolled back");
    return sqlite_run(db->h, "ROLLBACK TO one; RELEASE one", e);
}

static int64_t changes(struct db *db)
{
    return sqlite3_total_changes64(db->h);
}

// ---- maintenance --------------------------------------------------------------------------------------------------

// ANALYZE where a table has grown much since the last one. The limit makes it look at some hundred rows of an index
// rather than at all, so that it takes milliseconds however large the table is.
static int optimize(struct db *db, struct err *e)
{
    return sqlite_run(db->h, "PRAGMA analysis_limit = 400; PRAGMA optimize", e);
}

static int pragma_i64(sqlite3 *h, const char *text, int64_t *out, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(h, text, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int64(st, 0);
    int failed = rc == SQLITE_ROW ? 0 : sqlite_fail(h, rc, text, e);
    sqlite3_finalize(st);
    return failed;
}

// PASSIVE moves what it can and waits for nobody: neither the writer nor a reader notices. (The other kinds hold back
// the writer until readers have gone.) journal_size_limit then has the log truncated when it is begun anew.
static int move_log(sqlite3 *h, struct store_maintenance *out, struct err *e)
{
    int in_log = 0, moved = 0;
    // Of both files; the numbers are the first one's.
    int rc = sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) return sqlite_fail(h, rc, "checkpoint", e);
    out->wal_pages = in_log < 0 ? 0 : in_log;
    out->wal_pages_moved = moved < 0 ? 0 : moved;
    return 0;
}

static int checkpoint(struct backend *b, struct store_maintenance *out, struct err *e)
{
    sqlite3 *h = NULL;
    int rc = sqlite3_open_v2(b->path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    rc = rc == SQLITE_OK ? 0 : sqlite_fail(h, rc, "open", e);
    if (!rc) {
        sqlite3_busy_timeout(h, 5000);
        rc = attach_archive(h, b->path, e);
        if (!rc) rc = sqlite_run(h, "PRAGMA synchronous = FULL; PRAGMA archive.synchronous = FULL", e);
    }
    if (!rc) rc = pragma_i64(h, "PRAGMA page_size", &out->page_bytes, e);
    if (!rc) rc = move_log(h, out, e);
    if (!rc) rc = pragma_i64(h, "PRAGMA page_count", &out->pages, e);
    if (!rc) rc = pragma_i64(h, "PRAGMA freelist_count", &out->free_pages, e);
    sqlite3_close(h);
    return rc;
}

const struct backend_ops backend_sqlite = {
    .scheme = "sqlite",
    .dialect = SQL_SQLITE,
    .attach = attach,
    .detach = detach,
    .readers = readers,
    .migrate = migrate,
    .open = open_db,
    .close = close_db,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .savepoint = savepoint,
    .release = release,
    .undo = undo,
    .changes = changes,
    .optimize = optimize,
    .checkpoint = checkpoint,
    .stmt_begin = sqlite_stmt_begin,
    .stmt_end = sqlite_stmt_end,
    .bind_slice = sqlite_bind_slice,
    .bind_blob = sqlite_bind_blob,
    .bind_i64 = sqlite_bind_i64,
    .bind_f64 = sqlite_bind_f64,
    .step = sqlite_stmt_step,
    .stmt_changes = sqlite_stmt_changes,
    .is_null = sqlite_is_null,
    .col_slice = sqlite_col_slice,
    .col_i64 = sqlite_col_i64,
    .col_f64 = sqlite_col_f64,
};
