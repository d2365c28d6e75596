// Checkpoints of an autoencoder on disk, in SAELens' layout: one folder a layer with
//
//     cfg.json                    architecture, d_in, d_sae, hook_name, … and activation_scale: the weights are for
//     inputs
//                                 multiplied by it
//     sae_weights.safetensors     W_enc [d_in, d_sae], b_enc [d_sae], W_dec [d_sae, d_in], b_dec [d_in], F32
//     trainer_state.safetensors   (not in a final result) both of Adam's moments, step, random state, each feature's
//     last
//                                 active step: what a run needs to go on as if it had never stopped
//
// Writing a layer's folder isn't atomic by itself: a checkpoint of several layers is written under a temporary name and
// put in place whole by checkpoint_commit().
#ifndef HW_TASK_CHECKPOINT_H
#define HW_TASK_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ml/rng.h"
#include "ml/sae.h"

struct checkpoint_info { // all strings borrowed
    int layer;
    const char *hook;       // residual, mlp, attention
    const char *model_name; // last part of the model's path
    const char *dataset_path;
    int context_length;
    float activation_scale;
};

// State of a run beside the autoencoder's own.
struct checkpoint_trainer {
    struct rng rng;   // draws the next batch
    double best_loss; // lowest loss of the checkpoints so far; infinity: none
};

// "blocks.2.hook_resid_post"; the caller frees.
char *checkpoint_hook_name(int layer, const char *hook);

// Writes the files into `folder`, which exists. `trainer` NULL: without trainer_state. Adds their sizes to *bytes.
int checkpoint_write_layer(const char *folder, const struct checkpoint_info *info, const struct sae *sae,
                           const struct checkpoint_trainer *trainer, int64_t *bytes, struct err *e);

// Puts weights, moments and counters into `sae` and fills `trainer`. An error naming `resume_from` if the checkpoint is
// of another shape, architecture, hook or scale than `sae` and `info`.
int checkpoint_read_layer(const char *folder, const struct checkpoint_info *info, struct sae *sae,
                          struct checkpoint_trainer *trainer, struct err *e);

// Renames the finished folder `tmp` to `final_path`, replacing what an earlier attempt left there.
int checkpoint_commit(const char *tmp, const char *final_path, struct err *e);

#endif
