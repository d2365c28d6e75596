#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants those four first.
#include <cmocka.h>
#include <string.h>

#include "jobs/usage.h"

#define S 1000000LL

static void add(struct usage *u, int64_t at_us, const char *text)
{
    struct err e = {0};
    json_t *obj = json_read_object(slice_str(text), &e);
    assert_non_null(obj);
    usage_add(u, obj, at_us);
    json_decref(obj);
}

static void assert_written(const struct usage *u, const char *expected)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    assert_true(usage_write(u, &w));
    assert_string_equal(buf_cstr(&b), expected);
    buf_release(&b);
}

static void means_are_weighted_by_time(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    add(&u, 100 * S, "{\"source\":\"measured\",\"cpu_percent\":null,\"rss_bytes\":1000,\"gpus\":[]}");
    add(&u, 101 * S,
        "{\"source\":\"measured\",\"cpu_percent\":400,\"rss_bytes\":5000,\"read_bytes_per_s\":10,"
        "\"write_bytes_per_s\":null,\"gpus\":[]}");
    add(&u, 104 * S,
        "{\"source\":\"measured\",\"cpu_percent\":100,\"rss_bytes\":1000,\"read_bytes_per_s\":20,"
        "\"write_bytes_per_s\":null,\"gpus\":[]}");
    assert_written(&u,
                   "{\"source\":\"measured\",\"seconds\":4,\"cpu_percent\":{\"mean\":175,\"peak\":400},"
                   "\"rss_bytes\":{\"mean\":2000,\"peak\":5000},\"read_bytes\":70,\"write_bytes\":null,\"gpus\":[]}");
    usage_release(&u);
}

static void one_reading_is_its_own_mean(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    add(&u, 100 * S, "{\"source\":\"measured\",\"rss_bytes\":1000,\"gpus\":[]}");
    assert_written(&u, "{\"source\":\"measured\",\"seconds\":0,\"cpu_percent\":null,"
                       "\"rss_bytes\":{\"mean\":1000,\"peak\":1000},\"read_bytes\":null,\"write_bytes\":null,"
                       "\"gpus\":[]}");
    usage_release(&u);
}

static void nothing_said_is_nothing_written(void **state)
{
    (void)state;
    struct usage u;
    struct buf b = BUF_INIT;
    struct jw w;
    usage_init(&u);
    jw_init(&w, &b);
    add(&u, 100 * S, "{\"source\":\"estimated\",\"cpu_percent\":null,\"rss_bytes\":null,\"gpus\":null}");
    add(&u, 105 * S, "{\"cpu_percent\":-3,\"rss_bytes\":\"much\",\"gpus\":[7,{\"gpu_id\":0.5},{}]}");
    assert_false(usage_write(&u, &w));
    assert_int_equal(b.n, 0);
    assert_int_equal(u.n_gpus, 0);
    buf_release(&b);
    usage_release(&u);
}

static void each_gpu_has_its_own_numbers_and_null_is_not_zero(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    add(&u, 10 * S, "{\"source\":\"measured\",\"gpus\":[{\"gpu_id\":1,\"memory_bytes\":100,\"utilization\":null}]}");
    add(&u, 12 * S,
        "{\"source\":\"measured\",\"gpus\":[{\"gpu_id\":1,\"memory_bytes\":300,\"utilization\":null},"
        "{\"gpu_id\":0,\"memory_bytes\":null,\"utilization\":50}]}");
    assert_written(&u, "{\"source\":\"measured\",\"seconds\":2,\"cpu_percent\":null,\"rss_bytes\":null,"
                       "\"read_bytes\":null,\"write_bytes\":null,\"gpus\":["
                       "{\"gpu_id\":0,\"memory_bytes\":null,\"utilization\":{\"mean\":50,\"peak\":50}},"
                       "{\"gpu_id\":1,\"memory_bytes\":{\"mean\":300,\"peak\":300},\"utilization\":null}]}");
    usage_release(&u);
}

static void what_never_changes_is_its_own_mean(void **state)
{
    (void)state;
    struct usage u;
    int64_t at = 10 * S;
    usage_init(&u);
    for (int i = 0; i < 1000; i++) add(&u, at += 100000 + i % 3 * 1000, "{\"rss_bytes\":300}");
    assert_true(u.rss_bytes.weighted / u.rss_bytes.seconds < 300); // the sums are off, by their last digits
    assert_written(&u,
                   "{\"source\":\"measured\",\"seconds\":100.9,\"cpu_percent\":null,"
                   "\"rss_bytes\":{\"mean\":300,\"peak\":300},\"read_bytes\":null,\"write_bytes\":null,\"gpus\":[]}");
    usage_release(&u);
}

static void a_part_of_the_time_is_told_by_itself(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    add(&u, 10 * S, "{\"cpu_percent\":90,\"rss_bytes\":100,\"gpus\":[]}");
    add(&u, 12 * S, "{\"cpu_percent\":90,\"rss_bytes\":100,\"gpus\":[]}");
    struct usage_mark mark = usage_mark(&u);
    struct usage_means nothing = usage_since(&u, &mark);
    assert_true(isnan(nothing.cpu_percent) && isnan(nothing.rss_bytes) && isnan(nothing.gpu_memory_bytes));
    add(&u, 16 * S,
        "{\"cpu_percent\":10,\"gpus\":[{\"gpu_id\":0,\"memory_bytes\":7},{\"gpu_id\":1,\"memory_bytes\":1}]}");
    add(&u, 20 * S,
        "{\"cpu_percent\":30,\"gpus\":[{\"gpu_id\":0,\"memory_bytes\":9},{\"gpu_id\":1,\"memory_bytes\":3}]}");
    struct usage_means m = usage_since(&u, &mark);
    assert_true(m.cpu_percent == 20 && isnan(m.rss_bytes) && m.gpu_memory_bytes == 10);
    usage_release(&u);
}

static void a_long_silence_counts_for_a_minute_and_time_never_runs_back(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    add(&u, 1000 * S, "{\"cpu_percent\":10}");
    add(&u, 9000 * S, "{\"cpu_percent\":10}");
    assert_true(u.seconds == 60);
    add(&u, 5000 * S, "{\"cpu_percent\":90}"); // a worker's clock was set, or a batch came late
    assert_true(u.seconds == 60);
    add(&u, 9001 * S, "{\"cpu_percent\":10}");
    assert_true(u.seconds == 61);
    assert_true(u.cpu_percent.peak == 90);
    usage_release(&u);
}

// never again 21: what was counted isn't lost with the server.
static void a_restarted_server_goes_on_from_what_was_written(void **state)
{
    (void)state;
    struct usage u, again;
    struct buf b = BUF_INIT;
    struct jw w;
    usage_init(&u);
    usage_init(&again);
    add(&u, 100 * S, "{\"cpu_percent\":100,\"rss_bytes\":50}");
    add(&u, 110 * S,
        "{\"cpu_percent\":100,\"rss_bytes\":50,\"read_bytes_per_s\":3,\"gpus\":[{\"gpu_id\":2,"
        "\"memory_bytes\":9,\"utilization\":8}]}");
    jw_init(&w, &b);
    assert_true(usage_write(&u, &w));
    usage_read(&again, buf_slice(&b));
    assert_written(&again, buf_cstr(&b));
    add(&again, 500 * S, "{\"cpu_percent\":0}"); // weighs nothing: the time since the restart isn't known
    add(&again, 510 * S, "{\"cpu_percent\":0}");
    assert_true(again.seconds == 20);
    assert_true(again.cpu_percent.weighted / again.cpu_percent.seconds == 50);
    assert_true(again.cpu_percent.peak == 100);
    buf_release(&b);
    usage_release(&u);
    usage_release(&again);
}

static void what_is_no_usage_leaves_it_empty(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "null", "[]", "{", "7"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct usage u;
        usage_init(&u);
        usage_read(&u, slice_str(texts[i]));
        assert_false(u.any);
        usage_release(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_weighted_by_time),
        cmocka_unit_test(one_reading_is_its_own_mean),
        cmocka_unit_test(nothing_said_is_nothing_written),
        cmocka_unit_test(each_gpu_has_its_own_numbers_and_null_is_not_zero),
        cmocka_unit_test(what_never_changes_is_its_own_mean),
        cmocka_unit_test(a_part_of_the_time_is_told_by_itself),
        cmocka_unit_test(a_long_silence_counts_for_a_minute_and_time_never_runs_back),
        cmocka_unit_test(a_restarted_server_goes_on_from_what_was_written),
        cmocka_unit_test(what_is_no_usage_leaves_it_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
