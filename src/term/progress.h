// Progress, recognised in what a program shows on its terminal: the outermost bar that it draws.
//
// Ordinary text with a percentage in it is no progress: a bare number counts only on a line that is drawn over, with
// numbers that grow. Of nested bars the upper one is kept for as long as it is drawn; a bar further down takes its
// place once it is the only one that moves. Pure.
#ifndef HW_TERM_PROGRESS_H
#define HW_TERM_PROGRESS_H

#include "term/bars.h"

struct term_progress {
    bool any;
    struct term_bar bar; // the one that counts; its row in `row`
    int64_t row;
    bool news; // not yet taken
    // a line that is to be confirmed before it is believed
    struct term_bar maybe;
    int64_t maybe_row;
    bool maybe_any;
    // a bar below the one that counts: how often it was drawn since the cursor was last up there
    int below;
    int64_t below_row;
};

#define TERM_PROGRESS_INIT ((struct term_progress){0})

// A row as it looks now (struct term_screen_events); `top`: the highest row that the cursor has been in since the row
// before this one was given (term_screen_top).
void term_progress_row(struct term_progress *p, int64_t row, bool settled, bool redrawn, struct slice text,
                       int64_t top);
// The newest, once: false if there is nothing new.
bool term_progress_take(struct term_progress *p, struct term_bar *out);

#endif
