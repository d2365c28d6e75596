// A backup of a PostgreSQL database: its tables as one transaction sees them, read by COPY.
#include "store/backup_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/backup_internal.h"
#include "store/sqlite_files.h"

// ---- a connection -------------------------------------------------------------------------------------------------

int bulk_connect(struct pg_conn **out, const char *url, struct err *e)
{
    struct pg_conn *c = NULL;
    int rc = pg_connect(&c, url, e);
    if (!rc && !PQexitPipelineMode(c->h)) rc = pg_fail(c, NULL, e);
    // Our own pace is the disk's: a transaction may stand still for as long as that does.
    if (!rc) rc = bulk_run(c, "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0", e);
    if (rc) {
        pg_conn_free(c);
        c = NULL;
    }
    *out = c;
    return rc;
}

int bulk_run(struct pg_conn *c, const char *sql, struct err *e)
{
    PGresult *r = PQexec(c->h, sql);
    ExecStatusType status = PQresultStatus(r);
    int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fail(c, r, e);
    PQclear(r);
    return rc;
}

int bulk_number(struct pg_conn *c, const char *sql, int64_t *out, struct err *e)
{
    PGresult *r = PQexec(c->h, sql);
    int rc = PQresultStatus(r) == PGRES_TUPLES_OK ? 0 : pg_fail(c, r, e);
    *out = !rc && PQntuples(r) && !PQgetisnull(r, 0, 0) ? atoll(PQgetvalue(r, 0, 0)) : 0;
    PQclear(r);
    return rc;
}

static enum copy_type type_of(const char *name)
{
    return strcmp(name, "bigint") == 0             ? COPY_I64
           : strcmp(name, "integer") == 0          ? COPY_I32
           : strcmp(name, "double precision") == 0 ? COPY_F64
           : strcmp(name, "bytea") == 0            ? COPY_BLOB
                                                   : COPY_BYTES;
}

int bulk_columns(struct pg_conn *c, const struct listed_table *t, struct bulk_table *out, struct err *e)
{
    char sql[320];
    *out = (struct bulk_table){.table = t};
    snprintf(sql, sizeof sql,
             "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()"
             " AND table_name = '%s' AND is_generated = 'NEVER' ORDER BY ordinal_position",
             t->name);
    PGresult *r = PQexec(c->h, sql);
    int rc = PQresultStatus(r) == PGRES_TUPLES_OK ? 0 : pg_fail(c, r, e);
    int n = rc ? 0 : PQntuples(r);
    if (!rc && (n == 0 || n > BULK_COLUMNS_MAX))
        rc = err_set(e, HW_EINTERNAL, "the table %s has %d columns", t->name, n);
    for (int i = 0; !rc && i < n; i++) {
        buf_addf(&out->names, "%s%s", i ? ", " : "", PQgetvalue(r, i, 0));
        out->types[out->n++] = type_of(PQgetvalue(r, i, 1));
    }
    PQclear(r);
    return rc;
}

void bulk_release(struct bulk_table *t)
{
    buf_release(&t->names);
}

void bulk_add_keys(struct buf *b, const struct listed_table *t)
{
    for (int i = 0; t->keys[i]; i++) buf_addf(b, "%s%s", i ? ", " : "", t->keys[i]);
}

int bulk_version(struct pg_conn *c, struct err *e)
{
    int64_t there = 0, version = 0;
    int rc = bulk_number(c, "SELECT (to_regclass('schema_migrations') IS NOT NULL)::int", &there, e);
    if (!rc && !there) return err_set(e, HW_ENOTFOUND, "the database has no tables of headway's");
    if (!rc) rc = bulk_number(c, "SELECT MAX(version) FROM schema_migrations", &version, e);
    if (rc || version == sqlite_schema_newest()) return rc;
    return err_set(e, HW_EINVALID, "the database's schema is version %" PRId64 ", this program's is %d: %s", version,
                   sqlite_schema_newest(),
                   version > sqlite_schema_newest() ? "a newer one is needed" : "headway migrate brings it up");
}

// ---- rows ---------------------------------------------------------------------------------------------------------

struct reading {
    struct backup_run *r;
    sqlite3_stmt *put;
    const struct bulk_table *t;
    int64_t *done, total; // rows
    bool begun;
};

static int put_row(const struct reading *g, const struct copy_value *row, struct err *e)
{
    for (int i = 0; i < g->t->n; i++) {
        const struct copy_value *v = &row[i];
        if (v->null)
            sqlite3_bind_null(g->put, i + 1);
        else if (g->t->types[i] == COPY_F64)
            sqlite3_bind_double(g->put, i + 1, v->f64);
        else if (g->t->types[i] == COPY_BLOB)
            sqlite3_bind_blob64(g->put, i + 1, v->bytes.n ? v->bytes.p : "", v->bytes.n, SQLITE_STATIC);
        else if (g->t->types[i] == COPY_BYTES)
            sqlite3_bind_text64(g->put, i + 1, v->bytes.n ? v->bytes.p : "", v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
        else
            sqlite3_bind_int64(g->put, i + 1, v->i64);
    }
    int rc = sqlite3_step(g->put);
    sqlite3_reset(g->put);
    return rc == SQLITE_DONE ? 0 : sqlite_fail(g->r->h, rc, g->t->table->name, e);
}

// What the server sends at a time is whole rows.
static int take_rows(struct reading *g, struct slice bytes, struct err *e)
{
    struct copy_value row[BULK_COLUMNS_MAX];
    int rc = g->begun ? 0 : copy_take_header(&bytes, e);
    g->begun = true;
    while (!rc && bytes.n) {
        rc = copy_take_row(&bytes, g->t->types, g->t->n, row, e);
        if (rc != 1) return rc;
        rc = put_row(g, row, e);
        if (!rc && ++*g->done % 4096 == 0) {
            backup_write_out(g->r);
            rc = backup_step(g->r, *g->done, g->total, e);
        }
    }
    return rc;
}

static int read_rows(struct pg_conn *c, struct reading *g, struct err *e)
{
    char *bytes;
    int n, rc = 0;
    while (!rc && (n = PQgetCopyData(c->h, &bytes, 0)) > 0) {
        rc = take_rows(g, slice_of(bytes, (size_t)n), e);
        PQfreemem(bytes);
    }
    if (rc) return rc; // the connection is given up, and with it the rest
    if (n == -2) return pg_fail(c, NULL, e);
    for (PGresult *r; (r = PQgetResult(c->h)) != NULL; PQclear(r))
        if (!rc && PQresultStatus(r) != PGRES_COMMAND_OK) rc = pg_fail(c, r, e);
    return rc;
}

static int begin_reading(struct pg_conn *c, struct bulk_table *t, struct err *e)
{
    struct buf sql = BUF_INIT;
    buf_addf(&sql, "COPY (SELECT %s FROM %s ORDER BY ", buf_cstr(&t->names), t->table->name);
    bulk_add_keys(&sql, t->table);
    buf_add_str(&sql, ") TO STDOUT (FORMAT binary)");
    PGresult *r = PQexec(c->h, buf_cstr(&sql));
    int rc = PQresultStatus(r) == PGRES_COPY_OUT ? 0 : pg_fail(c, r, e);
    PQclear(r);
    buf_release(&sql);
    return rc;
}

static int prepare_put(struct backup_run *r, struct bulk_table *t, sqlite3_stmt **out, struct err *e)
{
    struct buf sql = BUF_INIT;
    buf_addf(&sql, "INSERT INTO main.%s (%s) VALUES (", t->table->name, buf_cstr(&t->names));
    for (int i = 0; i < t->n; i++) buf_addf(&sql, "%s?%d", i ? ", " : "", i + 1);
    buf_add_char(&sql, ')');
    int rc = sqlite3_prepare_v2(r->h, buf_cstr(&sql), -1, out, NULL);
    buf_release(&sql);
    return rc == SQLITE_OK ? 0 : sqlite_fail(r->h, rc, t->table->name, e);
}

static int read_table(struct backup_run *r, struct pg_conn *c, const struct listed_table *t, int64_t *done,
                      int64_t total, struct err *e)
{
    struct bulk_table columns;
    struct reading g = {.r = r, .t = &columns, .done = done, .total = total};
    int rc = bulk_columns(c, t, &columns, e);
    if (!rc) rc = prepare_put(r, &columns, &g.put, e);
    if (!rc) rc = begin_reading(c, &columns, e);
    if (!rc) rc = read_rows(c, &g, e);
    sqlite3_finalize(g.put);
    bulk_release(&columns);
    return rc;
}

// ---- all of it ----------------------------------------------------------------------------------------------------

// The lock first: a snapshot that is older than the wait for it would know of tables that are gone.
static int begin(struct pg_conn *c, struct backup_info *out, struct err *e)
{
    int rc = bulk_run(c, "SELECT pg_advisory_lock_shared(" PG_BACKUP_LOCK ")", e);
    if (!rc) rc = bulk_run(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
    if (!rc) rc = bulk_version(c, e);
    out->taken_at = clock_now_us();
    return rc;
}

static int count_rows(struct backup_run *r, struct pg_conn *c, struct backup_info *out, int64_t *total, struct err *e)
{
    int rc = backup_count(r, out, e);
    for (int i = 0; !rc && i < out->n_tables; i++) {
        char sql[128];
        if (strcmp(out->tables[i].name, "schema_migrations") == 0) continue;
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", out->tables[i].name);
        rc = bulk_number(c, sql, &out->tables[i].rows, e);
        *total += out->tables[i].rows;
        if (!rc) rc = backup_step(r, 0, 0, e);
    }
    return rc;
}

static int read_all(struct backup_run *r, struct pg_conn *c, struct backup_info *out, struct err *e)
{
    int64_t done = 0, total = 0;
    int rc = begin(c, out, e);
    if (!rc) rc = sqlite_migrate(r->h, NULL, NULL, e);
    if (!rc) rc = sqlite_make_archive(r->h, "main", e);
    if (!rc) rc = count_rows(r, c, out, &total, e);
    // From here on rows count, not the file's bytes, of which nobody knows how many there will be.
    sqlite3_progress_handler(r->h, 0, NULL, NULL);
    if (!rc) rc = backup_sql(r, "BEGIN", e);
    for (int i = 0; !rc && i < n_listed_tables; i++) rc = read_table(r, c, &listed_tables[i], &done, total, e);
    return rc;
}

int backup_from_postgres(struct backup_run *r, const char *url, struct backup_info *out, struct err *e)
{
    struct pg_conn *c = NULL;
    int rc = bulk_connect(&c, url, e);
    if (!rc) rc = read_all(r, c, out, e);
    pg_conn_free(c);
    return rc;
}
