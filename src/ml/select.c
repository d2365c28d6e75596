// select_topk works in two passes. The first collects the values above a guessed threshold, vector by vector with
// compress instructions where there are any; the guess comes from the rows before and only has to leave at least k and
// not many more. The second finds the k-th largest among these few by bisection on their bits: positive floats are
// ordered like the integers of the same bits. The guess changes how long it takes, never what comes out.
#include "ml/select.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/vec.h"

#if defined(__x86_64__) && !defined(HW_NO_TARGET_CLONES)
#include <immintrin.h>
#define HAVE_AVX512_PATH 1
#else
#define HAVE_AVX512_PATH 0
#endif

struct select_scratch {
    uint32_t *index;
    float *value;
    float guess;
};

struct select_scratch *select_scratch_new(int n_max)
{
    struct select_scratch *s = mem_zalloc(sizeof *s);
    s->index = mem_array((size_t)n_max + SELECT_PAD, sizeof *s->index);
    s->value = mem_array((size_t)n_max + SELECT_PAD, sizeof *s->value);
    return s;
}

void select_scratch_free(struct select_scratch *s)
{
    if (!s) return;
    free(s->index);
    free(s->value);
    free(s);
}

static int collect_plain(const float *v, const float *bias, int from, int n, float above, uint32_t *index, float *value,
                         int found)
{
    for (int i = from; i < n; i++) {
        float x = v[i] + bias[i];
        index[found] = (uint32_t)i;
        value[found] = x;
        found += x > above;
    }
    return found;
}

#if HAVE_AVX512_PATH
__attribute__((target("avx512f,popcnt"))) static int collect_avx512(const float *v, const float *bias, int n,
                                                                    float above, uint32_t *index, float *value)
{
    const __m512 limit = _mm512_set1_ps(above);
    __m512i at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int found = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 x = _mm512_add_ps(_mm512_loadu_ps(v + i), _mm512_loadu_ps(bias + i));
        __mmask16 hit = _mm512_cmp_ps_mask(x, limit, _CMP_GT_OQ);
        // Compressed in registers and stored whole: compressing stores are many times slower on some processors.
        _mm512_storeu_ps(value + found, _mm512_maskz_compress_ps(hit, x));
        _mm512_storeu_si512(index + found, _mm512_maskz_compress_epi32(hit, at));
        found += __builtin_popcount(hit);
        at = _mm512_add_epi32(at, _mm512_set1_epi32(16));
    }
    return collect_plain(v, bias, i, n, above, index, value, found);
}
#endif

// Indices and values of all v[i] + bias[i] > above, in order.
static int collect_above(const float *v, const float *bias, int n, float above, uint32_t *index, float *value)
{
#if HAVE_AVX512_PATH
    if (__builtin_cpu_supports("avx512f")) return collect_avx512(v, bias, n, above, index, value);
#endif
    return collect_plain(v, bias, 0, n, above, index, value, 0);
}

// How many of the positive values are at least `limit`.
HW_KERNEL static int count_from(const float *value, int n, float limit)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += value[i] >= limit;
    return count;
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

// The largest t for which at least k of the n values (all > above >= 0) are >= t.
static float kth_largest(const float *value, int n, int k, float above, int *count)
{
    uint32_t lo = bits_of(above), hi = 0x7F800001U; // count(lo) >= k, count(hi) = 0: above infinity
    float max = 0;
    for (int i = 0; i < n; i++) max = value[i] > max ? value[i] : max;
    hi = bits_of(max) + 1;
    *count = n;
    while (hi - lo > 1 && *count != k) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = count_from(value, n, float_of(mid));
        if (c >= k) {
            lo = mid;
            *count = c;
        } else {
            hi = mid;
        }
    }
    return float_of(lo);
}

int select_positive(const float *v, const float *bias, int n, uint32_t *index, float *value)
{
    return collect_above(v, bias, n, 0.0f, index, value);
}

int select_topk(struct select_scratch *s, const float *v, const float *bias, int n, int k, uint32_t *index,
                float *value)
{
    float above = s->guess;
    int found = collect_above(v, bias, n, above, s->index, s->value);
    if (found < k && above > 0) {
        above *= 0.5f;
        found = collect_above(v, bias, n, above, s->index, s->value);
    }
    if (found < k && above > 0) {
        above = 0;
        found = collect_above(v, bias, n, above, s->index, s->value);
    }
    if (found <= k) {
        memcpy(index, s->index, (size_t)found * sizeof *index);
        memcpy(value, s->value, (size_t)found * sizeof *value);
        if (found < k) s->guess = 0;
        return found;
    }

    int at_least;
    float limit = kth_largest(s->value, found, k, above, &at_least);
    s->guess = 0.75f * s->guess + 0.25f * (0.8f * limit);
    // More than k only if several equal the limit: then the first of them are taken, as many as there is room for.
    int ties = k;
    if (at_least > k) {
        int greater = 0;
        for (int i = 0; i < found; i++) greater += s->value[i] > limit;
        ties = k - greater;
    }
    int n_out = 0;
    for (int i = 0; i < found; i++) {
        bool equal = s->value[i] == limit;
        bool take = s->value[i] > limit || (equal && ties > 0);
        ties -= equal && take;
        index[n_out] = s->index[i];
        value[n_out] = s->value[i];
        n_out += take;
    }
    return n_out;
}
