// A worker that follows another: what the earlier one left running and unsent, and what this one leaves to the next.
#include "worker/worker_world.h"

#include <signal.h>

#include "worker/child.h"
#include "worker/leftovers.h"
#include "worker/predecessor.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_19_a_verdict_on_an_earlier_attempt_does_not_hit_the_next),
        cmocka_unit_test(never_again_21_a_successor_says_whom_it_follows_once_that_ones_reports_are_in),
        cmocka_unit_test(what_stands_for_a_predecessor_must_be_an_id),
        cmocka_unit_test(never_again_19_a_worker_that_starts_ends_what_the_last_one_left),
        cmocka_unit_test(a_worker_stopped_while_the_server_is_away_keeps_its_reports),
        cmocka_unit_test(a_server_that_takes_and_does_not_answer_does_not_hold_up_the_stop),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
