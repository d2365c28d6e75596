// One layer's training inside a train_sae job: its activations, its autoencoder, its random state.
#ifndef HW_TASK_TRAIN_SAE_LAYER_H
#define HW_TASK_TRAIN_SAE_LAYER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "ml/sae.h"
#include "task/activation_store.h"
#include "task/checkpoint.h"
#include "task/train_sae_params.h"

struct train_sae_layer {
    int layer;
    struct activation_set *set;
    int64_t n_train, n_holdout; // vectors before the held-out ones, and those
    float scale;                // brings the training vectors' mean length to √width
    struct sae_source source;   // of scaled vectors; refers to this struct, which must not move
    struct sae *sae;
    struct rng rng;             // draws batches
    struct sae_metrics metrics; // of the last step
    int64_t busy_us;            // spent in steps since the last metric row
    int64_t busy_steps;
};

// Opens and measures the layer's activations and makes an untrained autoencoder. Reads all training vectors once.
int train_sae_layer_open(struct train_sae_layer *l, const struct train_sae_params *p,
                         const struct activation_store *store, int layer, const atomic_int *stop, struct err *e);
void train_sae_layer_close(struct train_sae_layer *l);

// Draws a batch into `index` and takes one step. A loss that isn't finite is an error that names layer and step.
int train_sae_layer_step(struct train_sae_layer *l, const struct train_sae_params *p, struct sae_work *work,
                         int64_t *index, double learning_rate, struct err *e);

// Scores on the held-out vectors: on all of them, or on `at_most` spread evenly (0: all).
int train_sae_layer_score(const struct train_sae_layer *l, const struct train_sae_params *p, struct sae_work *work,
                          int64_t *index, int64_t at_most, struct sae_scores *out, struct err *e);

struct checkpoint_info train_sae_layer_info(const struct train_sae_layer *l, const struct train_sae_params *p,
                                            const struct activation_store *store);

#endif
