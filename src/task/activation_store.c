#include "task/activation_store.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/safetensors.h"

enum { METADATA_MAX = 64 << 20, WIDTH_MAX = 1 << 20, MEASURE_ROWS = 256, AHEAD = 4, PREFETCH_MAX = 4096 };

struct activation_store {
    char *folder;
    json_t *metadata;
    const json_t *sets; // borrowed from metadata
    int64_t width, context_length;
};

struct shard {
    struct safetensors *file;
    const struct st_tensor *tensor; // [vectors, width]
    int64_t first;                  // index of its first vector in the set
};

struct activation_set {
    int width;
    int64_t vectors;
    struct shard *shards;
    size_t n_shards;
};

// ---- the folder ----

static int check_metadata(struct activation_store *s, struct err *e)
{
    const char *format;
    int64_t version;
    int rc = json_get_str(s->metadata, "format", "", &format, e);
    if (!rc && strcmp(format, "headway-activations") != 0)
        rc = err_set(e, HW_EINVALID, "\"format\" is \"%.40s\", not \"headway-activations\"", format);
    if (!rc) rc = json_get_i64(s->metadata, "version", 0, 0, 1000000, &version, e);
    if (!rc && version != 1) rc = err_set(e, HW_EUNSUPPORTED, "version %lld can't be read", (long long)version);
    if (!rc) rc = json_get_i64(s->metadata, "width", 0, 1, WIDTH_MAX, &s->width, e);
    if (!rc && s->width == 0) rc = err_set(e, HW_EINVALID, "\"width\" is missing");
    if (!rc) rc = json_get_i64(s->metadata, "context_length", 0, 0, INT32_MAX, &s->context_length, e);
    if (rc) return rc;
    s->sets = json_object_get(s->metadata, "sets");
    if (!json_is_array(s->sets)) return err_set(e, HW_EINVALID, "\"sets\" is missing");
    size_t i;
    json_t *set;
    json_array_foreach((json_t *)(uintptr_t)s->sets, i, set)
    {
        if (!json_is_integer(json_object_get(set, "layer")) || !json_is_string(json_object_get(set, "hook")) ||
            !json_is_string(json_object_get(set, "folder")) || !json_is_array(json_object_get(set, "shards")))
            return err_set(e, HW_EINVALID, "set %zu lacks one of \"layer\", \"hook\", \"folder\", \"shards\"", i + 1);
    }
    return 0;
}

int activation_store_open(const char *folder, struct activation_store **out, struct err *e)
{
    struct activation_store *s = mem_zalloc(sizeof *s);
    struct buf text = BUF_INIT;
    char *path = file_join(folder, "metadata.json");
    s->folder = mem_strdup(folder);
    int rc = file_read(path, METADATA_MAX, &text, e);
    if (!rc) {
        s->metadata = json_read_object(buf_slice(&text), e);
        rc = s->metadata ? check_metadata(s, e) : HW_EINVALID;
        if (rc) err_prefix(e, "%s: ", path);
    }
    buf_release(&text);
    free(path);
    if (rc) {
        activation_store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void activation_store_close(struct activation_store *s)
{
    if (!s) return;
    json_decref(s->metadata);
    free(s->folder);
    free(s);
}

int activation_store_width(const struct activation_store *s)
{
    return (int)s->width;
}

int activation_store_context_length(const struct activation_store *s)
{
    return (int)s->context_length;
}

static const char *member_str(const struct activation_store *s, const char *key)
{
    const char *v = json_string_value(json_object_get(s->metadata, key));
    return v ? v : "";
}

const char *activation_store_model_path(const struct activation_store *s)
{
    return member_str(s, "model_path");
}

const char *activation_store_tokens_path(const struct activation_store *s)
{
    return member_str(s, "tokens_path");
}

static bool set_is(const json_t *set, const char *hook)
{
    return strcmp(json_string_value(json_object_get(set, "hook")), hook) == 0;
}

static int set_layer(const json_t *set)
{
    return (int)json_integer_value(json_object_get(set, "layer"));
}

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

int *activation_store_layers(const struct activation_store *s, const char *hook, int *n)
{
    *n = 0;
    size_t i, count = json_array_size(s->sets);
    if (count == 0) return NULL;
    int *layers = mem_array(count, sizeof *layers);
    json_t *set;
    json_array_foreach((json_t *)(uintptr_t)s->sets, i, set)
    {
        if (set_is(set, hook)) layers[(*n)++] = set_layer(set);
    }
    qsort(layers, (size_t)*n, sizeof *layers, by_value);
    return layers;
}

// ---- a set ----

static int open_shard(const struct activation_store *s, const char *folder, const json_t *spec,
                      struct activation_set *set, struct err *e)
{
    const char *name = json_string_value(json_object_get(spec, "file"));
    int64_t vectors = json_integer_value(json_object_get(spec, "vectors"));
    if (!name || strchr(name, '/') || vectors < 0 || vectors > INT64_MAX / s->width / 8 - set->vectors)
        return err_set(e, HW_EINVALID, "%s/metadata.json: a shard of %s lacks a usable \"file\" or \"vectors\"",
                       s->folder, folder);
    struct shard *shard = &set->shards[set->n_shards];
    shard->first = set->vectors;
    char *path = mem_printf("%s/%s/%s", s->folder, folder, name);
    int rc = safetensors_open(path, &shard->file, e);
    free(path);
    if (rc) return rc;
    set->n_shards++;
    int64_t shape[2] = {vectors, s->width};
    rc = safetensors_need(shard->file, "activations", 2, shape, &shard->tensor, e);
    if (rc) return rc;
    enum st_dtype d = shard->tensor->dtype;
    if (d != ST_F32 && d != ST_F16 && d != ST_BF16)
        return err_set(e, HW_EUNSUPPORTED, "%s: activations are %s; F32, F16 and BF16 can be read",
                       safetensors_path(shard->file), st_dtype_name(d));
    set->vectors += vectors;
    return 0;
}

static int no_such_set(const struct activation_store *s, int layer, const char *hook, struct err *e)
{
    int n;
    int *layers = activation_store_layers(s, hook, &n);
    struct buf list = BUF_INIT;
    for (int i = 0; i < n && i < 40; i++) buf_addf(&list, "%s%d", i ? ", " : "", layers[i]);
    int rc = n ? err_field(e, HW_EVALIDATION, "layers", "layer %d isn't in %s: it has %s activations of layers %s",
                           layer, s->folder, hook, buf_cstr(&list))
               : err_field(e, HW_EVALIDATION, "hook", "%s has no %s activations", s->folder, hook);
    buf_release(&list);
    free(layers);
    return rc;
}

int activation_set_open(const struct activation_store *s, int layer, const char *hook, struct activation_set **out,
                        struct err *e)
{
    const json_t *found = NULL;
    size_t i;
    json_t *it;
    json_array_foreach((json_t *)(uintptr_t)s->sets, i, it)
    {
        if (set_is(it, hook) && set_layer(it) == layer) found = it;
    }
    if (!found) return no_such_set(s, layer, hook, e);
    const char *folder = json_string_value(json_object_get(found, "folder"));
    if (strchr(folder, '/') || strcmp(folder, "..") == 0)
        return err_set(e, HW_EINVALID, "%s/metadata.json: \"folder\" must be a plain name", s->folder);

    struct activation_set *set = mem_zalloc(sizeof *set);
    const json_t *shards = json_object_get(found, "shards");
    set->width = (int)s->width;
    set->shards = mem_array(json_array_size(shards) + 1, sizeof *set->shards);
    int rc = 0;
    json_array_foreach((json_t *)(uintptr_t)shards, i, it)
    {
        rc = open_shard(s, folder, it, set, e);
        if (rc) break;
    }
    if (rc) {
        activation_set_close(set);
        return rc;
    }
    *out = set;
    return 0;
}

void activation_set_close(struct activation_set *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n_shards; i++) safetensors_close(s->shards[i].file);
    free(s->shards);
    free(s);
}

int64_t activation_set_vectors(const struct activation_set *s)
{
    return s->vectors;
}

int activation_set_width(const struct activation_set *s)
{
    return s->width;
}

static const struct shard *shard_of(const struct activation_set *s, int64_t index)
{
    assert(index >= 0 && index < s->vectors);
    size_t lo = 0, hi = s->n_shards; // the last shard that starts at or before index
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->shards[mid].first <= index)
            lo = mid;
        else
            hi = mid;
    }
    return &s->shards[lo];
}

static void read_rows(const struct activation_set *s, const struct shard *shard, int64_t index, int64_t rows,
                      float *out)
{
    size_t width = (size_t)s->width;
    int rc = safetensors_f32(shard->tensor, (size_t)(index - shard->first) * width, (size_t)rows * width, out, NULL);
    // Range and dtype were checked when the set was opened.
    assert(rc == 0);
    (void)rc;
}

// Rows of a batch lie anywhere in the set: asking for the ones to come while this one is copied hides most of the wait.
static void prefetch_row(const struct activation_set *s, int64_t index)
{
    const struct shard *shard = shard_of(s, index);
    size_t bytes = (size_t)s->width * st_dtype_size(shard->tensor->dtype);
    const char *row = (const char *)shard->tensor->data + (size_t)(index - shard->first) * bytes;
    for (size_t at = 0; at < bytes && at < PREFETCH_MAX; at += 64) __builtin_prefetch(row + at);
}

void activation_set_fetch(const struct activation_set *s, const int64_t *index, int n, float scale, float *out,
                          size_t stride)
{
    for (int i = 0; i < n; i++) {
        if (i + AHEAD < n) prefetch_row(s, index[i + AHEAD]);
        float *row = out + (size_t)i * stride;
        read_rows(s, shard_of(s, index[i]), index[i], 1, row);
        for (int d = 0; d < s->width; d++) row[d] *= scale;
    }
}

int activation_set_measure(const struct activation_set *s, int64_t count, const atomic_int *stop, double *mean,
                           double *mean_norm, struct err *e)
{
    size_t width = (size_t)s->width;
    float *rows = mem_array(MEASURE_ROWS * width, sizeof *rows);
    double norms = 0;
    int rc = 0;
    memset(mean, 0, width * sizeof *mean);
    for (int64_t at = 0; at < count && !rc;) {
        if (stop && atomic_load_explicit(stop, memory_order_relaxed)) {
            rc = err_set(e, HW_ECANCELLED, "stopped on request");
            break;
        }
        const struct shard *shard = shard_of(s, at);
        int64_t n = shard->first + shard->tensor->shape[0] - at;
        if (n > MEASURE_ROWS) n = MEASURE_ROWS;
        if (n > count - at) n = count - at;
        read_rows(s, shard, at, n, rows);
        for (int64_t r = 0; r < n && !rc; r++) {
            const float *row = rows + (size_t)r * width;
            double sq = 0;
            for (size_t d = 0; d < width; d++) {
                sq += (double)row[d] * (double)row[d];
                mean[d] += (double)row[d];
            }
            if (!isfinite(sq))
                rc = err_set(e, HW_EINVALID, "%s: vector %lld isn't finite", safetensors_path(shard->file),
                             (long long)(at + r - shard->first));
            norms += sqrt(sq);
        }
        at += n;
    }
    for (size_t d = 0; d < width; d++) mean[d] /= (double)count;
    *mean_norm = norms / (double)count;
    free(rows);
    return rc;
}
