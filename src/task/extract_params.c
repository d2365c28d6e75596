#include "task/extract_params.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "ml/team.h"

enum { MAX_THREADS = 1024 };

static int read_path(const json_t *o, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(o, key, "", out, e);
    if (!rc && !**out) rc = err_field(e, HW_EVALIDATION, key, "%s is missing", key);
    return rc;
}

static int read_int(const json_t *o, const char *key, int64_t def, int64_t lo, int64_t hi, int *out, struct err *e)
{
    int64_t v;
    int rc = json_get_i64(o, key, def, lo, hi, &v, e);
    *out = (int)v;
    return rc;
}

static int read_dtype(const json_t *o, enum st_dtype *out, struct err *e)
{
    const char *name;
    int rc = json_get_str(o, "dtype", "f32", &name, e);
    if (rc) return rc;
    *out = strcmp(name, "f16") == 0 ? ST_F16 : ST_F32;
    if (*out == ST_F32 && strcmp(name, "f32") != 0)
        return err_field(e, HW_EVALIDATION, "dtype", "dtype is %.40s; f32 and f16 are accepted", name);
    return 0;
}

// Marks the layers asked for in wanted[n_layers].
static int read_layers(const json_t *o, int n_layers, bool *wanted, struct err *e)
{
    const json_t *layers = json_object_get(o, "layers");
    if (!json_is_array(layers) || json_array_size(layers) == 0)
        return err_field(e, HW_EVALIDATION, "layers", "layers must be an array of at least one block's index");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *v = json_array_get(layers, i);
        if (!json_is_integer(v)) return err_field(e, HW_EVALIDATION, "layers", "layers must hold whole numbers");
        long long layer = json_integer_value(v);
        if (layer < 0 || layer >= n_layers)
            return err_field(e, HW_EVALIDATION, "layers", "layers: %lld is out of range; the model has blocks 0 to %d",
                             layer, n_layers - 1);
        if (wanted[layer]) return err_field(e, HW_EVALIDATION, "layers", "layers: %lld is named twice", layer);
        wanted[layer] = true;
    }
    return 0;
}

static int read_hooks(const json_t *o, enum transformer_hook hooks[3], int *n, struct err *e)
{
    const json_t *names = json_object_get(o, "hooks");
    *n = 1;
    hooks[0] = TRANSFORMER_RESIDUAL;
    if (!names || json_is_null(names)) return 0;
    if (!json_is_array(names) || json_array_size(names) == 0)
        return err_field(e, HW_EVALIDATION, "hooks", "hooks must be an array of residual, mlp and attention");
    *n = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        enum transformer_hook h;
        if (!name || !transformer_hook_parse(name, &h))
            return err_field(e, HW_EVALIDATION, "hooks",
                             "hooks: %.40s is unknown; residual, mlp and attention are accepted",
                             name ? name : "something that is no string");
        for (int k = 0; k < *n; k++)
            if (hooks[k] == h) return err_field(e, HW_EVALIDATION, "hooks", "hooks: %s is named twice", name);
        hooks[(*n)++] = h;
    }
    return 0;
}

static int read_captures(struct extract_params *p, const json_t *o, int n_layers, struct err *e)
{
    bool *wanted = mem_array((size_t)n_layers, sizeof *wanted);
    enum transformer_hook hooks[3];
    int n_hooks;
    int rc = read_layers(o, n_layers, wanted, e);
    if (!rc) rc = read_hooks(o, hooks, &n_hooks, e);
    if (!rc) {
        p->captures = mem_array((size_t)n_layers * 3, sizeof *p->captures);
        for (int layer = 0; layer < n_layers; layer++)
            for (int h = 0; wanted[layer] && h < n_hooks; h++) {
                p->captures[p->n_captures++] = (struct transformer_capture){layer, hooks[h]};
                p->last_layer = layer;
            }
    }
    free(wanted);
    return rc;
}

int extract_params_read(struct extract_params *p, const json_t *o, struct transformer_config *config, struct err *e)
{
    *p = (struct extract_params){0};
    int rc = read_path(o, "model_path", &p->model_path, e);
    if (!rc) rc = read_path(o, "tokens_path", &p->tokens_path, e);
    if (!rc) rc = read_path(o, "output_dir", &p->output_dir, e);
    if (!rc) rc = read_int(o, "context_length", 128, 1, 1 << 20, &p->context_length, e);
    if (!rc) rc = read_int(o, "batch_size", 32, 1, 1 << 20, &p->batch_size, e);
    if (!rc) rc = read_int(o, "threads", 0, 0, MAX_THREADS, &p->threads, e);
    if (!rc) rc = json_get_i64(o, "max_samples", 0, 0, INT64_MAX / (1 << 20), &p->max_samples, e);
    if (!rc) rc = json_get_i64(o, "shard_rows", 65536, 1, INT64_MAX / (1 << 20), &p->shard_rows, e);
    if (!rc) rc = read_dtype(o, &p->dtype, e);
    if (!rc) rc = transformer_inspect(p->model_path, config, e);
    if (rc) return rc;
    if (p->context_length > config->n_positions)
        return err_field(e, HW_EVALIDATION, "context_length", "context_length is %d; the model has %d positions",
                         p->context_length, config->n_positions);
    if (p->threads == 0) p->threads = team_default_size();
    return read_captures(p, o, config->n_layers, e);
}

void extract_params_release(struct extract_params *p)
{
    free(p->captures);
    *p = (struct extract_params){0};
}
