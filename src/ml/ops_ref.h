// The operations of ops.h as plain loops in double precision: slow, obvious, and what the fast ones are tested against.
#ifndef HW_ML_OPS_REF_H
#define HW_ML_OPS_REF_H

#include "ml/ops.h"

void ref_matmul(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
void ref_matmul_nt(int m, int n, int k, float scale, const float *a, int lda, const float *b, int ldb, float *c,
                   int ldc);
void ref_matmul_tn(int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c,
                   int ldc);
void ref_linear(int rows, int n, int k, const float *x, const float *w, const float *bias, float *y);
void ref_layernorm(size_t rows, size_t width, const float *x, const float *gain, const float *bias, float eps,
                   float *y);
void ref_bias_activation(size_t rows, size_t width, float *x, const float *bias, enum ops_activation f);
void ref_attention(int t, int heads, int head_dim, float scale, const float *qkv, float *out);
struct ops_moments ref_moments(size_t n, const float *x);

#endif
