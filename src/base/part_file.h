// A file that is written beside its place and takes it when it is whole: FILE.part, then FILE.
//
// Two programs never write the same one: it is locked (the file's first byte; SQLite's own locks lie elsewhere), and
// what a program that was killed has left is written over.
#ifndef HW_BASE_PART_FILE_H
#define HW_BASE_PART_FILE_H

#include "base/err.h"

struct part_file {
    char *final_path, *path;
    int fd; // holds the lock
};

// Makes it, empty, readable by its owner alone. HW_ECONFLICT: another program is writing it.
int part_file_begin(struct part_file *p, const char *final_path, struct err *e);
// To disk, and to its place, where it replaces what is there.
int part_file_commit(struct part_file *p, struct err *e);
// Removes it, unless it was committed. Always the last call; after a begin that failed, too.
void part_file_end(struct part_file *p);

#endif
