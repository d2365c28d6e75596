// Progress bars as usual programs draw them: one line of text in, what it says out. A table; pure.
#ifndef HW_TERM_BARS_H
#define HW_TERM_BARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

// What it takes to believe a line.
enum term_bar_trust {
    TERM_BAR_SURE,    // nothing else looks like that
    TERM_BAR_LINES,   // one line a step: believed at the second that agrees with the first
    TERM_BAR_REDRAWN, // a bare number: only on a line that is drawn again and again, with a number that grows
};

struct term_bar {
    const char *program; // "tqdm", "curl", …: the table's name of it
    enum term_bar_trust trust;
    int64_t done, total; // total -1: not known
    char unit[16];       // "%": of a hundred; "": not said
    char label[64];      // what is being done, in the program's words; "": not said
};

// False: no bar. The line is a row of the screen, without control characters.
bool term_bar_read(struct slice line, struct term_bar *out);

#endif
