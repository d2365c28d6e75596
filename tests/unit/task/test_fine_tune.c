// The fine_tune job from end to end, on a tiny model and ids that follow a rule: that it learns, what it writes, what
// it refuses, how it stops and goes on.
#include <math.h>
#include <unistd.h>

#include "task/fine_tune_data.h"
#include "task/task.h"
#include "tiny_model.h"

enum { IDS = 4000, CONTEXT = 16 };

struct fixture {
    char *dir, *model, *tokens;
};

static void write_ids(const char *dir, const uint32_t *ids, size_t n)
{
    struct err e = {0};
    char *index = mem_printf("{\"format\":\"headway-tokens\",\"version\":1,\"dtype\":\"uint32\",\"tokens\":%zu,"
                             "\"documents\":1,\"vocab_size\":%d,\"separator\":0,\"sha256\":\"\",\"shards\":["
                             "{\"file\":\"tokens_00000.bin\",\"tokens\":%zu}]}",
                             n, TINY_VOCABULARY, n);
    char *path = file_join(dir, "tokens_00000.bin");
    if (file_mkdirs(dir, &e) != 0 || file_write_atomic(path, slice_of(ids, n * sizeof *ids), &e) != 0)
        fail_msg("%s", e.message);
    write_text(dir, "index.json", index);
    free(path);
    free(index);
}

// Two ids out of three follow from the one before; the third is chance.
static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    f->dir = temp_folder();
    f->model = file_join(f->dir, "model");
    f->tokens = file_join(f->dir, "tokens");
    tiny_model(f->model);
    struct rng r;
    rng_seed(&r, 1, 0);
    uint32_t *ids = mem_array(IDS, sizeof *ids);
    for (size_t i = 1; i < IDS; i++)
        ids[i] = rng_below(&r, 3) ? (ids[i - 1] * 5 + 3) % TINY_VOCABULARY : (uint32_t)rng_below(&r, TINY_VOCABULARY);
    write_ids(f->tokens, ids, IDS);
    free(ids);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    free(f->model), free(f->tokens);
    temp_folder_remove(f->dir);
    free(f);
    return 0;
}

// ---- running the job ----------------------------------------------------------------------------------------------

struct run {
    int rc;
    struct err e;
    json_t *lines; // what it wrote, in order
    char *out;     // its output folder
};

struct asked {
    int stop, pause, finish; // from the beginning
};

// `changes`: members that replace or add to the small job's parameters; "%" in a string is the fixture's folder.
static struct run run_job(const struct fixture *f, const char *name, const char *changes, struct asked asked)
{
    struct run r = {.lines = json_array(), .out = file_join(f->dir, name)};
    struct buf text = BUF_INIT;
    for (const char *c = changes; *c; c++)
        if (*c == '%')
            buf_add_str(&text, f->dir);
        else
            buf_add_char(&text, *c == '\'' ? '"' : *c);
    json_t *params = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:i}", "model_path", f->model,
                               "tokens_path", f->tokens, "output_dir", r.out, "context_length", CONTEXT, "rank", 4,
                               "batch_size", 6, "total_steps", 40, "holdout_samples", 40, "log_every", 10,
                               "checkpoint_every", 20, "learning_rate", 0.02, "threads", 1);
    json_t *more = json_read_object(buf_slice(&text), &r.e);
    if (!params || !more) fail_msg("%s: %s", buf_cstr(&text), r.e.message);
    json_object_update(params, more);
    char *log = mem_printf("%s/%s.log", f->dir, name);
    FILE *file = fopen(log, "w+");
    assert_non_null(file);
    atomic_int stop, pause, finish;
    atomic_init(&stop, asked.stop);
    atomic_init(&pause, asked.pause);
    atomic_init(&finish, asked.finish);
    struct wire_writer *w = wire_writer_new(fileno(file));
    struct task t = {.params = params, .out = w, .stop = &stop, .pause = &pause, .finish = &finish};
    r.rc = task_fine_tune(&t, &r.e);
    wire_writer_free(w);
    rewind(file);
    for (json_t *line; (line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL));) json_array_append_new(r.lines, line);
    assert_int_equal(fclose(file), 0);
    free(log);
    json_decref(params);
    json_decref(more);
    buf_release(&text);
    return r;
}

static struct run run_well(const struct fixture *f, const char *name, const char *changes)
{
    struct run r = run_job(f, name, changes, (struct asked){0});
    if (r.rc) fail_msg("%s", r.e.message);
    return r;
}

static void run_release(struct run *r)
{
    json_decref(r->lines);
    free(r->out);
}

static bool is_type(const json_t *line, const char *type)
{
    return strcmp(json_string_value(json_object_get(line, "type")), type) == 0;
}

static const json_t *last_line(const struct run *r, const char *type)
{
    const json_t *last = json_array_get(r->lines, json_array_size(r->lines) - 1);
    if (!is_type(last, type)) fail_msg("the last line isn't %s", type);
    return last;
}

static double number(const json_t *line, const char *key)
{
    const json_t *v = json_object_get(line, key);
    if (!json_is_number(v)) fail_msg("%s is no number", key);
    return json_number_value(v);
}

static bool exists(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    bool yes = file_exists(path);
    free(path);
    return yes;
}

static void assert_same_file(const char *dir_a, const char *dir_b, const char *name)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    struct err e;
    char *path_a = file_join(dir_a, name), *path_b = file_join(dir_b, name);
    if (file_read(path_a, 1 << 26, &a, &e) || file_read(path_b, 1 << 26, &b, &e)) fail_msg("%s", e.message);
    if (!slice_eq(buf_slice(&a), buf_slice(&b))) fail_msg("%s and %s differ", path_a, path_b);
    buf_release(&a), buf_release(&b);
    free(path_a), free(path_b);
}

// ---- what it does -------------------------------------------------------------------------------------------------

static void held_out_loss_falls_and_the_model_written_has_it(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_well(f, "out", "{'total_steps':200}");
    const json_t *result = last_line(&r, "result");
    double before = number(result, "held_out_loss_before"), after = number(result, "final_loss");
    if (!(after < before - 0.3)) fail_msg("%g nats before, %g after", before, after);
    assert_int_equal(number(result, "steps"), 200);
    assert_true(json_is_false(json_object_get(result, "stopped_early")));
    assert_true(exists(r.out, "model/model.safetensors") && !exists(r.out, "model.tmp"));

    // The model that was written begins where this run ended.
    struct run again = run_well(f, "again", "{'model_path':'%/out/model','total_steps':1,'learning_rate':1e-12}");
    double start = number(last_line(&again, "result"), "held_out_loss_before");
    if (fabs(start - after) > 1e-4) fail_msg("%g nats at the end, %g from the model written", after, start);
    run_release(&r), run_release(&again);
}

static void it_tells_metrics_progress_and_checkpoints(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_well(f, "out", "{}");
    static const int metric_steps[] = {1, 10, 20, 30, 40}, checkpoint_steps[] = {20, 40};
    size_t i, metrics = 0, checkpoints = 0;
    double done = 0;
    json_t *line;
    json_array_foreach(r.lines, i, line)
    {
        if (is_type(line, "metric")) {
            assert_int_equal(number(line, "step"), metric_steps[metrics++]);
            assert_true(json_is_null(json_object_get(line, "layer")));
            assert_true(number(line, "loss") > 0 && number(line, "grad_norm") > 0);
            assert_true(number(line, "learning_rate") > 0 && number(line, "samples_per_second") > 0);
            bool scored = metrics == 3 || metrics == 5;
            assert_int_equal(json_object_get(line, "held_out_loss") != NULL, scored);
        } else if (is_type(line, "checkpoint")) {
            assert_int_equal(number(line, "step"), checkpoint_steps[checkpoints++]);
            assert_true(file_exists(json_string_value(json_object_get(line, "path"))));
            assert_true(json_is_true(json_object_get(line, "is_best")));
            assert_true(number(line, "size_bytes") > 3 * 4 * (TINY_VOCABULARY + TINY_WIDTH) * 4);
        } else if (is_type(line, "progress")) {
            assert_true(number(line, "done") >= done);
            done = number(line, "done");
            assert_int_equal(number(line, "total"), 40);
        }
    }
    assert_int_equal(metrics, 5);
    assert_int_equal(checkpoints, 2);
    assert_int_equal(done, 40);
    run_release(&r);
}

static void threads_and_a_resume_change_nothing(void **state)
{
    const struct fixture *f = *state;
    struct run one = run_well(f, "one", "{}"), three = run_well(f, "three", "{'threads':3}");
    struct run rest = run_well(f, "rest", "{'resume_from':'%/one/checkpoints/step_00000020.safetensors'}");
    const char *const files[] = {"model/model.safetensors", "checkpoints/step_00000040.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        assert_same_file(one.out, three.out, files[i]);
        assert_same_file(one.out, rest.out, files[i]);
    }
    assert_true(number(last_line(&one, "result"), "held_out_loss_before") ==
                number(last_line(&rest, "result"), "held_out_loss_before"));
    assert_false(exists(rest.out, "checkpoints/step_00000020.safetensors"));
    run_release(&one), run_release(&three), run_release(&rest);
}

static void a_pause_says_from_where_to_go_on(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_job(f, "none", "{}", (struct asked){.pause = 1});
    assert_int_equal(r.rc, 0);
    assert_null(json_object_get(last_line(&r, "paused"), "resume"));
    assert_false(exists(r.out, "model"));
    run_release(&r);
    r = run_well(f, "one", "{}");
    run_release(&r);
    r = run_job(f, "rest", "{'resume_from':'%/one/checkpoints/step_00000020.safetensors'}", (struct asked){.pause = 1});
    assert_int_equal(r.rc, 0);
    const char *from =
        json_string_value(json_object_get(json_object_get(last_line(&r, "paused"), "resume"), "resume_from"));
    assert_non_null(from);
    assert_non_null(strstr(from, "/one/checkpoints/step_00000020.safetensors"));
    run_release(&r);
}

static void asked_to_finish_it_leaves_what_it_has(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_job(f, "out", "{}", (struct asked){.finish = 1});
    assert_int_equal(r.rc, 0);
    const json_t *result = last_line(&r, "result");
    assert_int_equal(number(result, "steps"), 1);
    assert_true(json_is_true(json_object_get(result, "stopped_early")));
    assert_true(exists(r.out, "model/model.safetensors"));
    assert_true(exists(r.out, "checkpoints/step_00000001.safetensors"));
    run_release(&r);
}

static void cancelled_it_leaves_no_model(void **state)
{
    const struct fixture *f = *state;
    struct run r = run_job(f, "out", "{}", (struct asked){.stop = 1});
    assert_int_equal(r.rc, HW_ECANCELLED);
    assert_false(exists(r.out, "model") || exists(r.out, "model.tmp"));
    run_release(&r);
}

static void what_a_killed_attempt_left_is_removed(void **state)
{
    const struct fixture *f = *state;
    char *checkpoints = file_join(f->dir, "out/checkpoints"), *half = file_join(f->dir, "out/model.tmp");
    struct err e;
    assert_int_equal(file_mkdirs(checkpoints, &e), 0);
    assert_int_equal(file_mkdirs(half, &e), 0);
    write_text(checkpoints, "step_00000020.safetensors.tmp.1", "half");
    struct run r = run_well(f, "out", "{}");
    assert_false(exists(checkpoints, "step_00000020.safetensors.tmp.1") || file_exists(half));
    run_release(&r);
    // The same job again replaces its own model, but not what isn't one.
    r = run_well(f, "out", "{}");
    run_release(&r);
    char *model = file_join(f->dir, "out/model");
    assert_int_equal(file_remove_tree(model, &e), 0);
    assert_int_equal(file_mkdirs(model, &e), 0);
    write_text(model, "notes.txt", "mine");
    r = run_job(f, "out", "{}", (struct asked){0});
    assert_int_equal(r.rc, HW_ECONFLICT);
    assert_true(exists(model, "notes.txt"));
    run_release(&r);
    free(checkpoints), free(half), free(model);
}

static void what_can_not_work_is_refused_with_the_field(void **state)
{
    const struct fixture *f = *state;
    struct run good = run_well(f, "good", "{}");
    uint32_t bad[IDS] = {[IDS - 1] = TINY_VOCABULARY};
    char *tokens = file_join(f->dir, "bad_tokens");
    write_ids(tokens, bad, IDS);
    write_text(f->dir, "no_checkpoint.safetensors", "{}");
    static const struct {
        const char *changes, *field;
    } cases[] = {
        {"{'model_path':''}", "model_path"},
        {"{'tokens_path':''}", "tokens_path"},
        {"{'context_length':33}", "context_length"},
        {"{'rank':17}", "rank"},
        {"{'rank':0}", "rank"},
        {"{'holdout_samples':125}", "holdout_samples"}, // of 249 rows
        {"{'learning_rate':0}", "learning_rate"},
        {"{'resume_from':'%/nowhere'}", "resume_from"},
        {"{'resume_from':'%/no_checkpoint.safetensors'}", "resume_from"},
        {"{'resume_from':'%/good/checkpoints/step_00000020.safetensors','rank':5}", "resume_from"},
        {"{'resume_from':'%/good/checkpoints/step_00000020.safetensors','total_steps':10}", "total_steps"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r = run_job(f, "refused", cases[i].changes, (struct asked){0});
        if (r.rc == 0 || strcmp(r.e.field, cases[i].field) != 0)
            fail_msg("%s: %d, field %s: %s", cases[i].changes, r.rc, r.e.field, r.e.message);
        assert_false(exists(r.out, "model"));
        run_release(&r);
    }
    struct run r = run_well(f, "most", "{'holdout_samples':124}"); // of 249: just under half
    run_release(&r);
    r = run_job(f, "refused", "{'tokens_path':'%/bad_tokens'}", (struct asked){0});
    assert_int_equal(r.rc, HW_EVALIDATION);
    assert_non_null(strstr(r.e.message, "tokens_00000.bin"));
    run_release(&r), run_release(&good);
    free(tokens);
}

static void held_out_rows_are_never_trained_on(void **state)
{
    const struct fixture *f = *state;
    static const int held_out[] = {1, 40, 83, 124}; // of (IDS - 1) / CONTEXT = 249 rows
    for (size_t c = 0; c < sizeof held_out / sizeof *held_out; c++) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:i}", "model_path", f->model, "tokens_path", f->tokens,
                              "output_dir", f->dir, "context_length", CONTEXT, "holdout_samples", held_out[c]);
        struct fine_tune_params p;
        struct err e = {0};
        atomic_int stop;
        atomic_init(&stop, 0);
        if (fine_tune_params_read(&p, o, &e) != 0) fail_msg("%s", e.message);
        struct fine_tune_data *d = fine_tune_data_open(&p, &stop, &e);
        if (!d) fail_msg("%s", e.message);
        const int rows = (IDS - 1) / CONTEXT, period = rows / held_out[c];
        assert_int_equal(fine_tune_data_train_rows(d), rows - held_out[c]);
        int64_t wanted = 0;
        for (int64_t i = 0; i < rows - held_out[c]; i++, wanted++) {
            if (wanted % period == period - 1 && wanted / period < held_out[c]) wanted++; // the last of its period
            assert_int_equal(fine_tune_data_train_row(d, i), wanted);
        }
        assert_true(wanted <= rows);
        fine_tune_data_close(d);
        json_decref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(held_out_loss_falls_and_the_model_written_has_it, setup, teardown),
        cmocka_unit_test_setup_teardown(held_out_rows_are_never_trained_on, setup, teardown),
        cmocka_unit_test_setup_teardown(it_tells_metrics_progress_and_checkpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_and_a_resume_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pause_says_from_where_to_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(asked_to_finish_it_leaves_what_it_has, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled_it_leaves_no_model, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_attempt_left_is_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_work_is_refused_with_the_field, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
