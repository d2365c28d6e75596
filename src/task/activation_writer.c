#include "task/activation_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "ml/half.h"

enum { PART = 8192 }; // numbers converted at a time

struct shard {
    struct st_writer *file; // NULL before the first write and after the last
    uint64_t left;          // vectors still to come
};

struct activation_writer {
    int sets, width;
    char *const *folders;
    uint64_t vectors, shard_vectors, shards;
    enum st_dtype dtype;
    pthread_mutex_t lock; // guards what follows; files are written outside of it
    struct shard *all;    // [sets, shards]
    uint64_t bytes;
};

struct activation_writer *activation_writer_new(int sets, char *const *folders, uint64_t vectors,
                                                uint64_t shard_vectors, int width, enum st_dtype dtype)
{
    assert(vectors > 0 && shard_vectors > 0 && (dtype == ST_F32 || dtype == ST_F16));
    struct activation_writer *w = mem_zalloc(sizeof *w);
    *w = (struct activation_writer){.sets = sets,
                                    .width = width,
                                    .folders = folders,
                                    .vectors = vectors,
                                    .shard_vectors = shard_vectors,
                                    .shards = (vectors - 1) / shard_vectors + 1,
                                    .dtype = dtype};
    w->all = mem_array((size_t)sets * w->shards, sizeof *w->all);
    for (uint64_t i = 0; i < (uint64_t)sets * w->shards; i++)
        w->all[i].left = activation_writer_shard_vectors(w, i % w->shards);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void activation_writer_free(struct activation_writer *w)
{
    if (!w) return;
    for (uint64_t i = 0; i < (uint64_t)w->sets * w->shards; i++) st_writer_free(w->all[i].file);
    pthread_mutex_destroy(&w->lock);
    free(w->all);
    free(w);
}

uint64_t activation_writer_shards(const struct activation_writer *w)
{
    return w->shards;
}

uint64_t activation_writer_shard_vectors(const struct activation_writer *w, uint64_t shard)
{
    uint64_t before = shard * w->shard_vectors;
    return w->vectors - before < w->shard_vectors ? w->vectors - before : w->shard_vectors;
}

uint64_t activation_writer_bytes(const struct activation_writer *w)
{
    return w->bytes;
}

void activation_writer_shard_name(uint64_t shard, char out[40])
{
    snprintf(out, 40, "shard_%05" PRIu64 ".safetensors", shard);
}

// The shard's file, begun if this is the first write into it.
static int shard_open(struct activation_writer *w, int set, uint64_t shard, struct st_writer **out, struct err *e)
{
    struct shard *s = &w->all[(uint64_t)set * w->shards + shard];
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    if (!s->file) {
        char name[40];
        activation_writer_shard_name(shard, name);
        char *path = file_join(w->folders[set], name);
        int64_t shape[2] = {(int64_t)s->left, w->width};
        s->file = st_writer_new(path);
        st_writer_metadata(s->file, "format", "headway-activations");
        st_writer_declare(s->file, "activations", w->dtype, 2, shape);
        rc = st_writer_start(s->file, e);
        if (rc) {
            st_writer_free(s->file);
            s->file = NULL;
        }
        free(path);
    }
    *out = s->file;
    pthread_mutex_unlock(&w->lock);
    return rc;
}

// Counts n vectors as written. Whoever wrote the last ones finishes the file; nobody else has it then.
static int shard_wrote(struct activation_writer *w, int set, uint64_t shard, size_t n, struct err *e)
{
    struct shard *s = &w->all[(uint64_t)set * w->shards + shard];
    struct st_writer *full = NULL;
    pthread_mutex_lock(&w->lock);
    assert(n <= s->left);
    s->left -= n;
    if (s->left == 0) {
        full = s->file;
        s->file = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    if (!full) return 0;
    int rc = st_writer_finish(full, e);
    if (!rc) {
        pthread_mutex_lock(&w->lock);
        w->bytes += st_writer_file_size(full);
        pthread_mutex_unlock(&w->lock);
    }
    st_writer_free(full);
    return rc;
}

static int put_half(struct st_writer *file, uint64_t first, size_t n, const float *data, struct err *e)
{
    uint16_t part[PART];
    for (size_t at = 0; at < n; at += PART) {
        size_t m = n - at < PART ? n - at : PART;
        half_from_f32_n(data + at, part, m);
        for (size_t i = 0; i < m; i++)
            if ((part[i] & 0x7FFF) == 0x7C00)
                return err_field(e, HW_EVALIDATION, "dtype",
                                 "an activation of %g doesn't fit f16, which ends at 65504; use dtype f32",
                                 (double)data[at + i]);
        int rc = st_writer_put(file, 0, (first + at) * sizeof *part, part, m * sizeof *part, e);
        if (rc) return rc;
    }
    return 0;
}

int activation_writer_put(struct activation_writer *w, int set, uint64_t first, size_t n, const float *data,
                          struct err *e)
{
    assert(set >= 0 && set < w->sets && first <= w->vectors && n <= w->vectors - first);
    size_t width = (size_t)w->width;
    while (n) {
        uint64_t shard = first / w->shard_vectors, at = first % w->shard_vectors;
        size_t part = w->shard_vectors - at < n ? (size_t)(w->shard_vectors - at) : n;
        struct st_writer *file;
        int rc = shard_open(w, set, shard, &file, e);
        if (!rc && w->dtype == ST_F32)
            rc = st_writer_put(file, 0, at * width * sizeof *data, data, part * width * sizeof *data, e);
        else if (!rc)
            rc = put_half(file, at * width, part * width, data, e);
        if (!rc) rc = shard_wrote(w, set, shard, part, e);
        if (rc) return rc;
        data += part * width;
        first += part;
        n -= part;
    }
    return 0;
}
