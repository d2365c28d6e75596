// A file that one process holds locked, with what that process says about itself inside. The lock ends with the
// process, however it ends; the file stays.
#ifndef HW_BASE_LOCKFILE_H
#define HW_BASE_LOCKFILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

// 0: it is ours until *fd is closed, and holds `says`. HW_ECONFLICT: another process has it; the message doesn't say
// who. *fd is -1 on failure.
int lockfile_take(const char *path, const char *says, int *fd, struct err *e);
// Whether a process holds it, and what that one says (empty while it is still writing). Asks the lock, not the text:
// what stands in a file that nobody holds is of the past.
bool lockfile_held(const char *path, struct buf *says);

#endif
