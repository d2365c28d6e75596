// The worker as a whole, against a real HTTP server that gives it jobs and answers its reports as each case wants.
#include "worker/worker_world.h"

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
        cmocka_unit_test(a_server_that_forgot_us_ends_our_tasks),
        cmocka_unit_test(a_flood_of_output_arrives_whole_in_requests_the_server_takes),
        cmocka_unit_test(a_second_worker_on_the_same_folder_is_refused),
        cmocka_unit_test(bad_options_are_said_at_once),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
