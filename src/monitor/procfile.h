// A file of /proc or /sys that is read again and again: opened once, read from its start with pread(2).
#ifndef HW_MONITOR_PROCFILE_H
#define HW_MONITOR_PROCFILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct procfile {
    char *path; // owned
    int fd;     // -1 while it isn't open
};

// `root` and `name` are joined: "/proc", "stat". Opens nothing yet.
void procfile_init(struct procfile *f, const char *root, const char *name);
void procfile_release(struct procfile *f);

// Replaces what `out` holds with the whole text (at most PROCFILE_MAX bytes) and returns a view of it; an empty slice
// if the file can't be opened or read. After a failure it is opened anew by the next call, so that what comes back (a
// core switched on again) is found.
#define PROCFILE_MAX (8u << 20)
struct slice procfile_read(struct procfile *f, struct buf *out);

// True if the kernel says that the file's content changed since it was last asked (only /proc/self/mounts says so), and
// while it isn't open.
bool procfile_changed(struct procfile *f);

#endif
