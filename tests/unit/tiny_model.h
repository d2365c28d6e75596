// A GPT-2 of random weights, small enough for tests that train: one block of width 16, 32 positions, 64 ids, tied.
#ifndef HW_TESTS_TINY_MODEL_H
#define HW_TESTS_TINY_MODEL_H

#include "ml/rng.h"
#include "model_copy.h"

enum { TINY_WIDTH = 16, TINY_INNER = 32, TINY_POSITIONS = 32, TINY_VOCABULARY = 64 };

static inline void tiny_model(const char *dir)
{
    static const struct {
        const char *name;
        int rank;
        int64_t shape[2];
        float mean, spread;
    } tensors[] = {
        {"wte.weight", 2, {TINY_VOCABULARY, TINY_WIDTH}, 0, 0.5f},
        {"wpe.weight", 2, {TINY_POSITIONS, TINY_WIDTH}, 0, 0.1f},
        {"h.0.ln_1.weight", 1, {TINY_WIDTH}, 1, 0.1f},
        {"h.0.ln_1.bias", 1, {TINY_WIDTH}, 0, 0.1f},
        {"h.0.attn.c_attn.weight", 2, {TINY_WIDTH, 3 * TINY_WIDTH}, 0, 0.2f},
        {"h.0.attn.c_attn.bias", 1, {3 * TINY_WIDTH}, 0, 0.1f},
        {"h.0.attn.c_proj.weight", 2, {TINY_WIDTH, TINY_WIDTH}, 0, 0.2f},
        {"h.0.attn.c_proj.bias", 1, {TINY_WIDTH}, 0, 0.1f},
        {"h.0.ln_2.weight", 1, {TINY_WIDTH}, 1, 0.1f},
        {"h.0.ln_2.bias", 1, {TINY_WIDTH}, 0, 0.1f},
        {"h.0.mlp.c_fc.weight", 2, {TINY_WIDTH, TINY_INNER}, 0, 0.2f},
        {"h.0.mlp.c_fc.bias", 1, {TINY_INNER}, 0, 0.1f},
        {"h.0.mlp.c_proj.weight", 2, {TINY_INNER, TINY_WIDTH}, 0, 0.2f},
        {"h.0.mlp.c_proj.bias", 1, {TINY_WIDTH}, 0, 0.1f},
        {"ln_f.weight", 1, {TINY_WIDTH}, 1, 0.1f},
        {"ln_f.bias", 1, {TINY_WIDTH}, 0, 0.1f},
    };
    enum { N = sizeof tensors / sizeof *tensors };
    struct err e = {0};
    struct rng r;
    rng_seed(&r, 7, 0);
    if (file_mkdirs(dir, &e) != 0) fail_msg("%s", e.message);
    write_text(dir, "config.json",
               "{\"model_type\":\"gpt2\",\"n_layer\":1,\"n_head\":2,\"n_embd\":16,\"n_inner\":32,\"n_positions\":32,"
               "\"vocab_size\":64}");
    char *path = file_join(dir, "model.safetensors");
    struct st_writer *w = st_writer_new(path);
    for (int i = 0; i < N; i++) st_writer_declare(w, tensors[i].name, ST_F32, tensors[i].rank, tensors[i].shape);
    for (int i = 0; i < N; i++) {
        size_t n = (size_t)(tensors[i].shape[0] * (tensors[i].rank == 2 ? tensors[i].shape[1] : 1));
        float *x = mem_array(n, sizeof *x);
        for (size_t k = 0; k < n; k++) x[k] = tensors[i].mean + tensors[i].spread * (float)rng_normal(&r);
        if (st_writer_append_f32(w, x, n, &e) != 0) fail_msg("%s", e.message);
        free(x);
    }
    if (st_writer_finish(w, &e) != 0) fail_msg("%s", e.message);
    st_writer_free(w);
    free(path);
}

#endif
