// The forward pass. Rows are computed a few at a time, through all blocks, so that what a block hands to the next is
// still in the second-level cache.
#include "ml/transformer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/transformer_internal.h"

// Tokens at a time: enough for efficient matrix products, few enough for the cache.
enum { TILE_TOKENS = 256 };

struct transformer_pass {
    int context, tile_rows;
    float *stream;  // [tokens, width]: the residual stream
    float *normed;  // [tokens, width]
    float *qkv;     // [tokens, 3 width]
    float *heads;   // [tokens, width]: the heads' outputs side by side
    float *added;   // [tokens, width]: a sub-block's output
    float *inner;   // [tokens, inner]
    float *scratch; // attention's
};

static const char *const hook_names[] = {
    [TRANSFORMER_RESIDUAL] = "residual",
    [TRANSFORMER_MLP] = "mlp",
    [TRANSFORMER_ATTENTION] = "attention",
};

const char *transformer_hook_name(enum transformer_hook h)
{
    return hook_names[h];
}

bool transformer_hook_parse(const char *name, enum transformer_hook *out)
{
    for (size_t i = 0; i < sizeof hook_names / sizeof *hook_names; i++) {
        if (strcmp(hook_names[i], name) != 0) continue;
        *out = (enum transformer_hook)i;
        return true;
    }
    return false;
}

struct transformer_pass *transformer_pass_new(const struct transformer *t, int max_rows, int context)
{
    assert(max_rows > 0 && context > 0 && context <= t->config.n_positions);
    struct transformer_pass *p = mem_zalloc(sizeof *p);
    int fit = TILE_TOKENS / context;
    p->context = context;
    p->tile_rows = fit < 1 ? 1 : fit < max_rows ? fit : max_rows;
    size_t tokens = (size_t)p->tile_rows * (size_t)context, width = (size_t)t->config.width;
    p->stream = mem_aligned(tokens * width, sizeof(float));
    p->normed = mem_aligned(tokens * width, sizeof(float));
    p->qkv = mem_aligned(tokens * width, 3 * sizeof(float));
    p->heads = mem_aligned(tokens * width, sizeof(float));
    p->added = mem_aligned(tokens * width, sizeof(float));
    p->inner = mem_aligned(tokens * (size_t)t->config.inner, sizeof(float));
    p->scratch = mem_aligned(ops_attention_scratch(context), sizeof(float));
    return p;
}

void transformer_pass_free(struct transformer_pass *p)
{
    if (!p) return;
    float *all[] = {p->stream, p->normed, p->qkv, p->heads, p->added, p->inner, p->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(p);
}

static void embed(const struct transformer *t, struct transformer_pass *p, const uint32_t *ids, int rows)
{
    size_t width = (size_t)t->config.width, context = (size_t)p->context;
    for (size_t i = 0; i < (size_t)rows * context; i++) {
        assert(ids[i] < (uint32_t)t->config.vocab_size);
        float *x = p->stream + i * width;
        memcpy(x, t->tokens + ids[i] * width, width * sizeof *x);
        ops_add(width, x, t->positions + i % context * width);
    }
}

// What one call of transformer_forward() was asked for, and the rows at hand.
struct request {
    const struct transformer_capture *captures;
    int n_captures;
    transformer_sink *sink;
    void *arg;
    int first, rows;
};

static int show(const struct request *q, int layer, enum transformer_hook hook, const float *data)
{
    int rc = 0;
    for (int i = 0; !rc && i < q->n_captures; i++)
        if (q->captures[i].layer == layer && q->captures[i].hook == hook)
            rc = q->sink(q->arg, i, q->first, q->rows, data);
    return rc;
}

static void attend(const struct transformer *t, struct transformer_pass *p, int layer, int rows)
{
    const struct transformer_config *c = &t->config;
    const struct block *b = &t->blocks[layer];
    int head_dim = c->width / c->n_heads, tokens = rows * p->context;
    float scale = c->scale_by_head_dim ? 1.0f / sqrtf((float)head_dim) : 1.0f;
    if (c->scale_by_layer) scale /= (float)(layer + 1);
    ops_linear(tokens, 3 * c->width, c->width, p->normed, b->qkv_weight, b->qkv_bias, p->qkv);
    size_t row = (size_t)p->context * (size_t)c->width;
    for (int r = 0; r < rows; r++)
        ops_attention(p->context, c->n_heads, head_dim, scale, p->qkv + 3 * row * (size_t)r, p->heads + row * (size_t)r,
                      p->scratch);
    ops_linear(tokens, c->width, c->width, p->heads, b->out_weight, b->out_bias, p->added);
}

static void feed_forward(const struct transformer *t, struct transformer_pass *p, int layer, int tokens)
{
    const struct transformer_config *c = &t->config;
    const struct block *b = &t->blocks[layer];
    ops_matmul(tokens, c->inner, c->width, p->normed, c->width, b->inner_weight, c->inner, 0.0f, p->inner, c->inner);
    ops_bias_activation((size_t)tokens, (size_t)c->inner, p->inner, b->inner_bias, c->activation);
    ops_linear(tokens, c->width, c->inner, p->inner, b->down_weight, b->down_bias, p->added);
}

// Runs the rows of the request, which fit into the pass, through blocks 0 … last.
static int run_tile(const struct transformer *t, struct transformer_pass *p, const uint32_t *ids, int last,
                    const struct request *q, const atomic_int *stop)
{
    const struct transformer_config *c = &t->config;
    size_t tokens = (size_t)q->rows * (size_t)p->context, width = (size_t)c->width;
    embed(t, p, ids, q->rows);
    ops_layernorm(tokens, width, p->stream, t->blocks[0].norm1_gain, t->blocks[0].norm1_bias, c->norm_epsilon,
                  p->normed);
    for (int layer = 0; layer <= last; layer++) {
        if (stop && atomic_load_explicit(stop, memory_order_relaxed)) return HW_ECANCELLED;
        const struct block *b = &t->blocks[layer];
        attend(t, p, layer, q->rows);
        int rc = show(q, layer, TRANSFORMER_ATTENTION, p->added);
        if (rc) return rc;
        ops_add_layernorm(tokens, width, p->stream, p->added, b->norm2_gain, b->norm2_bias, c->norm_epsilon, p->normed);
        feed_forward(t, p, layer, (int)tokens);
        rc = show(q, layer, TRANSFORMER_MLP, p->added);
        if (rc) return rc;
        // The next block's norm is taken while the stream passes through the cache anyway.
        if (layer < last)
            ops_add_layernorm(tokens, width, p->stream, p->added, b[1].norm1_gain, b[1].norm1_bias, c->norm_epsilon,
                              p->normed);
        else
            ops_add(tokens * width, p->stream, p->added);
        rc = show(q, layer, TRANSFORMER_RESIDUAL, p->stream);
        if (rc) return rc;
    }
    return 0;
}

int transformer_forward(const struct transformer *t, struct transformer_pass *p, const uint32_t *ids, int rows,
                        const struct transformer_capture *captures, int n_captures, transformer_sink *sink, void *arg,
                        const atomic_int *stop)
{
    int last = -1, rc = 0;
    for (int i = 0; i < n_captures; i++) {
        assert(captures[i].layer >= 0 && captures[i].layer < t->n_blocks);
        if (captures[i].layer > last) last = captures[i].layer;
    }
    if (last < 0) return 0;
    struct request q = {.captures = captures, .n_captures = n_captures, .sink = sink, .arg = arg};
    for (q.first = 0; !rc && q.first < rows; q.first += q.rows) {
        q.rows = rows - q.first < p->tile_rows ? rows - q.first : p->tile_rows;
        rc = run_tile(t, p, ids + (size_t)q.first * (size_t)p->context, last, &q, stop);
    }
    return rc;
}

void transformer_logits(const struct transformer *t, const float *residual, float *logits)
{
    const struct transformer_config *c = &t->config;
    assert(t->head);
    float *normed = mem_aligned((size_t)c->width, sizeof *normed);
    ops_layernorm(1, (size_t)c->width, residual, t->norm_gain, t->norm_bias, c->norm_epsilon, normed);
    ops_matmul_nt(1, c->vocab_size, c->width, 1.0f, normed, c->width, t->head, c->width, logits, c->vocab_size);
    free(normed);
}
