// Sixteen floats at a time, for the kernels of the autoencoder. GCC's and Clang's vector types are used, not
// intrinsics: the same text becomes AVX-512, AVX2 or SSE2 (or another architecture's) code, by HW_KERNEL of simd.h.
// Vectors are never passed or returned by value: how that is done depends on the instruction set.
#ifndef HW_ML_VEC_H
#define HW_ML_VEC_H

#include <stddef.h>

#include "ml/simd.h"

#define VEC_LANES 16

typedef float vec __attribute__((vector_size(64), aligned(4), may_alias)); // may lie at any float's address
typedef float vec_half __attribute__((vector_size(32)));
typedef float vec_quarter __attribute__((vector_size(16)));

#define VEC_AT(p) (*(vec *)(p))
#define VEC_IN(p) (*(const vec *)(p))

// The lanes added up in a fixed tree, so that the result is the same with every instruction set.
HW_INLINE float vec_sum(const vec *v)
{
    vec_half h = __builtin_shufflevector(*v, *v, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(*v, *v, 8, 9, 10, 11, 12, 13, 14, 15);
    vec_quarter q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    q += __builtin_shufflevector(q, q, 2, 3, 0, 1);
    return q[0] + q[1];
}

// Rows of matrices are padded with zeros to whole vectors.
static inline size_t vec_padded(size_t n)
{
    return (n + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
}

#endif
