// What a killed worker left running is ended by the next one, and nothing else is. Real processes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "temp_dir.h"
#include "worker/child.h"
#include "worker/leftover.h"
#include "worker/leftovers.h"

enum { DEADLINE_MS = 60000 };

// ---- judging, pure --------------------------------------------------------------------------------------------------

static const struct leftover record = {
    .job_id = "job_a", .attempt = 2, .pgid = 100, .start_ticks = 5000, .boot_id = "b", .pid_namespace = "pid:[1]"};

static void a_group_is_ours_when_its_leader_or_its_environment_proves_it(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct leftover_process p[3];
        size_t n;
        bool proven;
        enum leftover_is is;
    } cases[] = {
        {"nobody", {{0}}, 0, false, LEFTOVER_GONE},
        {"the leader", {{100, 100, 5000, false, false}}, 1, false, LEFTOVER_OURS},
        {"a leader of another instant", {{100, 100, 5001, false, true}}, 1, false, LEFTOVER_FOREIGN},
        {"another leader, whose group has members that say so",
         {{100, 100, 9000, false, false}, {101, 100, 9001, false, true}},
         2,
         false,
         LEFTOVER_FOREIGN},
        {"the number is a pid in another group now", {{100, 7, 9000, false, false}}, 1, false, LEFTOVER_FOREIGN},
        {"the leader in another group", {{100, 99, 5000, false, false}}, 1, false, LEFTOVER_OURS},
        {"a leader that is a zombie alone", {{100, 100, 5000, true, false}}, 1, false, LEFTOVER_GONE},
        {"a zombie leader proves the others",
         {{100, 100, 5000, true, false}, {101, 100, 5001, false, false}},
         2,
         false,
         LEFTOVER_OURS},
        {"no leader, one that says so", {{101, 100, 5000, false, true}}, 1, false, LEFTOVER_OURS},
        {"no leader, none that says so", {{101, 100, 6000, false, false}}, 1, false, LEFTOVER_FOREIGN},
        {"one that says so, but is older than the group", {{101, 100, 4999, false, true}}, 1, false, LEFTOVER_FOREIGN},
        {"one that says so for all",
         {{101, 100, 6000, false, false}, {102, 100, 6001, false, true}},
         2,
         false,
         LEFTOVER_OURS},
        {"only zombies", {{101, 100, 6000, true, true}, {102, 100, 6001, true, true}}, 2, false, LEFTOVER_GONE},
        {"what is left of one proven a moment ago", {{101, 100, 6000, false, false}}, 1, true, LEFTOVER_OURS},
        {"proven a moment ago, and now another's", {{100, 100, 9000, false, false}}, 1, true, LEFTOVER_FOREIGN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (leftover_judge(&record, cases[i].p, cases[i].n, cases[i].proven) != cases[i].is)
            fail_msg("%s", cases[i].what);
}

static void an_environment_must_name_the_job_and_the_attempt(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        bool yes;
    } cases[] = {
        {SLICE_LIT("HEADWAY_JOB_ID=job_a\0HEADWAY_ATTEMPT=2\0"), true},
        {SLICE_LIT("\0\0HEADWAY_ATTEMPT=2\0A=b\0HEADWAY_JOB_ID=job_a"), true},
        {SLICE_LIT("HEADWAY_JOB_ID=job_a\0"), false},
        {SLICE_LIT("HEADWAY_JOB_ID=job_a\0HEADWAY_ATTEMPT=1\0"), false},
        {SLICE_LIT("HEADWAY_JOB_ID=job_ab\0HEADWAY_ATTEMPT=2\0"), false},
        {SLICE_LIT("HEADWAY_JOB_ID=job_a\0HEADWAY_ATTEMPT=20\0"), false},
        {SLICE_LIT("X_HEADWAY_JOB_ID=job_a\0HEADWAY_ATTEMPT=2\0"), false},
        {SLICE_LIT("A=HEADWAY_JOB_ID=job_a HEADWAY_ATTEMPT=2\0"), false},
        {SLICE_LIT(""), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(leftover_in_environment(&record, cases[i].text), cases[i].yes);
}

static void a_record_reads_back_and_a_broken_one_is_refused(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct leftover l;
    struct err e;
    leftover_write(&record, &b);
    assert_int_equal(leftover_read(buf_slice(&b), &l, &e), 0);
    assert_string_equal(l.job_id, "job_a");
    assert_int_equal(l.attempt, 2);
    assert_int_equal(l.pgid, 100);
    assert_int_equal(l.start_ticks, 5000);
    assert_string_equal(l.boot_id, "b");
    assert_string_equal(l.pid_namespace, "pid:[1]");
    for (size_t n = 0; n < b.n; n++) assert_true(leftover_read(slice_of(b.p, n), &l, &e) < 0);
    // Groups that no job ever had: our own (0), init's, everybody's (-1).
    for (int pgid = -1; pgid < 2; pgid++) {
        buf_clear(&b);
        buf_addf(&b,
                 "{\"job_id\":\"j\",\"attempt\":1,\"pgid\":%d,\"start_ticks\":1,\"boot_id\":\"b\",\"pid_namespace\":"
                 "\"n\"}",
                 pgid);
        assert_int_equal(leftover_read(buf_slice(&b), &l, &e), HW_EVALIDATION);
    }
    buf_release(&b);
}

// ---- real processes -------------------------------------------------------------------------------------------------

static bool has_ended(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true;
    if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
    close(fd);
    const char *paren = strrchr(text, ')');
    return !paren || paren[2] == 'Z' || paren[2] == 'X';
}

// An orphan becomes ours (main), and is reaped here: then its number has gone, too.
static void wait_reaped(pid_t pid)
{
    pid_t got;
    do got = waitpid(pid, NULL, 0);
    while (got < 0 && errno == EINTR);
    assert_int_equal(got, pid);
}

static int records(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *it; (it = readdir(d));) n += it->d_name[0] != '.';
    closedir(d);
    return n;
}

struct scene {
    struct temp_dir dir;
    char *records;
    pid_t task, grandchild;
};

// A worker that starts the task, writes it down, and is killed once the task's grandchild runs. The script says the
// grandchild's pid on the descriptor 3.
static void play(struct scene *s, const char *script)
{
    s->dir = temp_dir_new();
    s->records = file_join(s->dir.path, "running");
    assert_int_equal(file_mkdirs(s->records, NULL), 0);
    int say[2];
    assert_int_equal(pipe2(say, O_CLOEXEC), 0);
    pid_t worker = fork();
    if (worker == 0) {
        struct child c;
        char sh[] = "/bin/sh", dash_c[] = "-c", *text = mem_strdup(script);
        char job[] = "HEADWAY_JOB_ID=job_a", attempt[] = "HEADWAY_ATTEMPT=2", line[32] = "";
        char *argv[] = {sh, dash_c, text, NULL}, *env[] = {job, attempt, NULL};
        if (child_spawn(&c, argv, env, NULL) != 0) _exit(1);
        if (leftovers_note(s->records, "job_a", 2, c.pid, NULL) != 0) _exit(1);
        struct pollfd p = {.fd = c.wire_fd, .events = POLLIN};
        if (poll(&p, 1, DEADLINE_MS) != 1 || read(c.wire_fd, line, sizeof line - 1) <= 0) _exit(1);
        pid_t both[2] = {c.pid, (pid_t)atoi(line)};
        if (write(say[1], both, sizeof both) != sizeof both) _exit(1);
        for (;;) pause();
    }
    pid_t both[2] = {0};
    close(say[1]);
    assert_int_equal(read(say[0], both, sizeof both), sizeof both);
    close(say[0]);
    kill(worker, SIGKILL);
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    s->task = both[0];
    s->grandchild = both[1];
    assert_true(s->task > 1 && s->grandchild > 1);
}

static void clear(struct scene *s)
{
    // Whatever the case left alive.
    if (!has_ended(s->grandchild)) kill(s->grandchild, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) continue;
    free(s->records);
    temp_dir_remove(&s->dir);
}

static struct leftovers_ended end_leftovers(const struct scene *s)
{
    struct leftovers_ended out;
    struct err e = {0};
    if (leftovers_end(s->records, DEADLINE_MS, &out, &e) != 0) fail_msg("%s", e.message);
    return out;
}

static const char deaf_grandchild[] =
    "sh -c 'trap \"\" TERM HUP INT; echo $$ >&3; while :; do sleep 1000; done' & wait";

static void never_again_19_21_a_grandchild_that_ignores_sigterm_is_ended_by_the_next_worker(void **state)
{
    (void)state;
    struct scene s;
    play(&s, deaf_grandchild);
    wait_reaped(s.task); // by its parent-death signal
    assert_false(has_ended(s.grandchild));
    struct leftovers_ended out = end_leftovers(&s);
    assert_true(has_ended(s.grandchild)); // waited for, not only signalled
    assert_true(out.processes >= 1);
    assert_int_equal(out.foreign, 0);
    assert_int_equal(records(s.records), 0);
    assert_int_equal(end_leftovers(&s).processes, 0);
    clear(&s);
}

static void never_again_21_one_that_stands_still_is_ended_too(void **state)
{
    (void)state;
    struct scene s;
    play(&s, deaf_grandchild);
    wait_reaped(s.task);
    kill(s.grandchild, SIGSTOP); // only SIGKILL reaches it now
    end_leftovers(&s);
    assert_true(has_ended(s.grandchild));
    clear(&s);
}

static void a_task_that_cleared_its_environment_is_known_by_its_leader(void **state)
{
    (void)state;
    // A leader that has lost its parent-death signal, or hasn't died of it yet.
    struct temp_dir d = temp_dir_new();
    struct child c;
    char env_bin[] = "/usr/bin/env", dash_i[] = "-i", sleep_bin[] = "/bin/sleep", long_time[] = "1000";
    char *argv[] = {env_bin, dash_i, sleep_bin, long_time, NULL};
    assert_int_equal(child_spawn(&c, argv, NULL, NULL), 0);
    assert_int_equal(leftovers_note(d.path, "job_b", 1, c.pid, NULL), 0);
    struct leftovers_ended out;
    assert_int_equal(leftovers_end(d.path, DEADLINE_MS, &out, NULL), 0);
    assert_int_equal(out.processes, 1);
    assert_int_equal(child_reap(&c).signal, SIGKILL);
    child_close(&c);
    temp_dir_remove(&d);
}

// Changes one member of the one record.
static void forge(const char *dir, const char *key, json_t *value)
{
    char *path = mem_printf("%s/job_a-2.json", dir);
    struct buf b = BUF_INIT;
    struct err e;
    assert_int_equal(file_read(path, 4096, &b, &e), 0);
    json_t *obj = json_read_object(buf_slice(&b), &e);
    assert_int_equal(json_object_set_new(obj, key, value), 0);
    char *text = json_to_text(obj);
    assert_int_equal(file_replace(path, slice_str(text), &e), 0);
    free(text);
    json_decref(obj);
    buf_release(&b);
    free(path);
}

static void a_number_that_is_somebody_elses_now_is_left_alone(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct child c;
    char sleep_bin[] = "/bin/sleep", long_time[] = "1000", job[] = "HEADWAY_JOB_ID=job_a",
         attempt[] = "HEADWAY_ATTEMPT=2";
    char *argv[] = {sleep_bin, long_time, NULL}, *env[] = {job, attempt, NULL};
    assert_int_equal(child_spawn(&c, argv, env, NULL), 0);
    static const char *const keys[] = {"start_ticks", "boot_id", "pid_namespace"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(leftovers_note(d.path, "job_a", 2, c.pid, NULL), 0);
        forge(d.path, keys[i], i == 0 ? json_integer(1) : json_string("another"));
        struct leftovers_ended out;
        assert_int_equal(leftovers_end(d.path, DEADLINE_MS, &out, NULL), 0);
        assert_int_equal(out.processes, 0);
        assert_int_equal(out.foreign, i == 0);
        assert_false(has_ended(c.pid));
        assert_int_equal(records(d.path), 0);
    }
    child_signal(&c, SIGKILL);
    child_reap(&c);
    child_close(&c);
    temp_dir_remove(&d);
}

static void a_group_whose_leader_has_gone_needs_a_proof_in_its_environment(void **state)
{
    (void)state;
    struct scene s;
    // The number could have been given to another group meanwhile, as far as one can tell from it.
    play(&s, "env -i /bin/sh -c 'echo $$ >&3; exec sleep 1000' & wait");
    wait_reaped(s.task);
    struct leftovers_ended out = end_leftovers(&s);
    assert_int_equal(out.processes, 0);
    assert_int_equal(out.foreign, 1);
    assert_false(has_ended(s.grandchild));
    clear(&s);
}

static void a_job_that_ended_leaves_no_record_and_rubbish_does_no_harm(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    char *dir = file_join(d.path, "made/by/it"), *half = NULL, *bad = NULL;
    struct leftovers_ended out;
    assert_int_equal(leftovers_end(dir, DEADLINE_MS, &out, NULL), 0);
    assert_int_equal(leftovers_note(dir, "job_a", 2, getpid(), NULL), 0);
    assert_int_equal(records(dir), 1);
    leftovers_forget(dir, "job_a", 2);
    leftovers_forget(dir, "job_a", 2);
    assert_int_equal(records(dir), 0);
    half = file_join(dir, "job_a-2.json.tmp.77");
    bad = file_join(dir, "job_b-1.json");
    assert_int_equal(file_replace(half, SLICE_LIT("{\"job"), NULL), 0);
    assert_int_equal(file_replace(bad, SLICE_LIT("[]"), NULL), 0);
    assert_int_equal(leftovers_end(dir, DEADLINE_MS, &out, NULL), 0);
    assert_int_equal(records(dir), 0);
    struct err e = {0};
    assert_int_equal(leftovers_note(dir, "job_a", 2, 1 << 30, &e), HW_ENOTFOUND);
    free(half);
    free(bad);
    free(dir);
    temp_dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_ours_when_its_leader_or_its_environment_proves_it),
        cmocka_unit_test(an_environment_must_name_the_job_and_the_attempt),
        cmocka_unit_test(a_record_reads_back_and_a_broken_one_is_refused),
        cmocka_unit_test(never_again_19_21_a_grandchild_that_ignores_sigterm_is_ended_by_the_next_worker),
        cmocka_unit_test(never_again_21_one_that_stands_still_is_ended_too),
        cmocka_unit_test(a_task_that_cleared_its_environment_is_known_by_its_leader),
        cmocka_unit_test(a_number_that_is_somebody_elses_now_is_left_alone),
        cmocka_unit_test(a_group_whose_leader_has_gone_needs_a_proof_in_its_environment),
        cmocka_unit_test(a_job_that_ended_leaves_no_record_and_rubbish_does_no_harm),
    };
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
