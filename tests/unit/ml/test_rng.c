// The generator: its sequence against the published algorithm's, and what is derived from it.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ml/rng.h"

// With the state 1, 2, 3, 4 the first outputs follow by hand: rotl(s0 + s3, 23) + s0 = (5 << 23) + 1, and so on.
static void sequence_from_a_known_state(void **state)
{
    (void)state;
    struct rng r = {{1, 2, 3, 4}};
    assert_int_equal(rng_next(&r), 41943041);
    assert_int_equal(rng_next(&r), 58720359);
    assert_int_equal(rng_next(&r), 3588806011781223);
}

static void seeds_and_streams_differ(void **state)
{
    (void)state;
    struct rng a, b, c, again;
    rng_seed(&a, 1, 0);
    rng_seed(&b, 2, 0);
    rng_seed(&c, 1, 1);
    rng_seed(&again, 1, 0);
    uint64_t x = rng_next(&a);
    assert_true(x == rng_next(&again));
    assert_true(x != rng_next(&b));
    assert_true(x != rng_next(&c));
}

static void saved_state_continues_the_sequence(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 7, 3);
    for (int i = 0; i < 100; i++) rng_next(&r);
    struct rng copy = r;
    for (int i = 0; i < 100; i++) assert_true(rng_next(&r) == rng_next(&copy));
}

// Chi-squared over 10 values: 9 degrees of freedom, above 40 with a chance below 1e-5.
static void below_is_uniform_and_in_range(void **state)
{
    (void)state;
    enum { DRAWS = 100000, VALUES = 10 };
    struct rng r;
    rng_seed(&r, 5, 0);
    int count[VALUES] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t v = rng_below(&r, VALUES);
        assert_true(v < VALUES);
        count[v]++;
    }
    double chi = 0;
    for (int i = 0; i < VALUES; i++) {
        double d = count[i] - (double)DRAWS / VALUES;
        chi += d * d / ((double)DRAWS / VALUES);
    }
    assert_true(chi < 40);
    for (int i = 0; i < 100; i++) assert_int_equal(rng_below(&r, 1), 0);
    uint64_t huge = (UINT64_C(1) << 63) + 1; // nearly half of all draws are rejected
    for (int i = 0; i < 1000; i++) assert_true(rng_below(&r, huge) < huge);
}

static void normal_has_mean_0_and_variance_1(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct rng r;
    rng_seed(&r, 11, 0);
    double sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        double v = rng_normal(&r);
        assert_true(isfinite(v));
        sum += v;
        squares += v * v;
        fourth += v * v * v * v;
    }
    assert_true(fabs(sum / DRAWS) < 0.01);
    assert_true(fabs(squares / DRAWS - 1) < 0.02);
    assert_true(fabs(fourth / DRAWS - 3) < 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_from_a_known_state),        cmocka_unit_test(seeds_and_streams_differ),
        cmocka_unit_test(saved_state_continues_the_sequence), cmocka_unit_test(below_is_uniform_and_in_range),
        cmocka_unit_test(normal_has_mean_0_and_variance_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
