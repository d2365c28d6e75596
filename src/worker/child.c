#include "worker/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { WIRE_FD_IN_CHILD = 3 };

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

// ---- environment --------------------------------------------------------------------------------------------------

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(b, "=");
    return strncmp(a, b, n) == 0 && a[n] == '=';
}

// The worker's own, with what is set anew left out: getenv takes the first of two that have one name.
static char **make_env(char *const extra[])
{
    static char wire[] = "HEADWAY_FD=3";
    size_t n = 0, m = 0, at = 0;
    while (environ[n]) n++;
    while (extra && extra[m]) m++;
    char **env = mem_array(n + m + 2, sizeof *env);
    env[at++] = wire;
    for (size_t i = 0; i < m; i++) env[at++] = extra[i];
    size_t set = at;
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t k = 0; k < set; k++) again = again || same_name(environ[i], env[k]);
        if (!again) env[at++] = environ[i];
    }
    return env;
}

// ---- starting -----------------------------------------------------------------------------------------------------

// In the new process, between fork and exec: only what may be called there (signal-safety(7)). Never returns; tells
// errno through `status_fd`, which exec closes.
static _Noreturn void become(const int ends[3], int status_fd, pid_t parent, char *const argv[], char *const env[])
{
    sigset_t none;
    sigemptyset(&none);
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < NSIG; sig++) (void)sigaction(sig, &dfl, NULL); // EINVAL for the two that can't be set
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    bool ok = sigaction(SIGUSR1, &ignore, NULL) == 0 && sigaction(SIGUSR2, &ignore, NULL) == 0;
    int null = -1;
    // A worker that is killed takes its tasks with it: the server gives the job to another one, and two attempts must
    // not write to one place. If it has gone before this line, nobody waits for us.
    ok = ok && setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
    ok = ok && (null = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;
    if (ok && null != 0)
        ok = dup2(null, 0) == 0;
    else if (ok)
        ok = fcntl(0, F_SETFD, 0) == 0;
    ok = ok && dup2(ends[1], 1) == 1 && dup2(ends[2], 2) == 2 && dup2(ends[0], WIRE_FD_IN_CHILD) == WIRE_FD_IN_CHILD;
    // Everything is opened close-on-exec; this is for what a library may have forgotten (before Linux 5.11 it fails).
    if (ok) (void)syscall(SYS_close_range, WIRE_FD_IN_CHILD + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    if (ok && sigprocmask(SIG_SETMASK, &none, NULL) == 0) execve(argv[0], argv, env);
    int sys = errno;
    ssize_t ignored = write(status_fd, &sys, sizeof sys);
    (void)ignored;
    _exit(127);
}

// Both ends of a pipe above the descriptors that the new process assigns.
static int pipe_above(int out[2])
{
    int raw[2];
    if (pipe2(raw, O_CLOEXEC) < 0) return -1;
    for (int i = 0; i < 2; i++) {
        out[i] = raw[i] > WIRE_FD_IN_CHILD ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, WIRE_FD_IN_CHILD + 1);
        if (out[i] != raw[i]) close(raw[i]);
    }
    if (out[0] >= 0 && out[1] >= 0) return 0;
    int saved = errno;
    for (int i = 0; i < 2; i++) close_fd(&out[i]);
    errno = saved;
    return -1;
}

// 0 once the program runs, else errno. posix_spawn can't ask for the parent-death signal, hence by hand.
static int start(struct child *c, const int ends[3], char *const argv[], char *const env[])
{
    int status[2];
    if (pipe_above(status) < 0) return errno;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // none of our handlers runs in the new process
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) become(ends, status[1], parent, argv, env);
    int sys = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close_fd(&status[1]);
    ssize_t n = 0;
    if (pid > 0) {
        do n = read(status[0], &sys, sizeof sys);
        while (n < 0 && errno == EINTR);
        if (n != sizeof sys) sys = 0;
    }
    close_fd(&status[0]);
    if (pid > 0 && sys)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    if (!sys) c->pid = pid;
    return sys;
}

static int make_pipes(struct child *c, int ends[3], struct err *e)
{
    int *reads[3] = {&c->wire_fd, &c->out_fd, &c->err_fd};
    for (int i = 0; i < 3; i++) {
        int p[2];
        if (pipe_above(p) < 0) return err_sys(e, errno, "can't make a pipe");
        *reads[i] = p[0];
        ends[i] = p[1];
        if (fcntl(p[0], F_SETFL, O_NONBLOCK) < 0) return err_sys(e, errno, "can't set up a pipe");
    }
    return 0;
}

int child_spawn(struct child *c, char *const argv[], char *const extra_env[], struct err *e)
{
    *c = CHILD_NONE;
    int ends[3] = {-1, -1, -1};
    int rc = make_pipes(c, ends, e);
    if (!rc) {
        char **env = make_env(extra_env);
        int sys = start(c, ends, argv, env);
        free(env);
        if (sys) rc = err_sys(e, sys, "can't start %s", argv[0]);
    }
    for (int i = 0; i < 3; i++) close_fd(&ends[i]);
    if (!rc) {
        c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0); // close-on-exec by itself
        if (c->pidfd < 0) {
            rc = err_sys(e, errno, "can't watch the process of %s", argv[0]);
            child_signal(c, SIGKILL);
            (void)child_reap(c);
        }
    }
    if (rc) child_close(c);
    return rc;
}

// ---- ending -------------------------------------------------------------------------------------------------------

void child_ask(const struct child *c, int sig)
{
    // The process isn't reaped yet, so the id is its own; one that has ended already needs no asking.
    if (c->pid > 1) (void)kill(c->pid, sig);
}

void child_signal(const struct child *c, int sig)
{
    // ESRCH: all of the group has gone. EPERM: what is left of it changed its user, and isn't ours to end.
    if (c->pid > 1) (void)kill(-c->pid, sig);
}

struct child_exit child_reap(struct child *c)
{
    struct child_exit x = {.code = -1, .signal = SIGKILL};
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    child_signal(c, SIGKILL);
    int status;
    pid_t got;
    do got = waitpid(c->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got == c->pid) {
        if (WIFEXITED(status)) x = (struct child_exit){.code = WEXITSTATUS(status), .signal = 0};
        if (WIFSIGNALED(status)) x = (struct child_exit){.code = -1, .signal = WTERMSIG(status)};
    }
    c->pid = -1;
    return x;
}

void child_close(struct child *c)
{
    close_fd(&c->pidfd);
    close_fd(&c->wire_fd);
    close_fd(&c->out_fd);
    close_fd(&c->err_fd);
}
