// What the files of the autoencoder share. Matrices are row-major with rows padded to whole vectors (`ld` floats); the
// padding is zero and stays zero, because its gradient is. W_enc is kept transposed, one row a feature, so that
// everything sparse touches whole rows of both matrices.
#ifndef HW_ML_SAE_INTERNAL_H
#define HW_ML_SAE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ml/adam.h"
#include "ml/sae.h"
#include "ml/select.h"

enum {
    SLICE_ROWS = 128, // rows of a batch that one thread takes at a time; fixed, because BLAS sums differently by shape
    RANGE_FEATURES = 32 // features that one thread takes at a time
};

struct sae_params {
    float *w_enc; // [n_features, ld]: transposed
    float *w_dec; // [n_features, ld]
    float *b_enc; // [n_features padded]
    float *b_dec; // [ld]
    float *block; // all of them
};

struct sae {
    struct sae_config c;
    size_t ld;
    struct sae_params p, m, v, g; // weights, Adam's moments, gradient
    float *dec_norm;              // [n_features]: |W_dec,i|
    float *g_z_sum;               // [n_features]: sums of z over the batch, for the gradient of the penalty
    int64_t steps;
    int64_t *last_active;
};

// A slice of a block of the batch, after its forward pass: its active features in columns. Column f's entries are
// begin[f] .. begin[f + 1] - 1, in the order of rows.
struct sae_slice {
    uint32_t *begin;          // [n_features + 1]
    uint32_t *row;            // in the block
    float *z;                 // activation
    float *dz;                // gradient of the loss by the pre-activation, all factors included
    float *error_sum, *x_sum; // [ld]: columns of error and xc added up
    double sq_error, penalty, l1, sq_x;
    int64_t active;
};

// A range of features, after its backward pass.
struct sae_range {
    float *b_dec; // [ld]: what the encoder adds to b_dec's gradient
    double sq_gradient;
};

// One thread's buffers.
struct sae_member {
    float *pre;      // [SLICE_ROWS, n_features padded]
    uint32_t *index; // [SLICE_ROWS, row_cap]: active features by rows
    float *z, *dz;
    uint32_t *count; // [SLICE_ROWS]
    uint32_t *next;  // [n_features]
    struct select_scratch *scratch;
};

struct sae_work {
    struct sae_config c;
    size_t ld;
    int batch;
    int block_rows;    // rows whose activations are held at a time: a batch is cut into blocks
    size_t row_cap;    // active features a row, with room for whole vectors
    struct team *team; // borrowed
    const atomic_int *stop;
    float *xc;    // [block_rows, ld]: x - b_dec
    float *error; // [block_rows, ld]: x̂ - x
    int n_slices, n_ranges;
    struct sae_slice *slices;
    struct sae_range *ranges;
    struct sae_member *members;
    float *b_dec_gradient; // [ld]
};

// What the members of one parallel pass need.
struct sae_pass {
    struct sae *s; // written only by the backward pass
    struct sae_work *w;
    const struct sae_source *from;
    const int64_t *index; // of the block's vectors
    int rows;             // in this block
    int batch;            // in the whole batch: what means are taken over
    bool training;        // gradients wanted
    bool first, last;     // block of the batch
    bool update;          // Adam's step after the last block
    struct adam_step adam;
    atomic_int next; // piece to be taken
};

// Pieces of the two passes, in sae_forward.c and sae_backward.c.
void sae_forward_slice(struct sae_pass *pass, struct sae_member *m, int slice);
void sae_backward_range(struct sae_pass *pass, int range);

// The length of a row, always computed in the same way: a run that goes on from a checkpoint must find the same bits.
float sae_row_norm(const float *row, size_t ld);

size_t sae_row_cap(const struct sae_config *c);

static inline bool sae_stopping(const struct sae_work *w)
{
    return w->stop && atomic_load_explicit(w->stop, memory_order_relaxed) != 0;
}

#endif
