#include "run/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FD = 3, ABOVE = 64 }; // our own descriptors that a child assigns lie above those that it may want

int command_reserve_fd(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || null >= FIRST_FD) return null;
    int fd = fcntl(null, F_DUPFD_CLOEXEC, FIRST_FD);
    int saved = errno;
    close(null);
    errno = saved;
    return fd;
}

static bool assign(int from, int to)
{
    if (from < 0) return true;
    return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

// In the new process, between fork and exec: only what may be called there (signal-safety(7)).
static _Noreturn void become(const struct command *c, int status_fd)
{
    int tty = !c->terminal ? -1 : c->out >= 0 ? c->out : c->err;
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    bool ok = c->terminal ? setsid() >= 0 && ioctl(tty, TIOCSCTTY, 0) == 0 : setpgid(0, 0) == 0;
    ok = ok && assign(c->wire, c->wire_fd) && assign(c->in, 0) && assign(c->out, 1) && assign(c->err, 2);
    ok = ok && sigaction(SIGPIPE, &dfl, NULL) == 0; // we ignore it; programs want to die of it
    if (ok && sigprocmask(SIG_SETMASK, c->mask, NULL) == 0) execvpe(c->argv[0], c->argv, c->env);
    int sys = errno;
    ssize_t ignored = write(status_fd, &sys, sizeof sys);
    (void)ignored;
    _exit(127);
}

// Above every descriptor that the new process assigns.
static int status_pipe(int ends[2])
{
    int raw[2];
    if (pipe2(raw, O_CLOEXEC) < 0) return -1;
    ends[0] = raw[0];
    ends[1] = fcntl(raw[1], F_DUPFD_CLOEXEC, ABOVE);
    int saved = errno;
    close(raw[1]);
    if (ends[1] >= 0) return 0;
    close(raw[0]);
    errno = saved;
    return -1;
}

static int read_status(int fd)
{
    int sys = 0;
    ssize_t n;
    do n = read(fd, &sys, sizeof sys);
    while (n < 0 && errno == EINTR);
    return n == sizeof sys ? sys : 0; // the end of the pipe: exec closed it
}

int command_start(const struct command *c, pid_t *pid, int *pidfd, struct err *e)
{
    int status[2];
    if (status_pipe(status) < 0) return err_sys(e, errno, "can't make a pipe");
    pid_t child = fork();
    if (child == 0) become(c, status[1]);
    int sys = child < 0 ? errno : 0;
    close(status[1]);
    if (child > 0) {
        if (!c->terminal) (void)setpgid(child, child); // whichever of the two comes first
        sys = read_status(status[0]);
    }
    close(status[0]);
    if (child < 0) return err_sys(e, sys, "can't start a process");
    if (!sys) {
        *pidfd = (int)syscall(SYS_pidfd_open, child, 0); // close-on-exec by itself
        if (*pidfd >= 0) {
            *pid = child;
            return 0;
        }
        sys = errno;
        (void)kill(child, SIGKILL); // ours, and not reaped
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return err_sys(e, sys, "can't run %s", c->argv[0]);
}
