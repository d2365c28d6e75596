// Row-wise kernels of ops.h. Sums run over HW_LANES accumulators (simd.h).
#include "ml/ops.h"

#include <cblas.h>
#include <math.h>

#include "ml/simd.h"

void ops_init(void)
{
    openblas_set_num_threads(1);
}

void ops_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

void ops_matmul_nt(int m, int n, int k, float scale, const float *a, int lda, const float *b, int ldb, float *c,
                   int ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, scale, a, lda, b, ldb, 0.0f, c, ldc);
}

void ops_matmul_tn(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, lda, b, ldb, beta, c, ldc);
}

void ops_linear(int rows, int n, int k, const float *x, const float *w, const float *bias, float *y)
{
    for (int r = 0; r < rows; r++) memcpy(y + (size_t)r * (size_t)n, bias, (size_t)n * sizeof *y);
    ops_matmul(rows, n, k, x, k, w, n, 1.0f, y, n);
}

HW_INLINE float lanes_sum(const float acc[HW_LANES])
{
    float s[8];
    for (int l = 0; l < 8; l++) s[l] = acc[l] + acc[l + 8];
    for (int l = 0; l < 4; l++) s[l] += s[l + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

HW_INLINE float sum(size_t n, const float *x)
{
    float acc[HW_LANES] = {0};
    size_t i = 0;
    for (; i + HW_LANES <= n; i += HW_LANES)
        for (int l = 0; l < HW_LANES; l++) acc[l] += x[i + (size_t)l];
    float s = lanes_sum(acc);
    for (; i < n; i++) s += x[i];
    return s;
}

HW_INLINE float sum_squares(size_t n, const float *x, float shift)
{
    float acc[HW_LANES] = {0};
    size_t i = 0;
    for (; i + HW_LANES <= n; i += HW_LANES)
        for (int l = 0; l < HW_LANES; l++) {
            float d = x[i + (size_t)l] - shift;
            acc[l] += d * d;
        }
    float s = lanes_sum(acc);
    for (; i < n; i++) s += (x[i] - shift) * (x[i] - shift);
    return s;
}

HW_INLINE void norm_row(size_t width, const float *x, const float *gain, const float *bias, float eps, float *y)
{
    float mean = sum(width, x) / (float)width;
    float inv = 1.0f / sqrtf(sum_squares(width, x, mean) / (float)width + eps);
    for (size_t i = 0; i < width; i++) y[i] = (x[i] - mean) * inv * gain[i] + bias[i];
}

HW_KERNEL void ops_layernorm(size_t rows, size_t width, const float *x, const float *gain, const float *bias, float eps,
                             float *restrict y)
{
    for (size_t r = 0; r < rows; r++) norm_row(width, x + r * width, gain, bias, eps, y + r * width);
}

HW_KERNEL void ops_add_layernorm(size_t rows, size_t width, float *restrict x, const float *d, const float *gain,
                                 const float *bias, float eps, float *restrict y)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width;
        const float *add = d + r * width;
        for (size_t i = 0; i < width; i++) row[i] += add[i];
        norm_row(width, row, gain, bias, eps, y + r * width);
    }
}

HW_KERNEL void ops_add(size_t n, float *restrict x, const float *restrict d)
{
    for (size_t i = 0; i < n; i++) x[i] += d[i];
}

// (1 + tanh u) / 2 = 1 / (1 + e^(-2u)), so one exponential does.
HW_INLINE float gelu_tanh(float x)
{
    float u = x * (0.797884561f + 0.0356774081f * x * x);
    return x / (1.0f + simd_exp(-2.0f * u));
}

// erf by Abramowitz and Stegun's 7.1.26; its absolute error is below 1.5e-7.
HW_INLINE float gelu_erf(float x)
{
    float z = fabsf(x) * 0.707106781f;
    float t = 1.0f / (1.0f + 0.3275911f * z);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float tail = 0.5f * p * t * simd_exp(-z * z); // of the normal distribution beyond |x|
    return x * (x < 0 ? tail : 1.0f - tail);
}

HW_KERNEL void ops_bias_activation(size_t rows, size_t width, float *restrict x, const float *restrict bias,
                                   enum ops_activation f)
{
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * width;
        switch (f) {
        case OPS_GELU_TANH:
            for (size_t i = 0; i < width; i++) row[i] = gelu_tanh(row[i] + bias[i]);
            break;
        case OPS_GELU_ERF:
            for (size_t i = 0; i < width; i++) row[i] = gelu_erf(row[i] + bias[i]);
            break;
        case OPS_RELU:
            for (size_t i = 0; i < width; i++) {
                float v = row[i] + bias[i];
                row[i] = v < 0 ? 0 : v;
            }
            break;
        }
    }
}

HW_KERNEL float ops_softmax_exp(size_t n, float *x)
{
    float top[HW_LANES], acc[HW_LANES] = {0};
    size_t i = 0;
    for (int l = 0; l < HW_LANES; l++) top[l] = x[0];
    for (; i + HW_LANES <= n; i += HW_LANES)
        for (int l = 0; l < HW_LANES; l++) top[l] = x[i + (size_t)l] > top[l] ? x[i + (size_t)l] : top[l];
    float max = top[0];
    for (int l = 1; l < HW_LANES; l++) max = top[l] > max ? top[l] : max;
    for (; i < n; i++) max = x[i] > max ? x[i] : max;

    for (i = 0; i + HW_LANES <= n; i += HW_LANES)
        for (int l = 0; l < HW_LANES; l++) {
            float v = simd_exp(x[i + (size_t)l] - max);
            x[i + (size_t)l] = v;
            acc[l] += v;
        }
    float s = lanes_sum(acc);
    for (; i < n; i++) {
        x[i] = simd_exp(x[i] - max);
        s += x[i];
    }
    return s;
}

HW_KERNEL struct ops_moments ops_moments(size_t n, const float *x)
{
    struct ops_moments m;
    float mean = sum(n, x) / (float)n;
    m.mean = mean;
    m.m2 = sum_squares(n, x, mean);
    m.sum_squares = sum_squares(n, x, 0.0f);
    float lo[HW_LANES], hi[HW_LANES];
    for (int l = 0; l < HW_LANES; l++) lo[l] = hi[l] = x[0];
    size_t i = 0;
    for (; i + HW_LANES <= n; i += HW_LANES)
        for (int l = 0; l < HW_LANES; l++) {
            float v = x[i + (size_t)l];
            lo[l] = v < lo[l] ? v : lo[l];
            hi[l] = v > hi[l] ? v : hi[l];
        }
    m.min = lo[0];
    m.max = hi[0];
    for (int l = 1; l < HW_LANES; l++) {
        m.min = lo[l] < m.min ? lo[l] : m.min;
        m.max = hi[l] > m.max ? hi[l] : m.max;
    }
    for (; i < n; i++) {
        m.min = x[i] < m.min ? x[i] : m.min;
        m.max = x[i] > m.max ? x[i] : m.max;
    }
    return m;
}
