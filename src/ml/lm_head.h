// The output side of a transformer, made trainable: what turns the stream after the last block into the loss of the
// next token. The blocks below stay as they are, so no gradient is needed through them.
//
//     n = (x - mean) / √(variance + eps) · gain + bias      logits = W n + upᵀ (down n)      loss = -log
//     softmax[target]
//
// W, the unembedding, is frozen; `down` and `up` are a correction of low rank to it (Hu et al., "LoRA", 2021), which
// leaves W alone where it is the token embedding as well. Gradients are of the sum of the losses.
//
// The four trained arrays lie in one block of floats, so that an optimizer, a checkpoint or a sum of gradients needs to
// know nothing of them. The frozen part is shared by any number of threads; each needs a work area of its own.
#ifndef HW_ML_LM_HEAD_H
#define HW_ML_LM_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "ml/rng.h"
#include "ml/transformer.h"

struct lm_head_shape {
    int width, vocab, rank;
    float norm_epsilon;
};

struct lm_head_arrays {
    float *gain, *bias; // [width]
    float *down;        // [rank, width]
    float *up;          // [rank, vocab]
};

size_t lm_head_count(const struct lm_head_shape *s); // floats of a block
struct lm_head_arrays lm_head_arrays_in(const struct lm_head_shape *s, float *block);

// As the model computes now: its own gain and bias, and a correction that is zero (`up` is, `down` is drawn).
void lm_head_init(const struct lm_head_shape *s, const struct transformer_output *from, struct rng *r, float *block);

struct lm_head_work;
struct lm_head_work *lm_head_work_new(const struct lm_head_shape *s);
void lm_head_work_free(struct lm_head_work *w); // NULL is fine

// The sum of the losses at n positions: x[n, width] is the stream, targets[n] the ids that follow (less than vocab).
// `gradient` (NULL: not wanted) is a block to which the gradient is added. Not finite if any number isn't.
double lm_head_loss(const struct lm_head_shape *s, const float *unembedding, const float *block, const float *x,
                    const uint32_t *targets, int n, struct lm_head_work *w, float *gradient);

// out[vocab, width] = W + upᵀ down: the correction made part of the matrix.
void lm_head_merge(const struct lm_head_shape *s, const float *unembedding, const float *block, float *out);

#endif
