// Backups: all of a database in one file, while a server uses it. docs/decisions/0016-backup.md says how and why.
//
// The file is an SQLite database with the schema's tables, those of the archive among them, and what is known about the
// backup itself; it is the same whichever backend it was made from, and can be restored to either (store/restore.h).
#ifndef HW_STORE_BACKUP_H
#define HW_STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Hears how far a long piece of work is. `total` is an estimate, 0 if there is none. False ends the work with
// HW_ECANCELLED. NULL, or no function: nobody hears of it.
struct backup_watch {
    bool (*step)(void *ctx, const char *what, int64_t done, int64_t total);
    void *ctx;
};

enum { BACKUP_TABLES_MAX = 64 };

struct backup_info {
    int64_t schema, taken_at; // the schema's version; µs: the moment that it shows
    char program[32];         // version of the program that made it
    char backend[16];         // "sqlite", "postgresql": of the database
    int64_t bytes;            // of the file
    int64_t archived;         // rows of metrics in the archive, packed ones included
    int n_tables;
    struct backup_table {
        char name[64];
        int64_t rows;
    } tables[BACKUP_TABLES_MAX];
};

int64_t backup_rows(const struct backup_info *i, const char *table); // 0: it has none of it

// Writes `file`, by way of file.part; it is on disk and was read back when this returns. Holds up nobody who writes to
// the database. HW_ECONFLICT: `file` exists and `replace` is false, or another program is writing it. HW_ENOTFOUND:
// there is no database. HW_EINVALID: its schema is another version's. HW_EDISKFULL. Whatever the error, nothing is left
// behind.
int store_backup(const char *url, const char *file, bool replace, const struct backup_watch *w, struct backup_info *out,
                 struct err *e);

// Whether the file is a backup, whole, and not of a newer program than this one: HW_EINVALID says what is wrong.
int backup_check(const char *file, const struct backup_watch *w, struct backup_info *out, struct err *e);

#endif
