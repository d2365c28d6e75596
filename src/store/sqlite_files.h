// An SQLite database as files and statements, without the backend's connections: for its own files, and for those of
// backups, which read and write such files beside any backend.
#ifndef HW_STORE_SQLITE_FILES_H
#define HW_STORE_SQLITE_FILES_H

#include <sqlite3.h>

#include "base/err.h"
#include "store/store.h"

// Fills `e` from the connection's last error; `rc` is an SQLite result code.
int sqlite_fail(sqlite3 *h, int rc, const char *what, struct err *e);
// Runs statements that return nothing.
int sqlite_run(sqlite3 *h, const char *sql, struct err *e);

// The archive's file of a database file; the caller frees.
char *sqlite_archive_path(const char *path);
// The archive's tables, NULL at the end.
extern const char *const sqlite_archive_tables[];
bool sqlite_is_archived(const char *table);
// Makes them in an attached database, where they aren't.
int sqlite_make_archive(sqlite3 *h, const char *in, struct err *e);

// Ends a restore (restore_sqlite.c) that was cut off when all of it was ready; before anything is opened.
int sqlite_finish_restore(const char *path, struct err *e);

// The schema's version that this program knows.
int sqlite_schema_newest(void);
// Brings the schema up to this program's version, one transaction a migration. HW_EINVALID if it is newer.
int sqlite_migrate(sqlite3 *h, store_migrated_fn note, void *ctx, struct err *e);

#endif
