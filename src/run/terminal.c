#include "run/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_master(int *master, int *slave, struct err *e)
{
    char name[128];
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool ok = *master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0;
    ok = ok && ptsname_r(*master, name, sizeof name) == 0;
    if (ok) *slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ok && *slave >= 0 && fcntl(*master, F_SETFL, O_NONBLOCK) == 0) return 0;
    return err_sys(e, errno, "can't make a pseudo-terminal");
}

int terminal_open(struct terminal *t, int like, int keys, int *slave, struct err *e)
{
    *t = TERMINAL_NONE;
    *slave = -1;
    int rc = open_master(&t->master, slave, e);
    if (rc) {
        if (*slave >= 0) close(*slave);
        terminal_close(t);
        return rc;
    }
    // Without these it would still be a terminal, only an odd one.
    if (tcgetattr(like, &t->settings) == 0) (void)tcsetattr(*slave, TCSANOW, &t->settings);
    terminal_resize(t, like);
    if (keys >= 0 && tcgetattr(keys, &t->settings) == 0) t->fd = keys;
    return 0;
}

bool terminal_enter(struct terminal *t)
{
    if (t->fd < 0 || tcgetpgrp(t->fd) != getpgrp()) return false;
    if (t->raw) return true;
    struct termios raw = t->settings;
    cfmakeraw(&raw);
    if (tcsetattr(t->fd, TCSADRAIN, &raw) != 0) return false;
    return t->raw = true;
}

void terminal_leave(struct terminal *t)
{
    // From the background the terminal is another's, and SIGTTOU, which is blocked, would say so.
    if (t->raw && tcgetpgrp(t->fd) == getpgrp()) (void)tcsetattr(t->fd, TCSADRAIN, &t->settings);
    t->raw = false;
}

void terminal_resize(const struct terminal *t, int like)
{
    struct winsize size;
    if (t->master >= 0 && ioctl(like, TIOCGWINSZ, &size) == 0) (void)ioctl(t->master, TIOCSWINSZ, &size);
}

void terminal_close(struct terminal *t)
{
    terminal_leave(t);
    if (t->master >= 0) close(t->master);
    *t = TERMINAL_NONE;
}

int terminal_key_signal(const struct terminal *t, char byte)
{
    struct termios now;
    if (t->master < 0 || tcgetattr(t->master, &now) != 0 || !(now.c_lflag & ISIG)) return 0;
    cc_t key = (cc_t)byte;
    if (key == _POSIX_VDISABLE) return 0;
    if (key == now.c_cc[VINTR]) return SIGINT;
    if (key == now.c_cc[VQUIT]) return SIGQUIT;
    return key == now.c_cc[VSUSP] ? SIGTSTP : 0;
}

int terminal_foreground(const struct terminal *t)
{
    return t->master >= 0 ? tcgetpgrp(t->master) : -1;
}
