// Attention of ops.h: for each head and each block of queries, three steps over a block of scores that stays in the
// cache: products with the keys up to the block's end, softmax, products with the values. The keys after the block's
// last query are never touched, which saves almost half of the work.
#include <string.h>

#include "ml/ops.h"
#include "ml/simd.h"

enum { QUERY_BLOCK = 32 };

size_t ops_attention_scratch(int t)
{
    return (size_t)QUERY_BLOCK * (size_t)t + QUERY_BLOCK;
}

// Row i of the block belongs to query first + i: weights of later keys become 0. Returns nothing but 1 / sum per row,
// so that the division is done on the output, which is shorter.
static void softmax_block(int queries, int keys, int first, float *scores, float *inverse)
{
    for (int i = 0; i < queries; i++) {
        float *row = scores + (size_t)i * (size_t)keys;
        size_t seen = (size_t)(first + i) + 1;
        inverse[i] = 1.0f / ops_softmax_exp(seen, row);
        memset(row + seen, 0, ((size_t)keys - seen) * sizeof *row);
    }
}

HW_KERNEL static void scale_rows(int rows, int n, float *x, int ld, const float *by)
{
    for (int i = 0; i < rows; i++) {
        float *row = x + (size_t)i * (size_t)ld;
        for (int j = 0; j < n; j++) row[j] *= by[i];
    }
}

void ops_attention(int t, int heads, int head_dim, float scale, const float *qkv, float *out, float *scratch)
{
    int width = heads * head_dim, ld = 3 * width;
    float *inverse = scratch + (size_t)QUERY_BLOCK * (size_t)t;
    for (int h = 0; h < heads; h++) {
        const float *q = qkv + (size_t)h * (size_t)head_dim, *k = q + width, *v = k + width;
        float *o = out + (size_t)h * (size_t)head_dim;
        for (int first = 0; first < t; first += QUERY_BLOCK) {
            int queries = t - first < QUERY_BLOCK ? t - first : QUERY_BLOCK, keys = first + queries;
            float *block = o + (size_t)first * (size_t)width;
            ops_matmul_nt(queries, keys, head_dim, scale, q + (size_t)first * (size_t)ld, ld, k, ld, scratch, keys);
            softmax_block(queries, keys, first, scratch, inverse);
            ops_matmul(queries, head_dim, keys, scratch, keys, v, ld, 0.0f, block, width);
            scale_rows(queries, head_dim, block, width, inverse);
        }
    }
}
