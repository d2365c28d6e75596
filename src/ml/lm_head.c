#include "ml/lm_head.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// Positions at a time: enough for efficient matrix products, few enough that the logits of a large vocabulary fit.
enum { TILE = 64 };

struct lm_head_work {
    float *ones, *zeros;      // [width]
    float *unit;              // [TILE, width]: the normalised stream, before gain and bias
    float *normed, *d_normed; // [TILE, width]
    float *low, *d_low;       // [TILE, rank]: down n
    float *logits;            // [TILE, vocab], then their gradient
};

size_t lm_head_count(const struct lm_head_shape *s)
{
    return 2 * (size_t)s->width + (size_t)s->rank * ((size_t)s->width + (size_t)s->vocab);
}

struct lm_head_arrays lm_head_arrays_in(const struct lm_head_shape *s, float *block)
{
    size_t width = (size_t)s->width;
    return (struct lm_head_arrays){block, block + width, block + 2 * width,
                                   block + 2 * width + (size_t)s->rank * width};
}

void lm_head_init(const struct lm_head_shape *s, const struct transformer_output *from, struct rng *r, float *block)
{
    struct lm_head_arrays a = lm_head_arrays_in(s, block);
    size_t width = (size_t)s->width, rank = (size_t)s->rank;
    memcpy(a.gain, from->gain, width * sizeof *a.gain);
    memcpy(a.bias, from->bias, width * sizeof *a.bias);
    // One of the two must be other than zero, or neither would ever get a gradient.
    for (size_t i = 0; i < rank * width; i++) a.down[i] = (float)(rng_normal(r) / sqrt((double)width));
    memset(a.up, 0, rank * (size_t)s->vocab * sizeof *a.up);
}

struct lm_head_work *lm_head_work_new(const struct lm_head_shape *s)
{
    struct lm_head_work *w = mem_zalloc(sizeof *w);
    size_t width = (size_t)s->width;
    w->ones = mem_aligned(width, sizeof(float));
    w->zeros = mem_aligned(width, sizeof(float));
    for (size_t i = 0; i < width; i++) w->ones[i] = 1;
    w->unit = mem_aligned(TILE * width, sizeof(float));
    w->normed = mem_aligned(TILE * width, sizeof(float));
    w->d_normed = mem_aligned(TILE * width, sizeof(float));
    w->low = mem_aligned(TILE * (size_t)s->rank, sizeof(float));
    w->d_low = mem_aligned(TILE * (size_t)s->rank, sizeof(float));
    w->logits = mem_aligned(TILE * (size_t)s->vocab, sizeof(float));
    return w;
}

void lm_head_work_free(struct lm_head_work *w)
{
    if (!w) return;
    float *all[] = {w->ones, w->zeros, w->unit, w->normed, w->d_normed, w->low, w->d_low, w->logits};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(w);
}

// logits[n, vocab] of a tile
static void forward(const struct lm_head_shape *s, const float *unembedding, const struct lm_head_arrays *p,
                    const float *x, int n, struct lm_head_work *w)
{
    size_t width = (size_t)s->width;
    ops_layernorm((size_t)n, width, x, w->ones, w->zeros, s->norm_epsilon, w->unit);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t d = 0; d < width; d++) w->normed[i * width + d] = w->unit[i * width + d] * p->gain[d] + p->bias[d];
    ops_matmul_nt(n, s->vocab, s->width, 1.0f, w->normed, s->width, unembedding, s->width, w->logits, s->vocab);
    ops_matmul_nt(n, s->rank, s->width, 1.0f, w->normed, s->width, p->down, s->width, w->low, s->rank);
    ops_matmul(n, s->vocab, s->rank, w->low, s->rank, p->up, s->vocab, 1.0f, w->logits, s->vocab);
}

static float largest(size_t n, const float *x)
{
    float top = x[0];
    for (size_t i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
    return top;
}

// The loss of a tile; its logits become softmax minus the target's one: the loss' gradient.
static double cross_entropy(const struct lm_head_shape *s, const uint32_t *targets, int n, struct lm_head_work *w)
{
    double loss = 0;
    for (int i = 0; i < n; i++) {
        assert(targets[i] < (uint32_t)s->vocab);
        float *z = w->logits + (size_t)i * (size_t)s->vocab;
        float wanted = z[targets[i]], top = largest((size_t)s->vocab, z);
        float sum = ops_softmax_exp((size_t)s->vocab, z), share = 1.0f / sum;
        // From the logits: what is 90 below the largest one has an exponential of zero, and a loss that is finite.
        loss += log((double)sum) + ((double)top - (double)wanted);
        for (int v = 0; v < s->vocab; v++) z[v] *= share;
        z[targets[i]] -= 1.0f;
    }
    return loss;
}

static void backward(const struct lm_head_shape *s, const float *unembedding, const struct lm_head_arrays *p, int n,
                     struct lm_head_work *w, const struct lm_head_arrays *g)
{
    size_t width = (size_t)s->width;
    ops_matmul_tn(s->rank, s->vocab, n, w->low, s->rank, w->logits, s->vocab, 1.0f, g->up, s->vocab);
    ops_matmul_nt(n, s->rank, s->vocab, 1.0f, w->logits, s->vocab, p->up, s->vocab, w->d_low, s->rank);
    ops_matmul_tn(s->rank, s->width, n, w->d_low, s->rank, w->normed, s->width, 1.0f, g->down, s->width);
    ops_matmul(n, s->width, s->vocab, w->logits, s->vocab, unembedding, s->width, 0.0f, w->d_normed, s->width);
    ops_matmul(n, s->width, s->rank, w->d_low, s->rank, p->down, s->width, 1.0f, w->d_normed, s->width);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t d = 0; d < width; d++) {
            g->gain[d] += w->d_normed[i * width + d] * w->unit[i * width + d];
            g->bias[d] += w->d_normed[i * width + d];
        }
}

double lm_head_loss(const struct lm_head_shape *s, const float *unembedding, const float *block, const float *x,
                    const uint32_t *targets, int n, struct lm_head_work *w, float *gradient)
{
    // Only read, as the pointer that it came from says.
    const struct lm_head_arrays p = lm_head_arrays_in(s, (float *)(uintptr_t)block);
    double loss = 0;
    for (int at = 0; at < n; at += TILE) {
        int part = n - at < TILE ? n - at : TILE;
        forward(s, unembedding, &p, x + (size_t)at * (size_t)s->width, part, w);
        loss += cross_entropy(s, targets + at, part, w);
        if (!gradient) continue;
        const struct lm_head_arrays g = lm_head_arrays_in(s, gradient);
        backward(s, unembedding, &p, part, w, &g);
    }
    return loss;
}

void lm_head_merge(const struct lm_head_shape *s, const float *unembedding, const float *block, float *out)
{
    const struct lm_head_arrays p = lm_head_arrays_in(s, (float *)(uintptr_t)block);
    memcpy(out, unembedding, (size_t)s->vocab * (size_t)s->width * sizeof *out);
    ops_matmul_tn(s->vocab, s->width, s->rank, p.up, s->vocab, p.down, s->width, 1.0f, out, s->width);
}
