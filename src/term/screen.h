// What a terminal would show of the last lines that a program wrote: carriage return, backspace, cursor up and down,
// erasing and colours are understood, so that a line drawn a hundred times is one line with one last state.
//
// Pure: bytes in, events out. Lines are as wide as they were written, at most TERM_CELLS_MAX characters; the last
// TERM_ROWS_MAX rows can still be changed by cursor movement. What a full-screen program draws (the alternate screen)
// is left out.
#ifndef HW_TERM_SCREEN_H
#define HW_TERM_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { TERM_ROWS_MAX = 64, TERM_CELLS_MAX = 16384 };

struct term_screen;

struct term_screen_events {
    // A line has ended: its text, UTF-8 without control characters. One that is changed afterwards, by moving back up,
    // comes again in its last state, once what follows it is written.
    void (*line)(void *ctx, struct slice text);
    // A row looks like this: before it is drawn over and when the cursor leaves it (`settled`, once a drawing), and at
    // the end of a feed, when the rest may still be to come. Rows are numbered downwards, for the screen's whole life;
    // `redrawn`: it has been drawn over before.
    void (*row)(void *ctx, int64_t row, bool settled, bool redrawn, struct slice text);
    void *ctx;
};

struct term_screen *term_screen_new(struct term_screen_events events);
void term_screen_free(struct term_screen *s);
void term_screen_feed(struct term_screen *s, struct slice bytes);
// The stream has ended, or bytes of it are missing here: gives all that is unfinished.
void term_screen_finish(struct term_screen *s);
// The highest row that the cursor has been in since the last call.
int64_t term_screen_top(struct term_screen *s);

#endif
