// What a fine_tune job has learnt so far, and its checkpoint: one safetensors file with
//
//     gain, bias, down, up   the trained arrays (ml/lm_head.h), F32
//     adam_m.*, adam_v.*     both of Adam's moments of each
//     step, random_state, loss_before, best_loss
//
// A run that goes on from it goes on as if it had never stopped.
#ifndef HW_TASK_FINE_TUNE_STATE_H
#define HW_TASK_FINE_TUNE_STATE_H

#include <stdint.h>

#include "base/err.h"
#include "ml/lm_head.h"

struct fine_tune_state {
    struct lm_head_shape shape;
    float *weights, *moment1, *moment2; // a block each
    int64_t step;
    struct rng rng;                // draws the next batch
    double loss_before, best_loss; // held out: untrained, and the lowest of the checkpoints so far
};

void fine_tune_state_init(struct fine_tune_state *s, const struct lm_head_shape *shape);
void fine_tune_state_release(struct fine_tune_state *s);

int fine_tune_state_write(const struct fine_tune_state *s, const char *path, int64_t *bytes, struct err *e);
// HW_EVALIDATION naming `resume_from` if the file isn't a checkpoint of this shape.
int fine_tune_state_read(struct fine_tune_state *s, const char *path, struct err *e);

#endif
