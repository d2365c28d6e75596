// The task `extract`, from its parameters to its files: against PyTorch's activations, against itself with other
// threads and shards, and what it tells on the way.
#include <math.h>

#include "extract_run.h"
#include "task/activation_stats.h"

// ---- what it writes ------------------------------------------------------------------------------------------------

static void the_files_hold_what_pytorch_computes(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    struct safetensors *g;
    struct err e = {0};
    assert_int_equal(safetensors_open(SAMPLE_GOLDEN, &g, &e), 0);
    const struct st_tensor *t = safetensors_get(g, "input_ids");
    uint32_t ids[96];
    for (size_t i = 0; i < 96; i++) {
        int64_t wide = 0;
        memcpy(&wide, (const char *)t->data + i * st_dtype_size(t->dtype), st_dtype_size(t->dtype));
        ids[i] = (uint32_t)wide;
    }
    write_tokens(&r, ids, 96, 40);
    run_well(&r, SAMPLE_MODEL,
             ",\"context_length\":96,\"layers\":[3,0,1,2],\"hooks\":[\"mlp\",\"residual\",\"attention\"]");
    static const char *const hooks[] = {"residual", "mlp", "attention"};
    for (int layer = 0; layer < 4; layer++)
        for (int h = 0; h < 3; h++) {
            char name[64];
            float want[96 * WIDTH];
            snprintf(name, sizeof name, "layer_%d_%s", layer, hooks[h]);
            assert_int_equal(safetensors_f32(safetensors_get(g, name), 0, 96 * WIDTH, want, &e), 0);
            size_t n;
            float *got = read_set(&r, layer, hooks[h], &n);
            assert_int_equal(n, 96);
            double error = relative_error(got, want, 96 * WIDTH);
            if (!(error < 1e-5)) fail_msg("%s: relative error %g", name, error);
            free(got);
        }
    safetensors_close(g);
    run_release(&r);
}

static void metadata_describes_the_numbers(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(1000);
    write_tokens(&r, ids, 1000, 1000);
    run_well(&r, SAMPLE_MODEL, ",\"context_length\":30,\"layers\":[2],\"shard_rows\":400,\"batch_size\":4");
    size_t n;
    float *x = read_set(&r, 2, "residual", &n);
    assert_int_equal(n, 33 * 30); // the rest, 10 ids, is no row
    double sum = 0, squares = 0, norms = 0, min = x[0], max = x[0];
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        for (size_t k = 0; k < WIDTH; k++) {
            double v = x[i * WIDTH + k];
            sum += v;
            norm += v * v;
            min = fmin(min, v);
            max = fmax(max, v);
        }
        squares += norm;
        norms += sqrt(norm);
    }
    double count = (double)(n * WIDTH), mean = sum / count;
    json_t *m = metadata(&r);
    assert_string_equal(json_string_value(json_object_get(m, "format")), "headway-activations");
    assert_string_equal(json_string_value(json_object_get(m, "dtype")), "f32");
    assert_int_equal(json_integer_value(json_object_get(m, "width")), WIDTH);
    assert_int_equal(json_integer_value(json_object_get(m, "rows")), 33);
    assert_int_equal(json_integer_value(json_object_get(m, "vectors")), 990);
    const json_t *set = json_array_get(json_object_get(m, "sets"), 0);
    assert_string_equal(json_string_value(json_object_get(set, "folder")), "layer_02_residual");
    assert_int_equal(json_array_size(json_object_get(set, "shards")), 3);
    assert_true(fabs(json_number_value(json_object_get(set, "mean")) - mean) < 1e-6);
    assert_true(fabs(json_number_value(json_object_get(set, "std")) - sqrt(squares / count - mean * mean)) < 1e-5);
    assert_true(fabs(json_number_value(json_object_get(set, "mean_norm")) - norms / (double)n) < 1e-4);
    assert_true((float)json_number_value(json_object_get(set, "min")) == (float)min);
    assert_true((float)json_number_value(json_object_get(set, "max")) == (float)max);
    json_decref(m);
    free(x);
    free(ids);
    run_release(&r);
}

static void any_number_of_threads_and_shards_gives_the_same_vectors(void **state)
{
    (void)state;
    struct run a, b;
    run_init(&a);
    run_init(&b);
    uint32_t *ids = some_ids(7000);
    write_tokens(&a, ids, 7000, 7000);
    write_tokens(&b, ids, 7000, 1001);
    run_well(&a, SAMPLE_MODEL,
             ",\"context_length\":33,\"layers\":[1,3],\"hooks\":[\"mlp\",\"residual\"],\"batch_size\":5,"
             "\"threads\":1");
    run_well(&b, SAMPLE_MODEL,
             ",\"context_length\":33,\"layers\":[1,3],\"hooks\":[\"mlp\",\"residual\"],\"batch_size\":5,"
             "\"threads\":3,\"shard_rows\":77");
    static const char *const hooks[] = {"residual", "mlp"};
    for (int i = 0; i < 4; i++) {
        size_t n, m;
        float *x = read_set(&a, i < 2 ? 1 : 3, hooks[i % 2], &n), *y = read_set(&b, i < 2 ? 1 : 3, hooks[i % 2], &m);
        assert_int_equal(n, 7000 / 33 * 33);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n * WIDTH * sizeof *x);
        free(x), free(y);
    }
    json_t *x = metadata(&a), *y = metadata(&b);
    for (size_t i = 0; i < 4; i++) {
        json_t *p = json_array_get(json_object_get(x, "sets"), i), *q = json_array_get(json_object_get(y, "sets"), i);
        json_object_del(p, "shards");
        json_object_del(q, "shards");
        assert_true(json_equal(p, q));
    }
    json_decref(x), json_decref(y);
    free(ids);
    run_release(&a);
    run_release(&b);
}

static void half_precision_output_is_the_rounded_one(void **state)
{
    (void)state;
    struct run a, b;
    run_init(&a);
    run_init(&b);
    uint32_t *ids = some_ids(640);
    write_tokens(&a, ids, 640, 640);
    write_tokens(&b, ids, 640, 640);
    char *copy = copy_model(ST_F32, 0); // other names and another dtype change nothing
    run_well(&a, SAMPLE_MODEL, ",\"layers\":[2],\"context_length\":64,\"max_samples\":7");
    run_well(&b, copy, ",\"layers\":[2],\"context_length\":64,\"max_samples\":7,\"dtype\":\"f16\"");
    size_t n, m;
    float *x = read_set(&a, 2, "residual", &n), *y = read_set(&b, 2, "residual", &m);
    assert_int_equal(n, 7 * 64);
    assert_int_equal(m, n);
    for (size_t i = 0; i < n * WIDTH; i++) assert_true(fabsf(x[i] - y[i]) <= fabsf(x[i]) * 0x1p-11f + 0x1p-25f);
    free(x), free(y), free(ids);
    temp_folder_remove(copy);
    run_release(&a);
    run_release(&b);
}

// ---- what it tells -------------------------------------------------------------------------------------------------

static void progress_goes_through_three_phases_and_never_back(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(4096);
    write_tokens(&r, ids, 4096, 4096);
    run_well(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32,\"batch_size\":8,\"threads\":2");
    static const char *const names[] = {"loading", "extracting", "saving"};
    static const int bounds[] = {0, 10, 90, 100};
    size_t phases = 0;
    long long done = 0, total = 0;
    const json_t *result = NULL;
    for (size_t i = 0; i < json_array_size(r.lines); i++) {
        const json_t *line = json_array_get(r.lines, i);
        const char *type = json_string_value(json_object_get(line, "type"));
        if (strcmp(type, "phase") == 0) {
            assert_true(phases < 3);
            assert_string_equal(json_string_value(json_object_get(line, "name")), names[phases]);
            assert_int_equal((int)json_number_value(json_object_get(line, "from")), bounds[phases]);
            assert_int_equal((int)json_number_value(json_object_get(line, "to")), bounds[phases + 1]);
            assert_int_equal(done, total); // the phase before was completed
            done = total = 0;
            phases++;
        } else if (strcmp(type, "progress") == 0) {
            assert_true(json_integer_value(json_object_get(line, "done")) >= done);
            done = json_integer_value(json_object_get(line, "done"));
            total = json_integer_value(json_object_get(line, "total"));
            if (phases == 2) assert_int_equal(total, 128);
            if (phases == 2) assert_string_equal(json_string_value(json_object_get(line, "unit")), "samples");
        } else if (strcmp(type, "result") == 0) {
            result = line;
        }
    }
    assert_int_equal(phases, 3);
    assert_non_null(result);
    assert_int_equal(json_integer_value(json_object_get(result, "rows")), 128);
    assert_int_equal(json_integer_value(json_object_get(result, "vectors")), 4096);
    assert_int_equal(json_integer_value(json_object_get(result, "width")), WIDTH);
    assert_int_equal(json_integer_value(json_object_get(result, "sets")), 1);
    const json_t *set = json_array_get(json_object_get(result, "statistics"), 0);
    assert_string_equal(json_string_value(json_object_get(set, "hook")), "residual");
    assert_int_equal(json_integer_value(json_object_get(set, "vectors")), 4096);
    assert_true(json_number_value(json_object_get(set, "mean_norm")) > 0);
    assert_true(json_number_value(json_object_get(set, "std")) > 0);
    assert_true(json_number_value(json_object_get(set, "min")) < json_number_value(json_object_get(set, "mean")));
    assert_string_equal(json_string_value(json_object_get(result, "activations_path")), r.output);
    assert_true(json_integer_value(json_object_get(result, "size_bytes")) > 4096 * WIDTH * 4);
    assert_true(json_number_value(json_object_get(result, "tokens_per_second")) > 0);
    free(ids);
    run_release(&r);
}

static void inspecting_a_model_describes_it(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *v = inspect_model(SAMPLE_MODEL, &e);
    if (!v) fail_msg("%s", e.message);
    assert_string_equal(json_string_value(json_object_get(v, "architecture")), "gpt2");
    assert_int_equal(json_integer_value(json_object_get(v, "parameters")), 1350400);
    assert_int_equal(json_integer_value(json_object_get(v, "context_length")), 256);
    assert_true(json_is_true(json_object_get(v, "has_tokenizer")));
    assert_string_equal(json_string_value(json_object_get(v, "tokenizer_path")), SAMPLE_MODEL "/tokenizer.json");
    json_decref(v);
    char *copy = copy_model(ST_F16, 1);
    v = inspect_model(copy, &e);
    assert_string_equal(json_string_value(json_object_get(v, "dtype")), "F16");
    assert_true(json_is_null(json_object_get(v, "tokenizer_path")));
    json_decref(v);
    temp_folder_remove(copy);
    assert_null(inspect_model("/nonexistent", &e));
    assert_non_null(strstr(e.message, "/nonexistent/config.json"));
}

static void statistics_in_parts_equal_those_of_the_whole(void **state)
{
    (void)state;
    enum { N = 300, W = 24 };
    float *x = mem_array(N * W, sizeof *x);
    for (size_t i = 0; i < N * W; i++) x[i] = 1000.0f + (float)(i * 7919 % 1013) / 100.0f;
    struct activation_stats whole = {0}, merged = {0}, part;
    assert_int_equal(activation_stats_add(&whole, N, W, x), -1);
    for (size_t at = 0; at < N; at += 60) {
        part = (struct activation_stats){0};
        assert_int_equal(activation_stats_add(&part, 60, W, x + at * W), -1);
        activation_stats_merge(&merged, &part);
    }
    double mean = 0, m2 = 0;
    for (size_t i = 0; i < N * W; i++) mean += x[i];
    mean /= N * W;
    for (size_t i = 0; i < N * W; i++) m2 += (x[i] - mean) * (x[i] - mean);
    assert_true(fabs(whole.mean - mean) < 1e-4 && fabs(merged.mean - mean) < 1e-4);
    assert_true(fabs(activation_stats_std(&whole) - sqrt(m2 / (N * W))) < 1e-4);
    assert_true(fabs(activation_stats_std(&merged) - activation_stats_std(&whole)) < 1e-9);
    assert_int_equal(merged.vectors, N);
    x[77 * W + 5] = INFINITY;
    part = (struct activation_stats){0};
    assert_int_equal(activation_stats_add(&part, N, W, x), 77);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_hold_what_pytorch_computes),
        cmocka_unit_test(metadata_describes_the_numbers),
        cmocka_unit_test(any_number_of_threads_and_shards_gives_the_same_vectors),
        cmocka_unit_test(half_precision_output_is_the_rounded_one),
        cmocka_unit_test(progress_goes_through_three_phases_and_never_back),
        cmocka_unit_test(inspecting_a_model_describes_it),
        cmocka_unit_test(statistics_in_parts_equal_those_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
