// Running the task `extract` in a test: a folder with ids, a run with some parameters, what it wrote.
#ifndef HW_TESTS_EXTRACT_RUN_H
#define HW_TESTS_EXTRACT_RUN_H

#include <unistd.h>

#include "model_copy.h"
#include "task/task.h"

enum { WIDTH = 128, VOCABULARY = 4096 };

// ---- a run ---------------------------------------------------------------------------------------------------------

struct run {
    char *dir; // holds tokens/, what the task wrote to its descriptor, and its output
    char *tokens, *output, *wire;
    atomic_int stop;
    int rc;
    struct err e;
    json_t *lines; // array of what was written
};

static inline void run_init(struct run *r)
{
    *r = (struct run){.dir = temp_folder()};
    r->tokens = file_join(r->dir, "tokens");
    r->output = file_join(r->dir, "out");
    r->wire = file_join(r->dir, "wire");
    struct err e = {0};
    assert_int_equal(file_mkdirs(r->tokens, &e), 0);
}

static inline void run_release(struct run *r)
{
    json_decref(r->lines);
    free(r->tokens), free(r->output), free(r->wire);
    temp_folder_remove(r->dir);
}

// n ids in shards of `shard` ids.
static inline void write_tokens(const struct run *r, const uint32_t *ids, size_t n, size_t shard)
{
    struct buf index = BUF_INIT;
    buf_addf(&index,
             "{\"format\":\"headway-tokens\",\"version\":1,\"dtype\":\"uint32\",\"tokens\":%zu,\"documents\":1,"
             "\"vocab_size\":%d,\"separator\":0,\"sha256\":\"\",\"shards\":[",
             n, VOCABULARY);
    for (size_t at = 0, i = 0; at < n; at += shard, i++) {
        size_t part = n - at < shard ? n - at : shard;
        char name[40];
        snprintf(name, sizeof name, "tokens_%05zu.bin", i);
        char *path = file_join(r->tokens, name);
        struct err e = {0};
        assert_int_equal(file_write_atomic(path, slice_of(ids + at, part * sizeof *ids), &e), 0);
        free(path);
        buf_addf(&index, "%s{\"file\":\"%s\",\"tokens\":%zu}", i ? "," : "", name, part);
    }
    buf_add_str(&index, "]}");
    write_text(r->tokens, "index.json", buf_cstr(&index));
    buf_release(&index);
}

static inline uint32_t *some_ids(size_t n)
{
    uint32_t *ids = mem_array(n, sizeof *ids);
    for (size_t i = 0; i < n; i++) ids[i] = (uint32_t)(i * 2654435761u >> 7) % VOCABULARY;
    return ids;
}

static inline json_t *params(const struct run *r, const char *model, const char *more)
{
    char *text = mem_printf("{\"model_path\":\"%s\",\"tokens_path\":\"%s\",\"output_dir\":\"%s\"%s}", model, r->tokens,
                            r->output, more);
    struct err e = {0};
    json_t *o = json_read_object(slice_str(text), &e);
    if (!o) fail_msg("%s: %s", text, e.message);
    free(text);
    return o;
}

static inline void run_on(struct run *r, const char *model, const char *more)
{
    json_t *o = params(r, model, more);
    FILE *f = fopen(r->wire, "w+");
    assert_non_null(f);
    struct wire_writer *out = wire_writer_new(fileno(f));
    struct task t = {.params = o, .out = out, .stop = &r->stop};
    r->e = (struct err){0};
    r->rc = task_extract(&t, &r->e);
    wire_writer_free(out);
    json_decref(o);
    json_decref(r->lines);
    r->lines = json_array();
    rewind(f);
    for (json_t *line; (line = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL));) json_array_append_new(r->lines, line);
    assert_int_equal(fclose(f), 0);
}

static inline void run_well(struct run *r, const char *model, const char *more)
{
    run_on(r, model, more);
    if (r->rc) fail_msg("%s", r->e.message);
}

static inline void assert_nothing_left(const struct run *r)
{
    char *tmp = mem_printf("%s.tmp", r->output);
    assert_false(file_exists(tmp));
    assert_false(file_exists(r->output));
    free(tmp);
}

static inline json_t *metadata(const struct run *r)
{
    char *path = file_join(r->output, "metadata.json");
    struct buf b = BUF_INIT;
    struct err e = {0};
    if (file_read(path, 1 << 20, &b, &e) != 0) fail_msg("%s", e.message);
    json_t *o = json_read_object(buf_slice(&b), &e);
    if (!o) fail_msg("%s", e.message);
    buf_release(&b);
    free(path);
    return o;
}

// All vectors of a set, its shards joined.
static inline float *read_set(const struct run *r, int layer, const char *hook, size_t *vectors)
{
    json_t *m = metadata(r);
    float *x = NULL;
    *vectors = 0;
    for (size_t i = 0; i < json_array_size(json_object_get(m, "sets")); i++) {
        const json_t *set = json_array_get(json_object_get(m, "sets"), i);
        if (json_integer_value(json_object_get(set, "layer")) != layer ||
            strcmp(json_string_value(json_object_get(set, "hook")), hook) != 0)
            continue;
        const json_t *shards = json_object_get(set, "shards");
        for (size_t k = 0; k < json_array_size(shards); k++) {
            const json_t *shard = json_array_get(shards, k);
            char *path = mem_printf("%s/%s/%s", r->output, json_string_value(json_object_get(set, "folder")),
                                    json_string_value(json_object_get(shard, "file")));
            struct safetensors *s;
            struct err e = {0};
            if (safetensors_open(path, &s, &e) != 0) fail_msg("%s", e.message);
            const struct st_tensor *t;
            int64_t shape[2] = {json_integer_value(json_object_get(shard, "vectors")), WIDTH};
            if (safetensors_need(s, "activations", 2, shape, &t, &e) != 0) fail_msg("%s", e.message);
            x = mem_realloc_array(x, (*vectors + (size_t)shape[0]) * WIDTH, sizeof *x);
            assert_int_equal(safetensors_f32(t, 0, t->count, x + *vectors * WIDTH, &e), 0);
            *vectors += (size_t)shape[0];
            safetensors_close(s);
            free(path);
        }
        assert_int_equal(*vectors, json_integer_value(json_object_get(set, "vectors")));
    }
    json_decref(m);
    assert_non_null(x);
    return x;
}

static inline double relative_error(const float *got, const float *want, size_t n)
{
    double diff = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        diff += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        norm += (double)want[i] * want[i];
    }
    return sqrt(diff / norm);
}

#endif
