// Choosing the active features of one vector from its pre-activations: all positive ones (ReLU), or the k largest of
// the positive ones (top-k, then ReLU: a chosen value that isn't positive would become 0 anyway).
//
// Results are exact and the same on every machine: of equal values the ones with lower indices are chosen. Indices come
// out in ascending order. NaN is never chosen.
#ifndef HW_ML_SELECT_H
#define HW_ML_SELECT_H

#include <stdint.h>

// The two output arrays need room for this many elements beyond n (or, for select_topk, beyond k): whole vectors are
// written.
#define SELECT_PAD 16

struct select_scratch; // candidates of one row; one a thread

struct select_scratch *select_scratch_new(int n_max);
void select_scratch_free(struct select_scratch *s);

// Values are v[i] + bias[i], i < n. Returns how many were chosen.
int select_positive(const float *v, const float *bias, int n, uint32_t *index, float *value);
int select_topk(struct select_scratch *s, const float *v, const float *bias, int n, int k, uint32_t *index,
                float *value);

#endif
