// The output of `extract`: a set of shards for each capture, vectors at the places that their numbers give them, so
// that threads may write in any order. A shard is opened by the first write into it and finished by the one that fills
// it: few are open at a time.
#ifndef HW_TASK_ACTIVATION_WRITER_H
#define HW_TASK_ACTIVATION_WRITER_H

#include <stdint.h>

#include "base/err.h"
#include "ml/safetensors.h"

struct activation_writer;

// Sets 0 … n - 1 of `vectors` vectors each; folders[i] (borrowed for the writer's life) must be there already, and
// holds shard_00000.safetensors and so on.
struct activation_writer *activation_writer_new(int sets, char *const *folders, uint64_t vectors,
                                                uint64_t shard_vectors, int width, enum st_dtype dtype);
void activation_writer_free(struct activation_writer *w); // removes what isn't finished; NULL is fine

// Vectors first … first + n - 1 of a set, each once. Any thread. HW_EVALIDATION if a value is too large for F16.
int activation_writer_put(struct activation_writer *w, int set, uint64_t first, size_t n, const float *data,
                          struct err *e);

uint64_t activation_writer_shards(const struct activation_writer *w); // of each set
uint64_t activation_writer_shard_vectors(const struct activation_writer *w, uint64_t shard);
uint64_t activation_writer_bytes(const struct activation_writer *w); // of all finished shards
void activation_writer_shard_name(uint64_t shard, char out[40]);

#endif
