// The autoencoder: its fast gradient against the plain one, the plain one against finite differences, and what a
// training step promises.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ml/sae.h"
#include "ml/sae_reference.h"

struct data {
    const float *x;
    int d;
};

static void fetch(const void *ctx, const int64_t *index, int n, float *out, size_t stride)
{
    const struct data *data = ctx;
    for (int i = 0; i < n; i++)
        memcpy(out + (size_t)i * stride, data->x + index[i] * data->d, (size_t)data->d * sizeof(float));
}

// Vectors made of a few directions, as a model's are, around a mean that isn't zero.
static float *make_vectors(int n, int d, uint64_t seed)
{
    enum { DIRECTIONS = 24 };
    struct rng r;
    rng_seed(&r, seed, 0);
    float *directions = mem_array((size_t)(DIRECTIONS * d), sizeof(float));
    for (int i = 0; i < DIRECTIONS * d; i++) directions[i] = (float)rng_normal(&r);
    float *x = mem_array((size_t)n * (size_t)d, sizeof *x);
    for (int i = 0; i < n; i++) {
        float *row = x + (size_t)i * (size_t)d;
        for (int k = 0; k < d; k++) row[k] = 0.3f + 0.05f * (float)rng_normal(&r);
        for (int j = 0; j < 3; j++) {
            const float *dir = directions + rng_below(&r, DIRECTIONS) * (uint64_t)d;
            float a = (float)rng_uniform(&r);
            for (int k = 0; k < d; k++) row[k] += a * dir[k];
        }
    }
    free(directions);
    return x;
}

struct setting {
    struct sae_config c;
    int batch;
};

// Widths on both sides of a register tile and of a vector, batches on both sides of a slice.
static const struct setting settings[] = {
    {{SAE_TOPK, 5, 7, 3, 0}, 6},        {{SAE_STANDARD, 5, 7, 0, 0.3}, 6},
    {{SAE_TOPK, 16, 33, 4, 0}, 128},    {{SAE_STANDARD, 16, 33, 0, 1.0}, 129},
    {{SAE_TOPK, 130, 200, 16, 0}, 300}, {{SAE_STANDARD, 130, 200, 0, 0.7}, 300},
    {{SAE_TOPK, 64, 128, 128, 0}, 65},  {{SAE_STANDARD, 128, 256, 0, 1.0}, 257},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

struct rig {
    struct setting set;
    float *x;
    int64_t *index;
    struct data data;
    struct sae_source from;
    struct team *team;
    struct sae_work *work;
    struct sae *sae;
};

static void rig_init(struct rig *g, const struct setting *set, int threads)
{
    struct err e;
    *g = (struct rig){.set = *set};
    int d = set->c.d_in;
    g->x = make_vectors(set->batch, d, 9);
    g->index = mem_array((size_t)set->batch, sizeof *g->index);
    for (int i = 0; i < set->batch; i++) g->index[i] = i;
    g->data = (struct data){g->x, d};
    g->from = (struct sae_source){fetch, &g->data};
    g->team = team_new(threads, &e);
    assert_non_null(g->team);
    g->work = sae_work_new(&set->c, set->batch, g->team, NULL);
    float *mean = mem_array((size_t)d, sizeof *mean);
    for (int i = 0; i < set->batch; i++)
        for (int k = 0; k < d; k++) mean[k] += g->x[i * d + k] / (float)set->batch;
    struct rng r;
    rng_seed(&r, 4, 0);
    g->sae = sae_new(&set->c, mean, &r);
    free(mean);
}

static void rig_release(struct rig *g)
{
    sae_free(g->sae);
    sae_work_free(g->work);
    team_free(g->team);
    free(g->index);
    free(g->x);
}

// The weights moved off their start, where W_enc is W_dec's transpose, b_enc is 0 and all rows have length 1.
static double *perturbed_params(struct rig *g)
{
    size_t n = sae_parameter_count(&g->set.c);
    float *block = mem_array(n, sizeof *block);
    double *params = mem_array(n, sizeof *params);
    struct sae_arrays a = sae_arrays_in(&g->set.c, block);
    sae_read(g->sae, SAE_WEIGHTS, &a);
    struct rng r;
    rng_seed(&r, 8, 0);
    for (size_t i = 0; i < n; i++) {
        block[i] += 0.1f * (float)rng_normal(&r);
        params[i] = (double)block[i];
    }
    sae_write(g->sae, SAE_WEIGHTS, &a);
    free(block);
    return params;
}

static double *in_double(const float *x, size_t n)
{
    double *out = mem_array(n, sizeof *out);
    for (size_t i = 0; i < n; i++) out[i] = (double)x[i];
    return out;
}

static void fast_gradient_agrees_with_the_reference(void **state)
{
    (void)state;
    for (int i = 0; i < N_SETTINGS; i++) {
        struct rig g;
        rig_init(&g, &settings[i], 2);
        const struct sae_config *c = &g.set.c;
        size_t n = sae_parameter_count(c);
        double *params = perturbed_params(&g), *expected = mem_array(n, sizeof *expected);
        double *x = in_double(g.x, (size_t)(g.set.batch * c->d_in));
        double loss = sae_reference(c, params, x, g.set.batch, expected);

        struct err e;
        struct sae_metrics m;
        assert_int_equal(sae_gradient(g.sae, g.work, &g.from, g.index, g.set.batch, &m, &e), 0);
        float *block = mem_array(n, sizeof *block);
        struct sae_arrays a = sae_arrays_in(c, block);
        sae_read(g.sae, SAE_GRADIENT, &a);
        assert_true(fabs(m.loss - loss) < 1e-5 * loss);
        double largest = 0, worst = 0;
        for (size_t k = 0; k < n; k++) {
            largest = fmax(largest, fabs(expected[k]));
            worst = fmax(worst, fabs(expected[k] - (double)block[k]));
        }
        assert_true(largest > 0);
        if (worst > 1e-5 * largest) fail_msg("setting %d: gradients differ by %g of %g", i, worst, largest);
        free(block);
        free(x);
        free(expected);
        free(params);
        rig_release(&g);
    }
}

static void reference_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    for (int i = 0; i < N_SETTINGS; i++) {
        struct rig g;
        rig_init(&g, &settings[i], 1);
        const struct sae_config *c = &g.set.c;
        size_t n = sae_parameter_count(c);
        int batch = g.set.batch < 20 ? g.set.batch : 20;
        double *params = perturbed_params(&g), *gradient = mem_array(n, sizeof *gradient);
        double *x = in_double(g.x, (size_t)(g.set.batch * c->d_in));
        sae_reference(c, params, x, batch, gradient);
        double largest = 0;
        for (size_t k = 0; k < n; k++) largest = fmax(largest, fabs(gradient[k]));
        // All parameters of the small settings, a sample of the others' and always both ends (b_dec is the last).
        size_t step = n / 150 + 1;
        for (size_t at = 0; at < n + 10; at += at < n - 5 && at + step < n ? step : 1) {
            if (at >= n) break;
            const double h = 1e-6, keep = params[at];
            params[at] = keep + h;
            double up = sae_reference(c, params, x, batch, NULL);
            params[at] = keep - h;
            double down = sae_reference(c, params, x, batch, NULL);
            params[at] = keep;
            double difference = (up - down) / (2 * h);
            if (fabs(difference - gradient[at]) > 1e-6 * largest + 1e-7)
                fail_msg("setting %d, parameter %zu: %g by differences, %g by gradient", i, at, difference,
                         gradient[at]);
        }
        free(x);
        free(gradient);
        free(params);
        rig_release(&g);
    }
}

static float *weights_after(const struct setting *set, int threads, int steps, size_t *n)
{
    struct rig g;
    rig_init(&g, set, threads);
    struct err e;
    struct sae_metrics m;
    struct rng r;
    rng_seed(&r, 6, 0);
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < set->batch; i++) g.index[i] = (int64_t)rng_below(&r, (uint64_t)set->batch);
        assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, set->batch, 1e-3, &m, &e), 0);
    }
    *n = sae_parameter_count(&set->c);
    float *block = mem_array(*n, sizeof *block);
    struct sae_arrays a = sae_arrays_in(&set->c, block);
    sae_read(g.sae, SAE_WEIGHTS, &a);
    rig_release(&g);
    return block;
}

static void weights_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    for (int i = 4; i < 6; i++) {
        size_t n;
        float *one = weights_after(&settings[i], 1, 5, &n), *again = weights_after(&settings[i], 1, 5, &n);
        float *three = weights_after(&settings[i], 3, 5, &n);
        assert_memory_equal(one, again, n * sizeof *one);
        assert_memory_equal(one, three, n * sizeof *one);
        free(one);
        free(again);
        free(three);
    }
}

static void training_lowers_the_loss(void **state)
{
    (void)state;
    for (int i = 4; i < 6; i++) {
        struct rig g;
        rig_init(&g, &settings[i], 1);
        struct err e;
        struct sae_metrics first, m = {0};
        assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 3e-3, &first, &e), 0);
        for (int s = 0; s < 150; s++)
            assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 3e-3, &m, &e), 0);
        assert_true(m.loss < 0.5 * first.loss);
        assert_true(m.explained_variance > first.explained_variance && m.explained_variance < 1);
        assert_true(m.grad_norm > 0 && m.l1 > 0);
        assert_int_equal(sae_step_count(g.sae), 151);
        if (g.set.c.architecture == SAE_TOPK) assert_true(m.l0 <= g.set.c.k);
        rig_release(&g);
    }
}

static void topk_keeps_decoder_rows_at_length_1(void **state)
{
    (void)state;
    size_t n;
    const struct sae_config *c = &settings[4].c;
    float *block = weights_after(&settings[4], 2, 20, &n);
    struct sae_arrays a = sae_arrays_in(c, block);
    for (int f = 0; f < c->n_features; f++) {
        double sum = 0;
        for (int d = 0; d < c->d_in; d++) sum += pow((double)a.w_dec[f * c->d_in + d], 2);
        assert_true(fabs(sum - 1) < 1e-5);
    }
    free(block);
}

// A batch so large that it is cut into blocks must have the gradient of the whole.
static void large_batches_are_cut_without_a_trace(void **state)
{
    (void)state;
    struct setting set = {{SAE_STANDARD, 3, 20000, 0, 0.5}, 300};
    struct rig g;
    rig_init(&g, &set, 2);
    size_t n = sae_parameter_count(&set.c);
    double *params = perturbed_params(&g), *expected = mem_array(n, sizeof *expected);
    double *x = in_double(g.x, (size_t)(set.batch * set.c.d_in));
    double loss = sae_reference(&set.c, params, x, set.batch, expected);
    struct err e;
    struct sae_metrics m;
    assert_int_equal(sae_gradient(g.sae, g.work, &g.from, g.index, set.batch, &m, &e), 0);
    float *block = mem_array(n, sizeof *block);
    struct sae_arrays a = sae_arrays_in(&set.c, block);
    sae_read(g.sae, SAE_GRADIENT, &a);
    assert_true(fabs(m.loss - loss) < 1e-4 * loss);
    double largest = 0, worst = 0;
    for (size_t k = 0; k < n; k++) {
        largest = fmax(largest, fabs(expected[k]));
        worst = fmax(worst, fabs(expected[k] - (double)block[k]));
    }
    assert_true(worst < 1e-4 * largest);
    free(block);
    free(x);
    free(expected);
    free(params);
    rig_release(&g);
}

static void loss_that_is_no_number_changes_nothing(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g, &settings[4], 1);
    size_t n = sae_parameter_count(&g.set.c);
    float *before = mem_array(n, sizeof *before), *after = mem_array(n, sizeof *after);
    struct sae_arrays a = sae_arrays_in(&g.set.c, before), b = sae_arrays_in(&g.set.c, after);
    sae_read(g.sae, SAE_WEIGHTS, &a);
    g.x[17] = NAN;
    struct err e;
    struct sae_metrics m;
    assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 1e-3, &m, &e), HW_EINVALID);
    sae_read(g.sae, SAE_WEIGHTS, &b);
    assert_memory_equal(before, after, n * sizeof *before);
    assert_int_equal(sae_step_count(g.sae), 0);
    free(before);
    free(after);
    rig_release(&g);
}

static void features_that_never_fire_are_dead(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g, &settings[4], 1);
    const struct sae_config *c = &g.set.c;
    float *block = mem_array(sae_parameter_count(c), sizeof *block);
    struct sae_arrays a = sae_arrays_in(c, block);
    sae_read(g.sae, SAE_WEIGHTS, &a);
    for (int f = 0; f < c->n_features; f++) a.b_enc[f] = f < 60 ? -1e6f : 0;
    sae_write(g.sae, SAE_WEIGHTS, &a);
    struct err e;
    struct sae_metrics m;
    assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 1e-3, &m, &e), 0);
    assert_true(m.dead_features >= 60 && m.dead_features < c->n_features);

    struct sae_evaluation *v = sae_evaluation_new(g.sae);
    assert_int_equal(sae_evaluation_add(v, g.sae, g.work, &g.from, g.index, 200, &e), 0);
    assert_int_equal(sae_evaluation_add(v, g.sae, g.work, &g.from, g.index + 200, 100, &e), 0);
    struct sae_scores s = sae_evaluation_scores(v);
    assert_true(s.dead_features >= 60 && s.dead_features < c->n_features);
    assert_true(s.fvu > 0 && fabs(s.fvu + s.explained_variance - 1) < 1e-12);

    // Once it has fired it lives for a window, and no longer.
    int64_t *last = mem_array((size_t)c->n_features, sizeof *last);
    for (int f = 0; f < c->n_features; f++) last[f] = f < 30 ? 5000 - SAE_DEAD_WINDOW : 5000 - SAE_DEAD_WINDOW + 1;
    sae_set_progress(g.sae, 4999, last);
    assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 1e-3, &m, &e), 0);
    assert_int_equal(m.dead_features, 30);
    free(last);
    sae_evaluation_free(v);
    free(block);
    rig_release(&g);
}

static void evaluation_agrees_with_the_reference(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g, &settings[5], 2);
    const struct sae_config *c = &g.set.c;
    double *params = perturbed_params(&g);
    double *x = in_double(g.x, (size_t)(g.set.batch * c->d_in));
    struct err e;
    struct sae_evaluation *v = sae_evaluation_new(g.sae);
    for (int at = 0; at < g.set.batch; at += 100)
        assert_int_equal(sae_evaluation_add(v, g.sae, g.work, &g.from, g.index + at, 100, &e), 0);
    struct sae_scores s = sae_evaluation_scores(v);
    double loss = sae_reference(c, params, x, g.set.batch, NULL);
    assert_true(fabs(s.loss - loss) < 1e-5 * loss);
    double variance = 0;
    for (int d = 0; d < c->d_in; d++) {
        double mean = 0;
        for (int i = 0; i < g.set.batch; i++) mean += x[i * c->d_in + d] / g.set.batch;
        for (int i = 0; i < g.set.batch; i++) variance += pow(x[i * c->d_in + d] - mean, 2) / g.set.batch;
    }
    assert_true(fabs(s.fvu - s.loss_reconstructed / variance) < 1e-5);
    sae_evaluation_free(v);
    free(x);
    free(params);
    rig_release(&g);
}

static void a_set_stop_flag_ends_the_step(void **state)
{
    (void)state;
    struct rig g;
    rig_init(&g, &settings[4], 2);
    atomic_int stop = 1;
    struct sae_work *w = sae_work_new(&g.set.c, g.set.batch, g.team, &stop);
    struct err e;
    struct sae_metrics m;
    assert_int_equal(sae_step(g.sae, w, &g.from, g.index, g.set.batch, 1e-3, &m, &e), HW_ECANCELLED);
    sae_work_free(w);
    rig_release(&g);
}

static void state_written_back_continues_exactly(void **state)
{
    (void)state;
    struct rig g, h;
    rig_init(&g, &settings[5], 1);
    rig_init(&h, &settings[5], 1);
    struct err e;
    struct sae_metrics m;
    size_t n = sae_parameter_count(&g.set.c);
    float *block = mem_array(n, sizeof *block), *other = mem_array(n, sizeof *other);
    struct sae_arrays a = sae_arrays_in(&g.set.c, block), b = sae_arrays_in(&g.set.c, other);
    for (int s = 0; s < 3; s++)
        assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 1e-3, &m, &e), 0);
    for (enum sae_part part = SAE_WEIGHTS; part <= SAE_MOMENT2; part++) {
        sae_read(g.sae, part, &a);
        sae_write(h.sae, part, &a);
    }
    sae_set_progress(h.sae, sae_step_count(g.sae), sae_last_active(g.sae));
    for (int s = 0; s < 3; s++) {
        assert_int_equal(sae_step(g.sae, g.work, &g.from, g.index, g.set.batch, 1e-3, &m, &e), 0);
        assert_int_equal(sae_step(h.sae, h.work, &h.from, h.index, h.set.batch, 1e-3, &m, &e), 0);
    }
    sae_read(g.sae, SAE_WEIGHTS, &a);
    sae_read(h.sae, SAE_WEIGHTS, &b);
    assert_memory_equal(block, other, n * sizeof *block);
    free(block);
    free(other);
    rig_release(&g);
    rig_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_gradient_agrees_with_finite_differences),
        cmocka_unit_test(fast_gradient_agrees_with_the_reference),
        cmocka_unit_test(large_batches_are_cut_without_a_trace),
        cmocka_unit_test(weights_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(state_written_back_continues_exactly),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(topk_keeps_decoder_rows_at_length_1),
        cmocka_unit_test(loss_that_is_no_number_changes_nothing),
        cmocka_unit_test(features_that_never_fire_are_dead),
        cmocka_unit_test(evaluation_agrees_with_the_reference),
        cmocka_unit_test(a_set_stop_flag_ends_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
