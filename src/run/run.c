#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "run/command.h"
#include "run/environment.h"
#include "run/pump.h"
#include "run/recorder.h"
#include "run/terminal.h"

// A server that answers does so in this time, and the program gets its job's id; it isn't kept waiting longer.
enum { JOB_ID_WAIT_MS = 50 };
static const int64_t KILL_AFTER_US = 30 * 1000000LL;
// A program that cleans up after Ctrl-C and then says it failed was ended by it, if that took no longer.
static const int64_t CLEAN_UP_US = 10 * 1000000LL;
enum { PIPE_SIZE = 1 << 20, NOT_FOUND = 127, NOT_RUN = 126, SIGNALLED = 128 };

struct run {
    const struct run_options *o;
    struct recorder *recorder; // NULL: nothing can be recorded, and the program runs all the same
    struct terminal terminal;
    int shown_on; // the caller's terminal that the program's is shown on
    struct pump *pumps[2];
    struct tap unused[2]; // where the pumps' copies go when nothing is recorded
    int signal_fd, cancel_fd;
    sigset_t mask; // as it was
    pid_t pid;
    int pidfd;
    struct buf typed; // not yet taken by the program's terminal
    bool lent;        // the caller's terminal is the program's: it asked for it
    int64_t interrupted_us, kill_at_us;
    bool ended;
    int code, signal;
};

// ---- signals ------------------------------------------------------------------------------------------------------

static int catch_signals(struct run *r, struct err *e)
{
    static const int caught[] = {SIGINT,  SIGQUIT,  SIGTERM, SIGHUP,  SIGTSTP,
                                 SIGCONT, SIGWINCH, SIGCHLD, SIGUSR1, SIGUSR2};
    sigset_t set, blocked;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) sigaddset(&set, caught[i]);
    blocked = set;
    sigaddset(&blocked, SIGTTOU); // so that the terminal can be taken back from the background
    if (sigprocmask(SIG_BLOCK, &blocked, &r->mask) == 0) {
        r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (r->signal_fd >= 0) return 0;
    }
    return err_sys(e, errno, "can't watch for signals");
}

static void to_program(const struct run *r, int sig)
{
    // ESRCH: the group has gone, and its end is about to be seen.
    if (r->pid > 0) (void)kill(-r->pid, sig);
}

static void interrupted(struct run *r)
{
    r->interrupted_us = clock_mono_us();
}

// The terminal was lent because the program wanted to read from it; now it is ours again.
static void take_back(struct run *r)
{
    if (r->lent) (void)tcsetpgrp(STDIN_FILENO, getpgrp());
    r->lent = false;
}

// Ctrl-Z: the program stops, then we do; whoever continues us continues it.
static void suspend(struct run *r)
{
    to_program(r, SIGSTOP);
    terminal_leave(&r->terminal);
    take_back(r);
    (void)raise(SIGSTOP);
    (void)terminal_enter(&r->terminal);
    if (r->shown_on >= 0) terminal_resize(&r->terminal, r->shown_on);
    to_program(r, SIGCONT);
}

// A program in the background that asks for the terminal gets it, if it is ours to give.
static void lend(struct run *r)
{
    bool ours = isatty(STDIN_FILENO) && r->terminal.fd < 0 && tcgetpgrp(STDIN_FILENO) == getpgrp();
    if (!ours || tcsetpgrp(STDIN_FILENO, r->pid) != 0) return;
    r->lent = true;
    to_program(r, SIGCONT);
}

static void on_stopped(struct run *r)
{
    siginfo_t info = {0};
    // A stop is told of once; that it has ended is left for the end.
    if (waitid(P_PID, (id_t)r->pid, &info, WSTOPPED | WNOHANG) != 0 || info.si_pid != r->pid) return;
    if (info.si_status == SIGTTIN || info.si_status == SIGTTOU)
        lend(r);
    else if (r->lent && info.si_status == SIGTSTP)
        suspend(r);
}

static void on_signal(struct run *r, int sig)
{
    switch (sig) {
    case SIGINT:
    case SIGQUIT:
        interrupted(r);
        to_program(r, sig);
        break;
    case SIGTSTP: suspend(r); break;
    case SIGCONT:
        (void)terminal_enter(&r->terminal);
        to_program(r, SIGCONT);
        break;
    case SIGWINCH:
        if (r->shown_on >= 0) terminal_resize(&r->terminal, r->shown_on);
        break;
    case SIGCHLD: on_stopped(r); break;
    default: to_program(r, sig); break;
    }
}

static void read_signals(struct run *r)
{
    struct signalfd_siginfo info;
    while (read(r->signal_fd, &info, sizeof info) == sizeof info) on_signal(r, (int)info.ssi_signo);
}

// ---- keys ---------------------------------------------------------------------------------------------------------

static void read_keys(struct run *r)
{
    char bytes[4096];
    ssize_t n = read(r->terminal.fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) { // the terminal has gone
        r->terminal.fd = -1;
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        int sig = terminal_key_signal(&r->terminal, bytes[i]);
        // The program's terminal would discard a stop: nobody there could continue it. Unless there is a shell.
        if (sig == SIGTSTP && terminal_foreground(&r->terminal) == r->pid) {
            suspend(r);
            continue;
        }
        if (sig == SIGINT || sig == SIGQUIT) interrupted(r);
        buf_add_char(&r->typed, bytes[i]);
    }
}

static void type_keys(struct run *r)
{
    ssize_t n = write(r->terminal.master, r->typed.p, r->typed.n);
    if (n > 0) buf_consume(&r->typed, (size_t)n);
    if (n < 0 && errno != EAGAIN && errno != EINTR) buf_clear(&r->typed); // nobody reads there any more
}

// ---- the program's life -------------------------------------------------------------------------------------------

static void on_cancel(void *ctx)
{
    const struct run *r = ctx;
    uint64_t one = 1;
    ssize_t ignored = write(r->cancel_fd, &one, sizeof one); // full: it is being read
    (void)ignored;
}

static void cancel(struct run *r)
{
    uint64_t ignored;
    if (read(r->cancel_fd, &ignored, sizeof ignored) < 0 || r->kill_at_us) return; // said again
    r->kill_at_us = clock_mono_us() + KILL_AFTER_US;
    to_program(r, SIGTERM);
    to_program(r, SIGCONT); // a stopped process can't hear it
}

static void reap(struct run *r)
{
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    // Of a cancelled program nothing stays. While its leader isn't reaped the group's number can't be another's.
    if (r->kill_at_us) to_program(r, SIGKILL);
    int status = 0;
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) {
    }
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    r->pid = -1;
    r->ended = true;
}

static int timeout_of(const struct run *r)
{
    if (r->terminal.fd >= 0 && !r->terminal.raw) return 200; // until we are in the foreground again
    if (!r->kill_at_us) return -1;
    int64_t left = (r->kill_at_us - clock_mono_us()) / 1000;
    return left < 0 ? 1000 : (int)left + 1;
}

static void loop(struct run *r)
{
    while (!r->ended) {
        bool keys = r->terminal.fd >= 0 && terminal_enter(&r->terminal) && r->typed.n == 0;
        struct pollfd fds[] = {
            {.fd = r->pidfd, .events = POLLIN},
            {.fd = r->signal_fd, .events = POLLIN},
            {.fd = r->cancel_fd, .events = POLLIN},
            {.fd = keys ? r->terminal.fd : -1, .events = POLLIN},
            {.fd = r->typed.n ? r->terminal.master : -1, .events = POLLOUT},
        };
        if (poll(fds, sizeof fds / sizeof *fds, timeout_of(r)) < 0 && errno != EINTR) return;
        if (fds[1].revents) read_signals(r);
        if (fds[2].revents) cancel(r);
        if (fds[3].revents) read_keys(r);
        if (fds[4].revents) type_keys(r);
        if (r->kill_at_us && clock_mono_us() >= r->kill_at_us) to_program(r, SIGKILL);
        if (fds[0].revents) reap(r);
    }
}

// ---- its surroundings ---------------------------------------------------------------------------------------------

struct ends {
    struct command command;
    int from[2]; // what the pumps read: of standard output, of standard error
    int to[2];
};

static void close_fd(int fd)
{
    if (fd >= 0) close(fd);
}

// A larger pipe is fewer switches between the program and us; that it can't be had is no harm.
static int big_pipe(int ends[2], struct err *e)
{
    if (pipe2(ends, O_CLOEXEC) < 0) return err_sys(e, errno, "can't make a pipe");
    (void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
    return 0;
}

static int make_terminal(struct run *r, struct ends *x, bool out, bool err, struct err *e)
{
    int slave, keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
    r->shown_on = out ? STDOUT_FILENO : STDERR_FILENO;
    int rc = terminal_open(&r->terminal, r->shown_on, keys, &slave, e);
    if (rc) return rc;
    int from = fcntl(r->terminal.master, F_DUPFD_CLOEXEC, 0); // the pump's own
    if (from < 0) {
        close(slave);
        return err_sys(e, errno, "can't set up the pseudo-terminal");
    }
    if (out) x->command.out = slave;
    if (err) x->command.err = slave;
    if (keys >= 0) x->command.in = slave;
    x->command.terminal = true;
    x->from[out ? 0 : 1] = from;
    return 0;
}

static int make_ends(struct run *r, struct ends *x, struct err *e)
{
    bool tty[2] = {isatty(STDOUT_FILENO), isatty(STDERR_FILENO)};
    int rc = tty[0] || tty[1] ? make_terminal(r, x, tty[0], tty[1], e) : 0;
    for (int i = 0; !rc && i < 2; i++) {
        int ends[2];
        x->to[i] = i ? STDERR_FILENO : STDOUT_FILENO;
        if (tty[i]) continue;
        rc = big_pipe(ends, e);
        if (rc) break;
        x->from[i] = ends[0];
        *(i ? &x->command.err : &x->command.out) = ends[1];
    }
    return rc;
}

static void close_ends(struct ends *x)
{
    struct command *c = &x->command;
    if (c->err != c->out) close_fd(c->err);
    if (c->in != c->out && c->in != c->err) close_fd(c->in);
    close_fd(c->out);
    close_fd(c->wire);
    close_fd(c->wire_fd);
}

// Without a recorder the program runs all the same; why is said.
static void start_recorder(struct run *r, const struct ends *x, int wire_end)
{
    struct err e = {0};
    struct buf job = BUF_INIT;
    environment_job(&job, r->o->argv, r->o->name, r->o->gpu);
    const struct recorder_options options = {
        .server_url = r->o->server_url,
        .job = buf_slice(&job),
        .wire_fd = wire_end,
        .streams = {x->from[0] >= 0 ? "stdout" : NULL, x->from[1] >= 0 ? "stderr" : NULL},
        .cancel = on_cancel,
        .ctx = r,
    };
    if (recorder_start(&r->recorder, &options, &e) != 0)
        fprintf(stderr, "headway run: nothing of this run is recorded: %s\n", e.message);
    buf_release(&job);
}

static int start_pumps(struct run *r, struct ends *x, struct err *e)
{
    for (int i = 0; i < 2; i++) {
        if (x->from[i] < 0) continue;
        struct tap *tap = r->recorder ? recorder_tap(r->recorder, i) : &r->unused[i];
        int rc = pump_start(&r->pumps[i], x->from[i], x->to[i], tap, e);
        x->from[i] = -1; // the pump's, or closed by it
        if (rc) return rc;
    }
    return 0;
}

static int start_program(struct run *r, struct ends *x, struct err *e)
{
    char id[RECORDER_JOB_ID_SIZE];
    bool known = r->recorder && recorder_job_id(r->recorder, JOB_ID_WAIT_MS, id);
    const struct environment env = {.wire_fd = r->recorder ? x->command.wire_fd : -1,
                                    .server_url = r->o->server_url,
                                    .job_id = known ? id : NULL,
                                    .gpu = r->o->gpu};
    x->command.env = environment_make(&env);
    x->command.argv = r->o->argv;
    x->command.mask = &r->mask;
    int rc = command_start(&x->command, &r->pid, &r->pidfd, e);
    environment_free((char **)(uintptr_t)x->command.env);
    if (!rc && r->recorder) recorder_started(r->recorder, r->pid);
    return rc;
}

static int start(struct run *r, struct ends *x, struct err *e)
{
    int wire[2] = {-1, -1};
    x->command.wire_fd = command_reserve_fd();
    int rc = x->command.wire_fd < 0 ? err_sys(e, errno, "can't take a descriptor") : catch_signals(r, e);
    r->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!rc && r->cancel_fd < 0) rc = err_sys(e, errno, "eventfd");
    if (!rc) rc = make_ends(r, x, e);
    if (!rc) rc = big_pipe(wire, e);
    if (rc) return rc;
    x->command.wire = wire[1];
    start_recorder(r, x, wire[0]);
    rc = start_program(r, x, e);
    return rc ? rc : start_pumps(r, x, e);
}

// ---- the end ------------------------------------------------------------------------------------------------------

static bool ended_by_caller(const struct run *r)
{
    if (!r->interrupted_us) return false;
    if (r->signal == SIGINT || r->signal == SIGQUIT || r->code == SIGNALLED + SIGINT) return true;
    return (r->signal || r->code) && clock_mono_us() - r->interrupted_us < CLEAN_UP_US;
}

static void tell_end(struct run *r, const struct err *failure)
{
    struct err why;
    const struct recorder_end end = {.code = r->code,
                                     .signal = r->signal,
                                     .interrupted = ended_by_caller(r),
                                     .failure = failure ? failure->message : NULL};
    if (r->recorder && !recorder_finish(r->recorder, &end, &why))
        fprintf(stderr, "headway run: not everything about this run reached %s: %s\n", r->o->server_url, why.message);
}

int run_command(const struct run_options *o)
{
    struct run r = {.o = o, .terminal = TERMINAL_NONE, .shown_on = -1, .signal_fd = -1, .cancel_fd = -1, .pidfd = -1};
    struct ends x = {.command = {.in = -1, .out = -1, .err = -1, .wire = -1, .wire_fd = -1}, .from = {-1, -1}};
    struct err e = {0};
    r.pid = -1;
    tap_init(&r.unused[0], -1);
    tap_init(&r.unused[1], -1);
    int rc = start(&r, &x, &e);
    close_ends(&x);
    if (rc && r.pid > 0) to_program(&r, SIGKILL);
    if (r.pid > 0) loop(&r);
    if (r.pid > 0) reap(&r);
    for (int i = 0; i < 2; i++) {
        pump_finish(r.pumps[i]);
        close_fd(x.from[i]);
        tap_release(&r.unused[i]);
    }
    take_back(&r);
    terminal_close(&r.terminal);
    if (rc) {
        fprintf(stderr, "headway run: %s\n", e.message);
        r.code = rc == HW_ENOTFOUND ? NOT_FOUND : NOT_RUN;
    }
    tell_end(&r, rc ? &e : NULL);
    close_fd(r.pidfd);
    close_fd(r.signal_fd);
    close_fd(r.cancel_fd);
    buf_release(&r.typed);
    return r.signal ? SIGNALLED + r.signal : r.code;
}
