// The train_sae job from end to end, on small made-up activations: what it writes, what it refuses, how it stops and
// goes on.
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
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
#include "base/memory_available.h"
#include "jobs/training_size.h"
#include "ml/half.h"
#include "ml/rng.h"
#include "ml/safetensors.h"
#include "task/activation_store.h"
#include "task/task.h"
#include "task/train_sae_params.h"

enum { WIDTH = 24, DIRECTIONS = 40, VECTORS = 3000, SPLIT = 1100 };

struct fixture {
    char dir[256];
    char *acts; // folder of activations: residual of layers 1 and 3, mlp of layer 1 in F16
    float *x;   // [VECTORS, WIDTH]: layer 1's residual
};

// ---- making activations ----

static float *make_vectors(uint64_t seed)
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

static void write_shard(const char *folder, int number, const float *x, int64_t n, enum st_dtype dtype)
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

static void write_set(struct buf *json, const char *acts, int layer, const char *hook, const float *x,
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

static int setup(void **state)
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

static int teardown(void **state)
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
static json_t *make_params(const struct fixture *f, const char *out, const char *changes)
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

static void read_lines(int fd, json_t *lines)
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

static struct run run_job(const struct fixture *f, const char *name, const char *changes)
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

static void run_release(struct run *r)
{
    json_decref(r->lines);
    free(r->out);
}

static struct run run_well(const struct fixture *f, const char *name, const char *changes)
{
    struct run r = run_job(f, name, changes);
    if (r.rc) fail_msg("%s", r.e.message);
    return r;
}

static const char *type_of(const json_t *line)
{
    return json_string_value(json_object_get(line, "type"));
}

static const json_t *result_of(const struct run *r)
{
    const json_t *last = json_array_get(r->lines, json_array_size(r->lines) - 1);
    assert_string_equal(type_of(last), "result");
    return last;
}

static void assert_same_file(const char *dir_a, const char *dir_b, const char *name)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    struct err e;
    char *path_a = file_join(dir_a, name), *path_b = file_join(dir_b, name);
    if (file_read(path_a, 1 << 26, &a, &e) || file_read(path_b, 1 << 26, &b, &e)) fail_msg("%s", e.message);
    if (!slice_eq(buf_slice(&a), buf_slice(&b))) fail_msg("%s and %s differ", path_a, path_b);
    buf_release(&a);
    buf_release(&b);
    free(path_a);
    free(path_b);
}

static bool same_file(const char *dir_a, const char *dir_b, const char *name)
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

// How many names under `dir`, at any depth, end in ".tmp" or hold ".tmp.".
static int temporaries(const char *dir)
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

static bool exists(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    bool yes = file_exists(path);
    free(path);
    return yes;
}

// ---- what it writes ----

static void several_layers_grow_together(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_well(f, "several", "");
    int rows[2] = {0}, means = 0, checkpoints = 0;
    int64_t done = 0;
    size_t i;
    json_t *line;
    double loss[2] = {0};
    json_array_foreach(r.lines, i, line)
    {
        if (strcmp(type_of(line), "metric") == 0) {
            const json_t *layer = json_object_get(line, "layer");
            int64_t step = json_integer_value(json_object_get(line, "step"));
            assert_true(step == 1 || step % 10 == 0);
            double l = json_number_value(json_object_get(line, "loss"));
            assert_true(l > 0);
            static const char *const names[] = {"loss_reconstructed", "l0_sparsity",        "l1_sparsity",
                                                "dead_neurons",       "explained_variance", "learning_rate",
                                                "grad_norm",          "samples_per_second"};
            for (size_t k = 0; k < sizeof names / sizeof *names; k++)
                assert_true(json_is_number(json_object_get(line, names[k])));
            if (json_is_null(layer)) {
                assert_true(fabs(l - (loss[0] + loss[1]) / 2) < 1e-9);
                means++;
            } else {
                int which = json_integer_value(layer) == 3;
                assert_int_equal(json_integer_value(layer), which ? 3 : 1);
                loss[which] = l;
                rows[which]++;
                // In turns: neither layer is ever more than one row ahead.
                assert_true(abs(rows[0] - rows[1]) <= 1);
            }
        } else if (strcmp(type_of(line), "progress") == 0) {
            int64_t now = json_integer_value(json_object_get(line, "done"));
            assert_true(now >= done);
            done = now;
            assert_int_equal(json_integer_value(json_object_get(line, "total")), 80);
            assert_string_equal(json_string_value(json_object_get(line, "unit")), "steps");
        } else if (strcmp(type_of(line), "checkpoint") == 0) {
            checkpoints++;
            const char *path = json_string_value(json_object_get(line, "path"));
            assert_true(exists(path, "layer_01/cfg.json") && exists(path, "layer_03/trainer_state.safetensors"));
            assert_true(json_integer_value(json_object_get(line, "size_bytes")) > 2 * 3 * 64 * WIDTH * 4);
            if (checkpoints == 1) assert_true(json_is_true(json_object_get(line, "is_best")));
        }
    }
    assert_int_equal(rows[0], 5); // steps 1, 10, 20, 30, 40
    assert_int_equal(rows[1], 5);
    assert_int_equal(means, 5);
    assert_int_equal(checkpoints, 2);
    assert_int_equal(done, 80);

    const json_t *layers = json_object_get(result_of(&r), "layers");
    assert_int_equal(json_array_size(layers), 2);
    json_array_foreach((json_t *)(uintptr_t)layers, i, line)
    {
        double fvu = json_number_value(json_object_get(line, "fvu"));
        assert_true(fvu > 0 && fvu < 1);
        assert_true(fabs(fvu + json_number_value(json_object_get(line, "explained_variance")) - 1) < 1e-9);
        assert_true(json_number_value(json_object_get(line, "l0")) <= 4);
        assert_true(exists(json_string_value(json_object_get(line, "checkpoint_path")), "sae_weights.safetensors"));
    }
    assert_true(exists(r.out, "summary.json"));
    assert_false(exists(r.out, "final/layer_01/trainer_state.safetensors"));
    assert_int_equal(temporaries(r.out), 0);
    run_release(&r);
}

static void one_layer_has_its_row_and_the_mean(void **state)
{
    struct run r = run_well(*state, "one", "\"layers\":[3],\"total_steps\":1");
    int own = 0, mean = 0;
    size_t i;
    json_t *line;
    json_array_foreach(r.lines, i, line)
    {
        if (strcmp(type_of(line), "metric") != 0) continue;
        if (json_is_null(json_object_get(line, "layer")))
            mean++;
        else
            own += json_integer_value(json_object_get(line, "layer")) == 3;
    }
    assert_int_equal(own, 1);
    assert_int_equal(mean, 1);
    run_release(&r);
}

static void layer_doesnt_depend_on_its_neighbours(void **state)
{
    struct run both = run_well(*state, "both", ""), alone = run_well(*state, "alone", "\"layers\":[3]");
    char *a = file_join(both.out, "final/layer_03"), *b = file_join(alone.out, "final/layer_03");
    assert_same_file(a, b, "sae_weights.safetensors");
    free(a);
    free(b);
    run_release(&both);
    run_release(&alone);
}

static void training_explains_most_of_the_variance(void **state)
{
    static const char *const kinds[] = {"\"architecture\":\"topk\",\"k\":6",
                                        "\"architecture\":\"standard\",\"l1_coefficient\":0.1"};
    for (int i = 0; i < 2; i++) {
        char changes[200];
        snprintf(changes, sizeof changes,
                 "%s,\"layers\":[1],\"total_steps\":400,\"warmup_steps\":20,\"learning_rate\":0.005", kinds[i]);
        struct run r = run_well(*state, "learns", changes);
        const json_t *layer = json_array_get(json_object_get(result_of(&r), "layers"), 0);
        double explained = json_number_value(json_object_get(layer, "explained_variance"));
        if (!(explained > 0.8 && explained < 1)) fail_msg("%s: explained variance %g", kinds[i], explained);
        run_release(&r);
    }
}

static void configuration_has_the_names_that_loaders_want(void **state)
{
    struct run r = run_well(*state, "cfg", "\"hook\":\"mlp\",\"total_steps\":2");
    struct buf text = BUF_INIT;
    struct err e;
    char *path = file_join(r.out, "final/layer_01/cfg.json");
    assert_int_equal(file_read(path, 1 << 16, &text, &e), 0);
    json_t *cfg = json_read_object(buf_slice(&text), &e);
    assert_non_null(cfg);
    assert_string_equal(json_string_value(json_object_get(cfg, "architecture")), "topk");
    assert_string_equal(json_string_value(json_object_get(cfg, "hook_name")), "blocks.1.hook_mlp_out");
    assert_string_equal(json_string_value(json_object_get(cfg, "model_name")), "tiny");
    assert_string_equal(json_string_value(json_object_get(cfg, "dtype")), "float32");
    assert_int_equal(json_integer_value(json_object_get(cfg, "d_in")), WIDTH);
    assert_int_equal(json_integer_value(json_object_get(cfg, "d_sae")), 64);
    assert_int_equal(json_integer_value(json_object_get(cfg, "k")), 4);
    assert_true(json_number_value(json_object_get(cfg, "activation_scale")) > 0);
    json_decref(cfg);
    free(path);

    struct safetensors *file;
    const struct st_tensor *t;
    int64_t enc[2] = {WIDTH, 64}, dec[2] = {64, WIDTH};
    path = file_join(r.out, "final/layer_01/sae_weights.safetensors");
    assert_int_equal(safetensors_open(path, &file, &e), 0);
    assert_int_equal(safetensors_need(file, "W_enc", 2, enc, &t, &e), 0);
    assert_int_equal(safetensors_need(file, "W_dec", 2, dec, &t, &e), 0);
    assert_int_equal(safetensors_need(file, "b_enc", 1, dec, &t, &e), 0);
    assert_int_equal(safetensors_need(file, "b_dec", 1, enc, &t, &e), 0);
    safetensors_close(file);
    free(path);
    buf_release(&text);
    run_release(&r);
}

// ---- repeating and resuming ----

static void same_seed_same_weights_other_seed_others(void **state)
{
    struct run a = run_well(*state, "seed_a", "\"seed\":5"), b = run_well(*state, "seed_b", "\"seed\":5,\"threads\":2");
    struct run c = run_well(*state, "seed_c", "\"seed\":6");
    assert_same_file(a.out, b.out, "final/layer_01/sae_weights.safetensors");
    assert_false(same_file(a.out, c.out, "final/layer_01/sae_weights.safetensors"));
    run_release(&a);
    run_release(&b);
    run_release(&c);
}

static void resumed_run_equals_an_uninterrupted_one(void **state)
{
    static const char *const kinds[] = {"\"architecture\":\"topk\"", "\"architecture\":\"standard\""};
    for (int i = 0; i < 2; i++) {
        char changes[300];
        struct run whole = run_well(*state, "whole", kinds[i]);
        snprintf(changes, sizeof changes, "%s,\"resume_from\":\"%%/whole/checkpoints/step_00000020\"", kinds[i]);
        struct run rest = run_well(*state, "rest", changes);
        for (int layer = 1; layer <= 3; layer += 2) {
            char name[120];
            snprintf(name, sizeof name, "checkpoints/step_00000040/layer_%02d/sae_weights.safetensors", layer);
            assert_same_file(whole.out, rest.out, name);
            snprintf(name, sizeof name, "checkpoints/step_00000040/layer_%02d/trainer_state.safetensors", layer);
            assert_same_file(whole.out, rest.out, name);
            snprintf(name, sizeof name, "final/layer_%02d/sae_weights.safetensors", layer);
            assert_same_file(whole.out, rest.out, name);
        }
        // It never reports a step that was done before.
        size_t k;
        json_t *line;
        json_array_foreach(rest.lines, k, line)
        {
            if (strcmp(type_of(line), "metric") == 0)
                assert_true(json_integer_value(json_object_get(line, "step")) > 20);
        }
        run_release(&whole);
        run_release(&rest);
    }
}

static void finished_checkpoint_resumes_to_its_evaluation(void **state)
{
    struct run whole = run_well(*state, "done", "");
    // A layer's folder inside the checkpoint will do as well.
    struct run again = run_well(*state, "again", "\"resume_from\":\"%/done/checkpoints/step_00000040/layer_01\"");
    assert_same_file(whole.out, again.out, "final/layer_01/sae_weights.safetensors");
    run_release(&whole);
    run_release(&again);
}

static void resuming_into_the_same_folder_replaces_later_checkpoints(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    struct run r = run_well(f, "same", "");
    char *left = file_join(r.out, "checkpoints/step_00000030.tmp/layer_01");
    assert_int_equal(file_mkdirs(left, &e), 0);
    char *mark = file_join(r.out, "checkpoints/step_00000040/mark");
    assert_int_equal(file_write_atomic(mark, SLICE_LIT("x"), &e), 0);
    run_release(&r);
    r = run_well(f, "same", "\"resume_from\":\"%/same/checkpoints/step_00000020\"");
    assert_false(file_exists(mark));
    assert_int_equal(temporaries(r.out), 0);
    assert_true(exists(r.out, "checkpoints/step_00000020/layer_03/cfg.json"));
    free(left);
    free(mark);
    run_release(&r);
}

static void refused(const struct fixture *f, const char *changes, const char *field, const char *text)
{
    struct run r = run_job(f, "refused", changes);
    if (r.rc == 0) fail_msg("%s: accepted", changes);
    if (strcmp(r.e.field, field) != 0) fail_msg("%s: field %s: %s", changes, r.e.field, r.e.message);
    if (!strstr(r.e.message, text)) fail_msg("%s: message: %s", changes, r.e.message);
    assert_false(exists(r.out, "final"));
    run_release(&r);
}

static void checkpoint_of_another_shape_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_well(f, "shape", "\"layers\":[1]");
#define FROM "\"resume_from\":\"%/shape/checkpoints/step_00000020\",\"layers\":[1]"
    refused(f, FROM ",\"n_features\":65", "resume_from", "d_sae");
    refused(f, FROM ",\"k\":5", "resume_from", "k is 4 there, 5 in this job");
    refused(f, FROM ",\"architecture\":\"standard\"", "resume_from", "architecture");
    refused(f, FROM ",\"holdout_fraction\":0.4", "resume_from", "activation_scale");
    refused(f, FROM ",\"total_steps\":10", "total_steps", "20 already");
    refused(f, "\"resume_from\":\"%/shape/checkpoints/step_00000020\",\"layers\":[3]", "resume_from", "layer_03");
    refused(f, "\"resume_from\":\"%/nowhere\"", "resume_from", "nowhere");

    char *path = file_join(r.out, "checkpoints/step_00000020/layer_01/trainer_state.safetensors");
    assert_int_equal(truncate(path, file_size(path) - 1), 0);
    refused(f, FROM, "resume_from", "trainer_state.safetensors");
    free(path);
#undef FROM
    run_release(&r);
}

// ---- stopping and failing ----

struct stopper {
    int fd;
    atomic_int *stop;
    bool seen;
};

// Reads the job's lines and stops it when the first checkpoint has been announced.
static void *stop_at_checkpoint(void *arg)
{
    struct stopper *s = arg;
    struct buf text = BUF_INIT;
    char piece[4096];
    ssize_t n;
    while ((n = read(s->fd, piece, sizeof piece)) > 0) {
        if (s->seen) continue;
        buf_add(&text, piece, (size_t)n);
        if (strstr(buf_cstr(&text), "\"type\":\"checkpoint\"")) {
            s->seen = true;
            atomic_store(s->stop, 1);
        }
    }
    buf_release(&text);
    return NULL;
}

static void stopping_keeps_finished_checkpoints_and_nothing_half_done(void **state)
{
    const struct fixture *f = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    char *out = file_join(f->dir, "stopped");
    json_t *params = make_params(f, out, "\"total_steps\":1000000000,\"threads\":2");
    atomic_int stop = 0;
    struct stopper s = {fds[0], &stop, false};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_at_checkpoint, &s), 0);
    struct wire_writer *w = wire_writer_new(fds[1]);
    struct task t = {.params = params, .out = w, .stop = &stop};
    struct err e;
    int rc = task_train_sae(&t, &e);
    close(fds[1]);
    pthread_join(thread, NULL);
    close(fds[0]);
    assert_int_equal(rc, HW_ECANCELLED);
    assert_true(s.seen);
    assert_true(exists(out, "checkpoints/step_00000020/layer_03/cfg.json"));
    assert_int_equal(temporaries(out), 0);
    assert_false(exists(out, "final"));
    assert_false(exists(out, "summary.json"));
    wire_writer_free(w);
    json_decref(params);
    free(out);

    struct run r = run_well(f, "stopped", "\"resume_from\":\"%/stopped/checkpoints/step_00000020\"");
    run_release(&r);
}

static void stop_before_the_start_is_honoured(void **state)
{
    const struct fixture *f = *state;
    char *out = file_join(f->dir, "early");
    json_t *params = make_params(f, out, "");
    atomic_int stop = 1;
    int fd = open("/dev/null", O_WRONLY);
    assert_true(fd >= 0);
    struct wire_writer *w = wire_writer_new(fd);
    struct task t = {.params = params, .out = w, .stop = &stop};
    struct err e;
    assert_int_equal(task_train_sae(&t, &e), HW_ECANCELLED);
    assert_false(exists(out, "final"));
    wire_writer_free(w);
    close(fd);
    json_decref(params);
    free(out);
}

// A weight that is no number, put into a checkpoint, shows in the first step after it.
static void loss_that_is_no_number_names_layer_and_step(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_well(f, "nan", "");
    char *path = file_join(r.out, "checkpoints/step_00000020/layer_03/sae_weights.safetensors");
    struct safetensors *file;
    struct err e;
    assert_int_equal(safetensors_open(path, &file, &e), 0);
    uint64_t at = safetensors_get(file, "b_dec")->offset;
    safetensors_close(file);
    int fd = open(path, O_WRONLY);
    float nan = NAN;
    assert_true(fd >= 0 && pwrite(fd, &nan, sizeof nan, (off_t)at) == (ssize_t)sizeof nan);
    close(fd);
    free(path);
    refused(f, "\"resume_from\":\"%/nan/checkpoints/step_00000020\"", "learning_rate", "layer 3, step 21");
    run_release(&r);
}

static void parameters_that_cant_work_are_named(void **state)
{
    const struct fixture *f = *state;
    refused(f, "\"k\":65", "k", "more than the 64 features");
    refused(f, "\"k\":0", "k", "k");
    refused(f, "\"layers\":[1,2]", "layers", "layer 2 isn't in");
    refused(f, "\"layers\":[1,1]", "layers", "twice");
    refused(f, "\"layers\":[]", "layers", "at least one");
    refused(f, "\"layers\":[1.5]", "layers", "whole number");
    refused(f, "\"hook\":\"attention\"", "hook", "no attention activations");
    refused(f, "\"hook\":\"query\"", "hook", "residual, mlp or attention");
    refused(f, "\"architecture\":\"gated\"", "architecture", "topk or standard");
    refused(f, "\"n_features\":0", "n_features", "n_features");
    refused(f, "\"n_features\":\"many\"", "n_features", "n_features");
    refused(f, "\"learning_rate\":0", "learning_rate", "learning_rate");
    refused(f, "\"learning_rate\":-1", "learning_rate", "learning_rate");
    refused(f, "\"batch_size\":0", "batch_size", "batch_size");
    refused(f, "\"total_steps\":0", "total_steps", "total_steps");
    refused(f, "\"warmup_steps\":-1", "warmup_steps", "warmup_steps");
    refused(f, "\"decay_fraction\":1.5", "decay_fraction", "decay_fraction");
    refused(f, "\"holdout_fraction\":0", "holdout_fraction", "holdout_fraction");
    refused(f, "\"holdout_fraction\":1", "holdout_fraction", "holdout_fraction");
    refused(f, "\"log_every\":0", "log_every", "log_every");
    refused(f, "\"checkpoint_every\":0", "checkpoint_every", "checkpoint_every");
    refused(f, "\"seed\":-1", "seed", "seed");
    refused(f, "\"threads\":1000", "threads", "threads");
    refused(f, "\"activations_path\":\"\"", "activations_path", "missing");
    refused(f, "\"output_dir\":null", "output_dir", "missing");
}

static void memory_is_counted_before_it_is_taken(void **state)
{
    (void)state;
    struct train_sae_params p = {
        .sae = {.architecture = SAE_STANDARD, .d_in = 4096, .n_features = 131072, .l1_coefficient = 1},
        .batch_size = 4096,
        .threads = 2,
    };
    const double gib = 1024.0 * 1024.0 * 1024.0;
    struct err e = {0};
    // Weights, moments and gradient: 4 x 4 bytes x 2 x 4096 x 131072 = 16 GiB a layer.
    assert_int_equal(train_sae_check_memory(&p, 1, 12 * gib, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "n_features");
    assert_non_null(strstr(e.message, "131072"));
    assert_int_equal(train_sae_check_memory(&p, 2, 24 * gib, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "layers");
    assert_int_equal(train_sae_check_memory(&p, 1, 24 * gib, &e), 0);
    assert_int_equal(train_sae_check_memory(&p, 2, 40 * gib, &e), 0);
    double available = memory_available();
    assert_true(available > 1024 * 1024);
}

// The server tells it before anything is queued, by a count of its own (jobs/training_size.h).
static void the_server_counts_the_same_memory(void **state)
{
    (void)state;
    static const struct {
        enum sae_architecture architecture;
        int d_in, n_features, k, batch_size, threads, layers;
    } cases[] = {
        {SAE_TOPK, 128, 1024, 32, 1024, 2, 1},    {SAE_TOPK, 100, 1000, 7, 1, 1, 3},
        {SAE_TOPK, 768, 24576, 64, 4096, 8, 12},  {SAE_TOPK, 17, 33, 33, 1000000, 3, 2},
        {SAE_STANDARD, 128, 1024, 1, 256, 2, 1},  {SAE_STANDARD, 4096, 131072, 1, 4096, 2, 2},
        {SAE_STANDARD, 512, 999, 1, 129, 16, 24}, {SAE_TOPK, 1, 1, 1, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct train_sae_params p = {
            .sae = {cases[i].architecture, cases[i].d_in, cases[i].n_features, cases[i].k, 1},
            .batch_size = cases[i].batch_size,
            .threads = cases[i].threads,
        };
        struct training_size s = {
            .topk = cases[i].architecture == SAE_TOPK,
            .width = cases[i].d_in,
            .n_features = cases[i].n_features,
            .k = cases[i].k,
            .batch_size = cases[i].batch_size,
            .n_layers = cases[i].layers,
            .threads = cases[i].threads,
        };
        double task = train_sae_memory(&p, cases[i].layers), server = training_allocates(&s);
        if (task != server) fail_msg("case %zu: the task counts %.0f bytes, the server %.0f", i, task, server);
    }
}

// ---- the activations ----

static void vectors_come_back_across_shards(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    struct activation_store *store;
    assert_int_equal(activation_store_open(f->acts, &store, &e), 0);
    int n;
    int *layers = activation_store_layers(store, "residual", &n);
    assert_int_equal(n, 2);
    assert_true(layers[0] == 1 && layers[1] == 3);
    free(layers);
    const int64_t index[] = {0, SPLIT - 1, SPLIT, VECTORS - 1, 7};
    enum { N = 5, STRIDE = WIDTH + 8 };
    float out[N * STRIDE];
    for (int half = 0; half < 2; half++) {
        struct activation_set *set;
        assert_int_equal(activation_set_open(store, 1, half ? "mlp" : "residual", &set, &e), 0);
        assert_int_equal(activation_set_vectors(set), VECTORS);
        activation_set_fetch(set, index, N, 2.0f, out, STRIDE);
        for (int i = 0; i < N; i++)
            for (int d = 0; d < WIDTH; d++) {
                float x = f->x[index[i] * WIDTH + d];
                assert_true(out[i * STRIDE + d] == 2.0f * (half ? half_to_f32(half_from_f32(x)) : x));
            }
        double mean[WIDTH], norm;
        assert_int_equal(activation_set_measure(set, SPLIT + 500, NULL, mean, &norm, &e), 0);
        double sum = 0, norms = 0;
        for (int i = 0; i < SPLIT + 500; i++) {
            double sq = 0;
            for (int d = 0; d < WIDTH; d++) sq += pow((double)f->x[i * WIDTH + d], 2);
            norms += sqrt(sq);
            sum += (double)f->x[i * WIDTH];
        }
        assert_true(fabs(mean[0] - sum / (SPLIT + 500)) < 1e-3);
        assert_true(fabs(norm - norms / (SPLIT + 500)) < 1e-3);
        activation_set_close(set);
    }
    activation_store_close(store);
}

// Copies the activations, so that a test may spoil them.
static char *spoiled_copy(const struct fixture *f, const char *name)
{
    struct err e;
    char *to = file_join(f->dir, name);
    assert_int_equal(file_remove_tree(to, &e), 0);
    char *command = mem_printf("cp -r '%s' '%s'", f->acts, to);
    assert_int_equal(system(command), 0);
    free(command);
    return to;
}

static void spoiled_activations_are_named(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    char *acts = spoiled_copy(f, "spoiled"), *shard = file_join(acts, "layer_01_residual/shard_00001.safetensors");
#define HERE "\"layers\":[1],\"activations_path\":\"%/spoiled\""
    assert_int_equal(truncate(shard, file_size(shard) / 2), 0);
    refused(f, HERE, "", "shard_00001.safetensors");
    assert_int_equal(unlink(shard), 0);
    refused(f, HERE, "", "shard_00001.safetensors");

    char *folder = file_join(acts, "layer_01_residual");
    write_shard(folder, 1, f->x, 5, ST_F32); // fewer vectors than the metadata says
    refused(f, HERE, "", "shard_00001.safetensors");
    float *bad = mem_dup(f->x, VECTORS * WIDTH * sizeof *f->x);
    bad[3 * WIDTH + 1] = INFINITY;
    write_shard(folder, 1, bad, VECTORS - SPLIT, ST_F32);
    refused(f, HERE, "", "vector 3 isn't finite");
    memset(bad, 0, VECTORS * WIDTH * sizeof *bad);
    write_shard(folder, 0, bad, SPLIT, ST_F32);
    write_shard(folder, 1, bad, VECTORS - SPLIT, ST_F32);
    refused(f, HERE, "activations_path", "all zero");
    free(bad);

    char *metadata = file_join(acts, "metadata.json");
    assert_int_equal(file_write_atomic(metadata, SLICE_LIT("{\"format\":\"headway-tokens\"}"), &e), 0);
    refused(f, HERE, "", "metadata.json");
    assert_int_equal(file_write_atomic(metadata, SLICE_LIT("{\"format\":"), &e), 0);
    refused(f, HERE, "", "metadata.json");
    assert_int_equal(
        file_write_atomic(metadata,
                          SLICE_LIT("{\"format\":\"headway-activations\",\"version\":1,\"width\":24,\"sets\":"
                                    "[{\"layer\":1,\"hook\":\"residual\",\"folder\":\"..\",\"shards\":[]}]}"),
                          &e),
        0);
    refused(f, HERE, "", "plain name");
    assert_int_equal(
        file_write_atomic(metadata,
                          SLICE_LIT("{\"format\":\"headway-activations\",\"version\":1,\"width\":24,\"sets\":"
                                    "[{\"layer\":1,\"hook\":\"residual\",\"folder\":\"x\",\"shards\":[]}]}"),
                          &e),
        0);
    refused(f, HERE, "holdout_fraction", "of 0 vectors");
#undef HERE
    free(metadata);
    free(folder);
    free(shard);
    free(acts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_layers_grow_together),
        cmocka_unit_test(one_layer_has_its_row_and_the_mean),
        cmocka_unit_test(layer_doesnt_depend_on_its_neighbours),
        cmocka_unit_test(training_explains_most_of_the_variance),
        cmocka_unit_test(configuration_has_the_names_that_loaders_want),
        cmocka_unit_test(same_seed_same_weights_other_seed_others),
        cmocka_unit_test(resumed_run_equals_an_uninterrupted_one),
        cmocka_unit_test(finished_checkpoint_resumes_to_its_evaluation),
        cmocka_unit_test(resuming_into_the_same_folder_replaces_later_checkpoints),
        cmocka_unit_test(checkpoint_of_another_shape_is_refused),
        cmocka_unit_test(stopping_keeps_finished_checkpoints_and_nothing_half_done),
        cmocka_unit_test(stop_before_the_start_is_honoured),
        cmocka_unit_test(loss_that_is_no_number_names_layer_and_step),
        cmocka_unit_test(parameters_that_cant_work_are_named),
        cmocka_unit_test(memory_is_counted_before_it_is_taken),
        cmocka_unit_test(the_server_counts_the_same_memory),
        cmocka_unit_test(vectors_come_back_across_shards),
        cmocka_unit_test(spoiled_activations_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
