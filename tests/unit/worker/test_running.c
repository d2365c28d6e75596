// One running job, with real shell scripts as task programs: what it writes becomes events, in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "temp_dir.h"
#include "worker/running.h"

static const int64_t DEADLINE_US = 60000000;

struct bench {
    struct temp_dir dir;
    char *program;
    struct running *r;
    json_t *events; // all that were said
    size_t largest; // batch, bytes
};

static json_t *make_job(void)
{
    return json_pack("{s:s,s:i,s:s,s:s,s:s,s:{s:i}}", "job_id", "job_a", "attempt", 2, "lease", "l1", "kind",
                     "tokenize", "resource_class", "cpu", "spec", "k", 5);
}

// `time_limit` 0: none.
static void begin_limited(struct bench *b, const char *script, double time_limit)
{
    *b = (struct bench){.dir = temp_dir_new(), .events = json_array()};
    struct err e = {0};
    struct buf text = BUF_INIT;
    buf_addf(&text, "#!/bin/sh\n%s\n", script);
    b->program = file_join(b->dir.path, "task");
    if (file_write_atomic(b->program, buf_slice(&text), &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(chmod(b->program, 0700), 0);
    buf_release(&text);
    json_t *job = make_job();
    json_object_set_new(job, "time_limit_seconds", time_limit > 0 ? json_real(time_limit) : json_null());
    if (running_start(&b->r, b->program, b->dir.path, "wrk_a", job, &e) != 0) fail_msg("%s", e.message);
    json_decref(job);
}

static void begin(struct bench *b, const char *script)
{
    begin_limited(b, script, 0);
}

static void collect(struct bench *b)
{
    struct buf batch;
    while (batches_take(&b->r->events.batches, &batch)) {
        struct buf text = BUF_INIT;
        struct err e = {0};
        if (batch.n > b->largest) b->largest = batch.n;
        buf_addf(&text, "[%.*s]", SLICE_FMT(buf_slice(&batch)));
        json_t *a = json_read(buf_slice(&text), &e);
        if (!a) fail_msg("%s: %.300s", e.message, buf_cstr(&text));
        assert_int_equal(json_array_extend(b->events, a), 0);
        json_decref(a);
        buf_release(&text);
        buf_release(&batch);
    }
}

// As the worker's loop does it, until the process has ended.
static void run(struct bench *b)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    for (;;) {
        struct child *c = &b->r->child;
        int *each[] = {&c->wire_fd, &c->out_fd, &c->err_fd, &c->pidfd};
        struct pollfd p[4];
        for (int i = 0; i < 4; i++) p[i] = (struct pollfd){.fd = *each[i], .events = POLLIN};
        if (clock_mono_us() > until) fail_msg("the task doesn't end");
        if (poll(p, 4, 50) < 0) fail_msg("poll");
        for (int i = 0; i < 3; i++)
            if (p[i].revents) (void)running_read(b->r, each[i], clock_mono_us());
        running_tick(b->r, clock_mono_us());
        collect(b);
        if (!p[3].revents) continue;
        running_end(b->r, clock_mono_us());
        collect(b);
        return;
    }
}

static void end(struct bench *b)
{
    char *params = mem_strdup(b->r->params_path);
    running_free(b->r);
    assert_false(file_exists(params));
    free(params);
    json_decref(b->events);
    free(b->program);
    temp_dir_remove(&b->dir);
}

static const char *text_of(const json_t *ev, const char *key)
{
    const char *s = json_string_value(json_object_get(ev, key));
    return s ? s : "";
}

// The events' types (and the texts of output, in brackets), in order.
static void shape(const struct bench *b, struct buf *out)
{
    size_t i;
    json_t *ev;
    json_array_foreach(b->events, i, ev)
    {
        int64_t us;
        struct slice ts = slice_str(text_of(ev, "ts"));
        if (!clock_parse(ts, &us) && !json_is_number(json_object_get(ev, "ts")))
            fail_msg("an event without a time: %s", text_of(ev, "type"));
        buf_addf(out, "%s%s", i ? " " : "", text_of(ev, "type"));
        if (strcmp(text_of(ev, "type"), "output") == 0) buf_addf(out, "[%s]", text_of(ev, "text"));
    }
}

static void expect_shape(const struct bench *b, const char *want)
{
    struct buf got = BUF_INIT;
    shape(b, &got);
    assert_string_equal(buf_cstr(&got), want);
    buf_release(&got);
}

static json_t *last(const struct bench *b)
{
    return json_array_get(b->events, json_array_size(b->events) - 1);
}

static size_t count(const struct bench *b, const char *type)
{
    size_t i, n = 0;
    json_t *ev;
    json_array_foreach(b->events, i, ev) n += strcmp(text_of(ev, "type"), type) == 0;
    return n;
}

// ---- cases ----------------------------------------------------------------------------------------------------------

static void what_a_task_writes_becomes_events_in_order(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "cat \"$3\" >&3; echo >&3\n" // its parameters: an unknown type, ignored
              "echo '{\"type\":\"phase\",\"name\":\"a\"}' >&3\n"
              "echo '{\"type\":\"progress\",\"done\":1,\"total\":2}' >&3\n"
              "echo '{\"type\":\"log\",\"text\":\"hello\"}' >&3\n"
              "echo '{\"type\":\"result\",\"n\":1,\"ts\":5}' >&3\n"
              "echo \"$1 $2 $HEADWAY_JOB_ID $HEADWAY_ATTEMPT\" >&3\n"
              "exit 3");
    run(&b);
    expect_shape(&b, "started phase progress log result output[tokenize --params job_a 2] exited");
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 3);
    assert_true(json_is_null(json_object_get(last(&b), "signal")));
    assert_string_equal(text_of(json_array_get(b.events, 5), "stream"), "log");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(b.events, 4), "ts")), 5);
    assert_true(b.r->ended);
    end(&b);
}

static void output_and_last_words_are_kept_of_a_crash(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo out; printf 'last words' >&2; kill -ABRT $$");
    run(&b);
    assert_int_equal(count(&b, "output"), 2); // the last line had no newline
    assert_int_equal(json_integer_value(json_object_get(last(&b), "signal")), SIGABRT);
    assert_true(json_is_null(json_object_get(last(&b), "code")));
    assert_string_equal(text_of(last(&b), "last_stderr"), "last words\n");
    end(&b);
}

static void only_the_end_of_much_stderr_is_kept_as_last_words(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "i=0; while [ $i -lt 500 ]; do echo \"line number $i\" >&2; i=$((i+1)); done; exit 1");
    run(&b);
    const char *words = text_of(last(&b), "last_stderr");
    assert_true(strlen(words) < 2048 && strlen(words) > 1000);
    assert_non_null(strstr(words, "line number 499\n"));
    assert_null(strstr(words, "line number 1\n"));
    end(&b);
}

static void a_task_may_close_its_pipes_and_go_on(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo '{\"type\":\"progress\",\"done\":1}' >&3; exec 3>&- 1>&- 2>&-; sleep 0.2; exit 0");
    run(&b);
    expect_shape(&b, "started progress exited");
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 0);
    end(&b);
}

static void a_time_that_says_nothing_is_replaced(void **state)
{
    (void)state;
    // Written as it stands, with ours before it, the object would have two of that name, and no reader would take it.
    struct bench b;
    begin(&b, "echo '{\"type\":\"log\",\"text\":\"a\",\"ts\":null}' >&3\n"
              "echo '{\"ts\":\"noon\",\"type\":\"log\",\"text\":\"b\"}' >&3\n"
              "echo ' {  \"type\":\"log\",\"text\":\"c\",\"ts\":\"2026-01-01T00:00:00Z\"} ' >&3");
    run(&b);
    expect_shape(&b, "started log log log exited");
    assert_string_equal(text_of(json_array_get(b.events, 1), "text"), "a");
    assert_string_equal(text_of(json_array_get(b.events, 3), "ts"), "2026-01-01T00:00:00Z");
    end(&b);
}

static void a_task_has_no_say_in_the_workers_own_events(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "echo '{\"type\":\"exited\",\"code\":0}' >&3; echo '{\"type\":\"heartbeat\"}' >&3\n"
              "echo '{\"type\":\"progress\",\"done\":-1}' >&3; exit 1");
    run(&b);
    assert_int_equal(count(&b, "exited"), 1);
    assert_int_equal(count(&b, "heartbeat"), 0);
    assert_int_equal(count(&b, "progress"), 0);
    assert_int_equal(json_integer_value(json_object_get(last(&b), "code")), 1);
    assert_non_null(strstr(text_of(json_array_get(b.events, 1), "text"), "ignored: progress line: done is -1"));
    end(&b);
}

static void a_line_too_long_is_output_whatever_its_pieces_look_like(void **state)
{
    (void)state;
    // 1 MiB of filler puts the piece's border right before what looks like an event of its own.
    struct bench b;
    begin(&b, "head -c 1048576 /dev/zero | tr '\\0' x >&3; echo '{\"type\":\"result\",\"forged\":1}' >&3\n"
              "echo '{\"type\":\"result\",\"n\":1}' >&3");
    run(&b);
    assert_int_equal(count(&b, "result"), 1);
    assert_true(count(&b, "output") >= 17);
    assert_true(b.largest < (2 << 20));
    end(&b);
}

static void progress_is_thinned_and_the_newest_is_kept(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, "i=0; while [ $i -lt 2000 ]; do echo '{\"type\":\"progress\",\"done\":'$i'}'; i=$((i+1)); done >&3\n"
              "i=0; while [ $i -lt 50 ]; do echo '{\"type\":\"metric\",\"step\":'$i'}'; i=$((i+1)); done >&3");
    run(&b);
    assert_int_equal(count(&b, "metric"), 50); // never dropped
    assert_true(count(&b, "progress") < 400);
    size_t i;
    json_t *ev;
    int64_t done = -1;
    json_array_foreach(b.events, i, ev)
    {
        if (strcmp(text_of(ev, "type"), "progress") != 0) continue;
        int64_t d = json_integer_value(json_object_get(ev, "done"));
        assert_true(d > done);
        done = d;
    }
    assert_int_equal(done, 1999);
    end(&b);
}

static void a_flood_of_output_is_cut_into_batches_the_server_takes(void **state)
{
    (void)state;
    struct bench b;
    // Empty lines and control characters grow most on their way into JSON.
    begin(&b, "head -c 300000 /dev/zero | tr '\\0' '\\n'; head -c 3000000 /dev/zero | tr '\\0' '\\1'");
    run(&b);
    size_t i, bytes = 0;
    json_t *ev;
    json_array_foreach(b.events, i, ev) bytes += json_string_length(json_object_get(ev, "text"));
    assert_true(bytes == 3000000);
    assert_true(count(&b, "output") >= 300000);
    assert_true(b.largest < (2 << 20));
    end(&b);
}

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

static void wait_for_output(struct bench *b, const char *text)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    for (;;) {
        struct pollfd p = {.fd = b->r->child.out_fd, .events = POLLIN};
        if (poll(&p, 1, 100) > 0) (void)running_read(b->r, &b->r->child.out_fd, clock_mono_us());
        collect(b);
        if (strcmp(text_of(last(b), "text"), text) == 0) return;
        if (clock_mono_us() > until) fail_msg("no \"%s\"", text);
    }
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

static void what_can_not_start_says_why_and_which_place_it_holds(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    static const struct {
        const char *drop;
        int code;
    } bad[] = {{"job_id", HW_EPROTOCOL},
               {"lease", HW_EPROTOCOL},
               {"kind", HW_EPROTOCOL},
               {"spec", HW_EPROTOCOL},
               {"none", HW_ENOTFOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct running *r;
        struct err e = {0};
        json_t *job = make_job();
        (void)json_object_del(job, bad[i].drop);
        assert_int_equal(running_start(&r, "/no/such/task", d.path, "wrk_a", job, &e), bad[i].code);
        assert_string_equal(r->resource_class, "cpu");
        assert_true(e.message[0] != 0);
        running_free(r);
        json_decref(job);
    }
    struct running *r;
    struct err e = {0};
    json_t *job = make_job();
    assert_int_equal(running_start(&r, NULL, d.path, "wrk_a", job, &e), HW_EUNAVAILABLE);
    running_free(r);
    json_object_set_new(job, "job_id", json_string("../../escape"));
    assert_int_equal(running_start(&r, "/bin/true", d.path, "wrk_a", job, &e), HW_EPROTOCOL);
    running_free(r);
    json_decref(job);
    temp_dir_remove(&d);
}

static void what_it_uses_is_measured(void **state)
{
    (void)state;
    struct bench b;
    struct resources *res = resources_new("", 0);
    begin(&b, "echo ready; exec sleep 1000");
    wait_for_output(&b, "ready");
    resources_follow(res, b.r->child.pid);
    running_add_resources(b.r, res); // not measured yet: nothing
    assert_true(batches_empty(&b.r->events.batches));
    assert_true(resources_measure(res, 1000000));
    assert_false(resources_measure(res, 1249999)); // soon again, for a job that has just begun
    running_add_resources(b.r, res);
    collect(&b);
    json_t *ev = last(&b);
    assert_string_equal(text_of(ev, "type"), "resources");
    assert_string_equal(text_of(ev, "source"), "measured");
    assert_int_equal(json_integer_value(json_object_get(ev, "processes")), 1);
    assert_true(json_integer_value(json_object_get(ev, "rss_bytes")) > 0);
    assert_true(json_is_null(json_object_get(ev, "cpu_percent"))); // a rate needs two readings: not known, not 0
    assert_int_equal(json_array_size(json_object_get(ev, "gpus")), 0);
    assert_true(resources_measure(res, 1250000));
    running_add_resources(b.r, res);
    collect(&b);
    assert_true(json_is_number(json_object_get(last(&b), "cpu_percent")));
    assert_true(resources_measure(res, 1500000));
    assert_false(resources_measure(res, 3499999)); // then every 2 s
    assert_true(resources_measure(res, 3500000));
    running_stop(b.r, STOP_CANCEL, clock_mono_us());
    resources_forget(res, b.r->child.pid);
    running_add_resources(b.r, res);
    assert_true(batches_empty(&b.r->events.batches));
    run(&b);
    end(&b);
    resources_free(res);
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
        cmocka_unit_test(what_a_task_writes_becomes_events_in_order),
        cmocka_unit_test(output_and_last_words_are_kept_of_a_crash),
        cmocka_unit_test(only_the_end_of_much_stderr_is_kept_as_last_words),
        cmocka_unit_test(a_task_may_close_its_pipes_and_go_on),
        cmocka_unit_test(a_time_that_says_nothing_is_replaced),
        cmocka_unit_test(a_task_has_no_say_in_the_workers_own_events),
        cmocka_unit_test(a_line_too_long_is_output_whatever_its_pieces_look_like),
        cmocka_unit_test(progress_is_thinned_and_the_newest_is_kept),
        cmocka_unit_test(a_flood_of_output_is_cut_into_batches_the_server_takes),
        cmocka_unit_test(never_again_23_a_process_that_left_the_group_does_not_hold_up_the_end),
        cmocka_unit_test(never_again_23_cancel_ends_a_task_that_stands_still),
        cmocka_unit_test(never_again_23_a_task_that_ignores_the_request_is_killed),
        cmocka_unit_test(never_again_23_a_deaf_task_and_its_deaf_child_are_killed_together),
        cmocka_unit_test(a_task_that_the_kernel_killed_for_want_of_memory_is_told_from_one_that_somebody_killed),
        cmocka_unit_test(reasons_to_stop_do_not_overwrite_what_counts_more),
        cmocka_unit_test(a_worker_that_leaves_says_so),
        cmocka_unit_test(what_can_not_start_says_why_and_which_place_it_holds),
        cmocka_unit_test(what_it_uses_is_measured),
        cmocka_unit_test(a_time_limit_ends_the_task_whatever_its_exit_says),
        cmocka_unit_test(never_again_20_without_a_limit_a_task_runs_for_as_long_as_it_takes),
        cmocka_unit_test(time_that_a_job_is_held_does_not_count),
        cmocka_unit_test(a_task_that_ended_by_itself_was_in_time),
        cmocka_unit_test(the_first_reason_to_stop_stays),
        cmocka_unit_test(never_again_23_what_a_dead_task_left_goes_unless_another_may_be_at_work_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
