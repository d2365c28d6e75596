// Running the task `train_sae` in a test: small made-up activations, a run with some parameters, what it wrote.
#ifndef HW_TESTS_TRAIN_SAE_RUN_H
#define HW_TESTS_TRAIN_SAE_RUN_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ml/rng.h"
#include "ml/safetensors.h"
#include "task/task.h"

enum { WIDTH = 24, DIRECTIONS = 40, VECTORS = 3000, SPLIT = 1100 };

struct fixture {
    char dir[256];
    char *acts; // folder of activations: residual of layers 1 and 3, mlp of layer 1 in F16
    float *x;   // [VECTORS, WIDTH]: layer 1's residual
};

// ---- making activations ----

static inline float *make_vectors(uint64_t seed)
{
    struct rng r;
    rng_seed(&r, seed, 0);
    float *dir = mem_array(DIRECTIONS * WIDTH, sizeof *dir), *x = mem_array(VECTORS * WIDTH, sizeof *x);
    for (int i = 0; i < DIRECTIONS * WIDTH; i++) dir[i] = (float)rng_normal(&r);
    for (int i = 0; i < VECTORS; i++) {
        for (int d = 0; d < WIDTH; d++) x[i * WIDTH + d] = 0.5f;
        for (int j = 0; j < 3; j++) {
            const float *from = dir + (int)rng_below(&r, DIRECTIONS) * WIDTH;
            float a = 0.5f + (float)rng_uniform(&r);
            for (int d = 0; d < WIDTH; d++) x[i * WIDTH + d] += a * from[d];
        }
    }
    free(dir);
    return x;
}

static inline void write_shard(const char *folder, int number, const float *x, int64_t n, enum st_dtype dtype)
{
    struct err e;
    char *path = mem_printf("%s/shard_%05d.safetensors", folder, number);
    struct st_writer *w = st_writer_new(path);
    int64_t shape[2] = {n, WIDTH};
    st_writer_declare(w, "activations", dtype, 2, shape);
    assert_int_equal(st_writer_append_f32(w, x, (size_t)(n * WIDTH), &e), 0);
    assert_int_equal(st_writer_finish(w, &e), 0);
    st_writer_free(w);
    free(path);
}

static inline void write_set(struct buf *json, const char *acts, int layer, const char *hook, const float *x,
                             enum st_dtype dtype)
{
    struct err e;
    char *name = mem_printf("layer_%02d_%s", layer, hook), *folder = file_join(acts, name);
    assert_int_equal(file_mkdirs(folder, &e), 0);
    write_shard(folder, 0, x, SPLIT, dtype);
    write_shard(folder, 1, x + SPLIT * WIDTH, VECTORS - SPLIT, dtype);
    buf_addf(
        json,
        "%s{\"layer\":%d,\"hook\":\"%s\",\"folder\":\"%s\",\"vectors\":%d,\"shards\":["
        "{\"file\":\"shard_00000.safetensors\",\"vectors\":%d},{\"file\":\"shard_00001.safetensors\",\"vectors\":%d}]}",
        json->p[json->n - 1] == '[' ? "" : ",", layer, hook, name, VECTORS, SPLIT, VECTORS - SPLIT);
    free(folder);
    free(name);
}

static inline int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    struct err e;
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/train_sae.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(f->dir)) return -1;
    f->acts = file_join(f->dir, "acts");
    f->x = make_vectors(1);
    float *other = make_vectors(2);
    if (file_mkdirs(f->acts, &e)) return -1;
    struct buf json = BUF_INIT;
    buf_addf(
        &json,
        "{\"format\":\"headway-activations\",\"version\":1,\"model_path\":\"/models/tiny\",\"tokens_path\":\"/tokens\","
        "\"width\":%d,\"context_length\":64,\"vectors\":%d,\"sets\":[",
        WIDTH, VECTORS);
    write_set(&json, f->acts, 1, "residual", f->x, ST_F32);
    write_set(&json, f->acts, 3, "residual", other, ST_F32);
    write_set(&json, f->acts, 1, "mlp", f->x, ST_F16);
    buf_add_str(&json, "]}");
    char *path = file_join(f->acts, "metadata.json");
    int rc = file_write_atomic(path, buf_slice(&json), &e);
    free(path);
    free(other);
    buf_release(&json);
    *state = f;
    return rc;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    int rc = file_remove_tree(f->dir, NULL);
    free(f->acts);
    free(f->x);
    free(f);
    return rc;
}

// ---- running the job ----

struct run {
    int rc;
    struct err e;
    json_t *lines; // what it wrote, in order
    char *out;     // its output folder
};

// `changes`: JSON members that replace or add to the small job's parameters; '%' stands for the fixture's folder.
static inline json_t *make_params(const struct fixture *f, const char *out, const char *changes)
{
    struct buf text = BUF_INIT;
    struct err e;
    buf_add_char(&text, '{');
    for (const char *c = changes; *c; c++) {
        if (*c == '%')
            buf_add_str(&text, f->dir);
        else
            buf_add_char(&text, *c);
    }
    buf_add_char(&text, '}');
    json_t *more = json_read_object(buf_slice(&text), &e);
    if (!more) fail_msg("%s", e.message);
    json_t *params = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "activations_path", f->acts,
                               "output_dir", out, "n_features", 64, "k", 4, "batch_size", 200, "total_steps", 40,
                               "log_every", 10, "checkpoint_every", 20, "threads", 1);
    assert_non_null(params);
    json_object_update(params, more);
    json_decref(more);
    buf_release(&text);
    return params;
}

static inline void read_lines(int fd, json_t *lines)
{
    struct buf text = BUF_INIT;
    char piece[4096];
    ssize_t n;
    assert_true(lseek(fd, 0, SEEK_SET) == 0);
    while ((n = read(fd, piece, sizeof piece)) > 0) buf_add(&text, piece, (size_t)n);
    struct slice rest = buf_slice(&text);
    while (rest.n) {
        struct err e;
        json_t *line = json_read_object(slice_cut(&rest, '\n'), &e);
        if (!line) fail_msg("%s", e.message);
        json_array_append_new(lines, line);
    }
    buf_release(&text);
}

static inline struct run run_job(const struct fixture *f, const char *name, const char *changes)
{
    struct run r = {.lines = json_array(), .out = file_join(f->dir, name)};
    json_t *params = make_params(f, r.out, changes);
    char *path = mem_printf("%s/%s.log", f->dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    atomic_int stop = 0;
    struct wire_writer *w = wire_writer_new(fd);
    struct task t = {.params = params, .out = w, .stop = &stop};
    r.rc = task_train_sae(&t, &r.e);
    wire_writer_free(w);
    read_lines(fd, r.lines);
    close(fd);
    free(path);
    json_decref(params);
    return r;
}

static inline void run_release(struct run *r)
{
    json_decref(r->lines);
    free(r->out);
}

static inline struct run run_well(const struct fixture *f, const char *name, const char *changes)
{
    struct run r = run_job(f, name, changes);
    if (r.rc) fail_msg("%s", r.e.message);
    return r;
}

// ---- what it wrote ----

static inline const char *type_of(const json_t *line)
{
    return json_string_value(json_object_get(line, "type"));
}

static inline const json_t *result_of(const struct run *r)
{
    const json_t *last = json_array_get(r->lines, json_array_size(r->lines) - 1);
    assert_string_equal(type_of(last), "result");
    return last;
}

static inline bool exists(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    bool yes = file_exists(path);
    free(path);
    return yes;
}

// How many names under `dir`, at any depth, end in ".tmp" or hold ".tmp.".
static inline int temporaries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    if (!d) return 0;
    for (struct dirent *it; (it = readdir(d));) {
        if (it->d_name[0] == '.') continue;
        n += strstr(it->d_name, ".tmp") != NULL;
        char *path = file_join(dir, it->d_name);
        n += temporaries(path);
        free(path);
    }
    closedir(d);
    return n;
}

static inline bool same_file(const char *dir_a, const char *dir_b, const char *name)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    char *path_a = file_join(dir_a, name), *path_b = file_join(dir_b, name);
    assert_int_equal(file_read(path_a, 1 << 26, &a, NULL), 0);
    assert_int_equal(file_read(path_b, 1 << 26, &b, NULL), 0);
    bool same = slice_eq(buf_slice(&a), buf_slice(&b));
    buf_release(&a);
    buf_release(&b);
    free(path_a);
    free(path_b);
    return same;
}

static inline void assert_same_file(const char *dir_a, const char *dir_b, const char *name)
{
    if (!same_file(dir_a, dir_b, name)) fail_msg("%s isn't the same in %s and %s", name, dir_a, dir_b);
}

static inline void refused(const struct fixture *f, const char *changes, const char *field, const char *text)
{
    struct run r = run_job(f, "refused", changes);
    if (r.rc == 0) fail_msg("%s: accepted", changes);
    if (strcmp(r.e.field, field) != 0) fail_msg("%s: field %s: %s", changes, r.e.field, r.e.message);
    if (!strstr(r.e.message, text)) fail_msg("%s: message: %s", changes, r.e.message);
    assert_false(exists(r.out, "final"));
    run_release(&r);
}

#endif
