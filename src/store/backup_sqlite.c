// A backup of an SQLite database: the first file and the archive's, as both were at one moment.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/backup_internal.h"
#include "store/restore_internal.h"
#include "store/sqlite_files.h"

// Looking once takes some 100 µs, and a commit takes longer.
enum { TRIES = 5000, PAUSE_US = 500 };

// ---- one moment of two files --------------------------------------------------------------------------------------

// A second connection that sees whether somebody has committed.
static int open_watcher(sqlite3 **h, const char *path, const char *archive, struct err *e)
{
    int rc = sqlite3_open_v2(path, h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) return sqlite_fail(*h, rc, "open", e);
    sqlite3_busy_timeout(*h, 5000);
    struct backup_run r = {.h = *h};
    return archive ? backup_attach(&r, archive, "old", e) : 0;
}

struct versions {
    int64_t first, archive;
};

// Numbers that are others once somebody has committed to a file.
static int versions(sqlite3 *h, bool archive, struct versions *v, struct err *e)
{
    struct backup_run r = {.h = h};
    *v = (struct versions){0};
    int rc = backup_number(&r, "PRAGMA main.data_version", &v->first, e);
    return rc || !archive ? rc : backup_number(&r, "PRAGMA old.data_version", &v->archive, e);
}

// A reading transaction sees each file as it is at its first look there, and rows move from one to the other. So both
// are looked at between two looks of the watcher: where it finds that nobody has committed, they are of one moment.
// Nobody is kept from writing.
static int begin_at_one_moment(struct backup_run *r, sqlite3 *watcher, bool archive, struct err *e)
{
    for (int i = 0; i < TRIES; i++) {
        struct versions before, after;
        int64_t any;
        int rc = versions(watcher, archive, &before, e);
        if (!rc) rc = backup_sql(r, "BEGIN", e);
        if (!rc) rc = backup_number(r, "SELECT COUNT(*) FROM src.sqlite_master", &any, e);
        if (!rc && archive) rc = backup_number(r, "SELECT COUNT(*) FROM old.sqlite_master", &any, e);
        if (!rc) rc = versions(watcher, archive, &after, e);
        if (rc || (before.first == after.first && before.archive == after.archive)) return rc;
        rc = backup_sql(r, "ROLLBACK", e);
        if (!rc) rc = backup_step(r, 0, r->total, e);
        if (rc) return rc;
        usleep(PAUSE_US);
    }
    return err_set(e, HW_EUNAVAILABLE, "the database is written to without a pause; try again");
}

// ---- what is there ------------------------------------------------------------------------------------------------

// An archive may be without a table: it is of an older version, or another program's file.
static int has_archived(struct backup_run *r, bool archive, const char *table, bool *yes, struct err *e)
{
    char sql[128];
    int64_t n = 0;
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM old.sqlite_master WHERE name = '%s'", table);
    int rc = archive ? backup_number(r, sql, &n, e) : 0;
    *yes = n == 1;
    return rc;
}

static int bytes_of(struct backup_run *r, const char *name, struct err *e)
{
    static const char *const parts[] = {"page_count", "freelist_count", "page_size"};
    int64_t v[3] = {0};
    for (int i = 0; i < 3; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA %s.%s", name, parts[i]);
        int rc = backup_number(r, sql, &v[i], e);
        if (rc) return rc;
    }
    r->total += (v[0] - v[1]) * v[2];
    return 0;
}

static int check_version(struct backup_run *r, const char *path, struct err *e)
{
    int64_t version = 0, tables = 0;
    int rc = backup_number(r, "SELECT COUNT(*) FROM src.sqlite_master WHERE name = 'schema_migrations'", &tables, e);
    if (!rc && !tables) rc = err_set(e, HW_EINVALID, "%s is no database of headway's", path);
    if (!rc) rc = backup_number(r, "SELECT MAX(version) FROM src.schema_migrations", &version, e);
    if (!rc && version > sqlite_schema_newest())
        rc = err_set(e, HW_EINVALID,
                     "%s: its schema is version %" PRId64 ", this program knows %d: it was written by a newer one",
                     path, version, sqlite_schema_newest());
    return rc;
}

static bool no_archive(const char *table)
{
    return !sqlite_is_archived(table);
}

// Of an older schema the first file has such a table, too, which is empty.
static int copy(struct backup_run *r, bool archive, struct err *e)
{
    int rc = backup_copy_tables(r, "src", no_archive, e);
    if (!rc) rc = sqlite_make_archive(r->h, "main", e);
    for (int i = 0; !rc && sqlite_archive_tables[i]; i++) {
        bool there;
        rc = has_archived(r, archive, sqlite_archive_tables[i], &there, e);
        if (!rc && there) rc = backup_copy_rows(r, "old", "main", sqlite_archive_tables[i], e);
    }
    return rc;
}

// What is in the database; that as much is in the backup is seen when it is read back.
static int count_source(struct backup_run *r, bool archive, struct backup_info *out, struct err *e)
{
    int rc = backup_count(r, out, e);
    for (int i = 0; !rc && i < out->n_tables; i++) {
        struct backup_table *t = &out->tables[i];
        bool archived = sqlite_is_archived(t->name), there = true;
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s.%s", archived ? "old" : "src", t->name);
        if (archived) rc = has_archived(r, archive, t->name, &there, e);
        t->rows = 0;
        if (!rc && there) rc = backup_number(r, sql, &t->rows, e);
    }
    return rc;
}

static int from_files(struct backup_run *r, const char *path, const char *archive, struct backup_info *out,
                      struct err *e)
{
    sqlite3 *watcher = NULL;
    int rc = backup_attach(r, path, "src", e);
    if (!rc && archive) rc = backup_attach(r, archive, "old", e);
    if (!rc) rc = open_watcher(&watcher, path, archive, e);
    if (!rc) rc = begin_at_one_moment(r, watcher, archive != NULL, e);
    out->taken_at = clock_now_us();
    sqlite3_close(watcher);
    if (!rc) rc = check_version(r, path, e);
    if (!rc) rc = bytes_of(r, "src", e);
    if (!rc && archive) rc = bytes_of(r, "old", e);
    if (!rc) rc = backup_step(r, 0, r->total, e);
    if (!rc) rc = copy(r, archive != NULL, e);
    return rc ? rc : count_source(r, archive != NULL, out, e);
}

int backup_from_sqlite(struct backup_run *r, const char *url, struct backup_info *out, struct err *e)
{
    const char *path = strchr(url, ':') + 1;
    if (restore_sqlite_pending(path))
        return err_set(e, HW_ECONFLICT,
                       "%s: a restore of it was cut off; headway migrate, or a server's start, ends it", path);
    if (!file_exists(path)) return err_set(e, HW_ENOTFOUND, "there is no database %s", path);
    char *archive = sqlite_archive_path(path);
    int rc = from_files(r, path, file_exists(archive) ? archive : NULL, out, e);
    free(archive);
    return rc;
}
