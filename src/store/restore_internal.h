// Shared by the files that restore a backup.
#ifndef HW_STORE_RESTORE_INTERNAL_H
#define HW_STORE_RESTORE_INTERNAL_H

#include "store/backup_internal.h"
#include "store/restore.h"

// A row in any of these is somebody's work. (What a server writes by itself when it starts isn't.)
extern const char *const restore_tables_of_work[]; // NULL at the end

// HW_ECONFLICT: something is in it and `force` is false, or somebody uses it.
int restore_sqlite_place(const char *path, bool force, struct err *e);
// Puts the database `fresh`, with its archive, into the place of `path`; *kept (heap): where the old one went, or NULL.
int restore_sqlite_swap(const char *path, const char *fresh, char **kept, struct err *e);

// Whether a new database is ready and counts, and only hasn't been moved to its place: it must not be removed.
bool restore_sqlite_pending(const char *path);

int restore_postgres_place(const char *url, bool force, struct err *e);
// Replaces all rows by those of the SQLite database `path`, in one transaction.
int restore_postgres_load(const char *url, const char *path, const struct backup_watch *w, struct err *e);

#endif
