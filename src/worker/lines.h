// Cuts a byte stream into lines. A line longer than the limit is handed out in pieces of the limit's length.
#ifndef HW_WORKER_LINES_H
#define HW_WORKER_LINES_H

#include <stdbool.h>

#include "base/buf.h"

struct lines {
    struct buf rest; // the unfinished line
    size_t max;
    bool cut; // a piece of the unfinished line was handed out already
};

// Called for each line, without its newline (and without a carriage return before it); `whole` false: a piece of a line
// that is too long.
typedef void (*lines_fn)(void *ctx, struct slice line, bool whole);

void lines_init(struct lines *l, size_t max);
void lines_release(struct lines *l);
void lines_feed(struct lines *l, struct slice bytes, lines_fn fn, void *ctx);
void lines_finish(struct lines *l, lines_fn fn, void *ctx); // the last line, if it had no newline

#endif
