// The task `extract` when something is wrong with what it is given, when it is cancelled, when the disk is full: an
// error that names the thing, and nothing left behind.
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "extract_run.h"
#include "task/activation_writer.h"

// ---- what it refuses -----------------------------------------------------------------------------------------------

static void parameters_that_can_not_work_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *more, *field, *says;
    } cases[] = {
        {"", "layers", "layers must be"},
        {",\"layers\":[]", "layers", "layers must be"},
        {",\"layers\":[4]", "layers", "4 is out of range; the model has blocks 0 to 3"},
        {",\"layers\":[-1]", "layers", "-1 is out of range"},
        {",\"layers\":[1,1]", "layers", "twice"},
        {",\"layers\":[\"1\"]", "layers", "whole numbers"},
        {",\"layers\":[0],\"hooks\":[\"query\"]", "hooks", "query is unknown; residual, mlp and attention"},
        {",\"layers\":[0],\"hooks\":[]", "hooks", "hooks must be"},
        {",\"layers\":[0],\"context_length\":257", "context_length", "the model has 256 positions"},
        {",\"layers\":[0],\"context_length\":0", "context_length", "1 to"},
        {",\"layers\":[0],\"dtype\":\"f64\"", "dtype", "f32 and f16"},
        {",\"layers\":[0],\"batch_size\":0", "batch_size", "1 to"},
        {",\"layers\":[0],\"shard_rows\":0", "shard_rows", "1 to"},
        {",\"layers\":[0],\"threads\":-1", "threads", "0 to"},
        {",\"layers\":[0],\"max_samples\":-1", "max_samples", "0 to"},
        {",\"layers\":[0],\"context_length\":101", "tokens_path", "100 ids"},
    };
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(100);
    write_tokens(&r, ids, 100, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_on(&r, SAMPLE_MODEL, cases[i].more);
        if (r.rc != HW_EVALIDATION || strcmp(r.e.field, cases[i].field) != 0 || !strstr(r.e.message, cases[i].says))
            fail_msg("%s: %d %s: %s", cases[i].more, r.rc, r.e.field, r.e.message);
        assert_nothing_left(&r);
    }
    free(ids);
    run_release(&r);
}

static void an_id_beyond_the_vocabulary_is_named_by_shard_and_position(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(400);
    ids[250] = VOCABULARY;
    write_tokens(&r, ids, 400, 100);
    run_on(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_EVALIDATION);
    assert_non_null(strstr(r.e.message, "tokens_00002.bin: the id at position 50 is 4096"));
    assert_nothing_left(&r);
    run_well(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32,\"max_samples\":7"); // it isn't used then
    free(ids);
    run_release(&r);
}

static void tokens_that_are_not_whole_are_refused(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(400);
    write_tokens(&r, ids, 400, 100);
    char *shard = file_join(r.tokens, "tokens_00001.bin");
    assert_int_equal(truncate(shard, 399), 0);
    run_on(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_EEOF);
    assert_non_null(strstr(r.e.message, "tokens_00001.bin has 399 bytes; 100 ids need 400"));
    assert_int_equal(unlink(shard), 0);
    run_on(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_ENOTFOUND);
    write_text(r.tokens, "index.json", "{\"format\":\"headway-tokens\",\"version\":2,\"dtype\":\"uint32\"}");
    run_on(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_EUNSUPPORTED);
    assert_nothing_left(&r);
    free(shard);
    free(ids);
    run_release(&r);
}

static void a_truncated_model_is_refused_with_its_place(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(100);
    write_tokens(&r, ids, 100, 100);
    char *model = temp_folder();
    copy_file(SAMPLE_MODEL "/config.json", model, "config.json", SIZE_MAX);
    copy_file(SAMPLE_MODEL "/model.safetensors", model, "model.safetensors", 1500000);
    run_on(&r, model, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_EEOF);
    assert_non_null(strstr(r.e.message, "model.safetensors: truncated: tensor transformer.h.0.mlp.c_proj.weight"));
    assert_nothing_left(&r);
    temp_folder_remove(model);
    free(ids);
    run_release(&r);
}

// A model of the sample's shape whose weights of one tensor are all `value`.
static char *spoiled_model(const char *tensor, float value)
{
    char *dir = copy_model(ST_F32, 1), *path = file_join(dir, "model.safetensors");
    struct safetensors *s;
    struct err e = {0};
    assert_int_equal(safetensors_open(path, &s, &e), 0);
    const struct st_tensor *t = safetensors_get(s, tensor);
    assert_non_null(t);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)t->offset, SEEK_SET), 0);
    for (size_t i = 0; i < t->count; i++) assert_int_equal(fwrite(&value, sizeof value, 1, f), 1);
    assert_int_equal(fclose(f), 0);
    safetensors_close(s);
    free(path);
    return dir;
}

static void activations_that_are_not_finite_are_an_error(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(320);
    write_tokens(&r, ids, 320, 320);
    char *model = spoiled_model("transformer.h.1.mlp.c_proj.bias", NAN);
    run_on(&r, model, ",\"layers\":[0,1],\"context_length\":32,\"threads\":2,\"batch_size\":2");
    assert_int_equal(r.rc, HW_EINVALID);
    assert_non_null(strstr(r.e.message, "layer 1, residual: the activation of row "));
    assert_non_null(strstr(r.e.message, "is not finite"));
    assert_nothing_left(&r);
    temp_folder_remove(model);
    model = spoiled_model("transformer.h.1.mlp.c_proj.bias", 1e5f);
    run_on(&r, model, ",\"layers\":[1],\"context_length\":32,\"dtype\":\"f16\"");
    assert_int_equal(r.rc, HW_EVALIDATION);
    assert_string_equal(r.e.field, "dtype");
    assert_non_null(strstr(r.e.message, "doesn't fit f16"));
    assert_nothing_left(&r);
    temp_folder_remove(model);
    free(ids);
    run_release(&r);
}

static void an_earlier_attempt_is_replaced_but_never_a_folder_with_something_else(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(100);
    write_tokens(&r, ids, 100, 100);
    char *stale = mem_printf("%s.tmp/layer_00_residual", r.output);
    struct err e = {0};
    assert_int_equal(file_mkdirs(stale, &e), 0);
    write_text(stale, "shard_00099.safetensors", "left behind");
    run_well(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_false(file_exists(stale));
    char *left = file_join(r.output, "layer_00_residual/shard_00099.safetensors");
    assert_false(file_exists(left));
    run_well(&r, SAMPLE_MODEL, ",\"layers\":[1],\"context_length\":32");
    char *first = file_join(r.output, "layer_00_residual"), *metadata = file_join(r.output, "metadata.json");
    assert_false(file_exists(first));
    assert_int_equal(unlink(metadata), 0);
    run_on(&r, SAMPLE_MODEL, ",\"layers\":[0],\"context_length\":32");
    assert_int_equal(r.rc, HW_ECONFLICT);
    assert_string_equal(r.e.field, "output_dir");
    free(first), free(metadata), free(left), free(stale), free(ids);
    run_release(&r);
}

// ---- cancelling and running out of room ----------------------------------------------------------------------------

struct cancelled_run {
    struct task t;
    struct err e;
    int rc;
};

static void *run_task(void *arg)
{
    struct cancelled_run *c = arg;
    c->rc = task_extract(&c->t, &c->e);
    return NULL;
}

static void cancelling_leaves_nothing(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    enum { IDS = 1 << 20 }; // tens of seconds of work
    uint32_t *ids = some_ids(IDS);
    write_tokens(&r, ids, IDS, IDS);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct wire_writer *out = wire_writer_new(fds[1]);
    json_t *o = params(&r, SAMPLE_MODEL, ",\"layers\":[0,3],\"threads\":2,\"shard_rows\":1000");
    struct cancelled_run c = {.t = {.params = o, .out = out, .stop = &r.stop}};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_task, &c), 0);
    // Wait until samples are written, then stop.
    FILE *in = fdopen(fds[0], "r");
    assert_non_null(in);
    for (bool extracting = false; !extracting;) {
        json_t *line = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(line);
        const char *unit = json_string_value(json_object_get(line, "unit"));
        extracting = unit && strcmp(unit, "samples") == 0 && json_integer_value(json_object_get(line, "done")) > 0;
        json_decref(line);
    }
    char *shard = mem_printf("%s.tmp/layer_00_residual", r.output);
    assert_true(file_exists(shard));
    atomic_store(&r.stop, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(c.rc, HW_ECANCELLED);
    assert_nothing_left(&r);
    free(shard);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(close(fds[1]), 0);
    wire_writer_free(out);
    json_decref(o);
    free(ids);
    run_release(&r);
}

enum { CHILD_FINE = 0, CHILD_WRONG = 1, CHILD_CANT = 77 };

static bool write_line(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (!f) return false;
    bool ok = fputs(text, f) >= 0;
    return fclose(f) == 0 && ok;
}

// Mounts a file system of 256 KiB at `dir` for this process alone, as the root of a new user namespace (in which mounts
// don't reach the outside).
static bool mount_small_disk(const char *dir)
{
    char users[40], groups[40];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)getuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getgid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_line("/proc/self/setgroups", "deny") &&
           write_line("/proc/self/uid_map", users) && write_line("/proc/self/gid_map", groups) &&
           mount("none", dir, "tmpfs", 0, "size=256k") == 0;
}

static int fill_a_small_disk(const char *dir, const struct run *r)
{
    if (!mount_small_disk(dir)) return CHILD_CANT;
    char *text = mem_printf("{\"model_path\":\"" SAMPLE_MODEL "\",\"tokens_path\":\"%s\",\"output_dir\":\"%s/out\","
                            "\"layers\":[0],\"threads\":1}",
                            r->tokens, dir);
    json_t *o = json_loads(text, 0, NULL);
    atomic_int stop;
    atomic_init(&stop, 0);
    struct wire_writer *out = wire_writer_new(-1);
    struct task t = {.params = o, .out = out, .stop = &stop};
    struct err e = {0};
    int rc = task_extract(&t, &e);
    wire_writer_free(out);
    json_decref(o);
    free(text);
    char *tmp = file_join(dir, "out.tmp");
    bool clean = !file_exists(tmp);
    free(tmp);
    if (rc != HW_EDISKFULL || !clean || !strstr(e.message, "are free")) return CHILD_WRONG;

    // And where the room was there at first, but not when it was wanted.
    char *folder = mem_strdup(dir);
    struct activation_writer *w = activation_writer_new(1, &folder, 2000, 1000, WIDTH, ST_F32);
    float *zero = mem_array(1000 * WIDTH, sizeof *zero);
    rc = activation_writer_put(w, 0, 0, 1000, zero, &e);
    activation_writer_free(w);
    char *shard = file_join(dir, "shard_00000.safetensors");
    clean = !file_exists(shard);
    free(shard), free(zero), free(folder);
    return rc == HW_EDISKFULL && clean && strstr(e.message, "shard_00000.safetensors") ? CHILD_FINE : CHILD_WRONG;
}

static void a_full_disk_is_an_error_of_its_own(void **state)
{
    (void)state;
    struct run r;
    run_init(&r);
    uint32_t *ids = some_ids(8192);
    write_tokens(&r, ids, 8192, 8192);
    char *disk = file_join(r.dir, "disk");
    struct err e = {0};
    assert_int_equal(file_mkdirs(disk, &e), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(fill_a_small_disk(disk, &r));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    free(disk);
    free(ids);
    run_release(&r);
    if (WEXITSTATUS(status) == CHILD_CANT) skip(); // this system lets nobody but root mount
    assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_that_can_not_work_are_named),
        cmocka_unit_test(an_id_beyond_the_vocabulary_is_named_by_shard_and_position),
        cmocka_unit_test(tokens_that_are_not_whole_are_refused),
        cmocka_unit_test(a_truncated_model_is_refused_with_its_place),
        cmocka_unit_test(activations_that_are_not_finite_are_an_error),
        cmocka_unit_test(an_earlier_attempt_is_replaced_but_never_a_folder_with_something_else),
        cmocka_unit_test(cancelling_leaves_nothing),
        cmocka_unit_test(a_full_disk_is_an_error_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
