#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "monitor/process.h"

// ---- parsers ------------------------------------------------------------------------------------------------------

static const char *const stat_line = "5882 (cat) R 5875 5870 3394 0 -1 4194304 101 0 0 0 11 12 13 14 20 0 1 0 115622 "
                                     "3133440 390 18446744073709551615 0 0\n";

static void pid_stat_names_the_process_and_its_times(void **state)
{
    (void)state;
    struct process_stat st;
    assert_true(parse_pid_stat(slice_str(stat_line), &st));
    assert_int_equal(st.pid, 5882);
    assert_int_equal(st.ppid, 5875);
    assert_int_equal(st.pgrp, 5870);
    assert_int_equal(st.state, 'R');
    assert_int_equal(st.user_ticks, 11);
    assert_int_equal(st.system_ticks, 12);
    assert_int_equal(st.child_user_ticks, 13);
    assert_int_equal(st.child_system_ticks, 14);
    assert_int_equal(st.start_ticks, 115622);
}

static void pid_stat_bears_any_program_name(void **state)
{
    (void)state;
    struct process_stat st;
    assert_true(parse_pid_stat(slice_str("7 (a) R 1 (b c) S 5 6 3394 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 99 0 0\n"), &st));
    assert_int_equal(st.ppid, 5);
    assert_int_equal(st.pgrp, 6);
    assert_int_equal(st.state, 'S');
    assert_int_equal(st.start_ticks, 99);
}

static void pid_files_cut_anywhere_give_nothing(void **state)
{
    (void)state;
    struct process_stat st;
    for (size_t n = 0; n < strlen(stat_line); n++) {
        char *exact = mem_dup(stat_line, n);
        assert_false(parse_pid_stat(slice_of(exact, n), &st));
        free(exact);
    }
    assert_false(parse_pid_stat(slice_str("1 cat R 1 2 3\n"), &st));
    assert_absent(parse_pid_statm_rss(slice_str("765 43")));
    assert_absent(parse_pid_statm_rss(slice_str("765\n")));
    assert_u64(parse_pid_statm_rss(slice_str("765 433 405 5 0 123 0\n")), 433);
}

static void pid_io_gives_what_reached_the_disk(void **state)
{
    (void)state;
    struct process_io io = parse_pid_io(slice_str("rchar: 7296\nwchar: 320\nsyscr: 14\nsyscw: 2\nread_bytes: 4096\n"
                                                  "write_bytes: 8192\ncancelled_write_bytes: 512\n"));
    assert_u64(io.read_bytes, 4096);
    assert_u64(io.write_bytes, 8192);
    io = parse_pid_io(slice_str("read_bytes: 4096\nwrite_bytes: 81"));
    assert_u64(io.read_bytes, 4096);
    assert_absent(io.write_bytes);
}

// ---- groups: a /proc made up --------------------------------------------------------------------------------------

struct made_up {
    int pid, ppid, pgrp;
    unsigned long start, user, child_user;
    unsigned long rss_pages, read_bytes, write_bytes;
};

static void put_process(const char *root, struct made_up p)
{
    char name[64], text[512];
    snprintf(name, sizeof name, "%d/stat", p.pid);
    snprintf(text, sizeof text, "%d (job) S %d %d 1 0 -1 0 0 0 0 0 %lu 0 %lu 0 20 0 1 0 %lu 0 0\n", p.pid, p.ppid,
             p.pgrp, p.user, p.child_user, p.start);
    put(root, name, text);
    snprintf(name, sizeof name, "%d/statm", p.pid);
    snprintf(text, sizeof text, "9999 %lu 1 1 0 1 0\n", p.rss_pages);
    put(root, name, text);
    snprintf(name, sizeof name, "%d/io", p.pid);
    snprintf(text, sizeof text, "rchar: 1\nread_bytes: %lu\nwrite_bytes: %lu\n", p.read_bytes, p.write_bytes);
    put(root, name, text);
}

static void drop_process(const char *root, int pid)
{
    static const char *const files[] = {"stat", "statm", "io"};
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%d/%s", pid, files[i]);
        drop(root, name);
    }
}

struct scene {
    char *root;
    struct process_watch *watch;
    int64_t now_us;
    long ticks; // per second
    uint64_t page;
};

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof *s);
    s->root = temp_tree();
    s->watch = process_watch_new(s->root);
    s->ticks = sysconf(_SC_CLK_TCK);
    s->page = (uint64_t)sysconf(_SC_PAGESIZE);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    process_watch_free(s->watch);
    remove_tree(s->root);
    free(s);
    return 0;
}

// One second later.
static struct group_usage look(struct scene *s, int64_t pgid)
{
    struct group_usage u;
    s->now_us += 1000000;
    process_watch_read(s->watch, s->now_us);
    assert_true(process_watch_get(s->watch, pgid, &u));
    return u;
}

static void a_group_is_the_sum_of_its_processes(void **state)
{
    struct scene *s = *state;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 1000, .rss_pages = 10, .read_bytes = 4096});
    put_process(s->root, (struct made_up){101, 100, 100, 6, .user = 500, .rss_pages = 20, .write_bytes = 512});
    put_process(s->root, (struct made_up){200, 1, 200, 5, .user = 9000, .rss_pages = 99});
    put(s->root, "stat", "cpu 1 2 3 4\n"); // isn't a process
    process_watch_add(s->watch, 100);
    struct group_usage u = look(s, 100);
    assert_int_equal(u.processes, 2);
    assert_u64(u.rss_bytes, 30 * s->page);
    assert_absent(u.cpu_percent); // the first reading
    assert_absent(u.read_rate);

    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 1000 + (unsigned long)s->ticks, .rss_pages = 10,
                                          .read_bytes = 8192});
    put_process(s->root, (struct made_up){101, 100, 100, 6, .user = 500 + (unsigned long)s->ticks / 2, .rss_pages = 20,
                                          .write_bytes = 1536});
    u = look(s, 100);
    assert_f64(u.cpu_percent, 150); // one core and a half
    assert_f64(u.read_rate, 4096);
    assert_f64(u.write_rate, 1024);
    assert_u64(u.read_bytes, 4096);
    assert_u64(u.write_bytes, 1024);
}

static void a_new_process_counts_from_its_start(void **state)
{
    struct scene *s = *state;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10});
    process_watch_add(s->watch, 100);
    look(s, 100);
    put_process(s->root, (struct made_up){101, 100, 100, 9, .user = (unsigned long)s->ticks});
    assert_f64(look(s, 100).cpu_percent, 100);
}

static void a_child_waited_for_is_not_counted_twice(void **state)
{
    struct scene *s = *state;
    unsigned long second = (unsigned long)s->ticks;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10});
    put_process(s->root, (struct made_up){101, 100, 100, 6, .user = 40 * second});
    process_watch_add(s->watch, 100);
    look(s, 100);
    drop_process(s->root, 101); // after one more second of work, which its parent's count of children now includes
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .child_user = 41 * second});
    struct group_usage u = look(s, 100);
    assert_f64(u.cpu_percent, 100);
    assert_int_equal(u.processes, 1);
}

static void an_orphan_that_ends_takes_its_past_along(void **state)
{
    struct scene *s = *state;
    unsigned long second = (unsigned long)s->ticks;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10});
    put_process(s->root, (struct made_up){101, 1, 100, 6, .user = 40 * second});
    process_watch_add(s->watch, 100);
    look(s, 100);
    drop_process(s->root, 101);
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10 + second});
    assert_f64(look(s, 100).cpu_percent, 100);
}

static void a_reused_pid_is_another_process(void **state)
{
    struct scene *s = *state;
    unsigned long second = (unsigned long)s->ticks;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10});
    put_process(s->root, (struct made_up){101, 1, 100, 6, .user = 50 * second});
    process_watch_add(s->watch, 100);
    look(s, 100);
    put_process(s->root, (struct made_up){101, 1, 100, 777, .user = second}); // the number again, started later
    assert_f64(look(s, 100).cpu_percent, 100);
}

static void a_process_that_may_not_be_read_makes_the_rates_absent(void **state)
{
    struct scene *s = *state;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .rss_pages = 1});
    process_watch_add(s->watch, 100);
    look(s, 100);
    drop(s->root, "100/io");
    struct group_usage u = look(s, 100);
    assert_absent(u.read_rate);
    assert_absent(u.write_rate);
    assert_f64(u.cpu_percent, 0);
    assert_u64(u.rss_bytes, s->page);
}

// A shell's pipeline ends at once: the grandchild's past came to the leader by way of the child's, and isn't new work.
static void a_branch_that_ends_at_once_is_no_spike(void **state)
{
    struct scene *s = *state;
    unsigned long second = (unsigned long)s->ticks;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .read_bytes = 1000});
    put_process(s->root, (struct made_up){101, 100, 100, 6, .user = second, .read_bytes = 2000});
    put_process(s->root, (struct made_up){102, 101, 100, 7, .user = 40 * second, .read_bytes = 900000});
    process_watch_add(s->watch, 100);
    look(s, 100);
    drop_process(s->root, 101);
    drop_process(s->root, 102);
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .child_user = 42 * second, .read_bytes = 903100});
    struct group_usage u = look(s, 100);
    assert_f64(u.cpu_percent, 100);
    assert_f64(u.read_rate, 100);
    assert_u64(u.read_bytes, 100);
}

// Of a child whose parent ignores its end nothing is left: no rate, and never a negative one.
static void totals_that_vanish_make_no_negative_rate(void **state)
{
    struct scene *s = *state;
    unsigned long second = (unsigned long)s->ticks;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .write_bytes = 10});
    put_process(s->root, (struct made_up){101, 100, 100, 6, .user = 40 * second, .write_bytes = 5000});
    process_watch_add(s->watch, 100);
    look(s, 100);
    drop_process(s->root, 101);
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .write_bytes = 30});
    struct group_usage u = look(s, 100);
    assert_absent(u.cpu_percent);
    assert_absent(u.write_rate);
    assert_u64(u.write_bytes, 0);
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .write_bytes = 50});
    u = look(s, 100); // and it is over with the next reading
    assert_f64(u.cpu_percent, 0);
    assert_f64(u.write_rate, 20);
    assert_u64(u.write_bytes, 20);
}

// A short child that is a zombie when it is first seen can't be read any more; the others can.
static void a_zombie_costs_the_group_no_reading(void **state)
{
    struct scene *s = *state;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .rss_pages = 3, .read_bytes = 1000});
    process_watch_add(s->watch, 100);
    look(s, 100);
    put(s->root, "101/stat", "101 (job) Z 100 100 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0\n");
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .rss_pages = 3, .read_bytes = 1500});
    struct group_usage u = look(s, 100);
    assert_int_equal(u.processes, 1);
    assert_u64(u.rss_bytes, 3 * s->page);
    assert_f64(u.read_rate, 500);
    drop(s->root, "101/stat");
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10, .rss_pages = 3, .read_bytes = 1700});
    assert_f64(look(s, 100).read_rate, 200); // with what the child had read
}

static void groups_come_and_go(void **state)
{
    struct scene *s = *state;
    struct group_usage u;
    put_process(s->root, (struct made_up){100, 1, 100, 5, .user = 10});
    put_process(s->root, (struct made_up){200, 1, 200, 5, .user = 10});
    process_watch_add(s->watch, 100);
    process_watch_add(s->watch, 200);
    process_watch_add(s->watch, 200);
    assert_false(process_watch_get(s->watch, 100, &u)); // not read yet
    look(s, 100);
    process_watch_remove(s->watch, 100);
    assert_false(process_watch_get(s->watch, 100, &u));
    assert_int_equal(look(s, 200).processes, 1);
    drop_process(s->root, 200);
    u = look(s, 200);
    assert_int_equal(u.processes, 0);
    assert_u64(u.rss_bytes, 0);
}

// The kernel's own /proc.
static void a_real_child_is_seen_until_it_ends(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (;;) pause();
    }
    assert_int_equal(setpgid(child, child), 0);
    struct process_watch *w = process_watch_new(NULL);
    struct group_usage u;
    process_watch_add(w, child);
    process_watch_read(w, 1000000);
    assert_true(process_watch_get(w, child, &u));
    assert_int_equal(u.processes, 1);
    assert_true(u.rss_bytes.valid && u.rss_bytes.v > 0);
    process_watch_read(w, 2000000);
    assert_true(process_watch_get(w, child, &u));
    assert_true(u.cpu_percent.valid);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    process_watch_read(w, 3000000);
    assert_true(process_watch_get(w, child, &u));
    assert_int_equal(u.processes, 0);
    process_watch_free(w);
}

int main(void)
{
#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pid_stat_names_the_process_and_its_times),
        cmocka_unit_test(pid_stat_bears_any_program_name),
        cmocka_unit_test(pid_files_cut_anywhere_give_nothing),
        cmocka_unit_test(pid_io_gives_what_reached_the_disk),
        IN_SCENE(a_group_is_the_sum_of_its_processes),
        IN_SCENE(a_new_process_counts_from_its_start),
        IN_SCENE(a_child_waited_for_is_not_counted_twice),
        IN_SCENE(an_orphan_that_ends_takes_its_past_along),
        IN_SCENE(a_reused_pid_is_another_process),
        IN_SCENE(a_process_that_may_not_be_read_makes_the_rates_absent),
        IN_SCENE(a_branch_that_ends_at_once_is_no_spike),
        IN_SCENE(totals_that_vanish_make_no_negative_rate),
        IN_SCENE(a_zombie_costs_the_group_no_reading),
        IN_SCENE(groups_come_and_go),
        cmocka_unit_test(a_real_child_is_seen_until_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
