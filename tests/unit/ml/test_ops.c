// The fast tensor operations against their plain-loop references, with random shapes, odd ones included.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ml/ops.h"
#include "ml/ops_ref.h"
#include "ml/simd.h"

struct random {
    uint64_t s;
};

static uint32_t next(struct random *r)
{
    r->s = r->s * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(r->s >> 33);
}

static int between(struct random *r, int lo, int hi)
{
    return lo + (int)(next(r) % (uint32_t)(hi - lo + 1));
}

static float *values(struct random *r, size_t n, float scale)
{
    float *x = mem_array(n + 1, sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = scale * ((float)next(r) / 1073741824.0f - 1.0f);
    return x;
}

// |a - b| within tol of the larger of 1 and |b|.
static void assert_close(const float *a, const float *b, size_t n, float tol)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= tol * fmaxf(1, fabsf(b[i]))))
            fail_msg("element %zu of %zu: %.9g, the reference says %.9g", i, n, (double)a[i], (double)b[i]);
}

static void products_match_plain_loops(void **state)
{
    (void)state;
    struct random r = {1};
    for (int round = 0; round < 60; round++) {
        int m = between(&r, 1, 70), n = between(&r, 1, 70), k = between(&r, 1, 140);
        int lda = k + between(&r, 0, 5), ldb = n + between(&r, 0, 5), ldc = n + between(&r, 0, 5);
        float *a = values(&r, (size_t)(m * lda), 1), *b = values(&r, (size_t)(k * ldb), 1);
        float *c = values(&r, (size_t)(m * ldc), 1), *want = mem_dup(c, (size_t)(m * ldc) * sizeof *c);
        float beta = round % 2 ? 1.0f : 0.0f;
        ops_matmul(m, n, k, a, lda, b, ldb, beta, c, ldc);
        ref_matmul(m, n, k, a, lda, b, ldb, beta, want, ldc);
        assert_close(c, want, (size_t)(m * ldc), 2e-5f);
        float *bt = values(&r, (size_t)(n * lda), 1), *bias = values(&r, (size_t)n, 1);
        ops_matmul_nt(m, n, k, 0.25f, a, lda, bt, lda, c, ldc);
        ref_matmul_nt(m, n, k, 0.25f, a, lda, bt, lda, want, ldc);
        assert_close(c, want, (size_t)(m * ldc), 2e-5f);
        int ldat = m + between(&r, 0, 5);
        float *at = values(&r, (size_t)(k * ldat), 1);
        ops_matmul_tn(m, n, k, at, ldat, b, ldb, beta, c, ldc);
        ref_matmul_tn(m, n, k, at, ldat, b, ldb, beta, want, ldc);
        assert_close(c, want, (size_t)(m * ldc), 2e-5f);
        free(at);
        float *w = values(&r, (size_t)(k * n), 1), *x = values(&r, (size_t)(m * k), 1);
        ops_linear(m, n, k, x, w, bias, c);
        ref_linear(m, n, k, x, w, bias, want);
        assert_close(c, want, (size_t)(m * n), 2e-5f);
        free(a), free(b), free(c), free(want), free(bt), free(bias), free(w), free(x);
    }
}

static void layer_norm_matches_plain_loops(void **state)
{
    (void)state;
    struct random r = {2};
    for (int round = 0; round < 60; round++) {
        size_t rows = (size_t)between(&r, 1, 9), width = (size_t)between(&r, 1, 300), n = rows * width;
        float *x = values(&r, n, 3), *d = values(&r, n, 1), *gain = values(&r, width, 2), *bias = values(&r, width, 1);
        float *y = values(&r, n, 1), *want = values(&r, n, 1);
        ops_layernorm(rows, width, x, gain, bias, 1e-5f, y);
        ref_layernorm(rows, width, x, gain, bias, 1e-5f, want);
        if (width > 2) assert_close(y, want, n, 2e-5f); // two values may be almost equal: nothing but rounding is left
        float *sum = mem_dup(x, n * sizeof *x);
        for (size_t i = 0; i < n; i++) sum[i] += d[i];
        ops_add_layernorm(rows, width, x, d, gain, bias, 1e-5f, y);
        ref_layernorm(rows, width, sum, gain, bias, 1e-5f, want);
        assert_memory_equal(x, sum, n * sizeof *x);
        if (width > 2) assert_close(y, want, n, 2e-5f);
        free(x), free(d), free(gain), free(bias), free(y), free(want), free(sum);
    }
}

static void activations_match_plain_loops(void **state)
{
    (void)state;
    struct random r = {3};
    for (int f = OPS_GELU_TANH; f <= OPS_RELU; f++)
        for (int round = 0; round < 40; round++) {
            size_t rows = (size_t)between(&r, 1, 4), width = (size_t)between(&r, 1, 200), n = rows * width;
            float *x = values(&r, n, round % 4 == 0 ? 100 : 5), *bias = values(&r, width, 1);
            if (round == 0) x[0] = 0, bias[0] = 0;
            float *want = mem_dup(x, n * sizeof *x);
            ops_bias_activation(rows, width, x, bias, (enum ops_activation)f);
            ref_bias_activation(rows, width, want, bias, (enum ops_activation)f);
            assert_close(x, want, n, 2e-6f);
            free(x), free(bias), free(want);
        }
}

static void attention_matches_plain_loops_at_any_length(void **state)
{
    (void)state;
    struct random r = {4};
    static const int lengths[] = {1, 2, 31, 32, 33, 64, 65, 96, 101};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int t = lengths[i], heads = between(&r, 1, 4), dim = between(&r, 1, 40), width = heads * dim;
        float *qkv = values(&r, (size_t)(t * 3 * width), 2), *scratch = values(&r, ops_attention_scratch(t), 1);
        float *out = values(&r, (size_t)(t * width), 1), *want = values(&r, (size_t)(t * width), 1);
        float scale = 1.0f / sqrtf((float)dim);
        ops_attention(t, heads, dim, scale, qkv, out, scratch);
        ref_attention(t, heads, dim, scale, qkv, want);
        assert_close(out, want, (size_t)(t * width), 1e-5f);
        free(qkv), free(scratch), free(out), free(want);
    }
}

static void a_query_never_sees_later_keys(void **state)
{
    (void)state;
    struct random r = {5};
    enum { T = 50, WIDTH = 8 };
    float *qkv = values(&r, T * 3 * WIDTH, 1), *scratch = values(&r, ops_attention_scratch(T), 1);
    float before[T * WIDTH], after[T * WIDTH];
    ops_attention(T, 2, 4, 0.5f, qkv, before, scratch);
    for (size_t i = (size_t)40 * 3 * WIDTH; i < (size_t)T * 3 * WIDTH; i++) qkv[i] += 1;
    ops_attention(T, 2, 4, 0.5f, qkv, after, scratch);
    assert_memory_equal(before, after, sizeof(float) * 40 * WIDTH);
    assert_memory_not_equal(before + 40 * WIDTH, after + 40 * WIDTH, sizeof(float) * 10 * WIDTH);
    free(qkv), free(scratch);
}

static void exponential_is_exact_to_a_few_units(void **state)
{
    (void)state;
    for (double x = -86.9; x < 87.9; x += 0.00737) {
        double want = exp((float)x), got = simd_exp((float)x);
        if (fabs(got - want) > 4e-7 * want) fail_msg("exp(%g) = %.9g, not %.9g", x, got, want);
    }
    assert_true(isnan(simd_exp(NAN)));
    assert_true(simd_exp(-1e30f) < 1e-37f);
    assert_true(simd_exp(0) == 1.0f);
}

static void moments_match_plain_loops(void **state)
{
    (void)state;
    struct random r = {6};
    for (int round = 0; round < 80; round++) {
        size_t n = (size_t)between(&r, 1, 200);
        float *x = values(&r, n, 4);
        for (size_t i = 0; i < n; i++) x[i] += 3;
        struct ops_moments got = ops_moments(n, x), want = ref_moments(n, x);
        assert_true(fabs(got.mean - want.mean) < 1e-5);
        assert_true(fabs(got.m2 - want.m2) < 1e-4 * (1 + want.m2));
        assert_true(fabs(got.sum_squares - want.sum_squares) < 1e-5 * (1 + want.sum_squares));
        assert_true(got.min == want.min && got.max == want.max);
        free(x);
    }
}

static void not_a_number_is_never_lost(void **state)
{
    (void)state;
    struct random r = {7};
    for (size_t at = 0; at < 37; at++) {
        float *x = values(&r, 37, 1), *y = values(&r, 37, 1), *ones = values(&r, 37, 1);
        x[at] = NAN;
        assert_false(isfinite(ops_moments(37, x).sum_squares));
        ops_layernorm(1, 37, x, ones, ones, 1e-5f, y);
        assert_true(isnan(y[0]) && isnan(y[36]));
        ops_bias_activation(1, 37, x, ones, OPS_GELU_TANH);
        assert_true(isnan(x[at]));
        free(x);
        x = values(&r, 37, 1);
        x[at] = NAN;
        assert_true(isnan(ops_softmax_exp(37, x)));
        x[at] = INFINITY;
        assert_false(isfinite(ops_moments(37, x).sum_squares));
        free(x), free(y), free(ones);
    }
}

int main(void)
{
    ops_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_match_plain_loops),    cmocka_unit_test(layer_norm_matches_plain_loops),
        cmocka_unit_test(activations_match_plain_loops), cmocka_unit_test(attention_matches_plain_loops_at_any_length),
        cmocka_unit_test(a_query_never_sees_later_keys), cmocka_unit_test(exponential_is_exact_to_a_few_units),
        cmocka_unit_test(moments_match_plain_loops),     cmocka_unit_test(not_a_number_is_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
