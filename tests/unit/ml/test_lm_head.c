// The output side of a transformer: its loss against plain loops, its gradient against finite differences of those.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ml/lm_head.h"
#include "ml/lm_head_reference.h"

// Odd sizes, and more positions than are computed at a time.
enum { N = 70, WIDTH = 13, VOCAB = 29, RANK = 3 };

static const struct lm_head_shape shape = {WIDTH, VOCAB, RANK, 1e-5f};

struct fixture {
    float unembedding[VOCAB * WIDTH], x[N * WIDTH];
    uint32_t targets[N];
    size_t count;
    float *block;
    double *exact;
    struct lm_head_work *work;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    struct rng r;
    rng_seed(&r, 3, 0);
    for (int i = 0; i < VOCAB * WIDTH; i++) f->unembedding[i] = (float)rng_normal(&r);
    for (int i = 0; i < N * WIDTH; i++) f->x[i] = (float)(1 + 2 * rng_normal(&r));
    for (int i = 0; i < N; i++) f->targets[i] = (uint32_t)rng_below(&r, VOCAB);
    f->count = lm_head_count(&shape);
    f->block = mem_array(f->count, sizeof *f->block);
    f->exact = mem_array(f->count, sizeof *f->exact);
    for (size_t i = 0; i < f->count; i++) {
        f->block[i] = (float)(0.5 * rng_normal(&r));
        f->exact[i] = (double)f->block[i];
    }
    ops_init();
    f->work = lm_head_work_new(&shape);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lm_head_work_free(f->work);
    free(f->block);
    free(f->exact);
    free(f);
    return 0;
}

static void the_loss_is_that_of_plain_loops(void **state)
{
    struct fixture *f = *state;
    double want = lm_head_reference(&shape, f->unembedding, f->exact, f->x, f->targets, N);
    double got = lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, NULL);
    assert_true(want > N);
    if (fabs(got - want) > 1e-5 * want) fail_msg("%.9g, the reference says %.9g", got, want);
}

// A model that is sure of something else: far below the largest logit a single precision exponential is zero.
static void a_loss_of_hundreds_is_finite(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < VOCAB * WIDTH; i++) f->unembedding[i] *= 60;
    double want = lm_head_reference(&shape, f->unembedding, f->exact, f->x, f->targets, N);
    double got = lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, NULL);
    assert_true(want > 90.0 * N && isfinite(want));
    if (!(fabs(got - want) < 1e-5 * want)) fail_msg("%.9g, the reference says %.9g", got, want);
}

static void the_gradient_is_that_of_finite_differences(void **state)
{
    struct fixture *f = *state;
    const double h = 1e-5;
    float *gradient = mem_array(f->count, sizeof *gradient);
    lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, gradient);
    double largest = 0;
    for (size_t i = 0; i < f->count; i++) largest = fmax(largest, fabs((double)gradient[i]));
    for (size_t i = 0; i < f->count; i++) {
        double at = f->exact[i];
        f->exact[i] = at + h;
        double up = lm_head_reference(&shape, f->unembedding, f->exact, f->x, f->targets, N);
        f->exact[i] = at - h;
        double down = lm_head_reference(&shape, f->unembedding, f->exact, f->x, f->targets, N);
        f->exact[i] = at;
        double want = (up - down) / (2 * h);
        if (fabs((double)gradient[i] - want) > 1e-5 * largest)
            fail_msg("parameter %zu: %.9g, by differences %.9g", i, (double)gradient[i], want);
    }
    free(gradient);
}

static void gradients_add_up(void **state)
{
    struct fixture *f = *state;
    float *whole = mem_array(f->count, sizeof *whole), *parts = mem_array(f->count, sizeof *parts);
    lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, whole);
    double loss = 0;
    for (int at = 0; at < N; at += 35)
        loss += lm_head_loss(&shape, f->unembedding, f->block, f->x + (size_t)at * WIDTH, f->targets + at, 35, f->work,
                             parts);
    assert_true(fabs(loss - lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, NULL)) < 1e-3);
    for (size_t i = 0; i < f->count; i++) assert_true(fabsf(whole[i] - parts[i]) <= 1e-3f);
    free(whole);
    free(parts);
}

static void at_first_nothing_is_corrected_and_merging_changes_no_loss(void **state)
{
    struct fixture *f = *state;
    struct rng r;
    rng_seed(&r, 1, 0);
    struct lm_head_arrays a = lm_head_arrays_in(&shape, f->block);
    float gain[WIDTH], bias[WIDTH], *merged = mem_array(VOCAB * WIDTH, sizeof *merged);
    for (int d = 0; d < WIDTH; d++) gain[d] = 1 + 0.1f * (float)d, bias[d] = 0.2f * (float)d;
    lm_head_init(&shape, &(struct transformer_output){gain, bias, f->unembedding}, &r, f->block);
    assert_memory_equal(a.gain, gain, sizeof gain);
    assert_memory_equal(a.bias, bias, sizeof bias);
    lm_head_merge(&shape, f->unembedding, f->block, merged);
    assert_memory_equal(merged, f->unembedding, sizeof f->unembedding);

    for (int i = 0; i < RANK * VOCAB; i++) a.up[i] = (float)(0.3 * rng_normal(&r));
    double want = lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, NULL);
    lm_head_merge(&shape, f->unembedding, f->block, merged);
    for (int i = 0; i < RANK * VOCAB; i++) a.up[i] = 0;
    double got = lm_head_loss(&shape, merged, f->block, f->x, f->targets, N, f->work, NULL);
    assert_true(fabs(got - want) < 1e-5 * want);
    assert_true(fabs(lm_head_loss(&shape, f->unembedding, f->block, f->x, f->targets, N, f->work, NULL) - want) > 0.1);
    free(merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_loss_is_that_of_plain_loops, setup, teardown),
        cmocka_unit_test_setup_teardown(a_loss_of_hundreds_is_finite, setup, teardown),
        cmocka_unit_test_setup_teardown(the_gradient_is_that_of_finite_differences, setup, teardown),
        cmocka_unit_test_setup_teardown(gradients_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(at_first_nothing_is_corrected_and_merging_changes_no_loss, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
