// The train_sae job from end to end, on small made-up activations: how it reads them, what it writes.
#include "train_sae_run.h"

#include <math.h>

#include "ml/half.h"
#include "task/activation_store.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_layers_grow_together),
        cmocka_unit_test(one_layer_has_its_row_and_the_mean),
        cmocka_unit_test(layer_doesnt_depend_on_its_neighbours),
        cmocka_unit_test(training_explains_most_of_the_variance),
        cmocka_unit_test(configuration_has_the_names_that_loaders_want),
        cmocka_unit_test(same_seed_same_weights_other_seed_others),
        cmocka_unit_test(vectors_come_back_across_shards),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
