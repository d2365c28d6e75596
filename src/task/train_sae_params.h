// The parameters of a train_sae job (docs/api/tasks.md), read and checked by themselves; what depends on the
// activations is checked when those are open.
#ifndef HW_TASK_TRAIN_SAE_PARAMS_H
#define HW_TASK_TRAIN_SAE_PARAMS_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "ml/sae.h"
#include "ml/schedule.h"

struct train_sae_params {
    const char *activations_path, *hook, *output_dir; // borrowed from the JSON object
    char *resume_from;                                // the step's folder; NULL: from the start
    int *layers;                                      // n_layers of them; NULL: every layer of the activations
    int n_layers;
    struct sae_config sae; // all but d_in
    struct schedule schedule;
    int batch_size;
    double holdout_fraction;
    int64_t log_every, checkpoint_every;
    uint64_t seed;
    int threads; // resolved: never 0
};

// HW_EVALIDATION naming the parameter. Release in either case.
int train_sae_params_read(struct train_sae_params *p, const json_t *obj, struct err *e);
void train_sae_params_release(struct train_sae_params *p);

// Bytes that a training of `n_layers` autoencoders (p->sae with its d_in known) allocates.
double train_sae_memory(const struct train_sae_params *p, int n_layers);

// Refuses a training of `n_layers` autoencoders (p->sae with its d_in known) that needs more than `available` bytes,
// naming the parameter that asks for too much: n_features, or layers if fewer of them would fit.
int train_sae_check_memory(const struct train_sae_params *p, int n_layers, double available, struct err *e);

#endif
