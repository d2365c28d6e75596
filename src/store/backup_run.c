// Writing a database in one go, and copying tables into it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/backup_internal.h"
#include "store/sqlite_files.h"

// Virtual-machine instructions between two looks at how far it is: some milliseconds.
enum { LOOK_EVERY = 100000, WRITE_OUT_BYTES = 2 << 20, PAUSE_MOST_US = 200000 };

int backup_step(struct backup_run *r, int64_t done, int64_t total, struct err *e)
{
    if (r->watch && r->watch->step && !r->cancelled && !r->watch->step(r->watch->ctx, r->what, done, total))
        r->cancelled = true;
    return r->cancelled ? err_set(e, HW_ECANCELLED, "interrupted") : 0;
}

void backup_write_out(struct backup_run *r)
{
    int64_t size = r->gentle && r->fd >= 0 ? file_size(r->path) : 0;
    if (size - r->on_disk < WRITE_OUT_BYTES) return;
    r->on_disk = size;
    int64_t begun = clock_mono_us();
    (void)fdatasync(r->fd); // what it can't do now, the sync at the end will say
    // Half of the disk's time is the others'.
    int64_t took = clock_mono_us() - begun;
    usleep((useconds_t)(took < PAUSE_MOST_US ? took : PAUSE_MOST_US));
}

static int look(void *ctx)
{
    struct backup_run *r = ctx;
    backup_write_out(r);
    int64_t done = file_size(r->path) + (r->second ? file_size(r->second) : 0);
    return backup_step(r, done, r->total, NULL) != 0;
}

// What is unfinished is thrown away, so it needs neither journal nor syncing; whoever finishes it syncs it.
int backup_open(struct backup_run *r, const char *path, const struct backup_watch *w, struct err *e)
{
    *r = (struct backup_run){
        .path = path, .watch = w, .what = "copying", .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &r->h, flags, NULL);
    rc = rc == SQLITE_OK ? 0 : sqlite_fail(r->h, rc, "open", e);
    if (rc) {
        err_prefix(e, "%s", path);
        return rc;
    }
    sqlite3_busy_timeout(r->h, 5000);
    sqlite3_extended_result_codes(r->h, 1);
    sqlite3_progress_handler(r->h, LOOK_EVERY, look, r);
    return sqlite_run(r->h,
                      "PRAGMA main.journal_mode = OFF; PRAGMA main.synchronous = OFF; PRAGMA main.cache_size = -4096;"
                      "PRAGMA temp_store = MEMORY",
                      e);
}

void backup_close(struct backup_run *r)
{
    sqlite3_close(r->h);
    r->h = NULL;
    // Last: to close a file gives up all locks that this process has on it, SQLite's among them.
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
}

static int failed(struct backup_run *r, int rc, const char *what, struct err *e)
{
    return r->cancelled ? backup_step(r, 0, 0, e) : sqlite_fail(r->h, rc, what, e);
}

int backup_sql(struct backup_run *r, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(r->h, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : failed(r, rc, sql, e);
}

int backup_number(struct backup_run *r, const char *sql, int64_t *out, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->h, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    int fails = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : failed(r, rc, sql, e);
    sqlite3_finalize(st);
    return fails;
}

int backup_attach(struct backup_run *r, const char *path, const char *name, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->h, "ATTACH DATABASE ?1 AS ?2", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    int fails = rc == SQLITE_DONE ? 0 : failed(r, rc, "attach", e);
    if (fails) err_prefix(e, "%s", path);
    sqlite3_finalize(st);
    return fails;
}

// ---- tables -------------------------------------------------------------------------------------------------------

struct texts {
    char **items;
    int n;
};

static void texts_free(struct texts *t)
{
    for (int i = 0; i < t->n; i++) free(t->items[i]);
    free(t->items);
}

// The first column of all rows; of those whose second is a table that is wanted.
static int read_texts(struct backup_run *r, const char *sql, bool (*wanted)(const char *table), struct texts *out,
                      struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(r->h, sql, -1, &st, NULL);
    *out = (struct texts){0};
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc != SQLITE_ROW) break;
        const char *text = (const char *)sqlite3_column_text(st, 0);
        if (wanted && !wanted((const char *)sqlite3_column_text(st, 1))) continue;
        out->items = mem_realloc_array(out->items, (size_t)out->n + 1, sizeof *out->items);
        out->items[out->n++] = mem_strdup(text ? text : "");
    }
    int fails = rc == SQLITE_DONE ? 0 : failed(r, rc, sql, e);
    sqlite3_finalize(st);
    return fails;
}

#define TABLES_OF " FROM %s.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\'"

// "a, b, c" of a table with columns that are worked out from others, which can't be written; "" of one without.
static int columns_to_write(struct backup_run *r, const char *from, const char *table, struct buf *out, struct err *e)
{
    char sql[320];
    struct texts names;
    snprintf(sql, sizeof sql,
             "SELECT name FROM pragma_table_xinfo('%s', '%s') WHERE hidden = 0 AND EXISTS"
             " (SELECT 1 FROM pragma_table_xinfo('%s', '%s') WHERE hidden <> 0)",
             table, from, table, from);
    int rc = read_texts(r, sql, NULL, &names, e);
    for (int i = 0; !rc && i < names.n; i++) buf_addf(out, "%s%s", i ? ", " : "", names.items[i]);
    texts_free(&names);
    return rc;
}

// "SELECT *" into an empty table that is the same lets SQLite copy rows as they lie there, with their indexes.
int backup_copy_rows(struct backup_run *r, const char *from, const char *to, const char *table, struct err *e)
{
    struct buf columns = BUF_INIT, sql = BUF_INIT;
    int rc = columns_to_write(r, from, table, &columns, e);
    if (!rc && columns.n)
        buf_addf(&sql, "INSERT INTO %s.%s (%s) SELECT %s FROM %s.%s", to, table, buf_cstr(&columns), buf_cstr(&columns),
                 from, table);
    else if (!rc)
        buf_addf(&sql, "INSERT INTO %s.%s SELECT * FROM %s.%s", to, table, from, table);
    if (!rc) rc = backup_sql(r, buf_cstr(&sql), e);
    buf_release(&sql);
    buf_release(&columns);
    return rc;
}

int backup_copy_tables(struct backup_run *r, const char *from, bool (*wanted)(const char *table), struct err *e)
{
    char sql[320];
    struct texts made, tables = {0};
    int64_t counted = 0;
    snprintf(sql, sizeof sql,
             "SELECT sql, tbl_name FROM %s.sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
             " AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\' ORDER BY type = 'index', rowid",
             from);
    int rc = read_texts(r, sql, wanted, &made, e);
    for (int i = 0; !rc && i < made.n; i++) rc = backup_sql(r, made.items[i], e);
    snprintf(sql, sizeof sql, "SELECT name, name" TABLES_OF, from);
    if (!rc) rc = read_texts(r, sql, wanted, &tables, e);
    for (int i = 0; !rc && i < tables.n; i++) rc = backup_copy_rows(r, from, "main", tables.items[i], e);
    // Which keys were given out before, those of rows that are gone among them.
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s.sqlite_master WHERE name = 'sqlite_sequence'", from);
    if (!rc) rc = backup_number(r, sql, &counted, e);
    snprintf(sql, sizeof sql,
             "DELETE FROM main.sqlite_sequence; INSERT INTO main.sqlite_sequence SELECT * FROM %s.sqlite_sequence",
             from);
    if (!rc && counted) rc = backup_sql(r, sql, e);
    texts_free(&made);
    texts_free(&tables);
    return rc;
}

int backup_count(struct backup_run *r, struct backup_info *out, struct err *e)
{
    char sql[320];
    struct texts tables;
    snprintf(sql, sizeof sql, "SELECT name, name" TABLES_OF " AND name NOT LIKE 'headway_backup%%' ORDER BY name",
             "main");
    int rc = read_texts(r, sql, NULL, &tables, e);
    if (!rc && tables.n > BACKUP_TABLES_MAX) rc = err_set(e, HW_EINTERNAL, "it has more tables than a backup takes");
    for (int i = 0; !rc && i < tables.n; i++) {
        struct backup_table *t = &out->tables[out->n_tables++];
        snprintf(t->name, sizeof t->name, "%s", tables.items[i]);
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM main.%s", t->name);
        rc = backup_number(r, sql, &t->rows, e);
    }
    texts_free(&tables);
    return rc;
}

int backup_verify(sqlite3 *h, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(h, "PRAGMA main.quick_check(1)", -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    const char *says = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : sqlite3_errmsg(h);
    int bad = rc == SQLITE_ROW && says && strcmp(says, "ok") == 0
                  ? 0
                  : err_set(e, HW_EINVALID, "%.*s", (int)strcspn(says ? says : "", "\n"), says ? says : "");
    sqlite3_finalize(st);
    return bad;
}
