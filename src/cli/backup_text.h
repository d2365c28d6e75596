// What a backup holds, for people.
#ifndef HW_CLI_BACKUP_TEXT_H
#define HW_CLI_BACKUP_TEXT_H

#include "store/backup.h"

// Its size, versions, moment, and rows of what people know by name.
void backup_text_print(const char *file, const struct backup_info *i);
void backup_text_print_missing(void); // which files it doesn't hold

#endif
