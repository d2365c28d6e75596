#include "store/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/part_file.h"
#include "store/backup_internal.h"
#include "store/sqlite_files.h"

int64_t backup_rows(const struct backup_info *i, const char *table)
{
    for (int k = 0; k < i->n_tables; k++)
        if (strcmp(i->tables[k].name, table) == 0) return i->tables[k].rows;
    return 0;
}

// ---- the file's own words -----------------------------------------------------------------------------------------

static int put(struct backup_run *r, const char *sql, const char *name, const char *text, int64_t number, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->h, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = text ? sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC) : sqlite3_bind_int64(st, 2, number);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    int failed = rc == SQLITE_DONE ? 0 : sqlite_fail(r->h, rc, sql, e);
    sqlite3_finalize(st);
    return failed;
}

int backup_write_info(struct backup_run *r, const struct backup_info *i, struct err *e)
{
    const char *one = "INSERT INTO main." BACKUP_INFO_TABLE " VALUES (?1, ?2)";
    const char *count = "INSERT INTO main." BACKUP_COUNTS_TABLE " VALUES (?1, ?2)";
    int rc = backup_sql(r,
                        "CREATE TABLE main." BACKUP_INFO_TABLE " (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
                        "CREATE TABLE main." BACKUP_COUNTS_TABLE
                        " (name TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID",
                        e);
    if (!rc) rc = put(r, one, "format", NULL, BACKUP_FORMAT, e);
    if (!rc) rc = put(r, one, "program", i->program, 0, e);
    if (!rc) rc = put(r, one, "backend", i->backend, 0, e);
    if (!rc) rc = put(r, one, "taken_at", NULL, i->taken_at, e);
    for (int k = 0; !rc && k < i->n_tables; k++) rc = put(r, count, i->tables[k].name, NULL, i->tables[k].rows, e);
    return rc;
}

static int not_a_backup(const char *file, struct err *e)
{
    return err_set(e, HW_EINVALID, "%s is no backup that headway has made", file);
}

static void take(struct backup_info *out, const char *name, sqlite3_stmt *st, int64_t *format)
{
    const char *text = (const char *)sqlite3_column_text(st, 1);
    if (strcmp(name, "format") == 0) *format = sqlite3_column_int64(st, 1);
    if (strcmp(name, "program") == 0) snprintf(out->program, sizeof out->program, "%s", text ? text : "");
    if (strcmp(name, "backend") == 0) snprintf(out->backend, sizeof out->backend, "%s", text ? text : "");
    if (strcmp(name, "taken_at") == 0) out->taken_at = sqlite3_column_int64(st, 1);
}

static int read_info(sqlite3 *h, struct backup_info *out, int64_t *format)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(h, "SELECT name, value FROM " BACKUP_INFO_TABLE, -1, &st, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc != SQLITE_ROW) break;
        const char *name = (const char *)sqlite3_column_text(st, 0);
        if (name) take(out, name, st, format);
    }
    sqlite3_finalize(st);
    if (rc != SQLITE_DONE) return rc;
    rc = sqlite3_prepare_v2(h, "SELECT name, rows FROM " BACKUP_COUNTS_TABLE " ORDER BY name", -1, &st, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc != SQLITE_ROW || out->n_tables == BACKUP_TABLES_MAX) break;
        struct backup_table *t = &out->tables[out->n_tables++];
        snprintf(t->name, sizeof t->name, "%s", (const char *)sqlite3_column_text(st, 0));
        t->rows = sqlite3_column_int64(st, 1);
    }
    sqlite3_finalize(st);
    return rc;
}

// ---- checking -----------------------------------------------------------------------------------------------------

static int open_backup(sqlite3 **h, const char *file, struct err *e)
{
    struct stat st;
    if (stat(file, &st) != 0) return err_set(e, HW_ENOTFOUND, "there is no file %s", file);
    if (!S_ISREG(st.st_mode))
        return err_set(e, HW_EINVALID, "%s is %s", file, S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
    int rc = sqlite3_open_v2(file, h, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) return 0;
    rc = sqlite_fail(*h, rc, "open", e);
    err_prefix(e, "%s", file);
    return rc;
}

static int too_new(const char *file, const struct backup_info *i, int64_t format, struct err *e)
{
    if (format > BACKUP_FORMAT)
        return err_set(e, HW_EINVALID, "%s: its format is %" PRId64 ", this program knows %d: headway %s made it", file,
                       format, BACKUP_FORMAT, i->program);
    if (i->schema > sqlite_schema_newest())
        return err_set(e, HW_EINVALID,
                       "%s: its schema is version %" PRId64
                       ", this program knows %d: headway %s made it, this is headway " HEADWAY_VERSION,
                       file, i->schema, sqlite_schema_newest(), i->program);
    return 0;
}

static int compare_counts(struct backup_run *r, const char *file, const struct backup_info *says, struct err *e)
{
    struct backup_info found = {0};
    int rc = backup_count(r, &found, e);
    if (rc) return rc;
    for (int i = 0; i < says->n_tables; i++)
        if (backup_rows(&found, says->tables[i].name) != says->tables[i].rows)
            return err_set(e, HW_EINVALID, "%s is damaged: %s has %" PRId64 " rows, and should have %" PRId64, file,
                           says->tables[i].name, backup_rows(&found, says->tables[i].name), says->tables[i].rows);
    if (found.n_tables != says->n_tables)
        return err_set(e, HW_EINVALID, "%s is damaged: it has %d tables, and should have %d", file, found.n_tables,
                       says->n_tables);
    return 0;
}

static int count_archived(struct backup_run *r, struct backup_info *out, struct err *e)
{
    int64_t packed = 0;
    int rc = 0;
    if (backup_rows(out, "training_metric_blocks") > 0)
        rc = backup_number(r, "SELECT SUM(rows) FROM training_metric_blocks", &packed, e);
    out->archived = backup_rows(out, "training_metrics_archive") + packed;
    return rc;
}

static int check(struct backup_run *r, const char *file, struct backup_info *out, struct err *e)
{
    int64_t format = 0;
    int rc = read_info(r->h, out, &format);
    if (rc == SQLITE_ERROR || rc == SQLITE_NOTADB || (rc == SQLITE_DONE && !format)) return not_a_backup(file, e);
    if (rc != SQLITE_DONE)
        return err_set(e, HW_EINVALID, "%s is damaged or was cut off: %s", file, sqlite3_errmsg(r->h));
    rc = backup_number(r, "SELECT MAX(version) FROM schema_migrations", &out->schema, e);
    if (!rc) rc = too_new(file, out, format, e);
    if (rc) return rc;
    r->what = "checking";
    rc = backup_step(r, 0, out->bytes, e);
    if (!rc) {
        rc = backup_verify(r->h, e);
        if (rc) err_prefix(e, "%s is damaged or was cut off", file);
    }
    if (!rc) rc = backup_step(r, out->bytes / 2, out->bytes, e);
    if (!rc) rc = compare_counts(r, file, out, e);
    return rc ? rc : count_archived(r, out, e);
}

int backup_check(const char *file, const struct backup_watch *w, struct backup_info *out, struct err *e)
{
    struct backup_run r = {.path = file, .watch = w, .fd = -1};
    *out = (struct backup_info){.bytes = file_size(file)};
    int rc = open_backup(&r.h, file, e);
    if (!rc) rc = check(&r, file, out, e);
    sqlite3_close(r.h);
    return rc;
}

// ---- making -------------------------------------------------------------------------------------------------------

static int fill(struct backup_run *r, const char *url, struct backup_info *out, struct err *e)
{
    bool sqlite = strncmp(url, "sqlite:", 7) == 0;
    snprintf(out->program, sizeof out->program, "%s", HEADWAY_VERSION);
    snprintf(out->backend, sizeof out->backend, "%s", sqlite ? "sqlite" : "postgresql");
    r->what = "copying";
    int rc = sqlite ? backup_from_sqlite(r, url, out, e) : backup_from_postgres(r, url, out, e);
    if (!rc) rc = backup_write_info(r, out, e);
    if (!rc) rc = backup_sql(r, "COMMIT", e);
    return rc;
}

int store_backup(const char *url, const char *file, bool replace, const struct backup_watch *w, struct backup_info *out,
                 struct err *e)
{
    struct part_file part;
    struct backup_run r = {.fd = -1};
    *out = (struct backup_info){0};
    struct stat st;
    if (!replace && stat(file, &st) == 0 && S_ISREG(st.st_mode))
        return err_set(e, HW_ECONFLICT, "%s exists already; --force replaces it", file);
    int rc = part_file_begin(&part, file, e);
    if (!rc) rc = backup_open(&r, part.path, w, e);
    r.gentle = true;
    if (!rc) rc = fill(&r, url, out, e);
    backup_close(&r);
    // What is on the disk counts, not what was written: it is read back.
    if (!rc) rc = backup_check(part.path, w, out, e);
    if (!rc) rc = part_file_commit(&part, e);
    part_file_end(&part);
    return rc;
}
