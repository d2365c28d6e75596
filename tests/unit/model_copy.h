// Test models: temporary folders, and copies of the sample model with another dtype, other names or another config.
#ifndef HW_TESTS_MODEL_COPY_H
#define HW_TESTS_MODEL_COPY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "ml/safetensors.h"

#define SAMPLE_MODEL  "sample/model"
#define SAMPLE_GOLDEN "sample/golden_gpt2.safetensors"

// A new folder; temp_folder_remove() removes and frees it.
static inline char *temp_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *path = mem_printf("%s/headway-test-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void temp_folder_remove(char *path)
{
    struct err e = {0};
    if (file_remove_tree(path, &e) != 0) fail_msg("%s", e.message);
    free(path);
}

static inline void write_text(const char *dir, const char *name, const char *text)
{
    char *path = file_join(dir, name);
    struct err e = {0};
    if (file_write_atomic(path, slice_str(text), &e) != 0) fail_msg("%s", e.message);
    free(path);
}

static inline void copy_file(const char *from, const char *dir, const char *name, size_t at_most)
{
    struct buf b = BUF_INIT;
    struct err e = {0};
    char *path = file_join(dir, name);
    if (file_read(from, (size_t)1 << 30, &b, &e) != 0) fail_msg("%s", e.message);
    struct slice all = buf_slice(&b);
    if (all.n > at_most) all.n = at_most;
    if (file_write_atomic(path, all, &e) != 0) fail_msg("%s", e.message);
    buf_release(&b);
    free(path);
}

// Tensors of the sample model: every `every`th, beginning with number `first`, as `dtype`; with or without the prefix.
static inline void copy_weights(const char *path, enum st_dtype dtype, int with_prefix, size_t first, size_t every)
{
    struct err e = {0};
    struct safetensors *s;
    if (safetensors_open(SAMPLE_MODEL "/model.safetensors", &s, &e) != 0) fail_msg("%s", e.message);
    struct st_writer *w = st_writer_new(path);
    for (size_t i = first; i < safetensors_count(s); i += every) {
        const struct st_tensor *t = safetensors_at(s, i);
        size_t prefix = strlen("transformer.");
        assert_memory_equal(t->name, "transformer.", prefix);
        st_writer_declare(w, with_prefix ? t->name : t->name + prefix, dtype, t->rank, t->shape);
    }
    for (size_t i = first; i < safetensors_count(s); i += every) {
        const struct st_tensor *t = safetensors_at(s, i);
        float *x = mem_array(t->count, sizeof *x);
        if (safetensors_f32(t, 0, t->count, x, &e) != 0) fail_msg("%s", e.message);
        if (st_writer_append_f32(w, x, t->count, &e) != 0) fail_msg("%s", e.message);
        free(x);
    }
    if (st_writer_finish(w, &e) != 0) fail_msg("%s", e.message);
    st_writer_free(w);
    safetensors_close(s);
}

// A temporary folder with the sample model as `dtype`.
static inline char *copy_model(enum st_dtype dtype, int with_prefix)
{
    char *dir = temp_folder(), *path = file_join(dir, "model.safetensors");
    copy_file(SAMPLE_MODEL "/config.json", dir, "config.json", SIZE_MAX);
    copy_weights(path, dtype, with_prefix, 0, 1);
    free(path);
    return dir;
}

#endif
