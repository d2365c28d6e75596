#include "ml/ops_ref.h"

#include <math.h>

void ref_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = beta == 0 ? 0 : (double)beta * c[(size_t)i * (size_t)ldc + (size_t)j];
            for (int l = 0; l < k; l++)
                s += (double)a[(size_t)i * (size_t)lda + (size_t)l] * b[(size_t)l * (size_t)ldb + (size_t)j];
            c[(size_t)i * (size_t)ldc + (size_t)j] = (float)s;
        }
}

void ref_matmul_nt(int m, int n, int k, float scale, const float *a, int lda, const float *b, int ldb, float *c,
                   int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = 0;
            for (int l = 0; l < k; l++)
                s += (double)a[(size_t)i * (size_t)lda + (size_t)l] * b[(size_t)j * (size_t)ldb + (size_t)l];
            c[(size_t)i * (size_t)ldc + (size_t)j] = (float)(scale * s);
        }
}

void ref_matmul_tn(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = beta == 0 ? 0 : (double)beta * c[(size_t)i * (size_t)ldc + (size_t)j];
            for (int l = 0; l < k; l++)
                s += (double)a[(size_t)l * (size_t)lda + (size_t)i] * b[(size_t)l * (size_t)ldb + (size_t)j];
            c[(size_t)i * (size_t)ldc + (size_t)j] = (float)s;
        }
}

void ref_linear(int rows, int n, int k, const float *x, const float *w, const float *bias, float *y)
{
    ref_matmul(rows, n, k, x, k, w, n, 0.0f, y, n);
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < n; j++) y[(size_t)r * (size_t)n + (size_t)j] += bias[j];
}

void ref_layernorm(size_t rows, size_t width, const float *x, const float *gain, const float *bias, float eps, float *y)
{
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        double mean = 0, var = 0;
        for (size_t i = 0; i < width; i++) mean += x[i];
        mean /= (double)width;
        for (size_t i = 0; i < width; i++) var += (x[i] - mean) * (x[i] - mean);
        var /= (double)width;
        for (size_t i = 0; i < width; i++) y[i] = (float)((x[i] - mean) / sqrt(var + eps) * gain[i] + bias[i]);
    }
}

void ref_bias_activation(size_t rows, size_t width, float *x, const float *bias, enum ops_activation f)
{
    for (size_t r = 0; r < rows; r++, x += width)
        for (size_t i = 0; i < width; i++) {
            double v = (double)x[i] + bias[i];
            switch (f) {
            case OPS_GELU_TANH:
                v = 0.5 * v * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v)));
                break;
            case OPS_GELU_ERF: v = 0.5 * v * (1 + erf(v / sqrt(2))); break;
            case OPS_RELU: v = v < 0 ? 0 : v; break;
            }
            x[i] = (float)v;
        }
}

// For each query: the largest score, then the weighted sum of the values, with the weights computed twice rather than
// kept.
static double score(int head_dim, float scale, const float *q, const float *k)
{
    double s = 0;
    for (int d = 0; d < head_dim; d++) s += (double)q[d] * k[d];
    return s * scale;
}

void ref_attention(int t, int heads, int head_dim, float scale, const float *qkv, float *out)
{
    size_t width = (size_t)heads * (size_t)head_dim, ld = 3 * width;
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < t; i++) {
            const float *q = qkv + (size_t)i * ld + (size_t)h * (size_t)head_dim;
            const float *keys = qkv + width + (size_t)h * (size_t)head_dim, *values = keys + width;
            double top = -INFINITY, sum = 0;
            for (int j = 0; j <= i; j++) top = fmax(top, score(head_dim, scale, q, keys + (size_t)j * ld));
            for (int j = 0; j <= i; j++) sum += exp(score(head_dim, scale, q, keys + (size_t)j * ld) - top);
            for (int d = 0; d < head_dim; d++) {
                double s = 0;
                for (int j = 0; j <= i; j++)
                    s += exp(score(head_dim, scale, q, keys + (size_t)j * ld) - top) / sum *
                         values[(size_t)j * ld + (size_t)d];
                out[(size_t)i * width + (size_t)h * (size_t)head_dim + (size_t)d] = (float)s;
            }
        }
}

struct ops_moments ref_moments(size_t n, const float *x)
{
    struct ops_moments m = {.min = x[0], .max = x[0]};
    for (size_t i = 0; i < n; i++) {
        m.mean += x[i];
        m.sum_squares += (double)x[i] * x[i];
        m.min = fminf(m.min, x[i]);
        m.max = fmaxf(m.max, x[i]);
    }
    m.mean /= (double)n;
    for (size_t i = 0; i < n; i++) m.m2 += (x[i] - m.mean) * (x[i] - m.mean);
    return m;
}
