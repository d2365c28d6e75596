// From files to weights: which file holds which tensor, whether its shape is what config.json promises, conversion to
// F32.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "ml/safetensors.h"
#include "ml/transformer_internal.h"

enum { INDEX_MAX_BYTES = 64 << 20, NAME_SIZE = 128 };

// The model's files, opened.
struct source {
    const char *dir;
    struct safetensors **files;
    size_t n_files;
    struct map by_tensor; // name → its file; empty when there is just one
    const char *prefix;   // "transformer." or ""
    int64_t parameters, size_bytes;
    char dtype[8];
};

static void source_release(struct source *s)
{
    for (size_t i = 0; i < s->n_files; i++) safetensors_close(s->files[i]);
    free(s->files);
    map_release(&s->by_tensor);
}

static int open_file(struct source *s, const char *name, struct safetensors **out, struct err *e)
{
    char *path = file_join(s->dir, name);
    int rc = safetensors_open(path, out, e);
    if (!rc) {
        s->files = mem_realloc_array(s->files, s->n_files + 1, sizeof(struct safetensors *));
        s->files[s->n_files++] = *out;
        int64_t size = file_size(path);
        if (size > 0) s->size_bytes += size;
    }
    free(path);
    return rc;
}

static int open_sharded(struct source *s, const json_t *weight_map, struct err *e)
{
    if (!json_is_object(weight_map)) return err_set(e, HW_EINVALID, "weight_map must be an object");
    struct map opened;
    map_init(&opened);
    int rc = 0;
    const char *tensor;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)weight_map, tensor, value)
    {
        const char *file = json_string_value(value);
        if (!file || !*file || file[0] == '.' || strchr(file, '/')) {
            rc = err_set(e, HW_EINVALID, "weight_map: the file of %.100s must be a name in the same folder", tensor);
            break;
        }
        struct safetensors *st = map_get(&opened, slice_str(file));
        if (!st) {
            rc = open_file(s, file, &st, e);
            if (rc) break;
            map_put(&opened, slice_str(file), st);
        }
        map_put(&s->by_tensor, slice_str(tensor), st);
    }
    map_release(&opened);
    return rc;
}

static int source_open(struct source *s, const char *dir, struct err *e)
{
    *s = (struct source){.dir = dir, .prefix = ""};
    map_init(&s->by_tensor);
    char *single = file_join(dir, "model.safetensors"), *index = file_join(dir, "model.safetensors.index.json");
    struct safetensors *st;
    int rc;
    if (file_exists(single)) {
        rc = open_file(s, "model.safetensors", &st, e);
    } else if (file_exists(index)) {
        struct buf text = BUF_INIT;
        json_t *o = NULL;
        rc = file_read(index, INDEX_MAX_BYTES, &text, e);
        if (!rc) {
            o = json_read_object(buf_slice(&text), e);
            rc = o ? open_sharded(s, json_object_get(o, "weight_map"), e) : HW_EINVALID;
            if (rc) err_prefix(e, "%.160s", index);
        }
        json_decref(o);
        buf_release(&text);
    } else {
        rc = err_set(e, HW_ENOTFOUND, "%.300s holds neither model.safetensors nor model.safetensors.index.json", dir);
    }
    free(single);
    free(index);
    if (!rc && s->n_files == 0) rc = err_set(e, HW_EINVALID, "%.300s: the model has no weights", dir);
    return rc;
}

static const struct safetensors *holder(const struct source *s, const char *name)
{
    if (s->by_tensor.count == 0) return s->files[0];
    const struct safetensors *st = map_get(&s->by_tensor, slice_str(name));
    return st ? st : s->files[0];
}

static bool has_tensor(const struct source *s, const char *name)
{
    return safetensors_get(holder(s, name), name) != NULL;
}

// The tensor `name` (below the prefix) of shape [rows, cols], or [cols] if rows is 0. With `out`, its numbers as F32.
static int take(struct source *s, const char *name, int rows, int cols, float **out, struct err *e)
{
    char full[NAME_SIZE];
    snprintf(full, sizeof full, "%s%s", s->prefix, name);
    int64_t shape[2] = {rows ? rows : cols, cols};
    const struct st_tensor *t;
    const struct safetensors *st = holder(s, full);
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
static int take_block(struct source *s, const struct transformer_config *c, int i, struct block *b, struct err *e)
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
static int take_head(struct source *s, const struct transformer_config *c, float **out, struct err *e)
{
    if (c->tied_embeddings) return 0;
    const char *prefix = s->prefix;
    s->prefix = "";
    int rc = take(s, "lm_head.weight", c->vocab_size, c->width, out, e);
    s->prefix = prefix;
    return rc;
}

// Checks everything; loads into `t` (if not NULL) what its n_blocks asks for.
static int read_weights(struct source *s, struct transformer_config *c, struct transformer *t, const atomic_int *stop,
                        struct err *e)
{
    if (has_tensor(s, "transformer.wte.weight")) s->prefix = "transformer.";
    char beyond[NAME_SIZE];
    snprintf(beyond, sizeof beyond, "%sh.%d.ln_1.weight", s->prefix, c->n_layers);
    if (has_tensor(s, beyond))
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
    struct source s;
    rc = source_open(&s, dir, e);
    if (!rc) rc = read_weights(&s, out, NULL, NULL, e);
    source_release(&s);
    return rc;
}

int transformer_load(const char *dir, int blocks, const atomic_int *stop, struct transformer **out, struct err *e)
{
    *out = NULL;
    struct transformer *t = mem_zalloc(sizeof *t);
    struct source s = {0};
    int rc = transformer_read_config(dir, &t->config, e);
    if (!rc) {
        t->n_blocks = blocks < 0 || blocks > t->config.n_layers ? t->config.n_layers : blocks;
        t->blocks = mem_array((size_t)t->n_blocks + 1, sizeof *t->blocks);
        rc = source_open(&s, dir, e);
        if (!rc) rc = read_weights(&s, &t->config, t, stop, e);
        source_release(&s);
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

const struct transformer_config *transformer_config(const struct transformer *t)
{
    return &t->config;
}
