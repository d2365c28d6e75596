// Files: whole reads, atomic writes, folders. All paths are NUL-terminated; all calls block.
#ifndef HW_BASE_FILE_H
#define HW_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

// Appends the whole file to `out`. HW_ETOOBIG if it is longer than `max` bytes.
int file_read(const char *path, size_t max, struct buf *out, struct err *e);

// Writes `path` so that it holds either what it held before or all of `data`: temporary file, fsync, rename, fsync of
// the folder.
int file_write_atomic(const char *path, struct slice data, struct err *e);

// The same without the fsyncs: whole after the process was killed, not promised after the machine was.
int file_replace(const char *path, struct slice data, struct err *e);

int file_sync(const char *path, struct err *e); // a file, or a folder's names, onto the disk
// Renames onto the final name after an fsync of the file (or folder) and of the folder that holds it.
int file_commit(const char *tmp, const char *final_path, struct err *e);

int file_mkdirs(const char *path, struct err *e);      // like mkdir -p, mode 0755; an existing folder is fine
int file_remove_tree(const char *path, struct err *e); // like rm -rf; doesn't follow symbolic links; absent is fine
bool file_exists(const char *path);
int64_t file_size(const char *path); // bytes; -1 if it can't be told

char *file_join(const char *dir, const char *name); // "dir/name"; the caller frees

// Writes all of it, whatever write(2) takes at a time. 0 or a code.
int file_write_all(int fd, const void *data, size_t n, struct err *e);

#endif
