// A decoder-only transformer of the GPT-2 architecture, read from a model folder (config.json and model.safetensors, or
// the files that model.safetensors.index.json names), run forward on token ids.
//
// Weights may be F32, F16 or BF16, with or without the `transformer.` prefix; arithmetic is float32. What config.json
// asks for beyond this architecture is refused by name (HW_EUNSUPPORTED) rather than ignored.
//
// A loaded model is constant: any number of threads may run it, each with a pass of its own. A pass computes in the
// calling thread only.
#ifndef HW_ML_TRANSFORMER_H
#define HW_ML_TRANSFORMER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ml/ops.h"

struct transformer_config {
    int n_layers, n_heads, width, inner; // inner: of the MLP
    int n_positions, vocab_size;
    enum ops_activation activation;
    float norm_epsilon;
    bool tied_embeddings;           // logits use the token embedding
    bool scale_by_head_dim;         // scores are divided by √(width / n_heads)
    bool scale_by_layer;            // … and by the block's index + 1
    char dtype[8];                  // of the stored weights, "BF16"
    int64_t parameters, size_bytes; // numbers in the weights, bytes of their files
};

struct transformer;
struct transformer_pass;

// Checks the folder as loading would (every tensor's presence and shape) without reading the weights.
int transformer_inspect(const char *dir, struct transformer_config *out, struct err *e);
// What config.json alone says, the tensors not looked at: whether it is a model that this program can run at all.
int transformer_read_config(const char *dir, struct transformer_config *c, struct err *e);

// Loads the embeddings and the first `blocks` blocks (at most n_layers; -1: all, the final norm and the output
// projection, which transformer_logits() needs). `stop` (may be NULL) becoming non-zero ends it between two blocks with
// HW_ECANCELLED.
int transformer_load(const char *dir, int blocks, const atomic_int *stop, struct transformer **out, struct err *e);
void transformer_free(struct transformer *t); // NULL is fine
const struct transformer_config *transformer_config(const struct transformer *t);

// What makes logits of the stream after the last block. Borrowed; the model must be loaded whole.
struct transformer_output {
    const float *gain, *bias; // [width]: the final layer norm's
    const float *head;        // [vocab_size, width]: the unembedding
};
struct transformer_output transformer_output(const struct transformer *t);

enum transformer_hook {
    TRANSFORMER_RESIDUAL,  // the stream after the block
    TRANSFORMER_MLP,       // the sub-block's output, before it is added to the stream
    TRANSFORMER_ATTENTION, // the same
};

const char *transformer_hook_name(enum transformer_hook h); // "residual"
bool transformer_hook_parse(const char *name, enum transformer_hook *out);

struct transformer_capture {
    int layer; // 0-based, less than the blocks loaded
    enum transformer_hook hook;
};

// Gets what capture number `capture` saw of rows first … first + rows - 1 of the call: data[rows · context, width],
// valid during the call. A negative value ends the forward pass, which returns it.
typedef int transformer_sink(void *arg, int capture, int first, int rows, const float *data);

// Room for rows of `context` tokens (at most n_positions), `max_rows` of them or fewer at a time (as many as stay in
// the cache).
struct transformer_pass *transformer_pass_new(const struct transformer *t, int max_rows, int context);
void transformer_pass_free(struct transformer_pass *p); // NULL is fine

// Runs ids[rows, context] (each less than vocab_size: asserted) up to the highest block that a capture wants. Rows
// don't see each other. `stop` (may be NULL) becoming non-zero ends it between two blocks with HW_ECANCELLED.
int transformer_forward(const struct transformer *t, struct transformer_pass *p, const uint32_t *ids, int rows,
                        const struct transformer_capture *captures, int n_captures, transformer_sink *sink, void *arg,
                        const atomic_int *stop);

// logits[vocab_size] from one position's stream after the last block, residual[width]. The model must be loaded whole.
void transformer_logits(const struct transformer *t, const float *residual, float *logits);

// Writes the model of the folder `dir` once more into the folder `out`, which exists, with another output side (F32;
// the unembedding is then no longer tied to the token embedding). Everything else is copied as it is, tokenizer files
// included. `stop` (may be NULL) becoming non-zero ends it with HW_ECANCELLED; what `out` then holds is no model.
int transformer_save_with_output(const char *dir, const char *out, const struct transformer_output *o,
                                 const atomic_int *stop, struct err *e);

#endif
