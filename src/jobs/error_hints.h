// What a program's last words say of why it failed, in the words that the usual tools use: Python and what is written
// in it, shells, curl, compilers' runtimes. Pure.
#ifndef HW_JOBS_ERROR_HINTS_H
#define HW_JOBS_ERROR_HINTS_H

#include "base/slice.h"

// The type ("OOM", "NETWORK", …; static) that `text` tells, and the line that tells it, within `text`. The last line
// that tells one wins: a warning about a timeout, long before, is no reason for the disk that was full in the end. Of a
// Python traceback only the exception counts, and those that it says it comes from. NULL: it tells none; then *line is
// the last line that isn't empty.
const char *error_hint(struct slice text, struct slice *line);

#endif
