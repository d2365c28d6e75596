// How a running job ends, and how it is made to.
#include "worker/running_bench.h"

static void never_again_23_a_process_that_left_the_group_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "mkfifo \"$0.begun\"; export F=\"$0.begun\"\n"
              "setsid sh -c 'echo $$ >&3; echo >\"$F\"; exec yes' &\nread x <\"$F\"; exit 0");
    run(&b);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 0);
    size_t i;
    json_t *ev;
    json_array_foreach(b.events, i, ev)
    {
        int pid = atoi(text_of(ev, "text"));
        if (pid > 1 && strcmp(text_of(ev, "stream"), "log") == 0) kill(pid, SIGKILL);
    }
    end(&b);
}

// Whether all that bears the group's number has ended; orphans are reaped by init, some time.
static bool only_zombies(pid_t group)
{
    char command[128];
    snprintf(command, sizeof command, "awk '$5 == %d && $3 != \"Z\"' /proc/[0-9]*/stat 2>/dev/null", (int)group);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    bool none = fgetc(f) == EOF;
    (void)pclose(f);
    return none;
}

static void put_text(const char *root, const char *folder, const char *name, const char *text)
{
    char *dir = file_join(root, folder), *path = file_join(dir, name);
    assert_int_equal(file_mkdirs(dir, NULL), 0);
    FILE *f = fopen(path, "w"); // in place, as the kernel's files change
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    free(path);
    free(dir);
}

static void count_kills(const struct temp_dir *d, int n)
{
    char text[40];
    snprintf(text, sizeof text, "oom_kill %d\n", n);
    put_text(d->path, "cg", "memory.events", text);
}

// A control group of the test's own, in which the kernel has killed so many.
static void watch_kills(struct oom_watch *oom, const struct temp_dir *d, int n)
{
    char *proc = file_join(d->path, "proc");
    put_text(d->path, "proc/self", "cgroup", "0::/\n");
    put_text(d->path, "proc/self", "mounts", "cgroup2 /cg cgroup2 rw 0 0\n");
    count_kills(d, n);
    oom_watch_init(oom, proc, d->path);
    free(proc);
}

static void never_again_23_cancel_ends_a_task_that_stands_still(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "trap 'echo stopping; exit 9' TERM; echo ready; kill -STOP $$; while :; do sleep 0.05; done");
    wait_for_output(&b, "ready");
    running_stop(&b.r[0], STOP_CANCEL, clock_mono_us());
    run(&b);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 9);
    assert_int_equal(b.r->stop, STOP_CANCEL);
    end(&b);
}

static void never_again_23_a_task_that_ignores_the_request_is_killed(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "trap '' TERM; echo ready; while :; do sleep 1000; done");
    wait_for_output(&b, "ready");
    int64_t now = clock_mono_us();
    running_stop(b.r, STOP_CANCEL, now);
    running_stop(b.r, STOP_CANCEL, now + 20000000); // asking again doesn't put it off
    running_tick(b.r, now + 29900000);
    struct pollfd p = {.fd = b.r->child.pidfd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 50), 0); // it has its 30 s
    running_tick(b.r, now + 30000000);
    run(&b);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "signal")), SIGKILL);
    end(&b);
}

static void never_again_23_a_deaf_task_and_its_deaf_child_are_killed_together(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1000; done' &\n"
              "while :; do sleep 1000; done");
    struct pollfd p = {.fd = b.r->child.out_fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, (int)(DEADLINE_US / 1000)), 1);
    (void)running_read(b.r, &b.r->child.out_fd, clock_mono_us());
    collect(&b);
    pid_t child = (pid_t)atoi(text_of(last(&b), "text")), group = b.r->child.pid;
    assert_true(child > 1);
    struct oom_watch oom;
    watch_kills(&oom, &b.dir, 1);
    count_kills(&b.dir, 2); // somebody else's, meanwhile
    b.r->oom = &oom;
    int64_t now = clock_mono_us();
    running_stop(b.r, STOP_CANCEL, now);
    running_tick(b.r, now + 29999999);
    assert_int_equal(kill(child, 0), 0);
    running_tick(b.r, now + 30000000);
    run(&b);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "signal")), SIGKILL);
    assert_null(json_object_get(last(&b), "oom_killed")); // that was us
    for (int64_t until = clock_mono_us() + DEADLINE_US; kill(-group, 0) == 0 && !only_zombies(group);) {
        if (clock_mono_us() > until) fail_msg("something of the group is left");
        poll(NULL, 0, 1);
    }
    oom_watch_release(&oom);
    end(&b);
}

static void a_task_that_the_kernel_killed_for_want_of_memory_is_told_from_one_that_somebody_killed(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct oom_watch oom;
    watch_kills(&oom, &d, 7);
    static const struct {
        const char *script;
        int kills;
        bool oom_killed;
    } cases[] = {
        {"kill -9 $$", 7, false},    {"kill -9 $$", 8, true}, {"kill -9 $$", 8, false}, // used up
        {"kill -ABRT $$", 9, false}, {"exit 1", 9, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        begin(&b, cases[i].script);
        b.r->oom = &oom;
        count_kills(&d, cases[i].kills);
        run(&b);
        assert_int_equal(json_is_true(json_object_get(last(&b), "oom_killed")), cases[i].oom_killed);
        end(&b);
    }
    oom_watch_release(&oom);
    temp_dir_remove(&d);
}

static void reasons_to_stop_do_not_overwrite_what_counts_more(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "sleep 1000");
    int64_t now = clock_mono_us();
    running_stop(b.r, STOP_SHUTDOWN, now);
    assert_int_equal(b.r->stop, STOP_SHUTDOWN);
    running_stop(b.r, STOP_CANCEL, now);
    running_stop(b.r, STOP_SHUTDOWN, now);
    assert_int_equal(b.r->stop, STOP_CANCEL);
    running_stop(b.r, STOP_LEASE_LOST, now);
    running_stop(b.r, STOP_CANCEL, now);
    assert_int_equal(b.r->stop, STOP_LEASE_LOST);
    run(&b);
    end(&b);
}

static void a_worker_that_leaves_says_so(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "sleep 1000");
    running_stop(b.r, STOP_SHUTDOWN, clock_mono_us());
    run(&b);
    expect_shape(&b, "started error exited");
    assert_string_equal(text_of(json_array_get(b.events, 1), "error_type"), "WORKER_LOST");
    end(&b);
}

// ---- time limits ---------------------------------------------------------------------------------------------------

static void a_time_limit_ends_the_task_whatever_its_exit_says(void **state)
{
    (void)state;
    struct bench b;
    begin_limited(&b, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done", 0.3);
    int64_t began = clock_mono_us();
    run(&b);
    assert_true(clock_mono_us() - began >= 250000);
    assert_string_equal(text_of(last(&b), "type"), "exited");
    assert_true(json_is_true(json_object_get(last(&b), "timed_out")));
    bool said = false;
    size_t i;
    json_t *ev;
    json_array_foreach(b.events, i, ev) said |= strstr(text_of(ev, "text"), "the time limit of 0.3 s is over") != NULL;
    assert_true(said);
    end(&b);
}

static void never_again_20_without_a_limit_a_task_runs_for_as_long_as_it_takes(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo ready; exec sleep 1000");
    wait_for_output(&b, "ready");
    running_tick(b.r, clock_mono_us() + 365LL * 86400 * 1000000);
    assert_int_equal(b.r->stop, STOP_NONE);
    running_stop(b.r, STOP_CANCEL, clock_mono_us());
    run(&b);
    assert_null(json_object_get(last(&b), "timed_out"));
    end(&b);
}

static void time_that_a_job_is_held_does_not_count(void **state)
{
    (void)state;
    struct bench b;
    begin_limited(&b, "echo ready; exec sleep 1000", 1000);
    wait_for_output(&b, "ready");
    int64_t now = clock_mono_us(), deadline = b.r->deadline_us;
    running_hold_time(b.r, now);
    running_hold_time(b.r, now + 7000000);
    running_tick(b.r, deadline + 1);
    assert_int_equal(b.r->stop, STOP_NONE);
    running_go_on(b.r, now + 5000000000);
    running_go_on(b.r, now + 6000000000);
    assert_int_equal(b.r->deadline_us, deadline + 5000000000);
    running_tick(b.r, b.r->deadline_us - 1);
    assert_int_equal(b.r->stop, STOP_NONE);
    running_tick(b.r, b.r->deadline_us);
    assert_int_equal(b.r->stop, STOP_TIME_LIMIT);
    run(&b);
    end(&b);
}

static void a_task_that_ended_by_itself_was_in_time(void **state)
{
    (void)state;
    struct bench b;
    begin_limited(&b, "exit 0", 1000);
    struct pollfd p = {.fd = b.r->child.pidfd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    running_tick(b.r, b.r->deadline_us + 1);
    assert_int_equal(b.r->stop, STOP_NONE);
    run(&b);
    assert_null(json_object_get(last(&b), "timed_out"));
    end(&b);
}

static void the_first_reason_to_stop_stays(void **state)
{
    (void)state;
    struct bench b;
    begin_limited(&b, "echo ready; exec sleep 1000", 1000);
    wait_for_output(&b, "ready");
    running_stop(b.r, STOP_CANCEL, clock_mono_us());
    running_tick(b.r, b.r->deadline_us);
    assert_int_equal(b.r->stop, STOP_CANCEL);
    run(&b);
    assert_null(json_object_get(last(&b), "timed_out"));
    end(&b);
}

// `how` says in what state the worker is when the task, which has died half-way, is reaped. Whether what it had half
// written is still there.
static bool half_written_stays(void (*how)(struct running *r))
{
    struct bench b;
    begin(&b, "kill -9 $$");
    char *out = file_join(b.dir.path, "out"), *tmp = mem_printf("%s.tmp", out);
    struct err e = {0};
    if (file_mkdirs(tmp, &e) != 0) fail_msg("%s", e.message);
    b.r->output_dir = out; // freed with it
    how(b.r);
    run(&b);
    bool stays = file_exists(tmp);
    free(tmp);
    end(&b);
    return stays;
}

static void as_usual(struct running *r)
{
    (void)r;
}

static void without_news(struct running *r)
{
    r->unsure = true;
}

static void without_lease(struct running *r)
{
    r->stop = STOP_LEASE_LOST;
}

static void never_again_23_what_a_dead_task_left_goes_unless_another_may_be_at_work_there(void **state)
{
    (void)state;
    assert_false(half_written_stays(as_usual));
    assert_true(half_written_stays(without_news));
    assert_true(half_written_stays(without_lease));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_23_a_process_that_left_the_group_does_not_hold_up_the_end),
        cmocka_unit_test(never_again_23_cancel_ends_a_task_that_stands_still),
        cmocka_unit_test(never_again_23_a_task_that_ignores_the_request_is_killed),
        cmocka_unit_test(never_again_23_a_deaf_task_and_its_deaf_child_are_killed_together),
        cmocka_unit_test(a_task_that_the_kernel_killed_for_want_of_memory_is_told_from_one_that_somebody_killed),
        cmocka_unit_test(reasons_to_stop_do_not_overwrite_what_counts_more),
        cmocka_unit_test(a_worker_that_leaves_says_so),
        cmocka_unit_test(a_time_limit_ends_the_task_whatever_its_exit_says),
        cmocka_unit_test(never_again_20_without_a_limit_a_task_runs_for_as_long_as_it_takes),
        cmocka_unit_test(time_that_a_job_is_held_does_not_count),
        cmocka_unit_test(a_task_that_ended_by_itself_was_in_time),
        cmocka_unit_test(the_first_reason_to_stop_stays),
        cmocka_unit_test(never_again_23_what_a_dead_task_left_goes_unless_another_may_be_at_work_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
