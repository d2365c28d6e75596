// Restoring a backup (store/backup.h), in two steps, so that what must be changed in it is changed before it counts.
//
// First the backup becomes a database of its own, beside the one that is to be replaced, in this version's schema. Then
// it takes that one's place, at once or not at all: whenever the program or the machine dies, what is there afterwards
// is either the old database or the new one.
#ifndef HW_STORE_RESTORE_H
#define HW_STORE_RESTORE_H

#include "store/backup.h"

struct restore;

struct restore_options {
    const char *url;    // of the database to be replaced
    const char *folder; // for the database that is made first, where that can't lie beside
    bool force;         // also replace one that has something in it
    struct backup_watch watch;
};

// Checks the backup and the place, and makes the new database. HW_ECONFLICT: something is in the old one, or somebody
// uses it. The rest as backup_check and store_open. `*out` is set, and to be freed, whatever is returned.
int restore_begin(struct restore **out, const char *file, const struct restore_options *o, struct backup_info *info,
                  struct err *e);
// The new database, for store_open. Nobody may have it open at restore_finish.
const char *restore_url(const struct restore *r);
// Puts it in the old one's place.
int restore_finish(struct restore *r, struct err *e);
// Where the old database is now, "" if none was kept.
const char *restore_kept(const struct restore *r);
void restore_free(struct restore *r); // removes what is unfinished; NULL is fine

#endif
