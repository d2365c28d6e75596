// Shared by the files that make and restore backups.
#ifndef HW_STORE_BACKUP_INTERNAL_H
#define HW_STORE_BACKUP_INTERNAL_H

#include <sqlite3.h>

#include "store/backup.h"

// The tables of a backup that no database has.
#define BACKUP_INFO_TABLE   "headway_backup"
#define BACKUP_COUNTS_TABLE "headway_backup_tables"
enum { BACKUP_FORMAT = 1 };

// The database that is being written, and who hears of it.
struct backup_run {
    sqlite3 *h;                // its "main"
    const char *path, *second; // the files that grow; the second may be NULL
    const struct backup_watch *watch;
    const char *what; // is being done
    int64_t total;    // bytes that it will have, about; 0: not known
    bool cancelled;
    bool gentle;     // leaves half of the disk's time to others
    int fd;          // of the first file, to have it written out; -1: it isn't
    int64_t on_disk; // bytes of it that are
};

// Opens the file that is to be written, which is empty or new, for one long transaction: unsynced, without a journal.
int backup_open(struct backup_run *r, const char *path, const struct backup_watch *w, struct err *e);
void backup_close(struct backup_run *r);
// Has the disk take what was written, a little at a time: at the end, with all of it, whoever else waits for the disk
// would wait for a long time.
void backup_write_out(struct backup_run *r);
// Tells how far it is; HW_ECANCELLED if that is enough.
int backup_step(struct backup_run *r, int64_t done, int64_t total, struct err *e);
// Statements that return nothing; HW_ECANCELLED where the watch has ended one.
int backup_sql(struct backup_run *r, const char *sql, struct err *e);
// The first number of a statement's first row, 0 if there is none.
int backup_number(struct backup_run *r, const char *sql, int64_t *out, struct err *e);
// Attaches a database under a name.
int backup_attach(struct backup_run *r, const char *path, const char *name, struct err *e);

// Makes the tables and indexes of the attached database `from` in "main", and copies their rows. `wanted` NULL: all.
int backup_copy_tables(struct backup_run *r, const char *from, bool (*wanted)(const char *table), struct err *e);
// The rows of one table, which is in both and the same: "from" and "to" are names of attached databases.
int backup_copy_rows(struct backup_run *r, const char *from, const char *to, const char *table, struct err *e);

// Counts the rows of all tables of "main" into `out`.
int backup_count(struct backup_run *r, struct backup_info *out, struct err *e);
// Damage of "main", as far as reading all pages shows it. HW_EINVALID.
int backup_verify(sqlite3 *h, struct err *e);
// Writes down what is known of the backup itself.
int backup_write_info(struct backup_run *r, const struct backup_info *i, struct err *e);

// Fills "main" from the database at `url`, in one transaction, and says what was there: rows by table, the moment.
int backup_from_sqlite(struct backup_run *r, const char *url, struct backup_info *out, struct err *e);
int backup_from_postgres(struct backup_run *r, const char *url, struct backup_info *out, struct err *e);

#endif
