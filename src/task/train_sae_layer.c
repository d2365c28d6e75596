#include "task/train_sae_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

static void fetch_scaled(const void *ctx, const int64_t *index, int n, float *out, size_t stride)
{
    const struct train_sae_layer *l = ctx;
    activation_set_fetch(l->set, index, n, l->scale, out, stride);
}

static int split(struct train_sae_layer *l, const struct train_sae_params *p, struct err *e)
{
    int64_t vectors = activation_set_vectors(l->set);
    l->n_holdout = (int64_t)((double)vectors * p->holdout_fraction);
    l->n_train = vectors - l->n_holdout;
    if (l->n_holdout < 2 || l->n_train < 2)
        return err_field(
            e, HW_EVALIDATION, "holdout_fraction",
            "holdout_fraction %g of %lld vectors leaves %lld to train on and %lld to evaluate with; each needs "
            "2 at least",
            p->holdout_fraction, (long long)vectors, (long long)l->n_train, (long long)l->n_holdout);
    return 0;
}

int train_sae_layer_open(struct train_sae_layer *l, const struct train_sae_params *p,
                         const struct activation_store *store, int layer, const atomic_int *stop, struct err *e)
{
    *l = (struct train_sae_layer){.layer = layer};
    l->source = (struct sae_source){fetch_scaled, l};
    int rc = activation_set_open(store, layer, p->hook, &l->set, e);
    if (!rc) rc = split(l, p, e);
    if (rc) return rc;

    size_t width = (size_t)activation_set_width(l->set);
    double mean_norm, *mean = mem_array(width, sizeof *mean);
    rc = activation_set_measure(l->set, l->n_train, stop, mean, &mean_norm, e);
    if (!rc && !(mean_norm > 0))
        rc = err_field(e, HW_EINVALID, "activations_path", "the activations of layer %d are all zero", layer);
    if (!rc) {
        l->scale = (float)(sqrt((double)width) / mean_norm);
        float *scaled = mem_array(width, sizeof *scaled);
        for (size_t d = 0; d < width; d++) scaled[d] = (float)(mean[d] * (double)l->scale);
        // A generator a layer: what a layer learns doesn't depend on which others are trained beside it.
        rng_seed(&l->rng, p->seed, (uint64_t)layer);
        l->sae = sae_new(&p->sae, scaled, &l->rng);
        free(scaled);
    }
    free(mean);
    return rc;
}

void train_sae_layer_close(struct train_sae_layer *l)
{
    sae_free(l->sae);
    activation_set_close(l->set);
    *l = (struct train_sae_layer){0};
}

int train_sae_layer_step(struct train_sae_layer *l, const struct train_sae_params *p, struct sae_work *work,
                         int64_t *index, double learning_rate, struct err *e)
{
    int64_t start = clock_mono_us();
    for (int i = 0; i < p->batch_size; i++) index[i] = (int64_t)rng_below(&l->rng, (uint64_t)l->n_train);
    int rc = sae_step(l->sae, work, &l->source, index, p->batch_size, learning_rate, &l->metrics, e);
    if (rc == HW_EINVALID) {
        char why[256];
        memcpy(why, e->message, sizeof why - 1);
        why[sizeof why - 1] = 0;
        return err_field(
            e, rc, "learning_rate",
            "layer %d, step %lld: %s; the weights of the last checkpoint are intact, a lower learning_rate "
            "than %g may help",
            l->layer, (long long)sae_step_count(l->sae) + 1, why, p->schedule.peak);
    }
    l->busy_us += clock_mono_us() - start;
    l->busy_steps++;
    return rc;
}

int train_sae_layer_score(const struct train_sae_layer *l, const struct train_sae_params *p, struct sae_work *work,
                          int64_t *index, int64_t at_most, struct sae_scores *out, struct err *e)
{
    int64_t count = at_most > 0 && at_most < l->n_holdout ? at_most : l->n_holdout;
    struct sae_evaluation *v = sae_evaluation_new(l->sae);
    int rc = 0;
    for (int64_t at = 0; at < count && !rc;) {
        int n = 0;
        for (; n < p->batch_size && at < count; n++, at++)
            index[n] = l->n_train + (int64_t)((double)at * ((double)l->n_holdout / (double)count));
        rc = sae_evaluation_add(v, l->sae, work, &l->source, index, n, e);
    }
    if (!rc) *out = sae_evaluation_scores(v);
    sae_evaluation_free(v);
    return rc;
}

struct checkpoint_info train_sae_layer_info(const struct train_sae_layer *l, const struct train_sae_params *p,
                                            const struct activation_store *store)
{
    const char *model = activation_store_model_path(store), *slash = strrchr(model, '/');
    return (struct checkpoint_info){
        .layer = l->layer,
        .hook = p->hook,
        .model_name = slash && slash[1] ? slash + 1 : model,
        .dataset_path = activation_store_tokens_path(store),
        .context_length = activation_store_context_length(store),
        .activation_scale = l->scale,
    };
}
