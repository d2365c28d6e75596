// Fewer points that still show every spike and every gap.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/downsample.h"

enum { N = 10000 };

static int kept_at(const size_t *keep, size_t n, size_t index)
{
    for (size_t i = 0; i < n; i++)
        if (keep[i] == index) return 1;
    return 0;
}

static void check_order(const size_t *keep, size_t n)
{
    for (size_t i = 1; i < n; i++) assert_true(keep[i - 1] < keep[i]);
}

static void few_points_are_all_kept(void **state)
{
    (void)state;
    double y[7] = {1, 2, 3, 4, 5, 6, 7};
    size_t keep[7];
    assert_int_equal(downsample(y, 7, 7, keep), 7);
    for (size_t i = 0; i < 7; i++) assert_int_equal(keep[i], i);
    assert_int_equal(downsample(y, 0, 100, keep), 0);
}

static void a_spike_and_the_ends_survive_any_reduction(void **state)
{
    (void)state;
    static double y[N];
    static size_t keep[N];
    for (size_t max = 5; max < 3000; max = max * 2 + 1) {
        for (size_t i = 0; i < N; i++) y[i] = 1.0 / (double)(i + 1);
        y[6173] = 100;
        y[6180] = -100;
        size_t n = downsample(y, N, max, keep);
        assert_true(n <= max);
        check_order(keep, n);
        assert_true(kept_at(keep, n, 6173));
        assert_true(kept_at(keep, n, 6180));
        assert_int_equal(keep[0], 0);
        assert_int_equal(keep[n - 1], N - 1);
    }
}

static void every_bucket_keeps_its_minimum_maximum_and_last(void **state)
{
    (void)state;
    static double y[900];
    size_t keep[31];
    for (size_t i = 0; i < 900; i++) y[i] = (double)((i * 7919) % 900);
    size_t n = downsample(y, 900, 31, keep); // 10 buckets of 90
    check_order(keep, n);
    for (size_t b = 0; b < 10; b++) {
        size_t lo = b * 90, hi = b * 90;
        for (size_t i = b * 90; i < (b + 1) * 90; i++) {
            if (y[i] < y[lo]) lo = i;
            if (y[i] > y[hi]) hi = i;
        }
        assert_true(kept_at(keep, n, lo));
        assert_true(kept_at(keep, n, hi));
        assert_true(kept_at(keep, n, b * 90 + 89));
    }
}

static void nan_and_infinity_survive_beside_the_finite_extremes(void **state)
{
    (void)state;
    static double y[N];
    static size_t keep[N];
    for (size_t i = 0; i < N; i++) y[i] = (double)(i % 100);
    y[2500] = (double)NAN;
    y[7500] = (double)INFINITY;
    y[7510] = 1e9;
    size_t n = downsample(y, N, 41, keep);
    assert_true(n <= 41);
    check_order(keep, n);
    assert_true(kept_at(keep, n, 2500));
    assert_true(kept_at(keep, n, 7500));
    assert_true(kept_at(keep, n, 7510));
}

static void a_series_of_nothing_but_nan_is_reduced_too(void **state)
{
    (void)state;
    double y[1000];
    size_t keep[100];
    for (size_t i = 0; i < 1000; i++) y[i] = (double)NAN;
    size_t n = downsample(y, 1000, 100, keep);
    assert_true(n > 0 && n <= 100);
    check_order(keep, n);
    assert_int_equal(keep[n - 1], 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_points_are_all_kept),
        cmocka_unit_test(a_spike_and_the_ends_survive_any_reduction),
        cmocka_unit_test(every_bucket_keeps_its_minimum_maximum_and_last),
        cmocka_unit_test(nan_and_infinity_survive_beside_the_finite_extremes),
        cmocka_unit_test(a_series_of_nothing_but_nan_is_reduced_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
