// What the files transformer*.c share.
#ifndef HW_ML_TRANSFORMER_INTERNAL_H
#define HW_ML_TRANSFORMER_INTERNAL_H

#include "base/map.h"
#include "ml/safetensors.h"
#include "ml/transformer.h"

// Weight matrices lie [in, out], as the format stores them (Conv1D), so that x W needs no transposition.
struct block {
    float *norm1_gain, *norm1_bias;   // [width]
    float *qkv_weight, *qkv_bias;     // [width, 3 width], [3 width]
    float *out_weight, *out_bias;     // [width, width], [width]
    float *norm2_gain, *norm2_bias;   // [width]
    float *inner_weight, *inner_bias; // [width, inner], [inner]
    float *down_weight, *down_bias;   // [inner, width], [width]
};

struct transformer {
    struct transformer_config config;
    float *tokens;                // [vocab_size, width]
    float *positions;             // [n_positions, width]
    float *norm_gain, *norm_bias; // of the stream after the last block; NULL unless loaded whole
    float *head;                  // [vocab_size, width]; equal to `tokens` when tied; NULL unless loaded whole
    struct block *blocks;
    int n_blocks; // loaded
};

// The model's files, opened.
struct transformer_source {
    const char *dir;
    struct safetensors **files;
    size_t n_files;
    struct map by_tensor;           // name → its file; empty when there is just one
    const char *prefix;             // "transformer." or ""
    int64_t parameters, size_bytes; // parameters and dtype: of the tensors read so far
    char dtype[8];
};

// Release in either case. The prefix is found out.
int transformer_source_open(struct transformer_source *s, const char *dir, struct err *e);
void transformer_source_release(struct transformer_source *s);
// The file that should hold the tensor.
const struct safetensors *transformer_source_holder(const struct transformer_source *s, const char *name);
bool transformer_source_has(const struct transformer_source *s, const char *name);

#endif
