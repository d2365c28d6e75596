// The transformer against activations that PyTorch computed from the same weights (sample/README.md), and against
// models that are not what they say.
#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "ml/transformer.h"
#include "model_copy.h"

enum { LAYERS = 4, TOKENS = 96, WIDTH = 128, VOCABULARY = 4096 };

static const struct transformer_capture everything[] = {
    {0, TRANSFORMER_ATTENTION}, {0, TRANSFORMER_MLP},       {0, TRANSFORMER_RESIDUAL},  {1, TRANSFORMER_ATTENTION},
    {1, TRANSFORMER_MLP},       {1, TRANSFORMER_RESIDUAL},  {2, TRANSFORMER_ATTENTION}, {2, TRANSFORMER_MLP},
    {2, TRANSFORMER_RESIDUAL},  {3, TRANSFORMER_ATTENTION}, {3, TRANSFORMER_MLP},       {3, TRANSFORMER_RESIDUAL},
};
enum { EVERYTHING = sizeof everything / sizeof *everything };

// Collects captures: out[capture][rows * tokens * width].
struct collected {
    size_t row; // numbers a row
    float *out[EVERYTHING];
};

static int collect(void *arg, int capture, int first, int rows, const float *data)
{
    struct collected *c = arg;
    memcpy(c->out[capture] + (size_t)first * c->row, data, (size_t)rows * c->row * sizeof *data);
    return 0;
}

static void collected_init(struct collected *c, size_t rows, size_t row)
{
    c->row = row;
    for (int i = 0; i < EVERYTHING; i++) c->out[i] = mem_array(rows * row, sizeof(float));
}

static void collected_release(struct collected *c)
{
    for (int i = 0; i < EVERYTHING; i++) free(c->out[i]);
}

static struct transformer *load(const char *dir, int blocks)
{
    struct err e = {0};
    struct transformer *t;
    if (transformer_load(dir, blocks, NULL, &t, &e) != 0) fail_msg("%s", e.message);
    return t;
}

static void golden_ids(uint32_t ids[TOKENS])
{
    struct err e = {0};
    struct safetensors *g;
    if (safetensors_open(SAMPLE_GOLDEN, &g, &e) != 0) fail_msg("%s", e.message);
    const struct st_tensor *t = safetensors_get(g, "input_ids");
    assert_non_null(t);
    assert_int_equal(t->count, TOKENS);
    for (size_t i = 0; i < TOKENS; i++) {
        int64_t wide = 0;
        memcpy(&wide, (const char *)t->data + i * st_dtype_size(t->dtype), st_dtype_size(t->dtype));
        ids[i] = (uint32_t)wide;
    }
    safetensors_close(g);
}

static double relative_error(const float *got, const float *want, size_t n)
{
    double diff = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        diff += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        norm += (double)want[i] * want[i];
    }
    return sqrt(diff / norm);
}

static void assert_golden(const char *name, const float *got, size_t n, double tolerance)
{
    struct err e = {0};
    struct safetensors *g;
    if (safetensors_open(SAMPLE_GOLDEN, &g, &e) != 0) fail_msg("%s", e.message);
    const struct st_tensor *t = safetensors_get(g, name);
    assert_non_null(t);
    assert_int_equal(t->count, n);
    float *want = mem_array(n, sizeof *want);
    if (safetensors_f32(t, 0, n, want, &e) != 0) fail_msg("%s", e.message);
    double error = relative_error(got, want, n);
    if (!(error < tolerance)) fail_msg("%s: relative error %g, at most %g is accepted", name, error, tolerance);
    free(want);
    safetensors_close(g);
}

static void assert_model_is_golden(const char *dir, double tolerance)
{
    struct transformer *t = load(dir, -1);
    struct transformer_pass *p = transformer_pass_new(t, 1, TOKENS);
    uint32_t ids[TOKENS];
    golden_ids(ids);
    struct collected c;
    collected_init(&c, 1, TOKENS * WIDTH);
    assert_int_equal(transformer_forward(t, p, ids, 1, everything, EVERYTHING, collect, &c, NULL), 0);
    for (int i = 0; i < EVERYTHING; i++) {
        char name[64];
        snprintf(name, sizeof name, "layer_%d_%s", everything[i].layer, transformer_hook_name(everything[i].hook));
        assert_golden(name, c.out[i], TOKENS * WIDTH, tolerance);
    }
    float *logits = mem_array(VOCABULARY, sizeof *logits);
    transformer_logits(t, c.out[EVERYTHING - 1] + (TOKENS - 1) * WIDTH, logits);
    assert_golden("logits_last", logits, VOCABULARY, tolerance);
    free(logits);
    collected_release(&c);
    transformer_pass_free(p);
    transformer_free(t);
}

static void every_layer_and_hook_equals_pytorch(void **state)
{
    (void)state;
    assert_model_is_golden(SAMPLE_MODEL, 1e-5);
}

static void dtypes_and_names_make_no_difference(void **state)
{
    (void)state;
    static const struct {
        enum st_dtype dtype;
        int prefix;
        double tolerance;
    } copies[] = {{ST_F32, 0, 1e-5}, {ST_F32, 1, 1e-5}, {ST_BF16, 0, 1e-5}, {ST_F16, 1, 1e-3}};
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        char *dir = copy_model(copies[i].dtype, copies[i].prefix);
        assert_model_is_golden(dir, copies[i].tolerance);
        temp_folder_remove(dir);
    }
}

// The sample's tensors, spread over two files and an index.
static char *sharded_model(const char *skip)
{
    char *dir = temp_folder();
    static const char *const files[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
    copy_file(SAMPLE_MODEL "/config.json", dir, "config.json", SIZE_MAX);
    struct buf index = BUF_INIT;
    buf_add_str(&index, "{\"metadata\": {}, \"weight_map\": {");
    struct err e = {0};
    struct safetensors *s;
    if (safetensors_open(SAMPLE_MODEL "/model.safetensors", &s, &e) != 0) fail_msg("%s", e.message);
    const char *comma = "";
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const char *name = safetensors_at(s, i)->name;
        if (skip && strcmp(name, skip) == 0) continue;
        buf_addf(&index, "%s\"%s\": \"%s\"", comma, name, files[i % 2]);
        comma = ", ";
    }
    buf_add_str(&index, "}}");
    safetensors_close(s);
    for (size_t i = 0; i < 2; i++) {
        char *path = file_join(dir, files[i]);
        copy_weights(path, ST_BF16, 1, i, 2);
        free(path);
    }
    write_text(dir, "model.safetensors.index.json", buf_cstr(&index));
    buf_release(&index);
    return dir;
}

static void weights_may_lie_in_several_files(void **state)
{
    (void)state;
    char *dir = sharded_model(NULL);
    assert_model_is_golden(dir, 1e-5);
    char *path = file_join(dir, "model-00002-of-00002.safetensors");
    assert_int_equal(unlink(path), 0);
    struct err e = {0};
    struct transformer *t;
    assert_int_equal(transformer_load(dir, -1, NULL, &t, &e), HW_ENOTFOUND);
    assert_non_null(strstr(e.message, "model-00002-of-00002.safetensors"));
    free(path);
    write_text(dir, "model.safetensors.index.json", "{\"weight_map\": {\"a\": \"../model.safetensors\"}}");
    assert_int_equal(transformer_load(dir, -1, NULL, &t, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "same folder"));
    temp_folder_remove(dir);
}

static void rows_do_not_see_each_other(void **state)
{
    (void)state;
    struct transformer *t = load(SAMPLE_MODEL, -1);
    enum { CONTEXT = 33, ROWS = 19 };
    uint32_t ids[ROWS * CONTEXT];
    for (size_t i = 0; i < ROWS * CONTEXT; i++) ids[i] = (uint32_t)(i * 2654435761u >> 7) % VOCABULARY;
    struct collected together, alone;
    collected_init(&together, ROWS, CONTEXT * WIDTH);
    collected_init(&alone, ROWS, CONTEXT * WIDTH);
    struct transformer_pass *p = transformer_pass_new(t, ROWS, CONTEXT), *one = transformer_pass_new(t, 1, CONTEXT);
    assert_int_equal(transformer_forward(t, p, ids, ROWS, everything, EVERYTHING, collect, &together, NULL), 0);
    assert_int_equal(transformer_forward(t, one, ids, ROWS, everything, EVERYTHING, collect, &alone, NULL), 0);
    for (int i = 0; i < EVERYTHING; i++)
        assert_true(relative_error(together.out[i], alone.out[i], (size_t)ROWS * CONTEXT * WIDTH) < 1e-5);
    collected_release(&together);
    collected_release(&alone);
    transformer_pass_free(p);
    transformer_pass_free(one);
    transformer_free(t);
}

static int refuse_layer_1(void *arg, int capture, int first, int rows, const float *data)
{
    (void)first, (void)rows, (void)data;
    int *seen = arg;
    ++*seen;
    return everything[capture].layer == 1 ? HW_EIO : 0;
}

static void a_sink_or_a_stop_ends_the_pass(void **state)
{
    (void)state;
    struct transformer *t = load(SAMPLE_MODEL, -1);
    struct transformer_pass *p = transformer_pass_new(t, 1, TOKENS);
    uint32_t ids[TOKENS];
    golden_ids(ids);
    int seen = 0;
    assert_int_equal(transformer_forward(t, p, ids, 1, everything, EVERYTHING, refuse_layer_1, &seen, NULL), HW_EIO);
    assert_int_equal(seen, 4);
    atomic_int stop;
    atomic_init(&stop, 1);
    assert_int_equal(transformer_forward(t, p, ids, 1, everything, EVERYTHING, refuse_layer_1, &seen, &stop),
                     HW_ECANCELLED);
    assert_int_equal(seen, 4);
    transformer_pass_free(p);
    transformer_free(t);
}

static void only_the_blocks_wanted_are_needed(void **state)
{
    (void)state;
    struct transformer *t = load(SAMPLE_MODEL, 2);
    struct transformer_pass *p = transformer_pass_new(t, 1, TOKENS);
    uint32_t ids[TOKENS];
    golden_ids(ids);
    struct collected c;
    collected_init(&c, 1, TOKENS * WIDTH);
    assert_int_equal(transformer_forward(t, p, ids, 1, everything, 6, collect, &c, NULL), 0);
    assert_golden("layer_1_residual", c.out[5], TOKENS * WIDTH, 1e-5);
    collected_release(&c);
    transformer_pass_free(p);
    transformer_free(t);
}

static void inspecting_tells_what_the_model_is(void **state)
{
    (void)state;
    struct err e = {0};
    struct transformer_config c;
    if (transformer_inspect(SAMPLE_MODEL, &c, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(c.n_layers, LAYERS);
    assert_int_equal(c.width, WIDTH);
    assert_int_equal(c.n_heads, 4);
    assert_int_equal(c.n_positions, 256);
    assert_int_equal(c.vocab_size, VOCABULARY);
    assert_int_equal(c.parameters, 1350400);
    assert_int_equal(c.size_bytes, file_size(SAMPLE_MODEL "/model.safetensors"));
    assert_string_equal(c.dtype, "BF16");
}

// Loading a model with this config must fail with `code` and a message that contains `says`.
static void assert_refused(const char *config, int code, const char *says)
{
    char *dir = temp_folder();
    copy_file(SAMPLE_MODEL "/model.safetensors", dir, "model.safetensors", SIZE_MAX);
    write_text(dir, "config.json", config);
    struct err e = {0};
    struct transformer *t;
    int rc = transformer_load(dir, -1, NULL, &t, &e);
    if (rc != code || !strstr(e.message, says)) fail_msg("%s: got %d, %s; wanted %s", config, rc, e.message, says);
    assert_null(t);
    temp_folder_remove(dir);
}

#define CONFIG(more) "{\"model_type\": \"gpt2\", \"vocab_size\": 4096, \"n_positions\": 256, \"n_embd\": 128" more "}"

static void a_config_that_asks_for_more_is_refused_by_name(void **state)
{
    (void)state;
    assert_refused("{\"model_type\": \"llama\"}", HW_EUNSUPPORTED, "llama");
    assert_refused("{}", HW_EUNSUPPORTED, "model_type");
    assert_refused("[]", HW_EINVALID, "object");
    assert_refused("{\"model_type\": \"gpt2\",}", HW_EINVALID, "JSON");
    assert_refused(CONFIG(", \"n_head\": 4"), HW_EINVALID, "n_layer");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 5"), HW_EINVALID, "n_embd is 128");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 4, \"activation_function\": \"swish\""), HW_EUNSUPPORTED,
                   "swish");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 4, \"add_cross_attention\": true"), HW_EUNSUPPORTED,
                   "add_cross_attention");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 4, \"quantization_config\": {\"bits\": 4}"), HW_EUNSUPPORTED,
                   "quantization_config");
}

static void a_config_that_does_not_fit_the_weights_is_refused_by_tensor(void **state)
{
    (void)state;
    assert_refused(CONFIG(", \"n_layer\": 5, \"n_head\": 4"), HW_EINVALID, "h.4.ln_1.weight");
    assert_refused(CONFIG(", \"n_layer\": 3, \"n_head\": 4"), HW_EINVALID, "h.3.ln_1.weight");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 4, \"n_inner\": 256"), HW_EINVALID,
                   "transformer.h.0.mlp.c_fc.weight has the shape [128, 512]; [128, 256] is wanted");
    assert_refused(CONFIG(", \"n_layer\": 4, \"n_head\": 4, \"tie_word_embeddings\": false"), HW_EINVALID,
                   "lm_head.weight");
}

static void a_truncated_model_says_where(void **state)
{
    (void)state;
    char *dir = temp_folder();
    copy_file(SAMPLE_MODEL "/config.json", dir, "config.json", SIZE_MAX);
    copy_file(SAMPLE_MODEL "/model.safetensors", dir, "model.safetensors", 2000000);
    struct err e = {0};
    struct transformer *t;
    assert_int_equal(transformer_load(dir, -1, NULL, &t, &e), HW_EEOF);
    assert_non_null(strstr(e.message, "model.safetensors: truncated: tensor transformer.h."));
    assert_non_null(strstr(e.message, "which has 2000000"));
    temp_folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_and_hook_equals_pytorch),
        cmocka_unit_test(dtypes_and_names_make_no_difference),
        cmocka_unit_test(weights_may_lie_in_several_files),
        cmocka_unit_test(rows_do_not_see_each_other),
        cmocka_unit_test(a_sink_or_a_stop_ends_the_pass),
        cmocka_unit_test(only_the_blocks_wanted_are_needed),
        cmocka_unit_test(inspecting_tells_what_the_model_is),
        cmocka_unit_test(a_config_that_asks_for_more_is_refused_by_name),
        cmocka_unit_test(a_config_that_does_not_fit_the_weights_is_refused_by_tensor),
        cmocka_unit_test(a_truncated_model_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
