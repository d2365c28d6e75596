// The caller's terminal, handed through to a program on a pseudo-terminal: what is typed goes to the program unread,
// and the program's terminal has the size and the settings of the caller's.
#ifndef HW_RUN_TERMINAL_H
#define HW_RUN_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "base/err.h"

struct terminal {
    int fd;                  // the caller's, borrowed; -1: there is none to read from
    int master;              // the program's, non-blocking; -1: it has none
    struct termios settings; // of the caller's before
    bool raw;
};

#define TERMINAL_NONE ((struct terminal){.fd = -1, .master = -1})

// A pseudo-terminal like the terminal `like`; its other end, for the program, in *slave (the caller's). `keys`: the
// terminal that is typed on, or -1.
int terminal_open(struct terminal *t, int like, int keys, int *slave, struct err *e);
// Only while we are in the foreground: false, and nothing done, if we aren't.
bool terminal_enter(struct terminal *t);
void terminal_leave(struct terminal *t); // as it was before; nothing if it wasn't entered
void terminal_resize(const struct terminal *t, int like);
void terminal_close(struct terminal *t);

// Whether that byte, typed now, is a signal to the program: 0, SIGINT, SIGQUIT or SIGTSTP.
int terminal_key_signal(const struct terminal *t, char byte);
// The process group in the foreground of the program's terminal.
int terminal_foreground(const struct terminal *t);

#endif
