// The autoencoder's loss and gradient once more, in plain loops and double precision: what the fast kernels are tested
// against, and what finite differences test in turn. Slow.
#ifndef HW_ML_SAE_REFERENCE_H
#define HW_ML_SAE_REFERENCE_H

#include "ml/sae.h"

// `params`: W_enc [d_in, n_features], b_enc, W_dec [n_features, d_in], b_dec, one after another; x: [n, d_in]. Returns
// the loss; `gradient` (may be NULL) has the layout of `params`.
double sae_reference(const struct sae_config *c, const double *params, const double *x, int n, double *gradient);

#endif
