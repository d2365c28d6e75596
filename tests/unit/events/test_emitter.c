// Each event of the contract: its channel, its name, its fields.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "bus/bus.h"
#include "events/emitter.h"

static struct msg *last;

static void keep(void *ctx, struct msg *m)
{
    (void)ctx;
    msg_unref(last);
    last = msg_ref(m);
}

struct fixture {
    struct bus *bus;
    struct emitter *em;
};

static int setup(void **state)
{
    static struct fixture f;
    f.bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    f.bus->deliver = keep;
    f.em = emitter_new(f.bus);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    emitter_free(f->em);
    f->bus->ops->free(f->bus);
    msg_unref(last);
    last = NULL;
    return 0;
}

// The last event was this one, and its members beside the common four are these.
static void expect(const char *channel, const char *event, enum msg_class cls, const char *members)
{
    assert_non_null(last);
    assert_true(slice_is(msg_channel(last), channel));
    assert_true(slice_is(msg_event(last), event));
    assert_int_equal(msg_class_of(last), cls);
    struct err e;
    json_t *payload = json_read_object(msg_payload(last), &e);
    json_t *expected = json_read_object(slice_str(members), &e);
    assert_non_null(payload);
    assert_non_null(expected);
    const char *common[] = {"channel", "epoch", "seq", "ts"};
    for (int i = 0; i < 4; i++) assert_int_equal(json_object_del(payload, common[i]), 0);
    if (!json_equal(payload, expected)) {
        char *text = json_dumps(payload, JSON_COMPACT);
        fail_msg("%s: payload is %s", event, text);
    }
    json_decref(payload);
    json_decref(expected);
}

static void training_events(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct ev_layer layers[] = {{2, 0.5, 0.25, 3}, {5, NAN, NAN, NAN}};
    struct ev_training_progress p = {"trn_1", 10, 40,  25, 0.5, 0.25, 1.5,    NAN, NAN,
                                     0.001,   2,  100, 3,  2.5, NAN,  layers, 2};
    assert_int_equal(emit_training_progress(em, &p), 1);
    expect("trainings/trn_1/progress", "training:progress", MSG_STATE,
           "{\"training_id\":\"trn_1\",\"current_step\":10,\"total_steps\":40,\"progress\":25,\"loss\":0.5,"
           "\"l0_sparsity\":0.25,\"l1_sparsity\":1.5,\"dead_neurons\":null,\"explained_variance\":null,"
           "\"learning_rate\":0.001,\"grad_norm\":2,\"samples_per_second\":100,\"eta_seconds\":3,\"eta_low\":2.5,"
           "\"eta_high\":null,\"layers\":[{\"layer_idx\":2,\"loss\":0.5,\"l0_sparsity\":0.25,\"dead_neurons\":3},"
           "{\"layer_idx\":5,\"loss\":null,\"l0_sparsity\":null,\"dead_neurons\":null}]}");
    assert_int_equal(emit_training_created(em, "trn_1", SLICE_LIT("{\"id\":\"trn_1\"}")), 2);
    expect("trainings/trn_1/progress", "training:created", MSG_LIFECYCLE, "{\"id\":\"trn_1\"}");
    assert_int_equal(emit_training_status_changed(em, "trn_1", "running", "queued", -1, 0), 3);
    expect("trainings/trn_1/progress", "training:status_changed", MSG_LIFECYCLE,
           "{\"training_id\":\"trn_1\",\"status\":\"running\",\"previous\":\"queued\",\"current_step\":null,"
           "\"progress\":0}");
    assert_int_equal(emit_training_completed(em, "trn_1", 0.125, 12.5), 4);
    expect("trainings/trn_1/progress", "training:completed", MSG_LIFECYCLE,
           "{\"training_id\":\"trn_1\",\"progress\":100,\"final_loss\":0.125,\"duration_seconds\":12.5}");
    struct ev_failure f = {"OOM", "no memory", SLICE_LIT("{\"batch_size\":4}"), 62.5, true};
    assert_int_equal(emit_training_failed(em, "trn_1", &f), 5);
    expect("trainings/trn_1/progress", "training:failed", MSG_LIFECYCLE,
           "{\"training_id\":\"trn_1\",\"progress\":62.5,\"error_type\":\"OOM\",\"error_message\":\"no memory\","
           "\"suggested_retry_params\":{\"batch_size\":4}}");
    assert_int_equal(emit_training_deleted(em, "trn_1", "job_1"), 1); // of the second channel
    expect("operations", "training:deleted", MSG_LIFECYCLE, "{\"training_id\":\"trn_1\",\"job_id\":\"job_1\"}");
    struct ev_checkpoint c = {"trn_1", "ckp_1", "/data/c", 500, 1024, 0.25, true};
    assert_int_equal(emit_checkpoint_created(em, &c), 1);
    expect("trainings/trn_1/checkpoints", "checkpoint:created", MSG_LIFECYCLE,
           "{\"training_id\":\"trn_1\",\"checkpoint_id\":\"ckp_1\",\"step\":500,\"loss\":0.25,\"is_best\":true,"
           "\"storage_path\":\"/data/c\",\"size_bytes\":1024}");
}

static void extraction_and_dataset_events(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct ev_extraction_progress x = {"mdl_1", "ext_1", "extracting", NULL, 50, 10, NAN, 40, 80};
    const char *fields = "{\"model_id\":\"mdl_1\",\"extraction_id\":\"ext_1\",\"phase\":\"extracting\",\"progress\":50,"
                         "\"samples_processed\":40,\"samples_total\":80,\"samples_per_second\":10,"
                         "\"eta_seconds\":null,\"message\":null}";
    assert_true(emit_extraction_progress(em, &x) > 0);
    expect("models/mdl_1/extraction", "extraction:progress", MSG_STATE, fields);
    assert_true(emit_extraction_completed(em, &x) > 0);
    expect("models/mdl_1/extraction", "extraction:completed", MSG_LIFECYCLE, fields);
    struct ev_failure f = {"OOM", "m", {0}, 30, true};
    assert_true(emit_extraction_failed(em, "mdl_1", "ext_1", &f) > 0);
    expect("models/mdl_1/extraction", "extraction:failed", MSG_LIFECYCLE,
           "{\"model_id\":\"mdl_1\",\"extraction_id\":\"ext_1\",\"progress\":30,\"error_type\":\"OOM\","
           "\"error_message\":\"m\",\"suggested_retry_params\":null,\"retry_available\":true}");
    struct ev_dataset_progress d = {"dst_1", "tokenize", "encoding", "documents", "half", 60, 12, 4, 5, -1};
    assert_true(emit_dataset_progress(em, &d) > 0);
    expect("datasets/dst_1/progress", "dataset:progress", MSG_STATE,
           "{\"dataset_id\":\"dst_1\",\"operation\":\"tokenize\",\"phase\":\"encoding\",\"progress\":60,\"done\":5,"
           "\"total\":null,\"unit\":\"documents\",\"rate\":12,\"eta_seconds\":4,\"message\":\"half\"}");
    assert_true(emit_dataset_completed(em, &d) > 0);
    assert_true(slice_is(msg_event(last), "dataset:completed"));
    assert_true(emit_dataset_failed(em, &d, &f) > 0);
    assert_true(slice_is(msg_event(last), "dataset:failed"));
    assert_true(emit_dataset_deleted(em, "dst_1", "job_1") > 0);
    expect("operations", "dataset:deleted", MSG_LIFECYCLE, "{\"dataset_id\":\"dst_1\",\"job_id\":\"job_1\"}");
    assert_true(emit_model_deleted(em, "mdl_1", "") > 0);
    expect("operations", "model:deleted", MSG_LIFECYCLE, "{\"model_id\":\"mdl_1\",\"job_id\":null}");
}

static void model_events(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct ev_model_progress m = {.model_id = "mdl_1",
                                  .status = "downloading",
                                  .file = "model.safetensors",
                                  .progress = 33.339,
                                  .bytes_per_second = 12345678.9,
                                  .eta_seconds = 61.26,
                                  .bytes_done = 1000,
                                  .bytes_total = 3000,
                                  .file_index = 2,
                                  .file_count = 4};
    assert_true(emit_model_progress(em, &m) > 0);
    expect("models/mdl_1/progress", "model:progress", MSG_STATE,
           "{\"model_id\":\"mdl_1\",\"status\":\"downloading\",\"progress\":33.33,\"bytes_done\":1000,\"bytes_total\":"
           "3000,"
           "\"bytes_per_second\":12350000,\"file\":\"model.safetensors\",\"file_index\":2,\"file_count\":4,\"eta_"
           "seconds\":61.3,\"message\":null}");
    m.status = "ready";
    m.progress = 100;
    m.file = NULL;
    m.file_index = m.file_count = -1;
    m.bytes_done = 3000;
    m.bytes_per_second = m.eta_seconds = NAN;
    assert_true(emit_model_completed(em, &m) > 0);
    expect("models/mdl_1/progress", "model:completed", MSG_LIFECYCLE,
           "{\"model_id\":\"mdl_1\",\"status\":\"ready\",\"progress\":100,\"bytes_done\":3000,\"bytes_total\":3000,"
           "\"bytes_per_second\":null,\"file\":null,\"file_index\":null,\"file_count\":null,\"eta_seconds\":null,"
           "\"message\":null}");
    struct ev_failure f = {"NETWORK", "no route", {0}, 33.339, true};
    m.status = "failed";
    assert_true(emit_model_failed(em, &m, &f) > 0);
    expect("models/mdl_1/progress", "model:failed", MSG_LIFECYCLE,
           "{\"model_id\":\"mdl_1\",\"status\":\"failed\",\"progress\":33.33,\"bytes_done\":3000,\"bytes_total\":3000,"
           "\"bytes_per_second\":null,\"file\":null,\"file_index\":null,\"file_count\":null,\"eta_seconds\":null,"
           "\"message\":null,\"error_type\":\"NETWORK\","
           "\"error_message\":\"no route\",\"suggested_retry_params\":null,\"retry_available\":true}");
}

static void progress_of_any_entity(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct ev_progress p = {.status = "running",
                            .phase = "rendering",
                            .unit = "frames",
                            .phase_index = 1,
                            .phase_count = 2,
                            .progress = 12.5,
                            .rate = 3.14159,
                            .eta_seconds = 7,
                            .done = 10,
                            .total = 80};
    assert_int_equal(emit_progress(em, "render", "r_1", &p), 1);
    expect("renders/r_1/progress", "render:progress", MSG_STATE,
           "{\"render_id\":\"r_1\",\"status\":\"running\",\"phase\":\"rendering\",\"phase_index\":1,\"phase_count\":2,"
           "\"progress\":12.5,\"done\":10,\"total\":80,\"unit\":\"frames\",\"rate\":3.142,\"eta_seconds\":7,"
           "\"message\":null}");
    assert_int_equal(emit_progress(em, "re nder", "r_1", &p), HW_EINVALID);
    assert_int_equal(emit_progress(em, "an_entity_whose_name_is_longer_than_any_would_be", "r_1", &p), HW_EINVALID);
}

static void job_events(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct ev_job j = {.job_id = "job_1",
                       .kind = "command",
                       .at = {.status = "running",
                              .message = "tick",
                              .progress = NAN,
                              .rate = NAN,
                              .eta_seconds = NAN,
                              .done = 3,
                              .total = -1}};
    assert_true(emit_job_progress(em, &j) > 0);
    expect("jobs/job_1/progress", "job:progress", MSG_STATE,
           "{\"job_id\":\"job_1\",\"kind\":\"command\",\"status\":\"running\",\"phase\":null,"
           "\"phase_index\":null,\"phase_count\":null,\"progress\":null,\"done\":3,\"total\":null,\"unit\":null,"
           "\"rate\":null,\"eta_seconds\":null,\"message\":\"tick\"}");
    assert_true(emit_job_status_changed(em, &j) > 0);
    assert_int_equal(msg_class_of(last), MSG_LIFECYCLE);
    assert_true(emit_job_completed(em, &j) > 0);
    assert_true(slice_is(msg_event(last), "job:completed"));
    struct ev_failure f = {"TIMEOUT", "late", {0}, 10, false};
    assert_true(emit_job_failed(em, &j, &f) > 0);
    assert_true(slice_is(msg_event(last), "job:failed"));
    struct ev_log_line lines[] = {{7, 1700000000123000, "stderr", SLICE_LIT("a\"b\xff")}};
    assert_true(emit_job_logs(em, "job_1", lines, 1) > 0);
    expect("jobs/job_1/logs", "log:lines", MSG_LIFECYCLE,
           "{\"job_id\":\"job_1\",\"lines\":[{\"seq\":7,\"ts\":\"2023-11-14T22:13:20.123Z\",\"stream\":\"stderr\","
           "\"text\":\"a\\\"b\\uFFFD\"}]}");
    assert_true(emit_job_resources(em, "job_1", SLICE_LIT("{\"source\":\"measured\"}")) > 0);
    expect("jobs/job_1/resources", "job:resources", MSG_STATE, "{\"source\":\"measured\"}");
}

static void operations_and_system_events(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    struct slice body = SLICE_LIT("{\"id\":1}");
    assert_int_equal(emit_operation_created(em, body), 1);
    expect("operations", "operation:created", MSG_LIFECYCLE, "{\"id\":1}");
    assert_int_equal(emit_operation_updated(em, body), 2);
    // Another job's update must not replace this one's.
    expect("operations", "operation:updated", MSG_LIFECYCLE, "{\"id\":1}");
    assert_int_equal(emit_operation_finished(em, body), 3);
    assert_true(emit_cpu_metrics(em, body) > 0);
    expect("system/cpu", "system:metrics", MSG_STATE, "{\"id\":1}");
    assert_true(emit_memory_metrics(em, body) > 0);
    assert_true(emit_disk_metrics(em, body) > 0);
    assert_true(emit_network_metrics(em, body) > 0);
    expect("system/network", "system:metrics", MSG_STATE, "{\"id\":1}");
    assert_true(emit_system_metrics(em, "disk", body) > 0);
    expect("system/disk", "system:metrics", MSG_STATE, "{\"id\":1}");
    assert_int_equal(emit_system_metrics(em, "no such/kind/of channel", body), HW_EINVALID);
    assert_true(emit_gpu_metrics(em, 3, body) > 0);
    expect("system/gpu/3", "system:metrics", MSG_STATE, "{\"id\":1}");
    assert_true(emit_host_metrics(em, "box-2.lan", "gpu-3", body) > 0);
    expect("hosts/box-2.lan/gpu-3", "system:metrics", MSG_STATE, "{\"id\":1}");
    assert_int_equal(emit_host_metrics(em, "box/2", "gpu-3", body), HW_EINVALID);
    assert_int_equal(emit_host_metrics(em, "", "cpu", body), HW_EINVALID);
}

static void a_bad_id_is_an_error_and_publishes_nothing(void **state)
{
    struct emitter *em = ((struct fixture *)*state)->em;
    assert_int_equal(emit_training_completed(em, "a b", 0, 0), HW_EINVALID);
    assert_int_equal(emit_training_completed(em, "", 0, 0), HW_EINVALID);
    assert_int_equal(emit_training_completed(em, NULL, 0, 0), HW_EINVALID);
    char longest[400];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(emit_training_completed(em, longest, 0, 0), HW_EINVALID);
    assert_null(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(training_events, setup, teardown),
        cmocka_unit_test_setup_teardown(extraction_and_dataset_events, setup, teardown),
        cmocka_unit_test_setup_teardown(model_events, setup, teardown),
        cmocka_unit_test_setup_teardown(progress_of_any_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(job_events, setup, teardown),
        cmocka_unit_test_setup_teardown(operations_and_system_events, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_id_is_an_error_and_publishes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
