// A sparse autoencoder and its training step.
//
//     z  = f((x - b_dec) W_enc + b_enc)        x̂ = z W_dec + b_dec
//
//     topk       f keeps the k largest pre-activations of a vector and applies ReLU; loss = |x̂ - x|²; the rows of W_dec
//     are
//                brought back to length 1 after each step, and Adam sees the gradient without its part along the row,
//                which the renormalisation would undo anyway.
//     standard   f is ReLU; loss = |x̂ - x|² + λ Σᵢ zᵢ |W_dec,i|; W_dec is free.
//
// Squared errors are summed over the dimensions and averaged over the batch. The optimizer is Adam (adam.h).
//
// A step runs on the work's team of threads. Its result is the same, bit for bit, whatever the number of threads: work
// is cut into fixed pieces (rows of the batch, then ranges of features), and their sums are added up in a fixed order.
//
// Ownership: whoever calls a _new function frees. A work belongs to one step at a time; several autoencoders of the
// same shape may take turns with it.
#ifndef HW_ML_SAE_H
#define HW_ML_SAE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ml/rng.h"
#include "ml/team.h"

enum sae_architecture { SAE_TOPK, SAE_STANDARD };

struct sae_config {
    enum sae_architecture architecture;
    int d_in;
    int n_features;
    int k;                 // topk: 1 <= k <= n_features
    double l1_coefficient; // standard: λ
};

struct sae;

// b_dec = mean [d_in], W_dec random unit rows drawn from `rng`, W_enc its transpose, b_enc 0.
struct sae *sae_new(const struct sae_config *c, const float *mean, struct rng *rng);
void sae_free(struct sae *s); // NULL is fine

const struct sae_config *sae_config(const struct sae *s);
int64_t sae_step_count(const struct sae *s); // updates done so far

// ---- weights and optimizer state as plain arrays, in the shapes that SAELens stores ----

enum sae_part { SAE_WEIGHTS, SAE_MOMENT1, SAE_MOMENT2, SAE_GRADIENT };

struct sae_arrays {
    float *w_enc; // [d_in, n_features]
    float *b_enc; // [n_features]
    float *w_dec; // [n_features, d_in]
    float *b_dec; // [d_in]
};

size_t sae_parameter_count(const struct sae_config *c); // 2 d_in n_features + n_features + d_in
// The four arrays one after another in `block` of sae_parameter_count() floats.
struct sae_arrays sae_arrays_in(const struct sae_config *c, float *block);

void sae_read(const struct sae *s, enum sae_part part, struct sae_arrays *to);
void sae_write(struct sae *s, enum sae_part part, const struct sae_arrays *from);

// [n_features]: the number (from 1) of the last step in which the feature was active for a vector; 0: none yet.
const int64_t *sae_last_active(const struct sae *s);
void sae_set_progress(struct sae *s, int64_t step_count, const int64_t *last_active);

// ---- training ----

// Where vectors come from. Writes vector index[i] to out + i * stride for i < n: d_in floats, scaled; called by several
// threads at once.
struct sae_source {
    void (*fetch)(const void *ctx, const int64_t *index, int n, float *out, size_t stride);
    const void *ctx;
};

struct sae_work;

// Buffers for batches of at most `batch` vectors. `team` and `stop` are borrowed; `stop` (may be NULL) cuts a step
// short when it becomes non-zero.
struct sae_work *sae_work_new(const struct sae_config *c, int batch, struct team *team, const atomic_int *stop);
void sae_work_free(struct sae_work *w); // NULL is fine

// Bytes that sae_new and sae_work_new allocate, so that a caller can refuse what the machine can't hold.
double sae_bytes(const struct sae_config *c);
double sae_work_bytes(const struct sae_config *c, int batch, int threads);

// Features count as dead when they were active in none of the last 1,000 steps (or of all steps, while there were
// fewer).
#define SAE_DEAD_WINDOW 1000

struct sae_metrics {
    double loss;               // what is minimised, a mean over the batch
    double loss_reconstructed; // |x̂ - x|², a mean over the batch
    double l0;                 // active features a vector
    double l1;                 // Σ z a vector
    double explained_variance; // 1 - |x̂ - x|² / |x - mean of the batch|²
    double grad_norm;          // over all parameters, as Adam sees it
    int dead_features;         // see SAE_DEAD_WINDOW
};

// One step on the `n` vectors whose indices are given. HW_EINVALID if the loss isn't finite (nothing is changed then),
// HW_ECANCELLED if stopped (the weights are then of no use). Not to be called with n over the work's batch (asserted).
int sae_step(struct sae *s, struct sae_work *w, const struct sae_source *from, const int64_t *index, int n,
             double learning_rate, struct sae_metrics *out, struct err *e);

// Forward and backward only: SAE_GRADIENT holds the gradient afterwards (that of the loss: nothing is projected out).
int sae_gradient(struct sae *s, struct sae_work *w, const struct sae_source *from, const int64_t *index, int n,
                 struct sae_metrics *out, struct err *e);

// ---- evaluation: sums over any number of calls ----

struct sae_evaluation;

struct sae_evaluation *sae_evaluation_new(const struct sae *s);
void sae_evaluation_free(struct sae_evaluation *v); // NULL is fine
int sae_evaluation_add(struct sae_evaluation *v, const struct sae *s, struct sae_work *w, const struct sae_source *from,
                       const int64_t *index, int n, struct err *e);

struct sae_scores {
    double loss;
    double loss_reconstructed;
    double fvu;                // |x̂ - x|² / |x - mean|², the mean being that of the evaluated vectors
    double explained_variance; // 1 - fvu
    double l0;
    double l1;
    int dead_features; // active for none of the evaluated vectors
};

struct sae_scores sae_evaluation_scores(const struct sae_evaluation *v);

#endif
