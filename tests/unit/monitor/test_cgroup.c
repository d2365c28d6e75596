// Kills for want of memory, as control groups count them: known under v2 alone, and each explains one end.
#include "fixture.h"

#include <string.h>

#include "monitor/cgroup.h"

// /proc/self/cgroup of a Debian 12, of a container with a group namespace, of a hybrid and of a v1 host.
static const char v2[] = "0::/user.slice/user-1000.slice/session-3.scope\n";
static const char contained[] = "0::/\n";
static const char hybrid[] = "9:name=systemd:/\n4:memory:/api/063aed32\n3:cpuset:/\n1:cpu,cpuacct:/\n0::/\n";
static const char only_v1[] = "4:memory:/\n2:cpu,cpuacct:/\n1:name=systemd:/init.scope\n";
static const char hybrid_with_v2_memory[] = "1:name=systemd:/\n0::/system.slice/headway.service\n";

static void the_group_is_known_where_the_memory_controller_is_v2s(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path; // NULL: not known
    } cases[] = {
        {v2, "/user.slice/user-1000.slice/session-3.scope"},
        {contained, "/"},
        {hybrid, NULL},
        {only_v1, NULL},
        {hybrid_with_v2_memory, "/system.slice/headway.service"},
        {"5:cpu,memory,pids:/\n0::/a\n", NULL},
        {"0::/a\n5:memory:/\n", NULL}, // in any order
        {"0::/../other\n", NULL},      // outside of what is mounted here
        {"0::\n", NULL},
        {"0::relative\n", NULL},
        {"0::/cut", NULL},
        {"", NULL},
        {"0::/a:b\n", "/a:b"}, // a name may hold a colon
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice path;
        bool known = parse_cgroup_path(slice_str(cases[i].text), &path);
        if (known != (cases[i].path != NULL) || (known && !slice_is(path, cases[i].path)))
            fail_msg("%s", cases[i].text);
    }
}

static void the_hierarchy_is_where_it_is_mounted(void **state)
{
    (void)state;
    struct slice at;
    assert_true(parse_cgroup_mount(SLICE_LIT("proc /proc proc rw 0 0\n"
                                             "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n"),
                                   &at));
    assert_true(slice_is(at, "/sys/fs/cgroup"));
    assert_true(parse_cgroup_mount(SLICE_LIT("cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
                                             "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"),
                                   &at));
    assert_true(slice_is(at, "/sys/fs/cgroup/unified"));
    assert_false(parse_cgroup_mount(SLICE_LIT("cgroup2 /a\\040b cgroup2 rw 0 0\n"), &at));
    assert_false(parse_cgroup_mount(SLICE_LIT("cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"), &at));
    assert_false(parse_cgroup_mount(SLICE_LIT(""), &at));
}

static void the_count_is_that_of_processes_killed(void **state)
{
    (void)state;
    assert_u64(parse_oom_kill(SLICE_LIT("low 0\nhigh 17\nmax 901\noom 4\noom_kill 3\noom_group_kill 1\n")), 3);
    assert_u64(parse_oom_kill(SLICE_LIT("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n")), 0);
    assert_absent(parse_oom_kill(SLICE_LIT("low 0\nhigh 0\nmax 0\noom 1\n"))); // before Linux 4.13
    assert_absent(parse_oom_kill(SLICE_LIT("oom_kill many\n")));
    assert_absent(parse_oom_kill(SLICE_LIT("oom_kill 1"))); // cut off, perhaps inside the number
    assert_absent(parse_oom_kill(SLICE_LIT("")));
}

static void each_kill_explains_one_end(void **state)
{
    (void)state;
    struct oom_count c;
    oom_count_begin(&c, some_u64(5)); // five before any of our jobs
    assert_false(oom_count_explains(&c, some_u64(5)));
    assert_true(oom_count_explains(&c, some_u64(7)));
    assert_true(oom_count_explains(&c, some_u64(7)));
    assert_false(oom_count_explains(&c, some_u64(7))); // this one was somebody's kill -9
}

static void an_old_kill_explains_no_end(void **state)
{
    (void)state;
    struct oom_count c;
    oom_count_begin(&c, some_u64(0));
    oom_count_look(&c, some_u64(1)); // hit somebody who lives on, or isn't ours
    struct oom_count soon = c;
    assert_true(oom_count_explains(&soon, some_u64(1)));
    oom_count_look(&c, some_u64(1));
    assert_false(oom_count_explains(&c, some_u64(1)));
    assert_true(oom_count_explains(&c, some_u64(2)));
}

static void what_is_not_known_explains_nothing(void **state)
{
    (void)state;
    struct oom_count c;
    oom_count_begin(&c, NO_U64);
    assert_false(oom_count_explains(&c, NO_U64));
    assert_false(oom_count_explains(&c, some_u64(9))); // it can be read only now: what was before isn't known
    oom_count_look(&c, some_u64(9));
    assert_false(oom_count_explains(&c, some_u64(9)));
    assert_false(oom_count_explains(&c, NO_U64));
    assert_true(oom_count_explains(&c, some_u64(10)));
    oom_count_look(&c, some_u64(2)); // another group
    assert_false(oom_count_explains(&c, some_u64(2)));
}

static void the_group_of_this_process_is_watched(void **state)
{
    (void)state;
    char *root = temp_tree(), *proc = mem_printf("%s/proc", root);
    struct oom_watch w;
    put(root, "proc/self/cgroup", "0::/jobs\n");
    put(root, "proc/self/mounts", "cgroup2 /cg cgroup2 rw 0 0\n");
    put(root, "cg/jobs/memory.events", "oom 0\noom_kill 2\n");
    oom_watch_init(&w, proc, root);
    assert_false(oom_watch_explains(&w));
    put(root, "cg/jobs/memory.events", "oom 1\noom_kill 3\n");
    assert_true(oom_watch_explains(&w));
    assert_false(oom_watch_explains(&w));
    put(root, "cg/jobs/memory.events", "oom 1\noom_kill 4\n");
    oom_watch_begin(&w);
    assert_false(oom_watch_explains(&w));
    oom_watch_release(&w);
    put(root, "proc/self/cgroup", "4:memory:/\n0::/jobs\n");
    oom_watch_init(&w, proc, root);
    put(root, "cg/jobs/memory.events", "oom_kill 5\n");
    oom_watch_look(&w);
    assert_false(oom_watch_explains(&w));
    oom_watch_release(&w);
    drop(root, "cg/jobs/memory.events"); // the root group has none
    put(root, "proc/self/cgroup", "0::/jobs\n");
    oom_watch_init(&w, proc, root);
    assert_false(oom_watch_explains(&w));
    oom_watch_release(&w);
    oom_watch_init(&w, "/no/such", ""); // no /proc
    assert_false(oom_watch_explains(&w));
    oom_watch_release(&w);
    free(proc);
    remove_tree(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_is_known_where_the_memory_controller_is_v2s),
        cmocka_unit_test(the_hierarchy_is_where_it_is_mounted),
        cmocka_unit_test(the_count_is_that_of_processes_killed),
        cmocka_unit_test(each_kill_explains_one_end),
        cmocka_unit_test(an_old_kill_explains_no_end),
        cmocka_unit_test(what_is_not_known_explains_nothing),
        cmocka_unit_test(the_group_of_this_process_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
