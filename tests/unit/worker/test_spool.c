// Reports on their way: order, the way to disk, and what a worker that died left.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "temp_dir.h"
#include "worker/spool.h"

static const struct spool_limits tiny = {100, 1000};

static struct spool *must_open(const char *dir, struct spool_limits limits)
{
    struct spool *s;
    struct err e = {0};
    if (spool_open(&s, dir, limits, &e) != 0) fail_msg("%s", e.message);
    return s;
}

static void push(struct spool *s, const char *worker, int n, size_t size)
{
    struct buf b = BUF_INIT;
    struct err e = {0};
    buf_addf(&b, "%d:%*s", n, (int)size, "");
    if (spool_push(s, worker, &b, &e) != 0) fail_msg("%s", e.message);
    assert_null(b.p);
}

// The oldest batch is number n of that worker; it is dropped.
static void expect(struct spool *s, const char *worker, int n)
{
    struct spool_batch b = {0};
    assert_true(spool_wait(s, 0, &b));
    assert_string_equal(b.worker_id, worker);
    assert_int_equal(atoi(buf_cstr(&b.body)), n);
    buf_release(&b.body);
    spool_drop(s);
}

static int files_in(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *it; (it = readdir(d));) n += it->d_name[0] != '.';
    closedir(d);
    return n;
}

static void first_in_is_first_out_in_memory_and_on_disk(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    assert_true(spool_empty(s));
    for (int i = 0; i < 20; i++) push(s, "wrk_a", i, 40);
    assert_true(files_in(d.path) >= 15); // little is kept in memory
    for (int i = 0; i < 10; i++) expect(s, "wrk_a", i);
    for (int i = 20; i < 30; i++) push(s, "wrk_b", i, 40);
    for (int i = 10; i < 20; i++) expect(s, "wrk_a", i);
    for (int i = 20; i < 30; i++) expect(s, "wrk_b", i);
    assert_true(spool_empty(s));
    assert_int_equal(spool_bytes(s), 0);
    assert_int_equal(files_in(d.path), 0);
    struct spool_batch b = {0};
    assert_false(spool_wait(s, 0, &b));
    spool_drop(s); // nothing to drop is fine
    spool_close(s);
    temp_dir_remove(&d);
}

static void a_batch_stays_until_it_is_dropped(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    struct spool_batch b = {0};
    push(s, "wrk_a", 1, 10);
    for (int i = 0; i < 3; i++) {
        assert_true(spool_wait(s, 0, &b));
        assert_int_equal(atoi(buf_cstr(&b.body)), 1);
    }
    buf_release(&b.body);
    spool_close(s);
    temp_dir_remove(&d);
}

static void what_was_not_sent_is_found_again(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    for (int i = 0; i < 12; i++) push(s, i < 6 ? "wrk_a" : "wrk_bb", i, 40);
    expect(s, "wrk_a", 0);
    spool_close(s);
    s = must_open(d.path, tiny);
    push(s, "wrk_ccc", 12, 40); // comes after what was there
    for (int i = 1; i < 12; i++) expect(s, i < 6 ? "wrk_a" : "wrk_bb", i);
    expect(s, "wrk_ccc", 12);
    assert_true(spool_empty(s));
    spool_close(s);
    temp_dir_remove(&d);
}

static void a_crash_loses_only_what_was_in_memory(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    pid_t pid = fork();
    if (pid == 0) {
        struct spool *s;
        struct err e;
        if (spool_open(&s, d.path, tiny, &e) != 0) _exit(1);
        for (int i = 0; i < 12; i++) {
            struct buf b = BUF_INIT;
            buf_addf(&b, "%d:%*s", i, 90, "");
            if (spool_push(s, "wrk_a", &b, &e) != 0) _exit(1);
        }
        kill(getpid(), SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    char *half = file_join(d.path, "00000000000000000099-wrk_a.json.tmp");
    struct err e = {0};
    assert_int_equal(file_write_atomic(half, SLICE_LIT("{"), &e), 0);
    struct spool *s = must_open(d.path, tiny);
    assert_false(file_exists(half)); // half a batch is none
    for (int i = 1; i < 12; i++) expect(s, "wrk_a", i);
    assert_true(spool_empty(s));
    spool_close(s);
    free(half);
    temp_dir_remove(&d);
}

static void while_the_server_is_away_a_crash_loses_nothing(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, SPOOL_LIMITS_DEFAULT);
    push(s, "wrk_a", 0, 10);
    push(s, "wrk_a", 1, 10);
    assert_int_equal(files_in(d.path), 0);
    spool_secure(s, true);
    assert_int_equal(files_in(d.path), 2);
    push(s, "wrk_a", 2, 10);
    assert_int_equal(files_in(d.path), 3); // all that another spool would find
    struct spool *next = must_open(d.path, SPOOL_LIMITS_DEFAULT);
    uint64_t bytes = spool_bytes(s);
    assert_true(bytes > 0 && spool_bytes(next) == bytes);
    spool_close(next);
    spool_secure(s, false);
    push(s, "wrk_a", 3, 10);
    assert_int_equal(files_in(d.path), 3);
    for (int i = 0; i < 4; i++) expect(s, "wrk_a", i);
    assert_int_equal(files_in(d.path), 0);
    assert_int_equal(spool_bytes(s), 0);
    spool_close(s);
    temp_dir_remove(&d);
}

static void strange_files_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"README", "1.json", "0000000000000000000x-wrk.json",
                                        "00000000000000000001-a-worker-id-that-is-longer-than-any-of-ours.json"};
    struct temp_dir d = temp_dir_new();
    struct err e = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = file_join(d.path, names[i]);
        assert_int_equal(file_write_atomic(path, SLICE_LIT("{}"), &e), 0);
        free(path);
    }
    struct spool *s = must_open(d.path, tiny);
    assert_true(spool_empty(s));
    spool_close(s);
    assert_int_equal(files_in(d.path), sizeof names / sizeof *names);
    temp_dir_remove(&d);
}

static void a_file_that_went_away_costs_no_other(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    struct spool_batch b = {0};
    for (int i = 0; i < 3; i++) push(s, "wrk_a", i, 90);
    char *second = file_join(d.path, "00000000000000000002-wrk_a.json");
    assert_int_equal(unlink(second), 0);
    expect(s, "wrk_a", 0);
    assert_false(spool_wait(s, 0, &b));
    expect(s, "wrk_a", 2);
    assert_true(spool_empty(s));
    assert_int_equal(spool_bytes(s), 0);
    buf_release(&b.body);
    free(second);
    spool_close(s);
    temp_dir_remove(&d);
}

static void full_is_said_and_passes(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    int n = 0;
    for (; !spool_full(s); n++) {
        assert_true(n < 100);
        push(s, "wrk_a", n, 100);
    }
    assert_true(spool_bytes(s) > tiny.disk_bytes);
    for (int i = 0; i < n; i++) expect(s, "wrk_a", i);
    assert_false(spool_full(s));
    spool_close(s);
    temp_dir_remove(&d);
}

static void a_disk_that_refuses_loses_nothing(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        // Root may write anywhere; a limit on the size of files stops it too.
        signal(SIGXFSZ, SIG_IGN);
    }
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    struct rlimit old, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){10, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int failed = 0;
    for (int i = 0; i < 10; i++) {
        struct buf b = BUF_INIT;
        buf_addf(&b, "%d:%*s", i, 60, "");
        failed += spool_push(s, "wrk_a", &b, NULL) != 0;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(failed > 0);
    assert_true(spool_full(s)); // memory is bounded too
    for (int i = 0; i < 10; i++) expect(s, "wrk_a", i);
    spool_close(s);
    temp_dir_remove(&d);
}

static void *push_hundred(void *arg)
{
    for (int i = 0; i < 100; i++) push(arg, "wrk_a", i, 30);
    return NULL;
}

static void a_waiting_reader_is_woken(void **state)
{
    (void)state;
    struct temp_dir d = temp_dir_new();
    struct spool *s = must_open(d.path, tiny);
    pthread_t t;
    struct spool_batch b = {0};
    assert_int_equal(pthread_create(&t, NULL, push_hundred, s), 0);
    for (int i = 0; i < 100; i++) {
        assert_true(spool_wait(s, 60000, &b));
        assert_int_equal(atoi(buf_cstr(&b.body)), i);
        spool_drop(s);
    }
    pthread_join(t, NULL);
    buf_release(&b.body);
    spool_close(s);
    temp_dir_remove(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out_in_memory_and_on_disk),
        cmocka_unit_test(a_batch_stays_until_it_is_dropped),
        cmocka_unit_test(what_was_not_sent_is_found_again),
        cmocka_unit_test(a_crash_loses_only_what_was_in_memory),
        cmocka_unit_test(while_the_server_is_away_a_crash_loses_nothing),
        cmocka_unit_test(strange_files_are_left_alone),
        cmocka_unit_test(a_file_that_went_away_costs_no_other),
        cmocka_unit_test(full_is_said_and_passes),
        cmocka_unit_test(a_disk_that_refuses_loses_nothing),
        cmocka_unit_test(a_waiting_reader_is_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
