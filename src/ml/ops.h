// Tensor operations of a transformer, on row-major float32. The fast versions are here; ops_ref.h has the same
// functions as plain loops, and tests compare the two.
//
// None allocates; all may be called from any thread on memory of its own. Matrix products run on OpenBLAS: call
// ops_init() once first, so that it uses the calling thread only. Rows are contiguous unless a leading dimension
// (`ld…`, in elements) is given. NaN in gives NaN out.
#ifndef HW_ML_OPS_H
#define HW_ML_OPS_H

#include <stddef.h>
#include <stdint.h>

// Matrix products of this process run in the thread that asks for them from now on.
void ops_init(void);

// C[m, n] = A[m, k] B[k, n] + beta C
void ops_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
// C[m, n] = scale A[m, k] B[n, k]ᵀ
void ops_matmul_nt(int m, int n, int k, float scale, const float *a, int lda, const float *b, int ldb, float *c,
                   int ldc);
// C[m, n] = A[k, m]ᵀ B[k, n] + beta C
void ops_matmul_tn(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c,
                   int ldc);
// y[rows, n] = x[rows, k] w[k, n] + bias[n]
void ops_linear(int rows, int n, int k, const float *x, const float *w, const float *bias, float *y);

// y[rows, width] = layer norm of x, per row: (x - mean) / sqrt(variance + eps) · gain + bias
void ops_layernorm(size_t rows, size_t width, const float *x, const float *gain, const float *bias, float eps,
                   float *y);

// x[rows, width] += d, then y = layer norm of x
void ops_add_layernorm(size_t rows, size_t width, float *x, const float *d, const float *gain, const float *bias,
                       float eps, float *y);

void ops_add(size_t n, float *x, const float *d); // x += d

enum ops_activation {
    OPS_GELU_TANH, // x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
    OPS_GELU_ERF,  // x/2 (1 + erf(x/√2))
    OPS_RELU,
};

// x[rows, width] = f(x + bias), in place
void ops_bias_activation(size_t rows, size_t width, float *x, const float *bias, enum ops_activation f);

// Causal self-attention of one sequence: qkv[t, 3 · width] holds queries, keys and values of all heads; out[t, width]
// is softmax(q kᵀ scale, over the keys up to the query's position) v, heads side by side. `scratch` holds
// ops_attention_scratch(t) floats.
size_t ops_attention_scratch(int t);
void ops_attention(int t, int heads, int head_dim, float scale, const float *qkv, float *out, float *scratch);

// Of n values: sum of exp(x - max) and, in place, exp(x - max). n ≥ 1.
float ops_softmax_exp(size_t n, float *x);

// Of n ≥ 1 values: mean, sum of squared deviations from it, sum of squares, smallest, largest. Not finite if any value
// isn't.
struct ops_moments {
    double mean, m2, sum_squares;
    float min, max;
};
struct ops_moments ops_moments(size_t n, const float *x);

#endif
