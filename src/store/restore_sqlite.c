// One SQLite database in the place of another: two files, which have to be changed together.
//
// A note beside them, written when the new ones are whole and on disk, is the moment at which they count: what follows
// are renames that may be done again and again until they are done, by whoever opens the database next.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/restore_internal.h"
#include "store/sqlite_files.h"

enum { STAMP_MAX = 64 };

// ---- the old one --------------------------------------------------------------------------------------------------

static bool unreadable(int rc)
{
    int kind = rc & 0xff;
    return kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT || kind == SQLITE_CANTOPEN || kind == SQLITE_IOERR;
}

// Out of the mode in which there is a log beside it. That takes nobody else having it open, even at rest; and then it
// is one file, and whole.
static int close_log(sqlite3 *h, const char *name)
{
    sqlite3_stmt *st = NULL;
    char *sql = mem_printf("PRAGMA %s.journal_mode = DELETE", name);
    int rc = sqlite3_prepare_v2(h, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(st, 0);
        rc = mode && strcmp(mode, "wal") == 0 ? SQLITE_BUSY : SQLITE_OK;
    }
    sqlite3_finalize(st);
    free(sql);
    return rc;
}

// Opens it so that nobody else can. *h NULL: there is none, or it can't be read (*damaged).
static int seize(sqlite3 **h, const char *path, bool *damaged, struct err *e)
{
    char *archive = sqlite_archive_path(path);
    struct backup_run r = {0};
    bool archived = file_exists(archive);
    int rc = sqlite3_open_v2(path, h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_extended_result_codes(*h, 1);
    r.h = *h;
    if (rc == SQLITE_OK) rc = close_log(*h, "main");
    if (rc == SQLITE_OK && archived && backup_attach(&r, archive, "archive", NULL) != 0) rc = sqlite3_errcode(*h);
    if (rc == SQLITE_OK && archived) rc = close_log(*h, "archive");
    if (rc == SQLITE_OK) rc = sqlite3_exec(*h, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    free(archive);
    if (rc == SQLITE_OK) return 0;
    *damaged = unreadable(rc);
    int failed = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED
                     ? err_set(e, HW_ECONFLICT, "%s is in use by another program: stop it first", path)
                 : *damaged ? 0
                            : sqlite_fail(*h, rc, path, e);
    sqlite3_close(*h);
    *h = NULL;
    return failed;
}

static int count_work(sqlite3 *h, const char **table, int64_t *rows, struct err *e)
{
    struct backup_run r = {.h = h};
    int rc = 0;
    *rows = 0;
    for (int i = 0; !rc && !*rows && restore_tables_of_work[i]; i++) {
        int64_t there = 0;
        *table = restore_tables_of_work[i];
        char *sql = mem_printf("SELECT COUNT(*) FROM pragma_table_list WHERE name = '%s'", *table);
        rc = backup_number(&r, sql, &there, e);
        free(sql);
        sql = mem_printf("SELECT COUNT(*) FROM %s", *table);
        if (!rc && there) rc = backup_number(&r, sql, rows, e);
        free(sql);
    }
    return rc;
}

int restore_sqlite_place(const char *path, bool force, struct err *e)
{
    sqlite3 *h = NULL;
    bool damaged = false;
    const char *table = "";
    int64_t rows = 0;
    int rc = sqlite_finish_restore(path, e);
    if (rc || !file_exists(path)) return rc;
    rc = seize(&h, path, &damaged, e);
    if (!rc && damaged && !force)
        rc = err_set(e, HW_ECONFLICT, "%s is there and can't be read; --force puts it aside", path);
    if (!rc && h && !force) rc = count_work(h, &table, &rows, e);
    if (!rc && rows)
        rc = err_set(e, HW_ECONFLICT, "%s isn't empty (%lld rows in %s); --force puts it aside and restores", path,
                     (long long)rows, table);
    sqlite3_close(h);
    return rc;
}

// ---- the renames --------------------------------------------------------------------------------------------------

static char *note_of(const char *path)
{
    return mem_printf("%s.restore-ready", path);
}

static int move(const char *from, const char *to, struct err *e)
{
    if (rename(from, to) == 0 || errno == ENOENT) return 0;
    return err_sys(e, errno, "can't rename %s to %s", from, to);
}

// A log that stays behind would be taken for the new file's, so it goes with the old one.
static int move_in(const char *path, const char *fresh, const char *stamp, struct err *e)
{
    if (!file_exists(fresh)) return 0; // done already
    char *old = mem_printf("%s.before-restore-%s", path, stamp), *old_log = mem_printf("%s-wal", old);
    char *log = mem_printf("%s-wal", path), *index = mem_printf("%s-shm", path);
    int rc = move(path, old, e);
    if (!rc) rc = move(log, old_log, e);
    if (!rc) unlink(index);
    if (!rc) rc = move(fresh, path, e);
    free(old);
    free(old_log);
    free(log);
    free(index);
    return rc;
}

// Whoever restores it, the new file is to be used by whom the old one was used by, or whose the folder is.
static int belong_to(const char *fresh, const char *old, const char *folder, struct err *e)
{
    struct stat st;
    bool there = stat(old, &st) == 0;
    if (!there && stat(folder, &st) != 0) return err_sys(e, errno, "can't look at %s", folder);
    if (geteuid() == 0 && chown(fresh, st.st_uid, st.st_gid) != 0)
        return err_sys(e, errno, "can't give %s to its owner", fresh);
    if (there && chmod(fresh, st.st_mode & 0777) != 0) return err_sys(e, errno, "can't change the mode of %s", fresh);
    return 0;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mem_strdup(".");
}

static int sync_folder_of(const char *path, struct err *e)
{
    char *folder = folder_of(path);
    int rc = file_sync(folder, e);
    free(folder);
    return rc;
}

static int carry_out(const char *path, const char *stamp, struct err *e)
{
    char *fresh = mem_printf("%s.restoring", path), *note = note_of(path);
    char *archive = sqlite_archive_path(path), *fresh_archive = sqlite_archive_path(fresh);
    int rc = move_in(archive, fresh_archive, stamp, e);
    if (!rc) rc = move_in(path, fresh, stamp, e);
    if (!rc) rc = sync_folder_of(path, e);
    if (!rc) unlink(note);
    if (!rc) rc = sync_folder_of(path, e);
    free(fresh);
    free(note);
    free(archive);
    free(fresh_archive);
    return rc;
}

int sqlite_finish_restore(const char *path, struct err *e)
{
    char *note = note_of(path);
    struct buf stamp = BUF_INIT;
    int rc = 0;
    if (file_exists(note)) {
        rc = file_read(note, STAMP_MAX, &stamp, e);
        if (!rc) rc = carry_out(path, buf_cstr(&stamp), e);
    }
    buf_release(&stamp);
    free(note);
    return rc;
}

bool restore_sqlite_pending(const char *path)
{
    char *note = note_of(path);
    bool there = file_exists(note);
    free(note);
    return there;
}

// The time, as far as no other restore has taken it.
static void choose_stamp(const char *path, char stamp[STAMP_MAX])
{
    char time[CLOCK_RFC3339_SIZE];
    clock_format(clock_now_us(), time);
    for (int i = 1;; i++) {
        char *old;
        snprintf(stamp, STAMP_MAX, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", time, time + 5, time + 8, time + 11, time + 14,
                 time + 17);
        if (i > 1) snprintf(stamp + strlen(stamp), STAMP_MAX - strlen(stamp), "-%d", i);
        old = mem_printf("%s.before-restore-%s", path, stamp);
        bool taken = file_exists(old);
        free(old);
        if (!taken) return;
    }
}

int restore_sqlite_swap(const char *path, const char *fresh, char **kept, struct err *e)
{
    sqlite3 *h = NULL;
    bool damaged = false, there = file_exists(path);
    char stamp[STAMP_MAX], *note = note_of(path), *archive = sqlite_archive_path(fresh), *folder = folder_of(path);
    choose_stamp(path, stamp);
    int rc = there ? seize(&h, path, &damaged, e) : 0;
    if (!rc) rc = belong_to(fresh, path, folder, e);
    if (!rc) rc = belong_to(archive, path, folder, e);
    if (!rc) rc = file_sync(fresh, e);
    if (!rc) rc = file_sync(archive, e);
    if (!rc) rc = file_write_atomic(note, slice_str(stamp), e);
    if (!rc) rc = carry_out(path, stamp, e);
    sqlite3_close(h);
    if (!rc && there) *kept = mem_printf("%s.before-restore-%s", path, stamp);
    free(note);
    free(archive);
    free(folder);
    return rc;
}
