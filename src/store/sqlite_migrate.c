// Numbered migrations, compiled in from src/store/migrations/sqlite.
#include <stdio.h>

#include "base/clock.h"
#include "store/migrations.h"
#include "store/sqlite_internal.h"

#include "migrations_sqlite.h"

enum { NEWEST = sizeof migrations / sizeof *migrations };

int sqlite_schema_newest(void)
{
    return NEWEST;
}

static int current_version(sqlite3 *h, int *version, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(h, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", -1, &st, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *version = sqlite3_column_int(st, 0);
        rc = SQLITE_OK;
    }
    int out = rc == SQLITE_OK ? 0 : sqlite_fail(h, rc, "schema_migrations", e);
    sqlite3_finalize(st);
    return out;
}

static int record(sqlite3 *h, const struct migration *m, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(h, "INSERT INTO schema_migrations VALUES (?1, ?2, ?3)", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int(st, 1, m->version);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 2, m->name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(st, 3, clock_now_us());
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    int out = rc == SQLITE_DONE ? 0 : sqlite_fail(h, rc, "schema_migrations", e);
    sqlite3_finalize(st);
    return out;
}

// The version is read again inside the transaction: another process may have migrated in between.
static int apply(sqlite3 *h, const struct migration *m, bool *applied, struct err *e)
{
    int version = 0;
    int rc = sqlite_run(h, "BEGIN IMMEDIATE", e);
    if (rc) return rc;
    rc = current_version(h, &version, e);
    if (!rc && version < m->version) {
        rc = sqlite_run(h, m->sql, e);
        if (!rc) rc = record(h, m, e);
    }
    if (!rc) rc = sqlite_run(h, "COMMIT", e);
    *applied = !rc && version < m->version;
    if (rc) {
        if (!sqlite3_get_autocommit(h)) sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL);
        err_prefix(e, "migration %d (%s)", m->version, m->name);
    }
    return rc;
}

int sqlite_migrate(sqlite3 *h, store_migrated_fn note, void *ctx, struct err *e)
{
    int version = 0;
    int rc = sqlite_run(h,
                        "CREATE TABLE IF NOT EXISTS schema_migrations"
                        " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)",
                        e);
    if (!rc) rc = current_version(h, &version, e);
    if (!rc && version > NEWEST)
        rc = err_set(e, HW_EINVALID, "its schema is version %d, this program knows %d: it was written by a newer one",
                     version, (int)NEWEST);
    for (int i = version; !rc && i < NEWEST; i++) {
        bool applied = false;
        rc = apply(h, &migrations[i], &applied, e);
        if (applied && note) note(ctx, migrations[i].version, migrations[i].name);
    }
    return rc;
}
