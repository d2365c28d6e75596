// The worker as a whole, against a real HTTP server that gives it jobs and answers its reports as each case wants.
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
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "temp_dir.h"
#include "tiny_server.h"
#include "worker/child.h"
#include "worker/leftovers.h"
#include "worker/predecessor.h"
#include "worker/worker.h"

enum { DEADLINE_S = 60, JOBS_MAX = 4 };

struct world {
    struct tiny_server server;
    struct temp_dir dir;
    char *data, *task;
    // what the server does
    const char *job_lease[JOBS_MAX]; // jobs job_0, job_1 … to give out, by their lease
    const char *lost_lease;          // reports under it are refused
    const char *cancel_lease;        // reports under it are answered with "cancel"
    bool silent;                     // reports aren't answered
    bool unknown;                    // reports are answered with 404
    int busy;                        // so many reports are put off with 503
    // what it has seen
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int given, registered, asked;
    int taken, before; // reports taken; of them, before the first registration
    char replaces[40]; // as the last registration said it
    json_t *events;    // {"lease", "worker", "event"}, in order
    size_t largest;    // report, bytes
    int64_t last_batch;
    int together; // requests with reports of several jobs
    // the worker
    pthread_t thread;
    int stop_fd, rc;
    struct err e;
};

static void answer_report(struct world *w, const struct tiny_request *q)
{
    struct err e = {0};
    struct buf b = BUF_INIT;
    struct jw j;
    json_t *body = json_read_object(q->body, &e);
    if (!body) fail_msg("a report that can't be read: %s", e.message);
    jw_init(&j, &b);
    jw_obj(&j);
    jw_key(&j, "jobs");
    jw_obj(&j);
    size_t i, k;
    json_t *report, *event;
    json_array_foreach(json_object_get(body, "reports"), i, report)
    {
        const char *lease = json_string_value(json_object_get(report, "lease"));
        bool lost = w->lost_lease && strcmp(lease, w->lost_lease) == 0;
        jw_key(&j, json_string_value(json_object_get(report, "job_id")));
        jw_obj(&j);
        jw_kbool(&j, "ok", !lost);
        jw_kstr(&j, "control", w->cancel_lease && strcmp(lease, w->cancel_lease) == 0 ? "cancel" : NULL);
        jw_obj_end(&j);
        json_array_foreach(json_object_get(report, "events"), k, event) json_array_append_new(
            w->events, json_pack("{s:s,s:s#,s:O}", "lease", lease, "worker", q->path + 16, 5, "event", event));
    }
    jw_obj_end(&j);
    jw_obj_end(&j);
    if (q->body.n > w->largest) w->largest = q->body.n;
    if (json_array_size(json_object_get(body, "reports")) > 1) w->together++;
    w->last_batch = json_integer_value(json_object_get(body, "batch"));
    tiny_answer(q, w->unknown ? 404 : 200, buf_cstr(&b));
    buf_release(&b);
    json_decref(body);
}

static bool serve(void *ctx, const struct tiny_request *q)
{
    struct world *w = ctx;
    bool hang = false;
    pthread_mutex_lock(&w->lock);
    if (strcmp(q->path, "/api/v1/workers") == 0) {
        json_t *body = json_read_object(q->body, NULL);
        const char *replaces = json_string_value(json_object_get(body, "replaces"));
        snprintf(w->replaces, sizeof w->replaces, "%s", replaces ? replaces : "");
        json_decref(body);
        if (w->registered++ == 0) w->before = w->taken;
        tiny_answer(q, 201, "{\"id\":\"wrk_1\",\"lease_seconds\":0.3}");
    } else if (strstr(q->path, "/claim")) {
        const char *lease = w->given < JOBS_MAX ? w->job_lease[w->given] : NULL;
        char job[512];
        snprintf(job, sizeof job,
                 "{\"jobs\":[{\"job_id\":\"job_%d\",\"attempt\":1,\"lease\":\"%s\",\"kind\":\"x\",\"resource_class\":"
                 "\"cpu\",\"spec\":{}}]}",
                 w->given, lease ? lease : "");
        hang = !lease || !memmem(q->body.p, q->body.n, "\"cpu\"", 5);
        if (!hang) w->given++, tiny_answer(q, 200, job);
    } else if (strstr(q->path, "/report")) {
        w->asked++;
        if (w->silent)
            hang = true;
        else if (w->busy > 0)
            w->busy--, tiny_answer(q, 503, "{}");
        else
            w->taken++, answer_report(w, q);
    }
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (hang) tiny_hang(q);
    return !hang;
}

static void set_up(struct world *w, const char *script)
{
    *w = (struct world){.dir = temp_dir_new(), .events = json_array(), .stop_fd = -1};
    struct err e = {0};
    struct buf text = BUF_INIT;
    buf_addf(&text, "#!/bin/sh\n%s\n", script);
    w->task = file_join(w->dir.path, "task");
    w->data = file_join(w->dir.path, "data");
    if (file_write_atomic(w->task, buf_slice(&text), &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(chmod(w->task, 0700), 0);
    buf_release(&text);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    tiny_start(&w->server, 0, serve, w);
}

static void tear_down(struct world *w)
{
    tiny_stop(&w->server);
    json_decref(w->events);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w->task);
    free(w->data);
    temp_dir_remove(&w->dir);
}

static void *work(void *arg)
{
    struct world *w = arg;
    const struct worker_options o = {.server_url = w->server.url,
                                     .data_dir = w->data,
                                     .slots = "cpu=2,io=1",
                                     .task_program = w->task,
                                     .stop_fd = w->stop_fd};
    w->rc = worker_run(&o, &w->e);
    return NULL;
}

static void start_worker(struct world *w)
{
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(w->stop_fd >= 0);
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
}

static void stop_worker(struct world *w)
{
    uint64_t one = 1;
    assert_int_equal(write(w->stop_fd, &one, sizeof one), sizeof one);
    pthread_join(w->thread, NULL);
    close(w->stop_fd);
    if (w->rc != 0) fail_msg("%s", w->e.message);
}

// How many events of that type were reported under that lease (NULL: any); with the lock held.
static int seen(const struct world *w, const char *lease, const char *type)
{
    size_t i;
    json_t *it;
    int n = 0;
    json_array_foreach(w->events, i, it)
    {
        const char *l = json_string_value(json_object_get(it, "lease"));
        const char *t = json_string_value(json_object_get(json_object_get(it, "event"), "type"));
        n += (!lease || strcmp(l, lease) == 0) && t && strcmp(t, type) == 0;
    }
    return n;
}

static void wait_seen(struct world *w, const char *lease, const char *type, int times)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&w->lock);
    while (seen(w, lease, type) < times)
        if (pthread_cond_timedwait(&w->changed, &w->lock, &until) == ETIMEDOUT) fail_msg("no %s", type);
    pthread_mutex_unlock(&w->lock);
}

static const json_t *last_event(const struct world *w, const char *lease)
{
    for (size_t i = json_array_size(w->events); i-- > 0;) {
        json_t *it = json_array_get(w->events, i);
        if (strcmp(json_string_value(json_object_get(it, "lease")), lease) == 0) return json_object_get(it, "event");
    }
    fail_msg("nothing under %s", lease);
    return NULL;
}

static int spooled(const struct world *w)
{
    char *path = file_join(w->data, "spool");
    DIR *d = opendir(path);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *it; (it = readdir(d));) n += it->d_name[0] != '.';
    closedir(d);
    free(path);
    return n;
}

// ---- cases ----------------------------------------------------------------------------------------------------------

static void a_job_is_claimed_run_and_reported_to_its_end(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "echo '{\"type\":\"progress\",\"done\":1,\"total\":2}' >&3; echo out; exit 4");
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    stop_worker(&w);
    assert_int_equal(w.registered, 1);
    assert_int_equal(seen(&w, "l0", "started"), 1);
    assert_int_equal(seen(&w, "l0", "progress"), 1);
    assert_int_equal(json_integer_value(json_object_get(last_event(&w, "l0"), "code")), 4);
    assert_int_equal(spooled(&w), 0);
    tear_down(&w);
}

static void a_quiet_job_keeps_its_lease_and_says_what_it_uses(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "sleep 1000");
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "heartbeat", 3);
    wait_seen(&w, "l0", "resources", 2);
    stop_worker(&w);
    assert_int_equal(seen(&w, "l0", "error"), 1); // the worker left
    assert_int_equal(seen(&w, "l0", "exited"), 1);
    tear_down(&w);
}

static void several_jobs_run_at_once_and_one_waits_for_its_place(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "exit 0");
    for (int i = 0; i < JOBS_MAX; i++) w.job_lease[i] = (const char *const[]){"l0", "l1", "l2", "l3"}[i];
    start_worker(&w);
    wait_seen(&w, NULL, "exited", JOBS_MAX);
    stop_worker(&w);
    assert_int_equal(w.registered, 1);
    tear_down(&w);
}

static void what_several_jobs_have_to_say_goes_in_one_request(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "while :; do echo '{\"type\":\"metric\",\"step\":1}' >&3; sleep 0.01; done");
    w.job_lease[0] = "l0", w.job_lease[1] = "l1";
    start_worker(&w);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&w.lock);
    while (w.together == 0)
        if (pthread_cond_timedwait(&w.changed, &w.lock, &until) == ETIMEDOUT) fail_msg("each goes by itself");
    pthread_mutex_unlock(&w.lock);
    wait_seen(&w, "l0", "metric", 1);
    wait_seen(&w, "l1", "metric", 1);
    stop_worker(&w);
    tear_down(&w);
}

// In the folder that the task lies in.
static void wait_file(const struct world *w, const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(inotify_add_watch(fd, w->dir.path, IN_CREATE | IN_MOVED_TO) >= 0);
    while (!file_exists(path)) {
        char events[4096];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, DEADLINE_S * 1000), 1);
        assert_true(read(fd, events, sizeof events) > 0);
    }
    close(fd);
}

static void cancel_stops_the_task(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "while :; do sleep 0.05; done");
    w.job_lease[0] = w.cancel_lease = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    stop_worker(&w);
    assert_int_equal(seen(&w, "l0", "error"), 0);
    tear_down(&w);
}

static void a_lost_lease_stops_the_task_and_nothing_more_is_said(void **state)
{
    (void)state;
    struct world w;
    // The task tells of its end through a file, for the server hears no more of it.
    set_up(&w, "trap 'echo x >\"$0.ended\"; exit 1' TERM; echo ready; while :; do sleep 0.05; done");
    w.job_lease[0] = "l0";
    w.job_lease[1] = "l1";
    start_worker(&w);
    wait_seen(&w, "l0", "output", 1);
    pthread_mutex_lock(&w.lock);
    w.lost_lease = "l0";
    pthread_mutex_unlock(&w.lock);
    char *ended = mem_printf("%s.ended", w.task);
    wait_seen(&w, "l1", "heartbeat", 1);
    wait_file(&w, ended);
    stop_worker(&w);
    assert_int_equal(seen(&w, "l0", "exited"), 0);
    assert_int_equal(seen(&w, "l1", "exited"), 1); // the other one isn't touched
    free(ended);
    tear_down(&w);
}

// Leaves a batch of an earlier worker in the spool.
static void leave_batch(const struct world *w, const char *lease)
{
    struct err e = {0};
    char *dir = file_join(w->data, "spool"), *path = file_join(dir, "00000000000000000007-wrk_0.json");
    struct buf b = BUF_INIT;
    buf_addf(&b,
             "{\"batch\":3,\"reports\":[{\"job_id\":\"job_0\",\"attempt\":1,\"lease\":\"%s\",\"events\":"
             "[{\"type\":\"late\"}]}]}",
             lease);
    assert_int_equal(file_mkdirs(dir, &e), 0);
    assert_int_equal(file_write_atomic(path, buf_slice(&b), &e), 0);
    buf_release(&b);
    free(path);
    free(dir);
}

static void never_again_19_a_verdict_on_an_earlier_attempt_does_not_hit_the_next(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "i=0; while [ $i -lt 20 ]; do sleep 0.05; i=$((i+1)); done; exit 0");
    w.job_lease[0] = "new";
    w.lost_lease = "old";
    leave_batch(&w, "old");
    start_worker(&w);
    wait_seen(&w, "new", "exited", 1);
    stop_worker(&w);
    assert_int_equal(seen(&w, "old", "late"), 1);
    assert_int_equal(json_integer_value(json_object_get(last_event(&w, "new"), "code")), 0);
    // It went out under the id that it was written for.
    assert_string_equal(json_string_value(json_object_get(json_array_get(w.events, 0), "worker")), "wrk_0");
    tear_down(&w);
}

static void never_again_21_a_successor_says_whom_it_follows_once_that_ones_reports_are_in(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    set_up(&w, "exit 0");
    assert_int_equal(file_mkdirs(w.data, &e), 0);
    assert_int_equal(predecessor_write(w.data, "wrk_0", &e), 0);
    leave_batch(&w, "old"); // its end may be in there
    w.busy = 3;
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    stop_worker(&w);
    assert_string_equal(w.replaces, "wrk_0");
    assert_int_equal(w.before, 1);
    // The next one follows this one.
    w.given = JOBS_MAX;
    start_worker(&w);
    pthread_mutex_lock(&w.lock);
    while (w.registered < 2) pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    stop_worker(&w);
    assert_string_equal(w.replaces, "wrk_1");
    tear_down(&w);
}

static void what_stands_for_a_predecessor_must_be_an_id(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "\n", "x", "../../etc", "wrk_1\nwrk_2\n", "wrk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct temp_dir d = temp_dir_new();
    struct err e;
    char id[WORKER_ID_SIZE], *path = file_join(d.path, "worker.id");
    predecessor_read(d.path, id);
    assert_string_equal(id, "");
    assert_int_equal(predecessor_write(d.path, "wrk_a-B9", &e), 0);
    predecessor_read(d.path, id);
    assert_string_equal(id, "wrk_a-B9");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(file_replace(path, slice_str(texts[i]), &e), 0);
        predecessor_read(d.path, id);
        assert_string_equal(id, "");
    }
    free(path);
    temp_dir_remove(&d);
}

static void never_again_19_a_worker_that_starts_ends_what_the_last_one_left(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    set_up(&w, "exit 0");
    char *dir = file_join(w.data, "running"), sleep_bin[] = "/bin/sleep", long_time[] = "1000";
    char *argv[] = {sleep_bin, long_time, NULL};
    struct child c;
    assert_int_equal(file_mkdirs(dir, &e), 0);
    assert_int_equal(child_spawn(&c, argv, NULL, &e), 0);
    assert_int_equal(leftovers_note(dir, "job_0", 1, c.pid, &e), 0);
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    struct pollfd p = {.fd = c.pidfd, .events = POLLIN};
    int ended = poll(&p, 1, 0); // already: before the first job was asked for
    child_signal(&c, SIGTERM);
    assert_int_equal(child_reap(&c).signal, SIGKILL);
    assert_int_equal(ended, 1);
    child_close(&c);
    stop_worker(&w);
    DIR *left = opendir(dir);
    assert_non_null(left);
    for (struct dirent *it; (it = readdir(left));) assert_true(it->d_name[0] == '.'); // nor of the job that has ended
    closedir(left);
    free(dir);
    tear_down(&w);
}

static void a_server_that_forgot_us_ends_our_tasks(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "trap 'echo x >\"$0.ended\"; exit 1' TERM; echo ready; while :; do sleep 0.05; done");
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "output", 1);
    pthread_mutex_lock(&w.lock);
    w.unknown = true;
    pthread_mutex_unlock(&w.lock);
    char *ended = mem_printf("%s.ended", w.task);
    wait_file(&w, ended);
    stop_worker(&w);
    free(ended);
    tear_down(&w);
}

static void a_worker_stopped_while_the_server_is_away_keeps_its_reports(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "echo words; exit 5");
    w.job_lease[0] = "l0";
    w.silent = true;
    start_worker(&w);
    pthread_mutex_lock(&w.lock);
    while (w.asked == 0) pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    int port = w.server.port;
    tiny_stop(&w.server); // away
    stop_worker(&w);
    assert_true(spooled(&w) > 0);
    assert_int_equal(json_array_size(w.events), 0);
    w.silent = false;
    tiny_start(&w.server, port, serve, &w);
    start_worker(&w); // the next one sends them
    wait_seen(&w, "l0", "exited", 1);
    stop_worker(&w);
    assert_int_equal(seen(&w, "l0", "started"), 1);
    assert_int_equal(spooled(&w), 0);
    tear_down(&w);
}

static void a_server_that_takes_and_does_not_answer_does_not_hold_up_the_stop(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "exit 0");
    w.job_lease[0] = "l0";
    w.silent = true;
    start_worker(&w);
    pthread_mutex_lock(&w.lock);
    while (w.asked == 0) pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    stop_worker(&w); // its reports stay
    assert_true(spooled(&w) > 0);
    tear_down(&w);
}

static void a_flood_of_output_arrives_whole_in_requests_the_server_takes(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "yes 'a line of forty characters, more or less' | head -n 200000; echo last");
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    stop_worker(&w);
    assert_int_equal(seen(&w, "l0", "output"), 200001);
    assert_true(w.largest < (2 << 20));
    tear_down(&w);
}

static void a_second_worker_on_the_same_folder_is_refused(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, "exit 0");
    w.job_lease[0] = "l0";
    start_worker(&w);
    wait_seen(&w, "l0", "exited", 1);
    struct err e = {0};
    const struct worker_options o = {
        .server_url = w.server.url, .data_dir = w.data, .slots = "cpu=1", .task_program = w.task, .stop_fd = w.stop_fd};
    assert_int_equal(worker_run(&o, &e), HW_ECONFLICT);
    assert_non_null(strstr(e.message, w.data));
    stop_worker(&w);
    tear_down(&w);
}

static void bad_options_are_said_at_once(void **state)
{
    (void)state;
    struct world w;
    struct err e = {0};
    set_up(&w, "exit 0");
    struct worker_options o = {.server_url = "ftp://x", .data_dir = w.data, .slots = "cpu=1", .stop_fd = -1};
    assert_int_equal(worker_run(&o, &e), HW_EVALIDATION);
    o.server_url = w.server.url;
    o.slots = "tpu=1";
    assert_int_equal(worker_run(&o, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "slots");
    o.slots = "cpu=1";
    o.data_dir = "/dev/null/x";
    assert_int_equal(worker_run(&o, &e), HW_EIO);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_claimed_run_and_reported_to_its_end),
        cmocka_unit_test(a_quiet_job_keeps_its_lease_and_says_what_it_uses),
        cmocka_unit_test(several_jobs_run_at_once_and_one_waits_for_its_place),
        cmocka_unit_test(what_several_jobs_have_to_say_goes_in_one_request),
        cmocka_unit_test(cancel_stops_the_task),
        cmocka_unit_test(a_lost_lease_stops_the_task_and_nothing_more_is_said),
        cmocka_unit_test(never_again_19_a_verdict_on_an_earlier_attempt_does_not_hit_the_next),
        cmocka_unit_test(never_again_21_a_successor_says_whom_it_follows_once_that_ones_reports_are_in),
        cmocka_unit_test(what_stands_for_a_predecessor_must_be_an_id),
        cmocka_unit_test(never_again_19_a_worker_that_starts_ends_what_the_last_one_left),
        cmocka_unit_test(a_server_that_forgot_us_ends_our_tasks),
        cmocka_unit_test(a_worker_stopped_while_the_server_is_away_keeps_its_reports),
        cmocka_unit_test(a_server_that_takes_and_does_not_answer_does_not_hold_up_the_stop),
        cmocka_unit_test(a_flood_of_output_arrives_whole_in_requests_the_server_takes),
        cmocka_unit_test(a_second_worker_on_the_same_folder_is_refused),
        cmocka_unit_test(bad_options_are_said_at_once),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
