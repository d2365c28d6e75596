// A backup's rows in the place of those of a PostgreSQL database: one transaction, by COPY.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/backup_postgres.h"
#include "store/restore_internal.h"
#include "store/sqlite_files.h"

enum { SEND_BYTES = 1 << 18, CLOSING_US = 2000000 };

// ---- the place ----------------------------------------------------------------------------------------------------

// A server has at least one connection open all the time, which says whose it is. One that has just been closed is
// listed until its process has ended.
static int refuse_in_use(struct pg_conn *c, struct err *e)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    int64_t others = 0;
    int rc;
    for (int64_t until = clock_mono_us() + CLOSING_US;; nanosleep(&moment, NULL)) {
        // What a transaction reads of this list stays as it was first read.
        rc = bulk_number(c, "SELECT 1 FROM pg_stat_clear_snapshot()", &others, e);
        if (!rc)
            rc = bulk_number(c,
                             "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
                             " AND application_name = 'headway' AND pid <> pg_backend_pid()",
                             &others, e);
        if (rc || !others || clock_mono_us() > until) break;
    }
    if (!rc && others)
        rc = err_set(e, HW_ECONFLICT,
                     "%" PRId64 " connections of headway's to this database are open: stop its servers first", others);
    return rc;
}

static int refuse_filled(struct pg_conn *c, struct err *e)
{
    int rc = 0;
    for (int i = 0; !rc && restore_tables_of_work[i]; i++) {
        char sql[128];
        int64_t any = 0;
        snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 1", restore_tables_of_work[i]);
        rc = bulk_number(c, sql, &any, e);
        if (!rc && any)
            rc = err_set(
                e, HW_ECONFLICT,
                "the database isn't empty (there are rows in %s); --force replaces all of it, and keeps nothing",
                restore_tables_of_work[i]);
    }
    return rc;
}

int restore_postgres_place(const char *url, bool force, struct err *e)
{
    struct pg_conn *c = NULL;
    int rc = bulk_connect(&c, url, e);
    if (!rc) rc = refuse_in_use(c, e);
    pg_conn_free(c);
    c = NULL;
    if (!rc) rc = store_migrate(url, NULL, NULL, e);
    if (!rc && !force) {
        rc = bulk_connect(&c, url, e);
        if (!rc) rc = refuse_filled(c, e);
        pg_conn_free(c);
    }
    return rc;
}

// ---- rows ---------------------------------------------------------------------------------------------------------

struct sending {
    struct pg_conn *c;
    struct backup_run *r; // the rows' database
    struct bulk_table t;
    struct buf bytes;
    int64_t done, total; // rows, of all tables
};

static int flush(struct sending *s, struct err *e)
{
    int rc = PQputCopyData(s->c->h, s->bytes.p, (int)s->bytes.n) == 1 ? 0 : pg_fail(s->c, NULL, e);
    buf_clear(&s->bytes);
    return rc ? rc : backup_step(s->r, s->done, s->total, e);
}

static void add_row(struct sending *s, sqlite3_stmt *st)
{
    copy_put_row(&s->bytes, s->t.n);
    for (int i = 0; i < s->t.n; i++) {
        struct copy_value v = {.null = sqlite3_column_type(st, i) == SQLITE_NULL};
        if (s->t.types[i] == COPY_F64) {
            v.f64 = sqlite3_column_double(st, i);
        } else if (s->t.types[i] == COPY_BLOB) {
            const void *p = sqlite3_column_blob(st, i);
            v.bytes = slice_of(p, (size_t)sqlite3_column_bytes(st, i));
        } else if (s->t.types[i] == COPY_BYTES) {
            const void *p = sqlite3_column_text(st, i);
            v.bytes = slice_of(p, (size_t)sqlite3_column_bytes(st, i));
        } else {
            v.i64 = sqlite3_column_int64(st, i);
        }
        copy_put_value(&s->bytes, s->t.types[i], &v);
    }
    s->done++;
}

static int send_rows(struct sending *s, struct err *e)
{
    struct buf sql = BUF_INIT;
    sqlite3_stmt *st = NULL;
    buf_addf(&sql, "SELECT %s FROM %s ORDER BY ", buf_cstr(&s->t.names), s->t.table->name);
    bulk_add_keys(&sql, s->t.table);
    int rc = sqlite3_prepare_v2(s->r->h, buf_cstr(&sql), -1, &st, NULL), failed = 0;
    buf_clear(&s->bytes);
    copy_put_header(&s->bytes);
    if (rc == SQLITE_OK) rc = SQLITE_ROW;
    while (!failed && rc == SQLITE_ROW && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        add_row(s, st);
        if (s->bytes.n >= SEND_BYTES) failed = flush(s, e);
    }
    if (!failed && rc != SQLITE_DONE) failed = sqlite_fail(s->r->h, rc, buf_cstr(&sql), e);
    copy_put_end(&s->bytes);
    if (!failed) failed = flush(s, e);
    sqlite3_finalize(st);
    buf_release(&sql);
    return failed;
}

static int begin_sending(struct sending *s, struct err *e)
{
    char *sql = mem_printf("COPY %s (%s) FROM STDIN (FORMAT binary)", s->t.table->name, buf_cstr(&s->t.names));
    PGresult *r = PQexec(s->c->h, sql);
    int rc = PQresultStatus(r) == PGRES_COPY_IN ? 0 : pg_fail(s->c, r, e);
    PQclear(r);
    free(sql);
    return rc;
}

static int end_sending(struct sending *s, struct err *e)
{
    int rc = PQputCopyEnd(s->c->h, NULL) == 1 ? 0 : pg_fail(s->c, NULL, e);
    for (PGresult *r; (r = PQgetResult(s->c->h)) != NULL; PQclear(r))
        if (!rc && PQresultStatus(r) != PGRES_COMMAND_OK) rc = pg_fail(s->c, r, e);
    return rc;
}

static int advance_serial(struct pg_conn *c, const struct listed_table *t, struct err *e)
{
    char *sql = mem_printf("SELECT setval(pg_get_serial_sequence('%s', '%s'), MAX(%s)) FROM %s HAVING COUNT(*) > 0",
                           t->name, t->serial, t->serial, t->name);
    int rc = bulk_run(c, sql, e);
    free(sql);
    return rc;
}

static int same_count(struct sending *s, const struct listed_table *t, struct err *e)
{
    char sql[128];
    int64_t sent = 0, there = 0;
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", t->name);
    int rc = backup_number(s->r, sql, &sent, e);
    if (!rc) rc = bulk_number(s->c, sql, &there, e);
    if (!rc && sent != there)
        rc = err_set(e, HW_EINTERNAL, "%s has %" PRId64 " rows, and should have %" PRId64, t->name, there, sent);
    return rc;
}

static int load_table(struct sending *s, const struct listed_table *t, struct err *e)
{
    int rc = bulk_columns(s->c, t, &s->t, e);
    if (!rc) rc = begin_sending(s, e);
    if (!rc) rc = send_rows(s, e);
    if (!rc) rc = end_sending(s, e);
    if (!rc && t->serial) rc = advance_serial(s->c, t, e);
    if (!rc) rc = same_count(s, t, e);
    bulk_release(&s->t);
    return rc;
}

// ---- all of it ----------------------------------------------------------------------------------------------------

// Nobody migrates or writes meanwhile, and a server that starts waits for the end.
static int begin(struct pg_conn *c, struct err *e)
{
    struct buf sql = BUF_INIT;
    int rc = bulk_run(c, "SELECT pg_advisory_lock(" PG_MIGRATE_LOCK ")", e);
    if (!rc) rc = refuse_in_use(c, e);
    if (!rc) rc = bulk_run(c, "BEGIN; SELECT pg_advisory_xact_lock(" PG_WRITE_LOCK ")", e);
    buf_add_str(&sql, "TRUNCATE ");
    for (int i = 0; i < n_listed_tables; i++) buf_addf(&sql, "%s%s", i ? ", " : "", listed_tables[i].name);
    buf_add_str(&sql, " RESTART IDENTITY");
    if (!rc) rc = bulk_run(c, buf_cstr(&sql), e);
    buf_release(&sql);
    return rc;
}

static int count_all(struct sending *s, struct err *e)
{
    int rc = 0;
    for (int i = 0; !rc && i < n_listed_tables; i++) {
        char sql[128];
        int64_t n = 0;
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", listed_tables[i].name);
        rc = backup_number(s->r, sql, &n, e);
        s->total += n;
    }
    return rc;
}

static int open_rows(struct backup_run *r, const char *path, struct err *e)
{
    int rc = sqlite3_open_v2(path, &r->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) return sqlite_fail(r->h, rc, path, e);
    char *archive = sqlite_archive_path(path);
    rc = backup_attach(r, archive, "archive", e);
    free(archive);
    return rc;
}

int restore_postgres_load(const char *url, const char *path, const struct backup_watch *w, struct err *e)
{
    struct backup_run r = {.path = path, .watch = w, .what = "loading"};
    struct sending s = {.r = &r};
    int rc = open_rows(&r, path, e);
    if (!rc) rc = bulk_connect(&s.c, url, e);
    if (!rc) rc = count_all(&s, e);
    if (!rc) rc = begin(s.c, e);
    for (int i = 0; !rc && i < n_listed_tables; i++) rc = load_table(&s, &listed_tables[i], e);
    if (!rc) rc = bulk_run(s.c, "COMMIT", e);
    pg_conn_free(s.c); // what isn't committed is undone, and the locks go
    buf_release(&s.bytes);
    sqlite3_close(r.h);
    return rc;
}
