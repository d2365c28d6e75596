// What the train_sae job refuses: parameters, more memory than there is, spoiled activations, a loss that is no number.
#include "train_sae_run.h"

#include <math.h>

#include "base/memory_available.h"
#include "jobs/training_size.h"
#include "task/train_sae_params.h"

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

// ---- memory ----

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
        cmocka_unit_test(loss_that_is_no_number_names_layer_and_step),
        cmocka_unit_test(parameters_that_cant_work_are_named),
        cmocka_unit_test(memory_is_counted_before_it_is_taken),
        cmocka_unit_test(the_server_counts_the_same_memory),
        cmocka_unit_test(spoiled_activations_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
