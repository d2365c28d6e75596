// Reading what `extract` wrote: metadata.json and the shards of one set (a layer and a hook) as one long array of
// vectors.
//
// Shards are mapped, not read; a set may be larger than memory. Opening checks that the files agree with the metadata,
// so that fetching can't fail. Fetching is safe from any thread. Vectors stored in 16 bits come out as F32.
#ifndef HW_TASK_ACTIVATION_STORE_H
#define HW_TASK_ACTIVATION_STORE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct activation_store;
struct activation_set;

int activation_store_open(const char *folder, struct activation_store **out, struct err *e);
void activation_store_close(struct activation_store *s); // NULL is fine; sets opened from it stay usable

int activation_store_width(const struct activation_store *s);
int activation_store_context_length(const struct activation_store *s); // tokens a row
const char *activation_store_model_path(const struct activation_store *s);
const char *activation_store_tokens_path(const struct activation_store *s);

// The layers that were recorded with `hook`, ascending; *n of them. The caller frees the array (NULL if there is none).
int *activation_store_layers(const struct activation_store *s, const char *hook, int *n);

// HW_EVALIDATION naming `layers` if there is no such set; HW_EINVALID or HW_EEOF if its files don't fit the metadata.
int activation_set_open(const struct activation_store *s, int layer, const char *hook, struct activation_set **out,
                        struct err *e);
void activation_set_close(struct activation_set *s); // NULL is fine

int64_t activation_set_vectors(const struct activation_set *s);
int activation_set_width(const struct activation_set *s);

// Writes vector index[i], times `scale`, to out + i * stride, for i < n. Indices must lie in the set (asserted).
void activation_set_fetch(const struct activation_set *s, const int64_t *index, int n, float scale, float *out,
                          size_t stride);

// Mean vector and mean length of vectors 0 .. count - 1, in one pass. HW_ECANCELLED when `stop` (may be NULL) becomes
// non-zero; HW_EINVALID naming the vector if one isn't finite.
int activation_set_measure(const struct activation_set *s, int64_t count, const atomic_int *stop, double *mean,
                           double *mean_norm, struct err *e);

#endif
