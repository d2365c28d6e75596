#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static int spawn(pid_t *pid, char *const argv[], int out_fd, int err_fd)
{
    posix_spawn_file_actions_t a;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&a);
    if (rc) return rc;
    rc = posix_spawnattr_init(&attr);
    if (!rc) {
        rc = posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
        if (!rc) rc = posix_spawn_file_actions_adddup2(&a, out_fd, 1);
        if (!rc) rc = posix_spawn_file_actions_adddup2(&a, err_fd, 2);
        if (!rc) rc = posix_spawnattr_setsigmask(&attr, &none);
        if (!rc) rc = posix_spawnattr_setsigdefault(&attr, &all);
        if (!rc) rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (!rc) rc = posix_spawn(pid, argv[0], &a, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&a);
    return rc;
}

// Takes what the pipe holds now; closes it at its end.
static int drain(int *fd, struct buf *to, size_t max, struct err *e)
{
    ssize_t n = read(*fd, buf_reserve(to, 4096), 4096);
    if (n > 0) {
        to->n += (size_t)n;
        return to->n > max ? err_set(e, HW_ETOOBIG, "it printed more than %zu bytes", max) : 0;
    }
    if (n < 0 && errno == EINTR) return 0;
    if (n < 0) return err_sys(e, errno, "can't read from it");
    close_fd(fd);
    return 0;
}

// A program may close its output and go on: its end is waited for with the same deadline.
static int wait_end(pid_t pid, int64_t deadline, int timeout_ms, struct err *e)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return err_sys(e, errno, "can't watch it");
    int rc;
    do {
        int64_t left = (deadline - clock_mono_us() + 999) / 1000;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        rc = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (rc < 0 && errno == EINTR);
    close(fd);
    if (rc == 0) return err_set(e, HW_ETIMEOUT, "it took longer than %.3g s", timeout_ms / 1000.0);
    return rc < 0 ? err_sys(e, errno, "poll") : 0;
}

static int collect(int fds[2], int64_t deadline, int timeout_ms, size_t max, struct subprocess_result *r, struct err *e)
{
    while (fds[0] >= 0 || fds[1] >= 0) {
        int64_t left = (deadline - clock_mono_us()) / 1000;
        if (left <= 0) return err_set(e, HW_ETIMEOUT, "it took longer than %.3g s", timeout_ms / 1000.0);
        struct pollfd p[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
        int rc = poll(p, 2, (int)left);
        if (rc < 0 && errno != EINTR) return err_sys(e, errno, "poll");
        rc = rc > 0 && p[0].revents ? drain(&fds[0], &r->out, max, e) : 0;
        if (!rc && p[1].revents && fds[1] >= 0) rc = drain(&fds[1], &r->err, max, e);
        if (rc) return rc;
    }
    return 0;
}

int subprocess_run(char *const argv[], int timeout_ms, size_t max, struct subprocess_result *r, struct err *e)
{
    *r = (struct subprocess_result){.code = -1};
    int64_t deadline = clock_mono_us() + (int64_t)timeout_ms * 1000;
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t pid = -1;
    int rc = pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? err_sys(e, errno, "can't make a pipe") : 0;
    if (!rc) {
        int sys = spawn(&pid, argv, out[1], err[1]);
        if (sys) rc = err_sys(e, sys, "can't start %s", argv[0]);
    }
    close_fd(&out[1]);
    close_fd(&err[1]);
    if (!rc) {
        int reads[2] = {out[0], err[0]};
        rc = collect(reads, deadline, timeout_ms, max, r, e);
        if (!rc) rc = wait_end(pid, deadline, timeout_ms, e);
        out[0] = reads[0];
        err[0] = reads[1];
        if (rc) {
            kill(pid, SIGKILL);
            err_prefix(e, "%s", argv[0]);
        }
        int status = 0;
        pid_t got;
        do got = waitpid(pid, &status, 0);
        while (got < 0 && errno == EINTR);
        if (got == pid && WIFEXITED(status)) r->code = WEXITSTATUS(status);
        if (got == pid && WIFSIGNALED(status)) r->signal = WTERMSIG(status);
    }
    close_fd(&out[0]);
    close_fd(&err[0]);
    return rc;
}

void subprocess_result_release(struct subprocess_result *r)
{
    buf_release(&r->out);
    buf_release(&r->err);
}
