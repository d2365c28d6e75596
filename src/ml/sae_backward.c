// The backward pass of one range of features, from the activations by columns: gradients of both rows of each feature,
// then (after the batch's last block) Adam's step on them while they are in the cache.
#include <math.h>
#include <string.h>

#include "ml/sae_internal.h"
#include "ml/vec.h"

enum { TILE = 8 };

// Adds to the gradients of one feature's rows, tile by tile: dec += z error[row], enc += dz xc[row] over all its
// entries.
HW_INLINE void rows_tile(const int n_vec, const struct sae_slice *slices, int n_slices, uint32_t f, const float *error,
                         const float *xc, size_t ld, float *dec, float *enc)
{
    vec acc_dec[TILE], acc_enc[TILE];
#pragma GCC unroll 8
    for (int i = 0; i < n_vec; i++) {
        acc_dec[i] = VEC_IN(dec + i * VEC_LANES);
        acc_enc[i] = VEC_IN(enc + i * VEC_LANES);
    }
    for (int k = 0; k < n_slices; k++) {
        const struct sae_slice *s = &slices[k];
        for (uint32_t j = s->begin[f]; j < s->begin[f + 1]; j++) {
            const float *e = error + s->row[j] * ld, *x = xc + s->row[j] * ld;
            float z = s->z[j], dz = s->dz[j];
#pragma GCC unroll 8
            for (int i = 0; i < n_vec; i++) {
                acc_dec[i] += z * VEC_IN(e + i * VEC_LANES);
                acc_enc[i] += dz * VEC_IN(x + i * VEC_LANES);
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < n_vec; i++) {
        VEC_AT(dec + i * VEC_LANES) = acc_dec[i];
        VEC_AT(enc + i * VEC_LANES) = acc_enc[i];
    }
}

HW_KERNEL static void accumulate_rows(const struct sae_slice *slices, int n_slices, uint32_t f, const float *error,
                                      const float *xc, size_t ld, float *dec, float *enc)
{
    size_t i = 0;
    for (; i + TILE * VEC_LANES <= ld; i += TILE * VEC_LANES)
        rows_tile(TILE, slices, n_slices, f, error + i, xc + i, ld, dec + i, enc + i);
    for (; i < ld; i += VEC_LANES) rows_tile(1, slices, n_slices, f, error + i, xc + i, ld, dec + i, enc + i);
}

// y += a x
HW_KERNEL static void add_scaled(float *restrict y, float a, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i += VEC_LANES) VEC_AT(y + i) += a * VEC_IN(x + i);
}

HW_KERNEL static void scale_row(float *y, float a, size_t n)
{
    for (size_t i = 0; i < n; i += VEC_LANES) VEC_AT(y + i) *= a;
}

HW_KERNEL static float dot(const float *a, const float *b, size_t n)
{
    vec sum = {0};
    for (size_t i = 0; i < n; i += VEC_LANES) sum += VEC_IN(a + i) * VEC_IN(b + i);
    return vec_sum(&sum);
}

float sae_row_norm(const float *row, size_t ld)
{
    return sqrtf(dot(row, row, ld));
}

// After the last block: factors that are the same for the whole row, the penalty's own gradient, and b_dec's share.
static void finish_gradient(struct sae_pass *pass, struct sae_range *range, size_t f)
{
    struct sae *s = pass->s;
    const size_t ld = s->ld;
    float *dec = s->g.w_dec + f * ld;
    const float *w_dec = s->p.w_dec + f * ld;
    if (s->c.architecture == SAE_STANDARD && s->dec_norm[f] > 0) {
        // d/dW_dec of λ/B Σ z |W_dec,f| is λ/B Σ z times the row's direction.
        add_scaled(dec, s->g_z_sum[f] * (float)(s->c.l1_coefficient / pass->batch) / s->dec_norm[f], w_dec, ld);
    }
    add_scaled(range->b_dec, -s->g.b_enc[f], s->p.w_enc + f * ld, ld);
}

static void update_rows(struct sae_pass *pass, size_t f)
{
    struct sae *s = pass->s;
    const size_t at = f * s->ld, ld = s->ld;
    adam_update(&pass->adam, s->p.w_enc + at, s->m.w_enc + at, s->v.w_enc + at, s->g.w_enc + at, ld);
    adam_update(&pass->adam, s->p.w_dec + at, s->m.w_dec + at, s->v.w_dec + at, s->g.w_dec + at, ld);
    float *row = s->p.w_dec + at;
    float norm = sae_row_norm(row, ld);
    if (s->c.architecture == SAE_TOPK && norm > 0) {
        scale_row(row, 1.0f / norm, ld);
        norm = 1.0f;
    }
    s->dec_norm[f] = norm;
}

void sae_backward_range(struct sae_pass *pass, int number)
{
    struct sae *s = pass->s;
    struct sae_work *w = pass->w;
    struct sae_range *range = &w->ranges[number];
    const size_t ld = s->ld, first = (size_t)number * RANGE_FEATURES;
    const size_t n_features = (size_t)s->c.n_features;
    const size_t end = first + RANGE_FEATURES < n_features ? first + RANGE_FEATURES : n_features;
    const int n_slices = (pass->rows + SLICE_ROWS - 1) / SLICE_ROWS;
    if (pass->first) {
        memset(s->g.w_dec + first * ld, 0, (end - first) * ld * sizeof(float));
        memset(s->g.w_enc + first * ld, 0, (end - first) * ld * sizeof(float));
        memset(s->g.b_enc + first, 0, (end - first) * sizeof(float));
        memset(s->g_z_sum + first, 0, (end - first) * sizeof(float));
        memset(range->b_dec, 0, ld * sizeof(float));
        range->sq_gradient = 0;
    }
    for (size_t f = first; f < end; f++) {
        float dz_sum = 0, z_sum = 0;
        bool active = false;
        for (int k = 0; k < n_slices; k++) {
            const struct sae_slice *slice = &w->slices[k];
            for (uint32_t j = slice->begin[f]; j < slice->begin[f + 1]; j++) {
                dz_sum += slice->dz[j];
                z_sum += slice->z[j];
                active = true;
            }
        }
        float *dec = s->g.w_dec + f * ld, *enc = s->g.w_enc + f * ld;
        if (active) {
            accumulate_rows(w->slices, n_slices, (uint32_t)f, w->error, w->xc, ld, dec, enc);
            s->g.b_enc[f] += dz_sum;
            s->g_z_sum[f] += z_sum;
            if (pass->update) s->last_active[f] = s->steps + 1;
        }
        if (!pass->last) continue;
        scale_row(dec, 2.0f / (float)pass->batch, ld);
        finish_gradient(pass, range, f);
        if (!pass->update) continue;
        if (s->c.architecture == SAE_TOPK) {
            const float *row = s->p.w_dec + f * ld; // of length 1
            add_scaled(dec, -dot(dec, row, ld), row, ld);
        }
        range->sq_gradient += (double)dot(dec, dec, ld) + (double)dot(enc, enc, ld);
        update_rows(pass, f);
    }
    if (!pass->last || !pass->update) return;
    for (size_t f = first; f < end; f++) range->sq_gradient += (double)s->g.b_enc[f] * (double)s->g.b_enc[f];
    adam_update(&pass->adam, s->p.b_enc + first, s->m.b_enc + first, s->v.b_enc + first, s->g.b_enc + first,
                end - first);
}
