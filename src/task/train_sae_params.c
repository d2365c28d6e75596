#include "task/train_sae_params.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "ml/team.h"

enum { FEATURES_MAX = 16777216, BATCH_MAX = 16777216, LAYERS_MAX = 10000 };

static int need_path(const json_t *obj, const char *key, const char **out, struct err *e)
{
    int rc = json_get_str(obj, key, "", out, e);
    if (!rc && !**out) rc = err_field(e, HW_EVALIDATION, key, "%s is missing", key);
    return rc;
}

static int read_layers(struct train_sae_params *p, const json_t *obj, struct err *e)
{
    const json_t *v = json_object_get(obj, "layers");
    if (!v || json_is_null(v)) return 0;
    size_t n = json_array_size(v), i;
    if (!json_is_array(v) || n == 0 || n > LAYERS_MAX)
        return err_field(e, HW_EVALIDATION, "layers", "layers must be a list of at least one layer's index");
    p->layers = mem_array(n, sizeof *p->layers);
    json_t *it;
    json_array_foreach((json_t *)(uintptr_t)v, i, it)
    {
        json_int_t layer = json_integer_value(it);
        if (!json_is_integer(it) || layer < 0 || layer >= LAYERS_MAX)
            return err_field(e, HW_EVALIDATION, "layers", "layers: value %zu must be a whole number from 0 to %d",
                             i + 1, LAYERS_MAX - 1);
        for (int k = 0; k < p->n_layers; k++)
            if (p->layers[k] == (int)layer)
                return err_field(e, HW_EVALIDATION, "layers", "layers names layer %d twice", (int)layer);
        p->layers[p->n_layers++] = (int)layer;
    }
    return 0;
}

static int read_architecture(struct train_sae_params *p, const json_t *obj, struct err *e)
{
    const char *name;
    int64_t features, k;
    int rc = json_get_str(obj, "architecture", "topk", &name, e);
    if (!rc && strcmp(name, "topk") != 0 && strcmp(name, "standard") != 0)
        rc = err_field(e, HW_EVALIDATION, "architecture", "architecture must be topk or standard, not %.40s", name);
    if (!rc) rc = json_get_i64(obj, "n_features", 1024, 1, FEATURES_MAX, &features, e);
    if (!rc) rc = json_get_i64(obj, "k", 32, 1, FEATURES_MAX, &k, e);
    if (!rc) rc = json_get_f64(obj, "l1_coefficient", 1.0, 0, 1e6, &p->sae.l1_coefficient, e);
    if (rc) return rc;
    p->sae.architecture = strcmp(name, "topk") == 0 ? SAE_TOPK : SAE_STANDARD;
    p->sae.n_features = (int)features;
    p->sae.k = (int)k;
    if (p->sae.architecture == SAE_TOPK && k > features)
        return err_field(e, HW_EVALIDATION, "k", "k is %lld, more than the %lld features there are (n_features)",
                         (long long)k, (long long)features);
    return 0;
}

// A checkpoint is a step's folder, with a folder a layer in it; naming a layer's folder means the step it belongs to.
static int read_resume(struct train_sae_params *p, const json_t *obj, struct err *e)
{
    const char *path;
    int rc = json_get_str(obj, "resume_from", NULL, &path, e);
    if (rc || !path || !*path) return rc;
    char *cfg = file_join(path, "cfg.json");
    p->resume_from = file_exists(cfg) ? file_join(path, "..") : mem_strdup(path);
    free(cfg);
    if (!file_exists(p->resume_from))
        return err_field(e, HW_ENOTFOUND, "resume_from", "there is no checkpoint at %s", path);
    return 0;
}

int train_sae_params_read(struct train_sae_params *p, const json_t *obj, struct err *e)
{
    *p = (struct train_sae_params){0};
    int64_t batch, seed, threads;
    int rc = need_path(obj, "activations_path", &p->activations_path, e);
    if (!rc) rc = need_path(obj, "output_dir", &p->output_dir, e);
    if (!rc) rc = json_get_str(obj, "hook", "residual", &p->hook, e);
    if (!rc && strcmp(p->hook, "residual") != 0 && strcmp(p->hook, "mlp") != 0 && strcmp(p->hook, "attention") != 0)
        rc = err_field(e, HW_EVALIDATION, "hook", "hook must be residual, mlp or attention, not %.40s", p->hook);
    if (!rc) rc = read_layers(p, obj, e);
    if (!rc) rc = read_architecture(p, obj, e);
    if (!rc) rc = json_get_f64(obj, "learning_rate", 1e-3, 1e-12, 10, &p->schedule.peak, e);
    if (!rc) rc = json_get_i64(obj, "warmup_steps", 100, 0, INT64_C(1000000000000), &p->schedule.warmup_steps, e);
    if (!rc) rc = json_get_f64(obj, "decay_fraction", 0.2, 0, 1, &p->schedule.decay_fraction, e);
    if (!rc) rc = json_get_i64(obj, "total_steps", 1500, 1, INT64_C(1000000000000), &p->schedule.total_steps, e);
    if (!rc) rc = json_get_i64(obj, "batch_size", 1024, 1, BATCH_MAX, &batch, e);
    if (!rc) rc = json_get_f64(obj, "holdout_fraction", 0.1, 0.001, 0.9, &p->holdout_fraction, e);
    if (!rc) rc = json_get_i64(obj, "log_every", 10, 1, INT64_C(1000000000000), &p->log_every, e);
    if (!rc) rc = json_get_i64(obj, "checkpoint_every", 500, 1, INT64_C(1000000000000), &p->checkpoint_every, e);
    if (!rc) rc = json_get_i64(obj, "seed", 0, 0, INT64_C(9007199254740991), &seed, e);
    if (!rc) rc = json_get_i64(obj, "threads", 0, 0, 256, &threads, e);
    if (!rc) rc = read_resume(p, obj, e);
    if (rc) return rc;
    p->batch_size = (int)batch;
    p->seed = (uint64_t)seed;
    p->threads = threads ? (int)threads : team_default_size();
    return 0;
}

void train_sae_params_release(struct train_sae_params *p)
{
    free(p->layers);
    free(p->resume_from);
    *p = (struct train_sae_params){0};
}

// ---- memory ----

// What the layers have in common. A checkpoint is written through one contiguous copy of the weights; a batch needs its
// indices.
static double shared_memory(const struct train_sae_params *p)
{
    return sae_work_bytes(&p->sae, p->batch_size, p->threads) + (double)sae_parameter_count(&p->sae) * 4 +
           (double)p->batch_size * 8;
}

double train_sae_memory(const struct train_sae_params *p, int n_layers)
{
    return shared_memory(p) + sae_bytes(&p->sae) * n_layers;
}

int train_sae_check_memory(const struct train_sae_params *p, int n_layers, double available, struct err *e)
{
    const double mib = 1024.0 * 1024.0;
    double shared = shared_memory(p), one = sae_bytes(&p->sae), all = train_sae_memory(p, n_layers);
    if (all <= available) return 0;
    if (n_layers > 1 && shared + one <= available)
        return err_field(e, HW_EVALIDATION, "layers",
                         "training %d layers together with %d features needs %.0f MiB, %.0f MiB are free: train fewer "
                         "layers in one job, or fewer features",
                         n_layers, p->sae.n_features, all / mib, available / mib);
    return err_field(e, HW_EVALIDATION, "n_features",
                     "n_features %d at width %d needs %.0f MiB of memory, %.0f MiB are free", p->sae.n_features,
                     p->sae.d_in, all / mib, available / mib);
}
