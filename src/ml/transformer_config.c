// config.json: the members that shape the computation are understood or refused, by name; the others don't matter here.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "ml/transformer_internal.h"

enum { CONFIG_MAX_BYTES = 4 << 20 };

static const struct {
    const char *name;
    enum ops_activation f;
} activations[] = {
    {"gelu_new", OPS_GELU_TANH},  {"gelu_pytorch_tanh", OPS_GELU_TANH},
    {"gelu_fast", OPS_GELU_TANH}, {"gelu", OPS_GELU_ERF},
    {"relu", OPS_RELU},
};

// Members that change the computation in ways that aren't implemented, unless they are absent, null, false or empty.
static const char *const refused[] = {"quantization_config", "add_cross_attention", "pruned_heads",
                                      "is_encoder_decoder", "rope_scaling"};

static bool has_no_effect(const json_t *v)
{
    return !v || json_is_null(v) || json_is_false(v) || (json_is_object(v) && json_object_size(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0);
}

static int read_size(const json_t *o, const char *key, int64_t max, int *out, struct err *e)
{
    int64_t v;
    int rc = json_get_i64(o, key, 0, 1, max, &v, e);
    if (!rc && v == 0) rc = err_field(e, HW_EINVALID, key, "%s is missing", key);
    *out = (int)v;
    return rc;
}

static int read_architecture(const json_t *o, struct err *e)
{
    const char *type, *first;
    int rc = json_get_str(o, "model_type", "", &type, e);
    if (rc) return rc;
    first = json_string_value(json_array_get(json_object_get(o, "architectures"), 0));
    if (strcmp(type, "gpt2") == 0 || (!*type && first && strncmp(first, "GPT2", 4) == 0)) return 0;
    return err_field(e, HW_EUNSUPPORTED, "model_type", "the architecture is %.60s; gpt2 is supported",
                     *type   ? type
                     : first ? first
                             : "not named (model_type is missing)");
}

static int read_activation(const json_t *o, struct transformer_config *c, struct err *e)
{
    const char *name;
    int rc = json_get_str(o, "activation_function", "gelu_new", &name, e);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        if (strcmp(activations[i].name, name) != 0) continue;
        c->activation = activations[i].f;
        return 0;
    }
    return err_field(
        e, HW_EUNSUPPORTED, "activation_function",
        "activation_function is %.60s; gelu_new, gelu_pytorch_tanh, gelu_fast, gelu and relu are supported", name);
}

static int read_object(const json_t *o, struct transformer_config *c, struct err *e)
{
    int rc = read_architecture(o, e);
    for (size_t i = 0; !rc && i < sizeof refused / sizeof *refused; i++)
        if (!has_no_effect(json_object_get(o, refused[i])))
            rc = err_field(e, HW_EUNSUPPORTED, refused[i], "%s is set, which is not supported", refused[i]);
    if (!rc) rc = read_size(o, "n_layer", 1024, &c->n_layers, e);
    if (!rc) rc = read_size(o, "n_head", 1024, &c->n_heads, e);
    if (!rc) rc = read_size(o, "n_embd", 1 << 16, &c->width, e);
    if (!rc) rc = read_size(o, "vocab_size", 1 << 24, &c->vocab_size, e);
    if (!rc)
        rc = read_size(o, json_object_get(o, "n_positions") ? "n_positions" : "n_ctx", 1 << 17, &c->n_positions, e);
    if (rc) return rc;
    if (c->width % c->n_heads != 0)
        return err_field(e, HW_EINVALID, "n_head", "n_embd is %d, which %d heads can't share", c->width, c->n_heads);

    int64_t inner;
    double eps;
    rc = json_get_i64(o, "n_inner", 4 * (int64_t)c->width, 1, 1 << 18, &inner, e);
    c->inner = (int)inner;
    if (!rc) rc = json_get_f64(o, "layer_norm_epsilon", 1e-5, 0, 1, &eps, e);
    if (rc) return rc;
    c->norm_epsilon = (float)eps;
    rc = read_activation(o, c, e);
    if (!rc) rc = json_get_bool(o, "tie_word_embeddings", true, &c->tied_embeddings, e);
    if (!rc) rc = json_get_bool(o, "scale_attn_weights", true, &c->scale_by_head_dim, e);
    if (!rc) rc = json_get_bool(o, "scale_attn_by_inverse_layer_idx", false, &c->scale_by_layer, e);
    return rc;
}

int transformer_read_config(const char *dir, struct transformer_config *c, struct err *e)
{
    char *path = file_join(dir, "config.json");
    struct buf text = BUF_INIT;
    struct err why = {0};
    *c = (struct transformer_config){0};
    json_t *o = NULL;
    int rc = file_read(path, CONFIG_MAX_BYTES, &text, &why);
    if (!rc) {
        o = json_read_object(buf_slice(&text), &why);
        rc = o ? read_object(o, c, &why) : why.code;
        if (rc) err_prefix(&why, "%.200s", path);
    }
    // What is wrong is the file; the field of this error would name one of the file's members.
    if (rc) err_set(e, rc, "%s", why.message);
    json_decref(o);
    buf_release(&text);
    free(path);
    return rc;
}
