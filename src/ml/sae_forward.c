// The forward pass of one slice of rows, and the gradient as far back as the pre-activations. Only the encoder is a
// dense matrix product; all else touches the active features alone.
#include <cblas.h>
#include <string.h>

#include "ml/sae_internal.h"
#include "ml/vec.h"

enum { TILE = 8 }; // vectors that stay in registers

// x -= b_dec, and the sums over columns and of squares.
HW_KERNEL static void centre(float *restrict x, const float *restrict b_dec, int rows, size_t ld, float *restrict sum,
                             double *sq)
{
    double total = 0;
    memset(sum, 0, ld * sizeof *sum);
    for (int r = 0; r < rows; r++) {
        float *row = x + (size_t)r * ld;
        vec squares = {0};
        for (size_t i = 0; i < ld; i += VEC_LANES) {
            vec v = VEC_IN(row + i) - VEC_IN(b_dec + i);
            VEC_AT(row + i) = v;
            VEC_AT(sum + i) += v;
            squares += v * v;
        }
        total += (double)vec_sum(&squares);
    }
    *sq = total;
}

// error[tile] = sum over the active features of z W_dec[f][tile], minus xc[tile]; its squares are added to `squares`.
HW_INLINE void decode_tile(const int n_vec, const float *w_dec, size_t ld, const uint32_t *index, const float *z,
                           uint32_t n, const float *xc, float *error, float *sum, vec *squares)
{
    vec acc[TILE];
#pragma GCC unroll 8
    for (int i = 0; i < n_vec; i++) acc[i] = -VEC_IN(xc + i * VEC_LANES);
    for (uint32_t j = 0; j < n; j++) {
        const float *w = w_dec + index[j] * ld;
        float a = z[j];
#pragma GCC unroll 8
        for (int i = 0; i < n_vec; i++) acc[i] += a * VEC_IN(w + i * VEC_LANES);
    }
#pragma GCC unroll 8
    for (int i = 0; i < n_vec; i++) {
        VEC_AT(error + i * VEC_LANES) = acc[i];
        VEC_AT(sum + i * VEC_LANES) += acc[i];
        *squares += acc[i] * acc[i];
    }
}

HW_KERNEL static float decode_row(const float *w_dec, size_t ld, const uint32_t *index, const float *z, uint32_t n,
                                  const float *xc, float *error, float *sum)
{
    vec squares = {0};
    size_t i = 0;
    for (; i + TILE * VEC_LANES <= ld; i += TILE * VEC_LANES)
        decode_tile(TILE, w_dec + i, ld, index, z, n, xc + i, error + i, sum + i, &squares);
    for (; i < ld; i += VEC_LANES) decode_tile(1, w_dec + i, ld, index, z, n, xc + i, error + i, sum + i, &squares);
    return vec_sum(&squares);
}

HW_INLINE void dot_tile(const int n_vec, const float *a, const float *b, vec *sum)
{
    vec even = VEC_IN(a) * VEC_IN(b), odd = {0};
#pragma GCC unroll 8
    for (int i = 1; i < n_vec; i++) {
        vec product = VEC_IN(a + i * VEC_LANES) * VEC_IN(b + i * VEC_LANES);
        if (i % 2)
            odd += product;
        else
            even += product;
    }
    *sum += even + odd;
}

// dz[j] = scale * (error · W_dec[index[j]])
HW_KERNEL static void gradient_row(const float *w_dec, size_t ld, const uint32_t *index, uint32_t n, const float *error,
                                   float scale, float *dz)
{
    for (uint32_t j = 0; j < n; j++) {
        const float *w = w_dec + index[j] * ld;
        vec sum = {0};
        size_t i = 0;
        for (; i + TILE * VEC_LANES <= ld; i += TILE * VEC_LANES) dot_tile(TILE, error + i, w + i, &sum);
        for (; i < ld; i += VEC_LANES) dot_tile(1, error + i, w + i, &sum);
        dz[j] = scale * vec_sum(&sum);
    }
}

// Adds up z and z |W_dec|, and adds the penalty's part to dz. Sums run in four lanes: one would wait for itself at each
// step. `norm` NULL: no penalty. `dz` NULL: no gradient.
HW_KERNEL static void sparsity_row(const float *norm, const uint32_t *index, const float *z, uint32_t n, float lambda,
                                   float *dz, double *l1, double *penalty)
{
    enum { LANES = 4 };
    double sum[LANES] = {0}, weighted[LANES] = {0};
    uint32_t j = 0;
    for (; j + LANES <= n; j += LANES)
        for (int i = 0; i < LANES; i++) sum[i] += (double)z[j + (uint32_t)i];
    for (; j < n; j++) sum[0] += (double)z[j];
    *l1 += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (!norm) return;
    for (j = 0; j < n; j++) {
        float length = norm[index[j]];
        weighted[j % LANES] += (double)(z[j] * length);
        if (dz) dz[j] += lambda * length;
    }
    *penalty += (weighted[0] + weighted[1]) + (weighted[2] + weighted[3]);
}

// From active features by rows to active features by columns: a counting sort.
static void to_columns(const struct sae_work *w, struct sae_member *m, struct sae_slice *to, int first_row, int rows)
{
    int n_features = w->c.n_features;
    uint32_t *next = m->next;
    memset(next, 0, (size_t)n_features * sizeof *next);
    for (int r = 0; r < rows; r++) {
        const uint32_t *index = m->index + (size_t)r * w->row_cap;
        for (uint32_t j = 0; j < m->count[r]; j++) next[index[j]]++;
    }
    uint32_t at = 0;
    for (int f = 0; f < n_features; f++) {
        uint32_t count = next[f];
        to->begin[f] = next[f] = at;
        at += count;
    }
    to->begin[n_features] = at;
    for (int r = 0; r < rows; r++) {
        size_t row = (size_t)r * w->row_cap;
        for (uint32_t j = 0; j < m->count[r]; j++) {
            uint32_t place = next[m->index[row + j]]++;
            to->row[place] = (uint32_t)(first_row + r);
            to->z[place] = m->z[row + j];
            to->dz[place] = m->dz[row + j];
        }
    }
}

void sae_forward_slice(struct sae_pass *pass, struct sae_member *m, int slice)
{
    struct sae_work *w = pass->w;
    const struct sae *s = pass->s;
    struct sae_slice *out = &w->slices[slice];
    const size_t ld = w->ld, pre_ld = vec_padded((size_t)w->c.n_features);
    const int n_features = w->c.n_features, first = slice * SLICE_ROWS;
    const int rows = pass->rows - first < SLICE_ROWS ? pass->rows - first : SLICE_ROWS;
    const bool topk = w->c.architecture == SAE_TOPK;
    float *xc = w->xc + (size_t)first * ld;
    float *error = w->error + (size_t)first * ld;

    pass->from->fetch(pass->from->ctx, pass->index + first, rows, xc, ld);
    centre(xc, s->p.b_dec, rows, ld, out->x_sum, &out->sq_x);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n_features, (int)ld, 1.0f, xc, (int)ld, s->p.w_enc,
                (int)ld, 0.0f, m->pre, (int)pre_ld);

    memset(out->error_sum, 0, ld * sizeof *out->error_sum);
    out->sq_error = out->penalty = out->l1 = 0;
    out->active = 0;
    const float scale = 2.0f / (float)pass->batch;
    const float lambda = topk ? 0 : (float)(w->c.l1_coefficient / pass->batch);
    for (int r = 0; r < rows; r++) {
        uint32_t *index = m->index + (size_t)r * w->row_cap;
        float *z = m->z + (size_t)r * w->row_cap, *dz = m->dz + (size_t)r * w->row_cap;
        const float *pre = m->pre + (size_t)r * pre_ld;
        int n = topk ? select_topk(m->scratch, pre, s->p.b_enc, n_features, w->c.k, index, z)
                     : select_positive(pre, s->p.b_enc, n_features, index, z);
        m->count[r] = (uint32_t)n;
        out->active += n;
        out->sq_error += (double)decode_row(s->p.w_dec, ld, index, z, m->count[r], xc + (size_t)r * ld,
                                            error + (size_t)r * ld, out->error_sum);
        if (pass->training) gradient_row(s->p.w_dec, ld, index, m->count[r], error + (size_t)r * ld, scale, dz);
        sparsity_row(topk ? NULL : s->dec_norm, index, z, m->count[r], lambda, pass->training ? dz : NULL, &out->l1,
                     &out->penalty);
    }
    to_columns(w, m, out, first, rows);
}
