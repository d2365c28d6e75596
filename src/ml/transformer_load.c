// From files to weights: whether each tensor's shape is what config.json promises, conversion to F32.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/transformer_internal.h"

enum { NAME_SIZE = 128 };

// The tensor `name` (below the prefix) of shape [rows, cols], or [cols] if rows is 0. With `out`, its numbers as F32.
static int take(struct transformer_source *s, const char *name, int rows, int cols, float **out, struct err *e)
{
    char full[NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", s->prefix, name);
    int64_t shape[2] = {rows ? rows : cols, cols};
    const struct st_tensor *t;
    const struct safetensors *st = transformer_source_holder(s, full);
    int rc = safetensors_need(st, full, rows ? 2 : 1, shape, &t, e);
    if (rc) return rc;
    if (t->dtype != ST_F32 && t->dtype != ST_F16 && t->dtype != ST_BF16)
        return err_set(e, HW_EUNSUPPORTED, "%.200s: tensor %.100s is %s; F32, F16 and BF16 are supported",
                       safetensors_path(st), full, st_dtype_name(t->dtype));
    if (!*s->dtype) snprintf(s->dtype, sizeof s->dtype, "%s", st_dtype_name(t->dtype));
    s->parameters += (int64_t)t->count;
    if (!out) return 0;
    *out = mem_aligned(t->count, sizeof **out);
    return safetensors_f32(t, 0, t->count, *out, e);
}

// Checks block `i`, and fills `b` if it isn't NULL.
static int take_block(struct transformer_source *s, const struct transformer_config *c, int i, struct block *b,
                      struct err *e)
{
    struct block unused;
    struct block *to = b ? b : &unused;
    const struct {
        const char *name;
        int rows, cols;
        float **out;
    } parts[] = {
        {"ln_1.weight", 0, c->width, &to->norm1_gain},
        {"ln_1.bias", 0, c->width, &to->norm1_bias},
        {"attn.c_attn.weight", c->width, 3 * c->width, &to->qkv_weight},
        {"attn.c_attn.bias", 0, 3 * c->width, &to->qkv_bias},
        {"attn.c_proj.weight", c->width, c->width, &to->out_weight},
        {"attn.c_proj.bias", 0, c->width, &to->out_bias},
        {"ln_2.weight", 0, c->width, &to->norm2_gain},
        {"ln_2.bias", 0, c->width, &to->norm2_bias},
        {"mlp.c_fc.weight", c->width, c->inner, &to->inner_weight},
        {"mlp.c_fc.bias", 0, c->inner, &to->inner_bias},
        {"mlp.c_proj.weight", c->inner, c->width, &to->down_weight},
        {"mlp.c_proj.bias", 0, c->width, &to->down_bias},
    };
    int rc = 0;
    for (size_t k = 0; !rc && k < sizeof parts / sizeof *parts; k++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "h.%d.%s", i, parts[k].name);
        rc = take(s, name, parts[k].rows, parts[k].cols, b ? parts[k].out : NULL, e);
    }
    return rc;
}

// The output projection lies outside the prefix, and need not be stored when it is the token embedding.
static int take_head(struct transformer_source *s, const struct transformer_config *c, float **out, struct err *e)
{
    if (c->tied_embeddings) return 0;
    const char *prefix = s->prefix;
    s->prefix = "";
    int rc = take(s, "lm_head.weight", c->vocab_size, c->width, out, e);
    s->prefix = prefix;
    return rc;
}

// Checks everything; loads into `t` (if not NULL) what its n_blocks asks for.
static int read_weights(struct transformer_source *s, struct transformer_config *c, struct transformer *t,
                        const atomic_int *stop, struct err *e)
{
    char beyond[NAME_SIZE];
    snprintf(beyond, sizeof beyond, "%sh.%d.ln_1.weight", s->prefix, c->n_layers);
    if (transformer_source_has(s, beyond))
        return err_set(e, HW_EINVALID, "%.300s: config.json says n_layer = %d, but there is a tensor %s", s->dir,
                       c->n_layers, beyond);
    bool whole = t && t->n_blocks == c->n_layers;
    int rc = take(s, "wte.weight", c->vocab_size, c->width, t ? &t->tokens : NULL, e);
    if (!rc) rc = take(s, "wpe.weight", c->n_positions, c->width, t ? &t->positions : NULL, e);
    for (int i = 0; !rc && i < c->n_layers; i++) {
        if (stop && atomic_load_explicit(stop, memory_order_relaxed))
            rc = HW_ECANCELLED;
        else
            rc = take_block(s, c, i, t && i < t->n_blocks ? &t->blocks[i] : NULL, e);
    }
    if (!rc) rc = take(s, "ln_f.weight", 0, c->width, whole ? &t->norm_gain : NULL, e);
    if (!rc) rc = take(s, "ln_f.bias", 0, c->width, whole ? &t->norm_bias : NULL, e);
    if (!rc) rc = take_head(s, c, whole ? &t->head : NULL, e);
    if (!rc && whole && c->tied_embeddings) t->head = t->tokens;
    c->parameters = s->parameters;
    c->size_bytes = s->size_bytes;
    memcpy(c->dtype, s->dtype, sizeof c->dtype);
    return rc;
}

int transformer_inspect(const char *dir, struct transformer_config *out, struct err *e)
{
    int rc = transformer_read_config(dir, out, e);
    if (rc) return rc;
    struct transformer_source s;
    rc = transformer_source_open(&s, dir, e);
    if (!rc) rc = read_weights(&s, out, NULL, NULL, e);
    transformer_source_release(&s);
    return rc;
}

int transformer_load(const char *dir, int blocks, const atomic_int *stop, struct transformer **out, struct err *e)
{
    *out = NULL;
    struct transformer *t = mem_zalloc(sizeof *t);
    struct transformer_source s = {0};
    int rc = transformer_read_config(dir, &t->config, e);
    if (!rc) {
        t->n_blocks = blocks < 0 || blocks > t->config.n_layers ? t->config.n_layers : blocks;
        t->blocks = mem_array((size_t)t->n_blocks + 1, sizeof *t->blocks);
        rc = transformer_source_open(&s, dir, e);
        if (!rc) rc = read_weights(&s, &t->config, t, stop, e);
        transformer_source_release(&s);
    }
    if (rc) {
        transformer_free(t);
        return rc;
    }
    ops_init();
    *out = t;
    return 0;
}

void transformer_free(struct transformer *t)
{
    if (!t) return;
    for (int i = 0; i < t->n_blocks; i++) {
        struct block *b = &t->blocks[i];
        float *all[] = {b->norm1_gain, b->norm1_bias, b->qkv_weight,   b->qkv_bias,   b->out_weight,  b->out_bias,
                        b->norm2_gain, b->norm2_bias, b->inner_weight, b->inner_bias, b->down_weight, b->down_bias};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    }
    free(t->blocks);
    if (t->head != t->tokens) free(t->head);
    free(t->tokens);
    free(t->positions);
    free(t->norm_gain);
    free(t->norm_bias);
    free(t);
}

struct transformer_output transformer_output(const struct transformer *t)
{
    assert(t->head);
    return (struct transformer_output){t->norm_gain, t->norm_bias, t->head};
}

const struct transformer_config *transformer_config(const struct transformer *t)
{
    return &t->config;
}
