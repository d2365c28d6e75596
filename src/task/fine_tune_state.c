#include "task/fine_tune_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/safetensors.h"

void fine_tune_state_init(struct fine_tune_state *s, const struct lm_head_shape *shape)
{
    size_t n = lm_head_count(shape);
    *s = (struct fine_tune_state){.shape = *shape, .loss_before = NAN, .best_loss = INFINITY};
    s->weights = mem_aligned(n, sizeof(float));
    s->moment1 = mem_aligned(n, sizeof(float));
    s->moment2 = mem_aligned(n, sizeof(float));
}

void fine_tune_state_release(struct fine_tune_state *s)
{
    free(s->weights);
    free(s->moment1);
    free(s->moment2);
    *s = (struct fine_tune_state){0};
}

// The arrays of a block, in the order in which they lie in it.
enum { ARRAYS = 4, BLOCKS = 3 };

struct array {
    const char *name;
    int rank;
    int64_t shape[2];
};

static void arrays_of(const struct lm_head_shape *s, struct array out[ARRAYS])
{
    const struct array all[ARRAYS] = {{"gain", 1, {s->width}},
                                      {"bias", 1, {s->width}},
                                      {"down", 2, {s->rank, s->width}},
                                      {"up", 2, {s->rank, s->vocab}}};
    memcpy(out, all, sizeof all);
}

static const char *const prefixes[BLOCKS] = {"", "adam_m.", "adam_v."};

// ---- writing ------------------------------------------------------------------------------------------------------

static void declare(struct st_writer *w, const struct lm_head_shape *shape)
{
    const int64_t one = 1, four = 4;
    struct array arrays[ARRAYS];
    arrays_of(shape, arrays);
    for (int b = 0; b < BLOCKS; b++)
        for (int i = 0; i < ARRAYS; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s%s", prefixes[b], arrays[i].name);
            st_writer_declare(w, name, ST_F32, arrays[i].rank, arrays[i].shape);
        }
    st_writer_declare(w, "step", ST_I64, 1, &one);
    st_writer_declare(w, "random_state", ST_U64, 1, &four);
    st_writer_declare(w, "loss_before", ST_F64, 1, &one);
    st_writer_declare(w, "best_loss", ST_F64, 1, &one);
}

int fine_tune_state_write(const struct fine_tune_state *s, const char *path, int64_t *bytes, struct err *e)
{
    const float *blocks[BLOCKS] = {s->weights, s->moment1, s->moment2};
    struct st_writer *w = st_writer_new(path);
    declare(w, &s->shape);
    int rc = 0;
    for (int b = 0; b < BLOCKS && !rc; b++)
        rc = st_writer_append(w, blocks[b], lm_head_count(&s->shape) * sizeof(float), e);
    if (!rc) rc = st_writer_append(w, &s->step, sizeof s->step, e);
    if (!rc) rc = st_writer_append(w, s->rng.s, sizeof s->rng.s, e);
    if (!rc) rc = st_writer_append(w, &s->loss_before, sizeof s->loss_before, e);
    if (!rc) rc = st_writer_append(w, &s->best_loss, sizeof s->best_loss, e);
    if (!rc) rc = st_writer_finish(w, e);
    if (!rc) *bytes = (int64_t)st_writer_file_size(w);
    st_writer_free(w);
    return rc;
}

// ---- reading ------------------------------------------------------------------------------------------------------

static int read_block(const struct safetensors *file, const struct lm_head_shape *shape, const char *prefix,
                      float *block, struct err *e)
{
    struct array arrays[ARRAYS];
    arrays_of(shape, arrays);
    int rc = 0;
    for (int i = 0; i < ARRAYS && !rc; i++) {
        const struct st_tensor *t;
        char name[32];
        snprintf(name, sizeof name, "%s%s", prefix, arrays[i].name);
        rc = safetensors_need(file, name, arrays[i].rank, arrays[i].shape, &t, e);
        if (!rc) rc = safetensors_f32(t, 0, t->count, block, e);
        if (!rc) block += t->count;
    }
    return rc;
}

// `out` has room for n elements of 8 bytes.
static int read_words(const struct safetensors *file, const char *name, enum st_dtype dtype, int64_t n, void *out,
                      struct err *e)
{
    const struct st_tensor *t;
    int rc = safetensors_need(file, name, 1, &n, &t, e);
    if (!rc && t->dtype != dtype)
        rc = err_set(e, HW_EINVALID, "%.300s: %s is %s, not %s", safetensors_path(file), name, st_dtype_name(t->dtype),
                     st_dtype_name(dtype));
    if (!rc) memcpy(out, t->data, t->size);
    return rc;
}

static int read_all(struct fine_tune_state *s, const struct safetensors *file, struct err *e)
{
    float *blocks[BLOCKS] = {s->weights, s->moment1, s->moment2};
    int rc = 0;
    for (int b = 0; b < BLOCKS && !rc; b++) rc = read_block(file, &s->shape, prefixes[b], blocks[b], e);
    if (!rc) rc = read_words(file, "step", ST_I64, 1, &s->step, e);
    if (!rc) rc = read_words(file, "random_state", ST_U64, 4, s->rng.s, e);
    if (!rc) rc = read_words(file, "loss_before", ST_F64, 1, &s->loss_before, e);
    if (!rc) rc = read_words(file, "best_loss", ST_F64, 1, &s->best_loss, e);
    if (!rc && (s->step < 0 || !(s->rng.s[0] | s->rng.s[1] | s->rng.s[2] | s->rng.s[3])))
        rc = err_set(e, HW_EINVALID, "%.300s: step or random state is impossible", safetensors_path(file));
    return rc;
}

int fine_tune_state_read(struct fine_tune_state *s, const char *path, struct err *e)
{
    struct safetensors *file = NULL;
    int rc = safetensors_open(path, &file, e);
    if (!rc) rc = read_all(s, file, e);
    safetensors_close(file);
    if (!rc) return 0;
    char why[256];
    snprintf(why, sizeof why, "%s", e->message);
    return err_field(e, rc == HW_EINVALID ? HW_EVALIDATION : rc, "resume_from", "%s", why);
}
