// The text that Prometheus reads.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prometheus.h"

static void expect(struct buf *b, const char *want)
{
    assert_string_equal(buf_cstr(b), want);
    buf_release(b);
}

static void a_family_says_what_it_is(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    prom_counter(&b, "headway_x_total", "How many \\ were\nseen.", 18446744073709551615ull);
    prom_gauge(&b, "headway_y_bytes", "Y.", 0.25);
    expect(&b, "# HELP headway_x_total How many \\\\ were\\nseen.\n# TYPE headway_x_total counter\n"
               "headway_x_total 18446744073709551615\n"
               "# HELP headway_y_bytes Y.\n# TYPE headway_y_bytes gauge\nheadway_y_bytes 0.25\n");
}

static void labels_hold_any_text(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    const char *const labels[] = {"kind", "a\"b\\c\nd", "state", "queued", NULL};
    prom_sample(&b, "m", labels, NAN);
    prom_sample(&b, "m", NULL, -INFINITY);
    expect(&b, "m{kind=\"a\\\"b\\\\c\\nd\",state=\"queued\"} NaN\nm -Inf\n");
}

static void a_histogram_is_cumulative_and_a_value_on_a_bound_is_within_it(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    const double bounds[] = {0.001, 0.1};
    uint64_t counts[3] = {0};
    struct prom_histogram h = {.bounds = bounds, .n_bounds = 2, .counts = counts};
    prom_histogram_add(&h, 0.0005);
    prom_histogram_add(&h, 0.1);
    prom_histogram_add(&h, 7);
    const char *const labels[] = {"thread", "0", NULL};
    prom_histogram_write(&b, "lag_seconds", labels, &h);
    expect(&b, "lag_seconds_bucket{thread=\"0\",le=\"0.001\"} 1\nlag_seconds_bucket{thread=\"0\",le=\"0.1\"} 2\n"
               "lag_seconds_bucket{thread=\"0\",le=\"+Inf\"} 3\nlag_seconds_sum{thread=\"0\"} 7.1005\n"
               "lag_seconds_count{thread=\"0\"} 3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_says_what_it_is),
        cmocka_unit_test(labels_hold_any_text),
        cmocka_unit_test(a_histogram_is_cumulative_and_a_value_on_a_bound_is_within_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
