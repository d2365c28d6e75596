// The train_sae job that stops and goes on: what a checkpoint holds, what it goes on with, which it refuses.
#include "train_sae_run.h"

#include <pthread.h>

// ---- resuming ----

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

// ---- stopping ----

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_run_equals_an_uninterrupted_one),
        cmocka_unit_test(finished_checkpoint_resumes_to_its_evaluation),
        cmocka_unit_test(resuming_into_the_same_folder_replaces_later_checkpoints),
        cmocka_unit_test(checkpoint_of_another_shape_is_refused),
        cmocka_unit_test(stopping_keeps_finished_checkpoints_and_nothing_half_done),
        cmocka_unit_test(stop_before_the_start_is_honoured),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
