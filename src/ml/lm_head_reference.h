// The loss of lm_head.h once more, in plain loops and double precision: what the fast version is tested against, and
// what finite differences are taken of. Slow.
#ifndef HW_ML_LM_HEAD_REFERENCE_H
#define HW_ML_LM_HEAD_REFERENCE_H

#include "ml/lm_head.h"

// `block` has the layout of lm_head_arrays_in(); the rest is as for lm_head_loss().
double lm_head_reference(const struct lm_head_shape *s, const float *unembedding, const double *block, const float *x,
                         const uint32_t *targets, int n);

#endif
