// A task process: what it inherits, how it ends, and that nothing of it stays behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "worker/child.h"

enum { DEADLINE_MS = 60000 };

static char sh[] = "/bin/sh", dash_c[] = "-c";

static struct child must_spawn(char *script, char *const env[])
{
    struct child c;
    struct err e = {0};
    char *argv[] = {sh, dash_c, script, NULL};
    if (child_spawn(&c, argv, env, &e) != 0) fail_msg("%s", e.message);
    return c;
}

static void wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, DEADLINE_MS) != 1) fail_msg("nothing came");
}

// Reads up to a newline or the end.
static void read_line(int fd, char *out, size_t size)
{
    size_t n = 0;
    while (n + 1 < size) {
        wait_readable(fd);
        ssize_t got = read(fd, out + n, 1);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0 || out[n] == '\n') break;
        n++;
    }
    out[n] = 0;
}

static struct child_exit end_of(struct child *c)
{
    wait_readable(c->pidfd);
    struct child_exit x = child_reap(c);
    child_close(c);
    assert_int_equal(c->pid, -1);
    assert_int_equal(c->wire_fd, -1);
    return x;
}

static void each_stream_has_its_own_pipe(void **state)
{
    (void)state;
    char script[] = "echo wire >&\"$HEADWAY_FD\"; echo out; echo err >&2; read x || echo no-input";
    char line[100];
    struct child c = must_spawn(script, NULL);
    read_line(c.wire_fd, line, sizeof line);
    assert_string_equal(line, "wire");
    read_line(c.err_fd, line, sizeof line);
    assert_string_equal(line, "err");
    read_line(c.out_fd, line, sizeof line);
    assert_string_equal(line, "out");
    read_line(c.out_fd, line, sizeof line);
    assert_string_equal(line, "no-input");
    assert_int_equal(end_of(&c).code, 0);
}

static void the_exit_status_or_the_signal_is_kept(void **state)
{
    (void)state;
    char bad[] = "exit 7", killed[] = "kill -SEGV $$";
    struct child c = must_spawn(bad, NULL);
    struct child_exit x = end_of(&c);
    assert_int_equal(x.code, 7);
    assert_int_equal(x.signal, 0);
    c = must_spawn(killed, NULL);
    x = end_of(&c);
    assert_int_equal(x.code, -1);
    assert_int_equal(x.signal, SIGSEGV);
}

static void the_environment_is_the_workers_and_what_is_given_goes_first(void **state)
{
    (void)state;
    char script[] = "echo \"$HEADWAY_FD $HEADWAY_JOB_ID $OF_THE_WORKER\"; env | grep -c '^HEADWAY_JOB_ID='";
    char job[] = "HEADWAY_JOB_ID=new", line[100];
    char *env[] = {job, NULL};
    setenv("HEADWAY_JOB_ID", "old", 1);
    setenv("HEADWAY_FD", "77", 1);
    setenv("OF_THE_WORKER", "kept", 1);
    struct child c = must_spawn(script, env);
    unsetenv("HEADWAY_JOB_ID");
    unsetenv("HEADWAY_FD");
    unsetenv("OF_THE_WORKER");
    read_line(c.out_fd, line, sizeof line);
    assert_string_equal(line, "3 new kept");
    read_line(c.out_fd, line, sizeof line);
    assert_string_equal(line, "1");
    end_of(&c);
}

static void no_other_descriptor_is_inherited(void **state)
{
    (void)state;
    int leak = open("/dev/null", O_RDONLY); // deliberately without O_CLOEXEC
    assert_true(leak >= 0);
    char script[] =
        "for f in /proc/self/fd/*; do t=$(readlink $f) && case $t in pipe:*) ;; *) echo \"$t\";; esac; done";
    char line[200];
    struct child c = must_spawn(script, NULL);
    int others = 0;
    for (read_line(c.out_fd, line, sizeof line); line[0]; read_line(c.out_fd, line, sizeof line))
        others += strcmp(line, "/dev/null") == 0;
    assert_true(others <= 1); // standard input
    close(leak);
    end_of(&c);
}

static void signals_are_at_their_defaults_but_for_requests(void **state)
{
    (void)state;
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &block, &before);
    char script[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2";
    char line[100];
    struct child c = must_spawn(script, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, old);
    unsigned long long masks[2];
    for (int i = 0; i < 2; i++) {
        read_line(c.out_fd, line, sizeof line);
        masks[i] = strtoull(line, NULL, 16);
    }
    end_of(&c);
    // Signals 32 and 33 are the C library's own: whoever started this test may have them ignored, and no program can
    // change that.
    const unsigned long long libc = 3ULL << 31;
    assert_int_equal(masks[0] & ~libc, 0);
    // A task that has not set its handlers yet must not end by a request.
    assert_int_equal(masks[1] & ~libc, 1ULL << (SIGUSR1 - 1) | 1ULL << (SIGUSR2 - 1));
}

static bool group_exists(pid_t pgid)
{
    return kill(-pgid, 0) == 0 || errno != ESRCH;
}

static void wait_gone(pid_t pgid)
{
    // Orphans are reaped by init, a moment later.
    for (int64_t until = clock_mono_us() + DEADLINE_MS * 1000LL; group_exists(pgid);) {
        if (clock_mono_us() > until) fail_msg("the group %d is still there", (int)pgid);
        poll(NULL, 0, 1);
    }
}

static bool is_zombie(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true;
    if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
    close(fd);
    const char *close_paren = strrchr(text, ')');
    return !close_paren || close_paren[2] == 'Z' || close_paren[2] == 'X';
}

static void wait_dead(pid_t pid)
{
    for (int64_t until = clock_mono_us() + DEADLINE_MS * 1000LL; !is_zombie(pid);) {
        if (clock_mono_us() > until) fail_msg("process %d still runs", (int)pid);
        poll(NULL, 0, 1);
    }
}

static void never_again_23_grandchildren_end_with_the_task(void **state)
{
    (void)state;
    char script[] = "(trap '' TERM HUP; sleep 1000 & echo $! >&3; wait) & exit 0", line[100];
    struct child c = must_spawn(script, NULL);
    read_line(c.wire_fd, line, sizeof line);
    pid_t grandchild = (pid_t)atoi(line);
    assert_true(grandchild > 1);
    assert_int_equal(end_of(&c).code, 0);
    wait_dead(grandchild);
}

static void a_signal_reaches_the_whole_group(void **state)
{
    (void)state;
    char script[] = "sleep 1000 & echo $!; wait", line[100];
    struct child c = must_spawn(script, NULL);
    read_line(c.out_fd, line, sizeof line);
    child_signal(&c, SIGTERM);
    wait_readable(c.pidfd);
    wait_dead((pid_t)atoi(line));
    assert_int_equal(end_of(&c).signal, SIGTERM);
    child_signal(&c, SIGTERM); // nobody: harmless
}

static void a_program_that_is_not_there_or_may_not_run(void **state)
{
    (void)state;
    char none[] = "/no/such/program", data[] = "/etc/passwd";
    char *argv[] = {none, NULL};
    struct child c;
    struct err e = {0};
    assert_int_equal(child_spawn(&c, argv, NULL, &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, none));
    assert_int_equal(c.pid, -1);
    assert_int_equal(c.out_fd, -1);
    argv[0] = data;
    assert_int_equal(child_spawn(&c, argv, NULL, &e), HW_EIO);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no zombie either
}

static void never_again_21_a_killed_worker_takes_its_task_with_it(void **state)
{
    (void)state;
    int say[2];
    assert_int_equal(pipe2(say, O_CLOEXEC), 0);
    pid_t worker = fork();
    if (worker == 0) {
        struct child c;
        char script[] = "trap '' TERM HUP INT; while :; do sleep 1000; done";
        char *argv[] = {sh, dash_c, script, NULL};
        if (child_spawn(&c, argv, NULL, NULL) != 0) _exit(1);
        if (write(say[1], &c.pid, sizeof c.pid) != sizeof c.pid) _exit(1);
        for (;;) pause();
    }
    pid_t task;
    assert_int_equal(read(say[0], &task, sizeof task), sizeof task);
    assert_false(is_zombie(task));
    kill(worker, SIGKILL);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    wait_dead(task);
    kill(-task, SIGKILL); // its sleep
    wait_gone(task);
    close(say[0]);
    close(say[1]);
}

static void never_again_35_no_descriptor_stays_behind(void **state)
{
    (void)state;
    char script[] = "echo x";
    int before = dup(0), lowest;
    close(before);
    for (int i = 0; i < 50; i++) {
        struct child c = must_spawn(script, NULL);
        end_of(&c);
        char none[] = "/no/such/program";
        char *argv[] = {none, NULL};
        assert_int_equal(child_spawn(&c, argv, NULL, NULL), HW_ENOTFOUND);
    }
    lowest = dup(0);
    assert_int_equal(lowest, before);
    close(lowest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stream_has_its_own_pipe),
        cmocka_unit_test(the_exit_status_or_the_signal_is_kept),
        cmocka_unit_test(the_environment_is_the_workers_and_what_is_given_goes_first),
        cmocka_unit_test(no_other_descriptor_is_inherited),
        cmocka_unit_test(signals_are_at_their_defaults_but_for_requests),
        cmocka_unit_test(never_again_23_grandchildren_end_with_the_task),
        cmocka_unit_test(a_signal_reaches_the_whole_group),
        cmocka_unit_test(a_program_that_is_not_there_or_may_not_run),
        cmocka_unit_test(never_again_21_a_killed_worker_takes_its_task_with_it),
        cmocka_unit_test(never_again_35_no_descriptor_stays_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
