// A model written with another output side: the blocks are as they were, the logits are the new side's.
#include <math.h>

#include "base/buf.h"
#include "ml/transformer.h"
#include "model_copy.h"

enum { TOKENS = 40, WIDTH = 128, VOCABULARY = 4096, LAST = 3 };

static struct transformer *load(const char *dir)
{
    struct err e = {0};
    struct transformer *t;
    if (transformer_load(dir, -1, NULL, &t, &e) != 0) fail_msg("%s", e.message);
    return t;
}

static int keep(void *arg, int capture, int first, int rows, const float *data)
{
    (void)capture, (void)first, (void)rows;
    memcpy(arg, data, sizeof(float) * TOKENS * WIDTH);
    return 0;
}

static void run(const struct transformer *t, float *stream)
{
    const struct transformer_capture last = {LAST, TRANSFORMER_RESIDUAL};
    uint32_t ids[TOKENS];
    for (size_t i = 0; i < TOKENS; i++) ids[i] = (uint32_t)(i * 2654435761u >> 7) % VOCABULARY;
    struct transformer_pass *p = transformer_pass_new(t, 1, TOKENS);
    assert_int_equal(transformer_forward(t, p, ids, 1, &last, 1, keep, stream, NULL), 0);
    transformer_pass_free(p);
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
    struct buf x = BUF_INIT, y = BUF_INIT;
    char *from = file_join(a, name), *to = file_join(b, name);
    struct err e = {0};
    if (file_read(from, SIZE_MAX / 2, &x, &e) != 0 || file_read(to, SIZE_MAX / 2, &y, &e) != 0)
        fail_msg("%s", e.message);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, x.n);
    buf_release(&x), buf_release(&y);
    free(from), free(to);
}

// Saves `dir` with its output side changed, loads that, and compares.
static void save_and_compare(const char *dir)
{
    char *out = temp_folder(), *again = temp_folder();
    struct err e = {0};
    struct transformer *was = load(dir);
    float *head = mem_array(VOCABULARY * WIDTH, sizeof *head), gain[WIDTH], bias[WIDTH];
    struct transformer_output o = transformer_output(was);
    for (size_t i = 0; i < VOCABULARY * WIDTH; i++) head[i] = o.head[i] * 1.5f;
    for (size_t d = 0; d < WIDTH; d++) gain[d] = 2 * o.gain[d], bias[d] = 2 * o.bias[d];
    o = (struct transformer_output){gain, bias, head};
    if (transformer_save_with_output(dir, out, &o, NULL, &e) != 0) fail_msg("%s", e.message);

    struct transformer *is = load(out);
    assert_false(transformer_config(is)->tied_embeddings);
    float *before = mem_array(TOKENS * WIDTH, sizeof *before), *after = mem_array(TOKENS * WIDTH, sizeof *after);
    run(was, before);
    run(is, after);
    assert_memory_equal(after, before, TOKENS * WIDTH * sizeof *after);
    float *want = mem_array(VOCABULARY, sizeof *want), *got = mem_array(VOCABULARY, sizeof *got);
    transformer_logits(was, before + (TOKENS - 1) * WIDTH, want);
    transformer_logits(is, after + (TOKENS - 1) * WIDTH, got);
    for (size_t v = 0; v < VOCABULARY; v++)
        if (fabsf(got[v] - 3 * want[v]) > 1e-3f) fail_msg("logit %zu: %g, was %g", v, (double)got[v], (double)want[v]);

    // What was saved can be saved again, its own head replaced.
    if (transformer_save_with_output(out, again, &o, NULL, &e) != 0) fail_msg("%s", e.message);
    assert_same_file(out, again, "model.safetensors");
    assert_same_file(out, again, "config.json");
    free(want), free(got), free(before), free(after), free(head);
    transformer_free(was), transformer_free(is);
    temp_folder_remove(out), temp_folder_remove(again);
}

static void what_is_saved_loads_with_the_new_output_side(void **state)
{
    (void)state;
    save_and_compare(SAMPLE_MODEL);
    char *plain = copy_model(ST_F32, 0); // names without a prefix
    save_and_compare(plain);
    temp_folder_remove(plain);
}

static void the_tokenizer_goes_along(void **state)
{
    (void)state;
    char *out = temp_folder();
    struct err e = {0};
    struct transformer *t = load(SAMPLE_MODEL);
    struct transformer_output o = transformer_output(t);
    assert_int_equal(transformer_save_with_output(SAMPLE_MODEL, out, &o, NULL, &e), 0);
    assert_same_file(SAMPLE_MODEL, out, "tokenizer.json");
    assert_same_file(SAMPLE_MODEL, out, "tokenizer_config.json");
    transformer_free(t);
    temp_folder_remove(out);
}

static void a_stop_leaves_no_weights(void **state)
{
    (void)state;
    char *out = temp_folder(), *path = file_join(out, "model.safetensors");
    struct err e = {0};
    struct transformer *t = load(SAMPLE_MODEL);
    struct transformer_output o = transformer_output(t);
    atomic_int stop;
    atomic_init(&stop, 1);
    assert_int_equal(transformer_save_with_output(SAMPLE_MODEL, out, &o, &stop, &e), HW_ECANCELLED);
    assert_false(file_exists(path));
    transformer_free(t);
    free(path);
    temp_folder_remove(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_loads_with_the_new_output_side),
        cmocka_unit_test(the_tokenizer_goes_along),
        cmocka_unit_test(a_stop_leaves_no_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
