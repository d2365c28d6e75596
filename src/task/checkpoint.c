#include "task/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/safetensors.h"

#define CFG     "cfg.json"
#define WEIGHTS "sae_weights.safetensors"
#define STATE   "trainer_state.safetensors"

enum { CFG_MAX = 1 << 20 };

static const char *const array_names[] = {"W_enc", "b_enc", "W_dec", "b_dec"};

static const char *architecture_name(enum sae_architecture a)
{
    return a == SAE_TOPK ? "topk" : "standard";
}

char *checkpoint_hook_name(int layer, const char *hook)
{
    const char *point = strcmp(hook, "mlp") == 0         ? "hook_mlp_out"
                        : strcmp(hook, "attention") == 0 ? "hook_attn_out"
                                                         : "hook_resid_post";
    return mem_printf("blocks.%d.%s", layer, point);
}

// ---- writing ----

// SAELens has named some things in two ways over time; both are written, so that old and new loaders find theirs.
static int write_cfg(const char *folder, const struct checkpoint_info *info, const struct sae_config *c, int64_t step,
                     int64_t *bytes, struct err *e)
{
    struct buf text = BUF_INIT;
    struct jw w;
    char *hook_name = checkpoint_hook_name(info->layer, info->hook), *path = file_join(folder, CFG);
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kstr(&w, "architecture", architecture_name(c->architecture));
    jw_ki64(&w, "d_in", c->d_in);
    jw_ki64(&w, "d_sae", c->n_features);
    if (c->architecture == SAE_TOPK) {
        jw_ki64(&w, "k", c->k);
        jw_kbool(&w, "rescale_acts_by_decoder_norm", false);
    } else {
        jw_kf64(&w, "l1_coefficient", c->l1_coefficient);
    }
    jw_kstr(&w, "activation_fn_str", c->architecture == SAE_TOPK ? "topk" : "relu");
    jw_key(&w, "activation_fn_kwargs");
    jw_obj(&w);
    if (c->architecture == SAE_TOPK) jw_ki64(&w, "k", c->k);
    jw_obj_end(&w);
    jw_kstr(&w, "dtype", "float32");
    jw_kstr(&w, "device", "cpu");
    jw_kbool(&w, "apply_b_dec_to_input", true);
    jw_kbool(&w, "finetuning_scaling_factor", false);
    jw_kstr(&w, "normalize_activations", "none");
    jw_kf64(&w, "activation_scale", (double)info->activation_scale);
    jw_kstr(&w, "hook_name", hook_name);
    jw_ki64(&w, "hook_layer", info->layer);
    jw_knull(&w, "hook_head_index");
    jw_kstr(&w, "model_name", info->model_name);
    jw_kstr(&w, "dataset_path", info->dataset_path);
    jw_ki64(&w, "context_size", info->context_length);
    jw_kbool(&w, "prepend_bos", false);
    jw_ki64(&w, "training_steps", step);
    jw_key(&w, "metadata");
    jw_obj(&w);
    jw_kstr(&w, "model_name", info->model_name);
    jw_kstr(&w, "hook_name", hook_name);
    jw_ki64(&w, "context_size", info->context_length);
    jw_kstr(&w, "dataset_path", info->dataset_path);
    jw_obj_end(&w);
    jw_obj_end(&w);
    buf_add_char(&text, '\n');
    int rc = file_write_atomic(path, buf_slice(&text), e);
    *bytes += (int64_t)text.n;
    buf_release(&text);
    free(hook_name);
    free(path);
    return rc;
}

static void shape_of(const struct sae_config *c, int array, int *rank, int64_t shape[2])
{
    int64_t d = c->d_in, f = c->n_features;
    switch (array) {
    case 0: *rank = 2, shape[0] = d, shape[1] = f; break;
    case 1: *rank = 1, shape[0] = f; break;
    case 2: *rank = 2, shape[0] = f, shape[1] = d; break;
    default: *rank = 1, shape[0] = d; break;
    }
}

static void declare(struct st_writer *w, const char *prefix, const struct sae_config *c)
{
    for (int i = 0; i < 4; i++) {
        int rank;
        int64_t shape[2];
        char name[32];
        shape_of(c, i, &rank, shape);
        snprintf(name, sizeof name, "%s%s", prefix, array_names[i]);
        st_writer_declare(w, name, ST_F32, rank, shape);
    }
}

// The four arrays of a part, in the order of their declaration, are one block.
static int append_part(struct st_writer *w, const struct sae *sae, enum sae_part part, float *block, struct err *e)
{
    const struct sae_config *c = sae_config(sae);
    struct sae_arrays a = sae_arrays_in(c, block);
    sae_read(sae, part, &a);
    return st_writer_append(w, block, sae_parameter_count(c) * sizeof *block, e);
}

static int finish(struct st_writer *w, int rc, int64_t *bytes, struct err *e)
{
    if (!rc) rc = st_writer_finish(w, e);
    if (!rc) *bytes += (int64_t)st_writer_file_size(w);
    st_writer_free(w);
    return rc;
}

static int write_weights(const char *folder, const struct sae *sae, float *block, int64_t *bytes, struct err *e)
{
    char *path = file_join(folder, WEIGHTS);
    struct st_writer *w = st_writer_new(path);
    free(path);
    st_writer_metadata(w, "format", "pt"); // what the loaders of safetensors files for PyTorch ask for
    declare(w, "", sae_config(sae));
    int rc = append_part(w, sae, SAE_WEIGHTS, block, e);
    return finish(w, rc, bytes, e);
}

static int write_state(const char *folder, const struct sae *sae, const struct checkpoint_trainer *t, float *block,
                       int64_t *bytes, struct err *e)
{
    const struct sae_config *c = sae_config(sae);
    const int64_t one = 1, four = 4, features = c->n_features, step = sae_step_count(sae);
    char *path = file_join(folder, STATE);
    struct st_writer *w = st_writer_new(path);
    free(path);
    declare(w, "adam_m.", c);
    declare(w, "adam_v.", c);
    st_writer_declare(w, "step", ST_I64, 1, &one);
    st_writer_declare(w, "best_loss", ST_F64, 1, &one);
    st_writer_declare(w, "random_state", ST_U64, 1, &four);
    st_writer_declare(w, "last_active", ST_I64, 1, &features);
    int rc = append_part(w, sae, SAE_MOMENT1, block, e);
    if (!rc) rc = append_part(w, sae, SAE_MOMENT2, block, e);
    if (!rc) rc = st_writer_append(w, &step, sizeof step, e);
    if (!rc) rc = st_writer_append(w, &t->best_loss, sizeof t->best_loss, e);
    if (!rc) rc = st_writer_append(w, t->rng.s, sizeof t->rng.s, e);
    if (!rc) rc = st_writer_append(w, sae_last_active(sae), (size_t)features * sizeof(int64_t), e);
    return finish(w, rc, bytes, e);
}

int checkpoint_write_layer(const char *folder, const struct checkpoint_info *info, const struct sae *sae,
                           const struct checkpoint_trainer *trainer, int64_t *bytes, struct err *e)
{
    float *block = mem_array(sae_parameter_count(sae_config(sae)), sizeof *block);
    int rc = write_cfg(folder, info, sae_config(sae), sae_step_count(sae), bytes, e);
    if (!rc) rc = write_weights(folder, sae, block, bytes, e);
    if (!rc && trainer) rc = write_state(folder, sae, trainer, block, bytes, e);
    free(block);
    return rc;
}

// ---- reading ----

static int mismatch(struct err *e, const char *path, const char *what, const char *has, const char *wants)
{
    return err_field(e, HW_EVALIDATION, "resume_from", "%s: %s is %s there, %s in this job", path, what, has, wants);
}

static int check_number(const char *path, const json_t *cfg, const char *key, double want, struct err *e)
{
    double has;
    int rc = json_get_f64(cfg, key, NAN, -1e300, 1e300, &has, e);
    if (rc) return rc;
    if (has == want) return 0;
    char a[40], b[40];
    snprintf(a, sizeof a, "%.9g", has);
    snprintf(b, sizeof b, "%.9g", want);
    return mismatch(e, path, key, isnan(has) ? "missing" : a, b);
}

static int check_text(const char *path, const json_t *cfg, const char *key, const char *want, struct err *e)
{
    const char *has;
    int rc = json_get_str(cfg, key, "missing", &has, e);
    if (rc) return rc;
    return strcmp(has, want) == 0 ? 0 : mismatch(e, path, key, has, want);
}

static int check_cfg(const char *folder, const struct checkpoint_info *info, const struct sae_config *c, struct err *e)
{
    struct buf text = BUF_INIT;
    char *path = file_join(folder, CFG), *hook_name = checkpoint_hook_name(info->layer, info->hook);
    json_t *cfg = NULL;
    int rc = file_read(path, CFG_MAX, &text, e);
    if (!rc && !(cfg = json_read_object(buf_slice(&text), e))) {
        err_prefix(e, "%s: ", path);
        rc = HW_EINVALID;
    }
    if (!rc) rc = check_text(path, cfg, "architecture", architecture_name(c->architecture), e);
    if (!rc) rc = check_number(path, cfg, "d_in", c->d_in, e);
    if (!rc) rc = check_number(path, cfg, "d_sae", c->n_features, e);
    if (!rc && c->architecture == SAE_TOPK) rc = check_number(path, cfg, "k", c->k, e);
    if (!rc && c->architecture == SAE_STANDARD) rc = check_number(path, cfg, "l1_coefficient", c->l1_coefficient, e);
    if (!rc) rc = check_text(path, cfg, "hook_name", hook_name, e);
    // Another scale means other activations, or another part of them held out.
    if (!rc) rc = check_number(path, cfg, "activation_scale", (double)info->activation_scale, e);
    json_decref(cfg);
    buf_release(&text);
    free(path);
    free(hook_name);
    return rc;
}

static int read_part(const struct safetensors *file, const char *prefix, struct sae *sae, enum sae_part part,
                     struct err *e)
{
    const struct sae_config *c = sae_config(sae);
    float *block = mem_array(sae_parameter_count(c), sizeof *block), *at = block;
    int rc = 0;
    for (int i = 0; i < 4 && !rc; i++) {
        int rank;
        int64_t shape[2];
        char name[32];
        const struct st_tensor *t;
        shape_of(c, i, &rank, shape);
        snprintf(name, sizeof name, "%s%s", prefix, array_names[i]);
        rc = safetensors_need(file, name, rank, shape, &t, e);
        if (!rc) rc = safetensors_f32(t, 0, t->count, at, e);
        if (!rc) at += t->count;
    }
    if (!rc) {
        struct sae_arrays a = sae_arrays_in(c, block);
        sae_write(sae, part, &a);
    }
    free(block);
    return rc;
}

// `out` has room for n elements of 8 bytes.
static int read_words(const struct safetensors *file, const char *name, enum st_dtype dtype, int64_t n, void *out,
                      struct err *e)
{
    const struct st_tensor *t;
    int rc = safetensors_need(file, name, 1, &n, &t, e);
    if (rc) return rc;
    if (t->dtype != dtype)
        return err_set(e, HW_EINVALID, "%s: %s is %s, expected %s", safetensors_path(file), name,
                       st_dtype_name(t->dtype), st_dtype_name(dtype));
    memcpy(out, t->data, (size_t)n * 8);
    return 0;
}

static int read_state(const struct safetensors *file, struct sae *sae, struct checkpoint_trainer *t, struct err *e)
{
    int64_t step, features = sae_config(sae)->n_features;
    int64_t *last_active = mem_array((size_t)features, sizeof *last_active);
    int rc = read_part(file, "adam_m.", sae, SAE_MOMENT1, e);
    if (!rc) rc = read_part(file, "adam_v.", sae, SAE_MOMENT2, e);
    if (!rc) rc = read_words(file, "step", ST_I64, 1, &step, e);
    if (!rc) rc = read_words(file, "best_loss", ST_F64, 1, &t->best_loss, e);
    if (!rc) rc = read_words(file, "random_state", ST_U64, 4, t->rng.s, e);
    if (!rc) rc = read_words(file, "last_active", ST_I64, features, last_active, e);
    if (!rc && (step < 0 || !(t->rng.s[0] | t->rng.s[1] | t->rng.s[2] | t->rng.s[3])))
        rc = err_set(e, HW_EINVALID, "%s: step or random state is impossible", safetensors_path(file));
    if (!rc) sae_set_progress(sae, step, last_active);
    free(last_active);
    return rc;
}

int checkpoint_read_layer(const char *folder, const struct checkpoint_info *info, struct sae *sae,
                          struct checkpoint_trainer *trainer, struct err *e)
{
    char *weights_path = file_join(folder, WEIGHTS), *state_path = file_join(folder, STATE);
    struct safetensors *weights = NULL, *state = NULL;
    int rc = check_cfg(folder, info, sae_config(sae), e);
    if (!rc) rc = safetensors_open(weights_path, &weights, e);
    if (!rc) rc = safetensors_open(state_path, &state, e);
    if (!rc) rc = read_part(weights, "", sae, SAE_WEIGHTS, e);
    if (!rc) rc = read_state(state, sae, trainer, e);
    safetensors_close(weights);
    safetensors_close(state);
    free(weights_path);
    free(state_path);
    if (rc && e && !e->field[0]) snprintf(e->field, sizeof e->field, "resume_from");
    return rc;
}

int checkpoint_commit(const char *tmp, const char *final_path, struct err *e)
{
    if (!file_exists(final_path)) return file_commit(tmp, final_path, e);
    // A folder can't be renamed onto one that isn't empty. Exchanging the two leaves no moment without a whole one.
    if (renameat2(AT_FDCWD, tmp, AT_FDCWD, final_path, RENAME_EXCHANGE) == 0) return file_remove_tree(tmp, e);
    if (errno != EINVAL && errno != ENOSYS) return err_sys(e, errno, "renaming %s to %s", tmp, final_path);
    int rc = file_remove_tree(final_path, e);
    return rc ? rc : file_commit(tmp, final_path, e);
}
