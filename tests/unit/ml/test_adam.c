// Adam against its definition in double precision, and the learning rate's schedule.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ml/adam.h"
#include "ml/rng.h"
#include "ml/schedule.h"

enum { N = 77, STEPS = 50 };

static void many_steps_agree_with_the_definition(void **state)
{
    (void)state;
    float p[N], m[N] = {0}, v[N] = {0}, g[N];
    double rp[N], rm[N] = {0}, rv[N] = {0};
    struct rng r;
    rng_seed(&r, 3, 0);
    for (int i = 0; i < N; i++) rp[i] = p[i] = (float)rng_normal(&r);
    for (int t = 1; t <= STEPS; t++) {
        double rate = 1e-2 * t / STEPS;
        for (int i = 0; i < N; i++) g[i] = (float)(rng_normal(&r) * (i % 3 ? 1 : 1e-4));
        struct adam_step s = adam_step_at(&ADAM_DEFAULT, rate, t);
        adam_update(&s, p, m, v, g, N);
        for (int i = 0; i < N; i++) {
            rm[i] = 0.9 * rm[i] + 0.1 * g[i];
            rv[i] = 0.999 * rv[i] + 0.001 * g[i] * g[i];
            double m_hat = rm[i] / (1 - pow(0.9, t)), v_hat = rv[i] / (1 - pow(0.999, t));
            rp[i] -= rate * m_hat / (sqrt(v_hat) + 1e-8);
        }
    }
    for (int i = 0; i < N; i++) assert_true(fabs(p[i] - rp[i]) < 2e-5);
}

static void first_step_moves_by_the_learning_rate(void **state)
{
    (void)state;
    float p[2] = {1, 1}, m[2] = {0}, v[2] = {0}, g[2] = {0.25f, -1000};
    struct adam_step s = adam_step_at(&ADAM_DEFAULT, 1e-3, 1);
    adam_update(&s, p, m, v, g, 2);
    assert_true(fabsf(p[0] - 0.999f) < 1e-6f);
    assert_true(fabsf(p[1] - 1.001f) < 1e-6f);
}

static void zero_gradient_from_the_start_changes_nothing(void **state)
{
    (void)state;
    float p[1] = {0.5f}, m[1] = {0}, v[1] = {0}, g[1] = {0};
    for (int t = 1; t < 5; t++) {
        struct adam_step s = adam_step_at(&ADAM_DEFAULT, 1, t);
        adam_update(&s, p, m, v, g, 1);
    }
    assert_true(p[0] == 0.5f);
}

static void rate_warms_up_stays_and_decays(void **state)
{
    (void)state;
    struct schedule s = {.peak = 2, .total_steps = 1000, .warmup_steps = 100, .decay_fraction = 0.2};
    assert_true(fabs(schedule_rate(&s, 0) - 0.02) < 1e-12);
    assert_true(fabs(schedule_rate(&s, 49) - 1) < 1e-12);
    assert_true(schedule_rate(&s, 99) == 2);
    assert_true(schedule_rate(&s, 500) == 2);
    assert_true(schedule_rate(&s, 800) == 2);
    assert_true(fabs(schedule_rate(&s, 900) - 1) < 1e-12);
    assert_true(schedule_rate(&s, 999) > 0);
    assert_true(schedule_rate(&s, 1000) == 0);
}

static void rate_is_constant_without_warmup_and_decay(void **state)
{
    (void)state;
    struct schedule s = {.peak = 3, .total_steps = 10};
    for (int i = 0; i < 10; i++) assert_true(schedule_rate(&s, i) == 3);
}

static void warmup_longer_than_the_run_never_exceeds_the_peak(void **state)
{
    (void)state;
    struct schedule s = {.peak = 1, .total_steps = 10, .warmup_steps = 100, .decay_fraction = 1};
    for (int i = 0; i < 10; i++) {
        assert_true(schedule_rate(&s, i) > 0);
        assert_true(schedule_rate(&s, i) <= 0.1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_steps_agree_with_the_definition),
        cmocka_unit_test(first_step_moves_by_the_learning_rate),
        cmocka_unit_test(zero_gradient_from_the_start_changes_nothing),
        cmocka_unit_test(rate_warms_up_stays_and_decays),
        cmocka_unit_test(rate_is_constant_without_warmup_and_decay),
        cmocka_unit_test(warmup_longer_than_the_run_never_exceeds_the_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
