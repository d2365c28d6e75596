#include "fixture.h"

#include "monitor/cpu.h"

static struct slice text(const char *s)
{
    return slice_str(s);
}

static void proc_stat_knows_each_core_by_its_number(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct cpu_stat st = {0};
    assert_true(parse_proc_stat(fixture(&b, "workstation-6.12/proc/stat"), &st));
    assert_int_equal(st.all.user, 406000);
    assert_int_equal(st.all.softirq, 2400);
    assert_int_equal(st.online, 4);
    assert_int_equal(st.span, 5);
    assert_true(st.cores[1].present);
    assert_false(st.cores[2].present);
    assert_int_equal(st.cores[3].user, 101500);
    cpu_stat_release(&st);
    buf_release(&b);
}

static void proc_stat_of_an_old_kernel_has_fewer_fields(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct cpu_stat st = {0};
    assert_true(parse_proc_stat(fixture(&b, "server-2.6.32/proc/stat"), &st));
    assert_int_equal(st.online, 2);
    assert_int_equal(st.all.steal, 0);
    assert_true(parse_proc_stat(text("cpu 1 2 3 4\ncpu0 1 2 3 4\n"), &st));
    assert_int_equal(st.all.idle, 4);
    assert_int_equal(st.online, 1);
    cpu_stat_release(&st);
    buf_release(&b);
}

static void proc_stat_cut_anywhere_gives_whole_lines_only(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct slice whole = fixture(&b, "workstation-6.12/proc/stat");
    struct cpu_stat full = {0}, st = {0};
    parse_proc_stat(whole, &full);
    for (size_t n = 0; n < whole.n; n++) {
        char *exact = mem_dup(whole.p, n); // so that a read beyond the end is seen
        parse_proc_stat(slice_of(exact, n), &st);
        if (st.all.present) assert_memory_equal(&st.all, &full.all, sizeof st.all);
        for (size_t i = 0; i < st.span; i++)
            if (st.cores[i].present) assert_memory_equal(&st.cores[i], &full.cores[i], sizeof st.cores[i]);
        free(exact);
    }
    cpu_stat_release(&st);
    cpu_stat_release(&full);
    buf_release(&b);
}

static void proc_stat_nonsense_gives_nothing(void **state)
{
    (void)state;
    struct cpu_stat st = {0};
    assert_false(parse_proc_stat(text(""), &st));
    assert_false(parse_proc_stat(text("\n"), &st));
    assert_false(parse_proc_stat(text("cpu  a b c d\ncpu0 1 2 x 4\n"), &st));
    assert_int_equal(st.online, 0);
    assert_false(parse_proc_stat(text("cpu  1 2 3 99999999999999999999999\n"), &st));
    parse_proc_stat(text("cpu  1 2 3 4\ncpu99999999 1 2 3 4\ncpu18446744073709551616 1 2 3 4\n"), &st);
    assert_int_equal(st.span, 0);
    cpu_stat_release(&st);
}

static struct cpu_times times(uint64_t user, uint64_t idle, uint64_t iowait, uint64_t steal)
{
    return (struct cpu_times){.user = user, .idle = idle, .iowait = iowait, .steal = steal, .present = true};
}

static void usage_is_the_share_that_was_not_idle(void **state)
{
    (void)state;
    struct cpu_times a = times(100, 1000, 50, 5), b = times(125, 1060, 60, 10);
    assert_f64(cpu_usage(&a, &b), 30.0); // 25 user and 5 steal of 100
    struct cpu_times busy = times(200, 1000, 50, 5);
    assert_f64(cpu_usage(&a, &busy), 100.0);
    struct cpu_times idle = times(100, 1100, 50, 5);
    assert_f64(cpu_usage(&a, &idle), 0.0);
}

static void usage_is_absent_without_two_readings_of_a_core(void **state)
{
    (void)state;
    struct cpu_times off = {0}, on = times(1, 2, 3, 4);
    assert_absent(cpu_usage(&off, &on));
    assert_absent(cpu_usage(&on, &off));
    assert_absent(cpu_usage(&on, &on)); // no tick passed
}

static void usage_is_absent_when_a_counter_went_back(void **state)
{
    (void)state;
    struct cpu_times a = times(100, 1000, 50, 5), user_back = times(99, 1100, 50, 5),
                     idle_back = times(200, 999, 50, 5);
    assert_absent(cpu_usage(&a, &user_back));
    assert_absent(cpu_usage(&a, &idle_back));
}

static void usage_bears_an_iowait_that_went_back(void **state)
{
    (void)state;
    struct cpu_times a = times(100, 1000, 50, 5), b = times(150, 1050, 40, 5);
    assert_f64(cpu_usage(&a, &b), 50.0);
}

static void loadavg_has_three_numbers_or_none(void **state)
{
    (void)state;
    struct loadavg l = parse_loadavg(text("1.52 0.98 12.71 3/812 88213\n"));
    assert_f64(l.load1, 1.52);
    assert_f64(l.load5, 0.98);
    assert_f64(l.load15, 12.71);
    assert_absent(parse_loadavg(text("1.52 0.98\n")).load1);
    assert_absent(parse_loadavg(text("1.52 0.98 0.7")).load1); // cut off
    assert_absent(parse_loadavg(text("")).load15);
}

static void frequency_is_the_mean_over_the_cores_or_absent(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_f64(parse_cpuinfo_mhz(fixture(&b, "server-2.6.32/proc/cpuinfo")), 1500.09);
    assert_absent(parse_cpuinfo_mhz(fixture(&b, "container-5.10-arm64/proc/cpuinfo")));
    assert_f64(parse_cpuinfo_mhz(text("processor\t: 0\ncpu\t\t: POWER9\nclock\t\t: 3425.000000MHz\n")), 3425.0);
    assert_absent(parse_cpuinfo_mhz(text("cpu MHz\t\t: 0.000\n")));
    assert_f64(parse_cpufreq(text("3600000\n")), 3600.0);
    assert_absent(parse_cpufreq(text("<unknown>\n")));
    assert_absent(parse_cpufreq(text("0\n")));
    assert_absent(parse_cpufreq(text("")));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proc_stat_knows_each_core_by_its_number),
        cmocka_unit_test(proc_stat_of_an_old_kernel_has_fewer_fields),
        cmocka_unit_test(proc_stat_cut_anywhere_gives_whole_lines_only),
        cmocka_unit_test(proc_stat_nonsense_gives_nothing),
        cmocka_unit_test(usage_is_the_share_that_was_not_idle),
        cmocka_unit_test(usage_is_absent_without_two_readings_of_a_core),
        cmocka_unit_test(usage_is_absent_when_a_counter_went_back),
        cmocka_unit_test(usage_bears_an_iowait_that_went_back),
        cmocka_unit_test(loadavg_has_three_numbers_or_none),
        cmocka_unit_test(frequency_is_the_mean_over_the_cores_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
