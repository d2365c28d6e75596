// An autoencoder's weights and state: making, reading and writing them.
#include "ml/sae.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/sae_internal.h"
#include "ml/vec.h"

static size_t params_floats(const struct sae_config *c)
{
    size_t ld = vec_padded((size_t)c->d_in);
    return 2 * (size_t)c->n_features * ld + vec_padded((size_t)c->n_features) + ld;
}

static struct sae_params params_new(const struct sae_config *c)
{
    size_t ld = vec_padded((size_t)c->d_in), matrix = (size_t)c->n_features * ld;
    struct sae_params p;
    p.block = mem_aligned(params_floats(c), sizeof *p.block);
    p.w_enc = p.block;
    p.w_dec = p.w_enc + matrix;
    p.b_enc = p.w_dec + matrix;
    p.b_dec = p.b_enc + vec_padded((size_t)c->n_features);
    return p;
}

static void refresh_norms(struct sae *s)
{
    for (int f = 0; f < s->c.n_features; f++) s->dec_norm[f] = sae_row_norm(s->p.w_dec + (size_t)f * s->ld, s->ld);
}

struct sae *sae_new(const struct sae_config *c, const float *mean, struct rng *rng)
{
    struct sae *s = mem_zalloc(sizeof *s);
    s->c = *c;
    s->ld = vec_padded((size_t)c->d_in);
    s->p = params_new(c);
    s->m = params_new(c);
    s->v = params_new(c);
    s->g = params_new(c);
    s->dec_norm = mem_array((size_t)c->n_features, sizeof *s->dec_norm);
    s->g_z_sum = mem_array((size_t)c->n_features, sizeof *s->g_z_sum);
    s->last_active = mem_array((size_t)c->n_features, sizeof *s->last_active);
    memcpy(s->p.b_dec, mean, (size_t)c->d_in * sizeof *mean);
    for (int f = 0; f < c->n_features; f++) {
        float *row = s->p.w_dec + (size_t)f * s->ld;
        double sum = 0;
        for (int i = 0; i < c->d_in; i++) {
            row[i] = (float)rng_normal(rng);
            sum += (double)row[i] * row[i];
        }
        for (int i = 0; i < c->d_in; i++) row[i] = (float)(row[i] / sqrt(sum));
        memcpy(s->p.w_enc + (size_t)f * s->ld, row, s->ld * sizeof *row);
    }
    refresh_norms(s);
    return s;
}

void sae_free(struct sae *s)
{
    if (!s) return;
    free(s->p.block);
    free(s->m.block);
    free(s->v.block);
    free(s->g.block);
    free(s->dec_norm);
    free(s->g_z_sum);
    free(s->last_active);
    free(s);
}

double sae_bytes(const struct sae_config *c)
{
    double ld = (double)vec_padded((size_t)c->d_in), f = c->n_features;
    return 4.0 * sizeof(float) * (2.0 * f * ld + f + ld) + f * (2 * sizeof(float) + sizeof(int64_t));
}

const struct sae_config *sae_config(const struct sae *s)
{
    return &s->c;
}

int64_t sae_step_count(const struct sae *s)
{
    return s->steps;
}

const int64_t *sae_last_active(const struct sae *s)
{
    return s->last_active;
}

void sae_set_progress(struct sae *s, int64_t step_count, const int64_t *last_active)
{
    s->steps = step_count;
    memcpy(s->last_active, last_active, (size_t)s->c.n_features * sizeof *last_active);
}

size_t sae_parameter_count(const struct sae_config *c)
{
    size_t d = (size_t)c->d_in, f = (size_t)c->n_features;
    return 2 * d * f + f + d;
}

struct sae_arrays sae_arrays_in(const struct sae_config *c, float *block)
{
    size_t d = (size_t)c->d_in, f = (size_t)c->n_features;
    return (struct sae_arrays){block, block + d * f, block + d * f + f, block + 2 * d * f + f};
}

static struct sae_params *part_of(struct sae *s, enum sae_part part)
{
    switch (part) {
    case SAE_WEIGHTS: return &s->p;
    case SAE_MOMENT1: return &s->m;
    case SAE_MOMENT2: return &s->v;
    case SAE_GRADIENT: break;
    }
    return &s->g;
}

void sae_read(const struct sae *s, enum sae_part part, struct sae_arrays *to)
{
    const struct sae_params *p = part_of((struct sae *)(uintptr_t)s, part);
    size_t d = (size_t)s->c.d_in, n = (size_t)s->c.n_features;
    for (size_t f = 0; f < n; f++) {
        for (size_t i = 0; i < d; i++) to->w_enc[i * n + f] = p->w_enc[f * s->ld + i];
        memcpy(to->w_dec + f * d, p->w_dec + f * s->ld, d * sizeof *to->w_dec);
    }
    memcpy(to->b_enc, p->b_enc, n * sizeof *to->b_enc);
    memcpy(to->b_dec, p->b_dec, d * sizeof *to->b_dec);
}

void sae_write(struct sae *s, enum sae_part part, const struct sae_arrays *from)
{
    struct sae_params *p = part_of(s, part);
    size_t d = (size_t)s->c.d_in, n = (size_t)s->c.n_features;
    for (size_t f = 0; f < n; f++) {
        for (size_t i = 0; i < d; i++) p->w_enc[f * s->ld + i] = from->w_enc[i * n + f];
        memcpy(p->w_dec + f * s->ld, from->w_dec + f * d, d * sizeof *from->w_dec);
    }
    memcpy(p->b_enc, from->b_enc, n * sizeof *from->b_enc);
    memcpy(p->b_dec, from->b_dec, d * sizeof *from->b_dec);
    if (part == SAE_WEIGHTS) refresh_norms(s);
}
