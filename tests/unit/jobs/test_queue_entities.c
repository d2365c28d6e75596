// What a job is for goes along with it: trainings, datasets and extractions from the first report to the result.
#include "jobs/queue_entities.h"

#define STARTED "{\"type\":\"started\",\"pid\":7}"

// ---- a training ---------------------------------------------------------------------------------------------------

static void emit_training_progress_flow(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[0,2]";
    begin_training(f, layers, &h);
    json_t *p;
    assert_int_equal(events_named(f, "training:created", &p), 1);
    assert_string_equal(json_string_value(json_object_get(p, "channel")), "trainings/trn_1/progress");
    json_decref(p);
    f->now += SECOND;
    report_ok(f, &h,
              STARTED ",{\"type\":\"phase\",\"name\":\"training\",\"index\":1,\"count\":1,\"from\":0,\"to\":100}");
    f->now += SECOND;
    report_ok(f, &h,
              "{\"type\":\"progress\",\"done\":500,\"total\":2000,\"unit\":\"steps\"},"
              "{\"type\":\"metric\",\"step\":250,\"layer\":0,\"loss\":0.5,\"l0_sparsity\":30,\"dead_neurons\":1},"
              "{\"type\":\"metric\",\"step\":250,\"layer\":2,\"loss\":0.3,\"l0_sparsity\":20,\"dead_neurons\":3},"
              "{\"type\":\"metric\",\"step\":250,\"layer\":null,\"loss\":0.4,\"l0_sparsity\":25,\"cosine\":0.9},"
              "{\"type\":\"checkpoint\",\"step\":250,\"layer\":2,\"path\":\"/c/250\",\"loss\":0.3,\"size_bytes\":10}");
    struct look l = {.id = "trn_1"};
    look_at(f, look_training, &l);
    assert_string_equal(l.training.status, "running");
    assert_true(l.training.progress == 25);
    assert_int_equal(l.training.current_step, 250);
    assert_true(l.training.loss == 0.4);
    assert_int_equal(l.metrics.n, 3);
    assert_int_equal(l.metrics.rows[0].layer_idx, METRIC_LAYER_ALL);
    assert_string_equal(l.metrics.rows[0].extra, "{\"cosine\":0.9}");
    assert_int_equal(l.n_checkpoints, 1);
    look_training_release(&l);
    assert_true(events_named(f, "training:progress", &p) >= 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 25);
    assert_int_equal(json_integer_value(json_object_get(p, "current_step")), 250);
    assert_int_equal(json_array_size(json_object_get(p, "layers")), 2);
    json_t *second = json_array_get(json_object_get(p, "layers"), 1);
    assert_int_equal(json_integer_value(json_object_get(second, "layer_idx")), 2);
    assert_true(json_number_value(json_object_get(second, "loss")) == 0.3);
    json_decref(p);
    assert_int_equal(events_named(f, "checkpoint:created", &p), 1);
    assert_string_equal(json_string_value(json_object_get(p, "storage_path")), "/c/250");
    json_decref(p);
    f->now += SECOND;
    report_ok(f, &h,
              "{\"type\":\"progress\",\"done\":2000,\"total\":2000,\"unit\":\"steps\"},"
              "{\"type\":\"result\",\"final_loss\":0.125,\"output_path\":\"/out\"},{\"type\":\"exited\",\"code\":0}");
    look_at(f, look_training, &l);
    assert_string_equal(l.training.status, "completed");
    assert_true(l.training.progress == 100);
    assert_int_equal(l.training.current_step, 1000);
    assert_true(l.training.final_loss == 0.125);
    assert_true(l.training.duration_seconds == 2);
    assert_string_equal(l.training.output_path, "/out");
    look_training_release(&l);
    assert_int_equal(events_named(f, "training:completed", &p), 1);
    assert_true(json_number_value(json_object_get(p, "final_loss")) == 0.125);
    json_decref(p);
    assert_true(event_place(f, "training:created") < event_place(f, "training:status_changed"));
    assert_int_equal(events_named(f, "operation:finished", NULL), 1);
    assert_int_equal(queue_lost_events(f->q), 0);
    fixture_free(f);
}

static void a_training_of_one_layer_shows_that_layers_values(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[3]";
    begin_training(f, layers, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"metric\",\"step\":10,\"layer\":3,\"loss\":0.7,\"learning_rate\":0.01}");
    report_ok(f, &h, "{\"type\":\"metric\",\"step\":20,\"layer\":3,\"loss\":null}");
    struct look l = {.id = "trn_1"};
    look_at(f, look_training, &l);
    assert_true(isnan(l.training.loss)); // it diverged: the last good value would be a lie
    assert_int_equal(l.metrics.n, 2);
    look_training_release(&l);
    fixture_free(f);
}

static void never_again_25_an_attempt_that_starts_again_replaces_the_curve(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[3]";
    begin_training(f, layers, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"metric\",\"step\":10,\"layer\":3,\"loss\":1},"
                      "{\"type\":\"metric\",\"step\":20,\"layer\":3,\"loss\":1},"
                      "{\"type\":\"metric\",\"step\":30,\"layer\":3,\"loss\":1},{\"type\":\"exited\",\"code\":1}");
    struct job_answer a = do_retry(f, h.job_id, NULL);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    struct look l = {.id = "trn_1"};
    look_at(f, look_training, &l);
    assert_string_equal(l.training.status, "queued");
    assert_true(l.training.progress == 0);
    assert_null(l.training.error_type);
    assert_int_equal(l.metrics.n, 3);
    look_training_release(&l);
    struct held again;
    claim_one(f, h.worker_id, &again);
    report_ok(f, &again, STARTED ",{\"type\":\"metric\",\"step\":20,\"layer\":3,\"loss\":2}");
    look_at(f, look_training, &l);
    assert_int_equal(l.metrics.n, 2);
    assert_true(l.metrics.rows[1].loss == 2);
    look_training_release(&l);
    // The first attempt's job says something more: the training is no longer its.
    report_lost(f, &h, "{\"type\":\"heartbeat\"}");
    fixture_free(f);
}

static void a_training_that_fails_keeps_its_progress_and_says_why(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[3]";
    begin_training(f, layers, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"progress\",\"done\":420,\"total\":1000,\"unit\":\"steps\"}");
    report_ok(f, &h,
              "{\"type\":\"error\",\"error_type\":\"OOM\",\"message\":\"no memory\"},{\"type\":\"exited\",\"code\":1}");
    struct look l = {.id = "trn_1"};
    look_at(f, look_training, &l);
    assert_string_equal(l.training.status, "failed");
    assert_true(l.training.progress == 42);
    assert_string_equal(l.training.error_type, "OOM");
    look_training_release(&l);
    json_t *p;
    assert_int_equal(events_named(f, "training:failed", &p), 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 42);
    json_t *suggested = json_object_get(p, "suggested_retry_params");
    assert_int_equal(json_integer_value(json_object_get(suggested, "batch_size")), 32);
    json_decref(p);
    fixture_free(f);
}

// ---- a tokenization, an extraction ---------------------------------------------------------------------------------

static void emit_dataset_progress_flow(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    struct held h;
    struct queue_submission s = {.kind = "tokenize",
                                 .resource_class = "cpu",
                                 .entity_type = "dataset",
                                 .entity_id = "dst_1",
                                 .determinate = true,
                                 .also = make_dataset};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    struct look l = {.id = "dst_1"};
    look_at(f, look_dataset, &l);
    assert_string_equal(l.dataset.status, "tokenizing");
    assert_string_equal(l.dataset.tokenize_job_id, a.job.id);
    assert_int_equal(l.dataset.tokens, -1);
    dataset_row_release(&l.dataset);
    job_row_release(&a.job);
    s.also = NULL;
    a = do_submit(f, &s);
    assert_int_equal(a.rc, HW_ECONFLICT); // one at a time
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, &h);
    // A phase without numbers is placed by the kind's table.
    report_ok(f, &h,
              STARTED ",{\"type\":\"phase\",\"name\":\"encoding\",\"index\":4,\"count\":6},"
                      "{\"type\":\"progress\",\"done\":1,\"total\":2,\"unit\":\"bytes\"}");
    json_t *p;
    assert_true(events_named(f, "dataset:progress", &p) >= 1);
    assert_string_equal(json_string_value(json_object_get(p, "operation")), "tokenize");
    assert_true(json_number_value(json_object_get(p, "progress")) == 60);
    json_decref(p);
    report_ok(f, &h,
              "{\"type\":\"result\",\"tokens\":1000,\"documents\":10,\"vocab_size\":500,\"tokens_path\":\"/t\"},"
              "{\"type\":\"exited\",\"code\":0}");
    look_at(f, look_dataset, &l);
    assert_string_equal(l.dataset.status, "tokenized");
    assert_int_equal(l.dataset.tokens, 1000);
    assert_int_equal(l.dataset.documents, 10);
    assert_string_equal(l.dataset.tokens_path, "/t");
    dataset_row_release(&l.dataset);
    assert_int_equal(events_named(f, "dataset:completed", NULL), 1);
    fixture_free(f);
}

struct look_extraction {
    struct simple done; // first: simple_done gets this
    struct extraction_row row;
};

static int look_extraction(struct store_tx *tx, void *ctx, struct err *e)
{
    struct look_extraction *l = ctx;
    return extraction_row_get(tx, "ext_1", &l->row, e);
}

static void emit_extraction_progress_flow(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    struct held h;
    struct queue_submission s = {.kind = "extract",
                                 .resource_class = "cpu",
                                 .entity_type = "extraction",
                                 .entity_id = "ext_1",
                                 .determinate = true,
                                 .also = make_extraction};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"phase\",\"name\":\"extracting\",\"index\":2,\"count\":3,\"from\":10,\"to\":90},"
                      "{\"type\":\"progress\",\"done\":50,\"total\":100,\"unit\":\"samples\"}");
    json_t *p;
    assert_true(events_named(f, "extraction:progress", &p) >= 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 50);
    assert_int_equal(json_integer_value(json_object_get(p, "samples_processed")), 50);
    assert_string_equal(json_string_value(json_object_get(p, "channel")), "models/mdl_1/extraction");
    json_decref(p);
    report_ok(f, &h,
              "{\"type\":\"result\",\"rows\":100,\"vectors\":6400,\"width\":64,\"activations_path\":\"/a\"},"
              "{\"type\":\"exited\",\"code\":0}");
    struct look_extraction l = {0};
    store_read(f->store, look_extraction, simple_done, &l);
    fixture_run(f, &l.done.over);
    assert_int_equal(l.done.rc, 0);
    assert_string_equal(l.row.status, "completed");
    assert_int_equal(l.row.vectors, 6400);
    assert_string_equal(l.row.activations_path, "/a");
    extraction_row_release(&l.row);
    assert_int_equal(events_named(f, "extraction:completed", NULL), 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emit_training_progress_flow),
        cmocka_unit_test(a_training_of_one_layer_shows_that_layers_values),
        cmocka_unit_test(never_again_25_an_attempt_that_starts_again_replaces_the_curve),
        cmocka_unit_test(emit_dataset_progress_flow),
        cmocka_unit_test(emit_extraction_progress_flow),
        cmocka_unit_test(a_training_that_fails_keeps_its_progress_and_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
