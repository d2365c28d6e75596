// Numbered migrations, compiled in from src/store/migrations/postgres, and the partitions that time brings.
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/migrations.h"
#include "store/postgres_internal.h"

#include "migrations_postgres.h"

enum { NEWEST = sizeof migrations / sizeof *migrations };

// Of servers that start at the same time one migrates, the others wait until it has and find nothing to do. However
// long that takes: a migration may rewrite a table.
static const char LOCK[] = "SET lock_timeout = 0; SELECT pg_advisory_lock(" PG_MIGRATE_LOCK ")";
static const char UNLOCK[] = "SELECT pg_advisory_unlock(" PG_MIGRATE_LOCK "); SET lock_timeout = '10s'";

static const char TABLE[] = "CREATE TABLE IF NOT EXISTS schema_migrations"
                            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

static int apply(struct pg_conn *c, const struct migration *m, struct err *e)
{
    struct buf text = BUF_INIT;
    struct err ignored;
    buf_addf(&text, "BEGIN;\n%s;\nINSERT INTO schema_migrations VALUES (%d, '%s', %" PRId64 ");\nCOMMIT", m->sql,
             m->version, m->name, clock_now_us());
    int rc = pg_script(c, buf_cstr(&text), e);
    buf_release(&text);
    if (!rc) return 0;
    err_prefix(e, "migration %d (%s)", m->version, m->name);
    if (pg_script(c, "ROLLBACK", &ignored) != 0) c->broken = true;
    return rc;
}

static int migrate(struct pg_conn *c, store_migrated_fn note, void *ctx, struct err *e)
{
    int64_t version = 0;
    int rc = pg_script(c, TABLE, e);
    if (!rc) rc = pg_number(c, "SELECT MAX(version) FROM schema_migrations", &version, e);
    if (!rc && version > NEWEST)
        rc = err_set(e, HW_EINVALID,
                     "the database: its schema is version %" PRId64
                     ", this program knows %d: it was written by a newer one",
                     version, (int)NEWEST);
    for (int64_t i = version; !rc && i < NEWEST; i++) {
        rc = apply(c, &migrations[i], e);
        if (!rc && note) note(ctx, migrations[i].version, migrations[i].name);
    }
    return rc;
}

int pg_partitions(struct pg_conn *c, struct err *e)
{
    char text[192];
    int64_t made;
    snprintf(text, sizeof text,
             "SELECT CASE WHEN pg_try_advisory_xact_lock(" PG_BACKUP_LOCK ") THEN make_metric_partitions(%" PRId64
             ") ELSE 0 END",
             clock_now_us());
    return pg_number(c, text, &made, e);
}

int pg_migrate(struct backend *b, store_migrated_fn note, void *ctx, struct err *e)
{
    struct pg_conn *c = NULL;
    struct err ignored;
    int rc = pg_take(b, &c, e);
    if (!rc) rc = pg_script(c, LOCK, e);
    if (!rc) {
        rc = migrate(c, note, ctx, e);
        if (!rc) rc = pg_partitions(c, e);
        // A connection that can't give the lock back is closed, which does.
        if (!c->broken && pg_script(c, UNLOCK, &ignored) != 0) c->broken = true;
    }
    pg_give(b, c);
    return rc;
}
