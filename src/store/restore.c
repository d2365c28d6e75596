#include "store/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/restore_internal.h"
#include "store/sqlite_files.h"
#include "store/store.h"

const char *const restore_tables_of_work[] = {"jobs",
                                              "models",
                                              "datasets",
                                              "extractions",
                                              "trainings",
                                              "checkpoints",
                                              "training_metrics",
                                              "training_metrics_archive",
                                              "training_metric_blocks",
                                              NULL};

// From this version on the archive isn't in the first file.
enum { ARCHIVE_APART = 5 };

struct restore {
    struct restore_options o;
    char *url, *path, *archive, *work_url, *kept; // path: of the new database
    const char *target;                           // the old one's path, NULL: it isn't a file
};

static void remove_with_log(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *file = mem_printf("%s%s", path, tails[i]);
        unlink(file);
        free(file);
    }
}

static void remove_work(const struct restore *r)
{
    if (r->target && restore_sqlite_pending(r->target)) return; // whoever opens the database next goes on with it
    remove_with_log(r->path);
    remove_with_log(r->archive);
}

static bool of_the_first_file(const char *table)
{
    return strncmp(table, "headway_backup", 14) != 0 && !sqlite_is_archived(table);
}

// A backup of an older version may be without the table.
static int copy_archived(struct backup_run *run, const char *table, struct err *e)
{
    int64_t there = 0;
    char *sql = mem_printf("SELECT COUNT(*) FROM src.sqlite_master WHERE name = '%s'", table);
    int rc = backup_number(run, sql, &there, e);
    free(sql);
    return rc || !there ? rc : backup_copy_rows(run, "src", "archive", table, e);
}

static int copy(struct backup_run *run, const struct restore *r, const char *file, const struct backup_info *info,
                struct err *e)
{
    int rc = backup_attach(run, r->archive, "archive", e);
    if (!rc) rc = backup_sql(run, "PRAGMA archive.journal_mode = OFF; PRAGMA archive.synchronous = OFF", e);
    if (!rc) rc = backup_attach(run, file, "src", e);
    if (!rc) rc = backup_sql(run, "BEGIN", e);
    if (!rc) rc = backup_copy_tables(run, "src", of_the_first_file, e);
    if (!rc && info->schema < ARCHIVE_APART) rc = sqlite_make_archive(run->h, "main", e);
    if (!rc) rc = sqlite_make_archive(run->h, "archive", e);
    for (int i = 0; !rc && sqlite_archive_tables[i]; i++) rc = copy_archived(run, sqlite_archive_tables[i], e);
    if (!rc) rc = backup_sql(run, "COMMIT", e);
    return rc;
}

static int make_work(const struct restore *r, const char *file, const struct backup_info *info, struct err *e)
{
    struct backup_run run;
    int rc = backup_open(&run, r->path, &r->o.watch, e);
    run.second = r->archive;
    run.total = info->bytes;
    run.what = "restoring";
    if (!rc) rc = copy(&run, r, file, info, e);
    backup_close(&run);
    if (!rc) rc = store_migrate(r->work_url, NULL, NULL, e);
    if (rc && rc != HW_ECANCELLED) err_prefix(e, "%s", r->path);
    return rc;
}

int restore_begin(struct restore **out, const char *file, const struct restore_options *o, struct backup_info *info,
                  struct err *e)
{
    struct restore *r = mem_zalloc(sizeof *r);
    bool sqlite = strncmp(o->url, "sqlite:", 7) == 0;
    *out = r;
    r->o = *o;
    r->url = mem_strdup(o->url);
    r->target = sqlite ? strchr(r->url, ':') + 1 : NULL;
    r->path = sqlite ? mem_printf("%s.restoring", r->target) : file_join(o->folder, "headway.restoring");
    r->archive = sqlite_archive_path(r->path);
    r->work_url = mem_printf("sqlite:%s", r->path);
    int rc = backup_check(file, &r->o.watch, info, e);
    if (!rc) rc = sqlite ? restore_sqlite_place(r->target, o->force, e) : restore_postgres_place(r->url, o->force, e);
    remove_work(r); // what one that was killed has left
    return rc ? rc : make_work(r, file, info, e);
}

const char *restore_url(const struct restore *r)
{
    return r->work_url;
}

int restore_finish(struct restore *r, struct err *e)
{
    return r->target ? restore_sqlite_swap(r->target, r->path, &r->kept, e)
                     : restore_postgres_load(r->url, r->path, &r->o.watch, e);
}

const char *restore_kept(const struct restore *r)
{
    return r->kept ? r->kept : "";
}

void restore_free(struct restore *r)
{
    if (!r) return;
    remove_work(r);
    free(r->url);
    free(r->path);
    free(r->archive);
    free(r->work_url);
    free(r->kept);
    free(r);
}
