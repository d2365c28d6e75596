// Reports: what a job says, stored once, shown as it is, and how it ended.
#include "jobs/queue_fixture.h"

static int make_training(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    const char *layers = ctx;
    struct training_row t;
    training_row_init(&t);
    memcpy(t.id, job->entity_id, sizeof t.id);
    t.status = mem_strdup("queued");
    t.layers = mem_strdup(layers);
    t.total_steps = 1000;
    t.params = mem_strdup("{}");
    t.created_at = job->created_at;
    int rc = training_row_insert(tx, &t, e);
    training_row_release(&t);
    return rc;
}

static int make_dataset(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    (void)ctx;
    struct dataset_row d;
    dataset_row_init(&d);
    memcpy(d.id, job->entity_id, sizeof d.id);
    d.name = mem_strdup("corpus");
    d.path = mem_strdup("/corpus.jsonl");
    d.status = mem_strdup("ready");
    d.created_at = job->created_at;
    int rc = dataset_row_insert(tx, &d, e);
    dataset_row_release(&d);
    return rc;
}

static int make_extraction(struct store_tx *tx, void *ctx, const struct job_row *job, struct err *e)
{
    (void)ctx;
    struct extraction_row x;
    extraction_row_init(&x);
    memcpy(x.id, job->entity_id, sizeof x.id);
    snprintf(x.model_id, sizeof x.model_id, "mdl_1");
    x.status = mem_strdup("queued");
    x.created_at = job->created_at;
    int rc = extraction_row_insert(tx, &x, e);
    extraction_row_release(&x);
    return rc;
}

// Submits a training over `layers` (a JSON array) and claims it.
static void begin_training(struct fixture *f, char *layers, struct held *h)
{
    char worker[ID_SIZE];
    struct queue_submission s = {.kind = "train_sae",
                                 .resource_class = "cpu",
                                 .entity_type = "training",
                                 .entity_id = "trn_1",
                                 .params = SLICE_LIT("{\"batch_size\":64}"),
                                 .spec = SLICE_LIT("{\"batch_size\":64,\"total_steps\":1000}"),
                                 .determinate = true,
                                 .also = make_training,
                                 .also_ctx = layers};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    job_row_release(&a.job);
    register_worker(f, worker);
    claim_one(f, worker, h);
}

#define STARTED "{\"type\":\"started\",\"pid\":7}"

// ---- a training from end to end -----------------------------------------------------------------------------------

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

// ---- once ---------------------------------------------------------------------------------------------------------

static int count_of(struct fixture *f, const struct held *h)
{
    struct look l = {.id = h->job_id};
    look_at(f, look_logs, &l);
    job_logs_free(l.logs, l.n_logs);
    return l.n_logs;
}

static void a_batch_that_comes_twice_counts_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    const char *events = STARTED ",{\"type\":\"output\",\"stream\":\"stdout\",\"text\":\"hello\"}";
    json_t *a = report_batch(f, &h, 1, events);
    json_decref(a);
    int published = f->n_events;
    a = report_batch(f, &h, 1, events);
    assert_true(json_is_true(json_object_get(a, "ok")));
    json_decref(a);
    assert_int_equal(count_of(f, &h), 1);
    assert_int_equal(f->n_events, published);
    // The last batch too, after which the job is no more.
    a = report_batch(f, &h, 2, "{\"type\":\"exited\",\"code\":0}");
    json_decref(a);
    a = report_batch(f, &h, 2, "{\"type\":\"exited\",\"code\":0}");
    assert_true(json_is_true(json_object_get(a, "ok")));
    json_decref(a);
    assert_int_equal(events_named(f, "job:completed", NULL), 1);
    fixture_free(f);
}

static void one_malformed_line_is_told_and_costs_no_other(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"progress\",\"done\":\"many\"},{\"type\":\"progress\",\"done\":3,\"total\":4},"
                      "{\"type\":\"from_the_future\"}");
    struct job_row r = job_now(f, h.job_id);
    assert_true(r.progress == 75);
    job_row_release(&r);
    struct look l = {.id = h.job_id};
    look_at(f, look_logs, &l);
    assert_int_equal(l.n_logs, 1);
    assert_non_null(strstr(l.logs[0].text, "done"));
    job_logs_free(l.logs, l.n_logs);
    fixture_free(f);
}

static void a_malformed_body_is_refused_by_the_name_of_what_is_wrong(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    const struct {
        const char *body, *field;
    } bad[] = {{"{}", "batch"},
               {"{\"batch\":0,\"reports\":[]}", "batch"},
               {"{\"batch\":1}", "reports"},
               {"{\"batch\":1,\"reports\":[7]}", "reports"},
               {"{\"batch\":1,\"reports\":[{\"lease\":\"x\"}]}", "job_id"},
               {"{\"batch\":1,\"reports\":[{\"job_id\":\"job_1\"}]}", "lease"},
               {"{\"batch\":1,\"reports\":[{\"job_id\":\"job_1\",\"lease\":\"x\",\"events\":{}}]}", "events"}};
    register_worker(f, worker);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct report_answer a = do_report(f, worker, bad[i].body);
        assert_int_equal(a.rc, HW_EVALIDATION);
        assert_string_equal(a.e.field, bad[i].field);
    }
    fixture_free(f);
}

// ---- progress and logs --------------------------------------------------------------------------------------------

static void progress_never_goes_back_and_a_hundred_is_only_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    const char *steps[] = {STARTED, "{\"type\":\"progress\",\"done\":50,\"total\":100}",
                           "{\"type\":\"progress\",\"done\":20,\"total\":100}",
                           "{\"type\":\"progress\",\"done\":100,\"total\":100}"};
    double before = 0;
    for (int i = 0; i < 4; i++) {
        f->now += SECOND;
        report_ok(f, &h, steps[i]);
        struct job_row r = job_now(f, h.job_id);
        assert_true(r.progress >= before && r.progress < 100);
        before = r.progress;
        job_row_release(&r);
    }
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    struct job_row r = job_now(f, h.job_id);
    assert_true(r.progress == 100);
    assert_int_equal(r.lease_until, 0);
    assert_true(isnan(r.eta_seconds));
    job_row_release(&r);
    report_lost(f, &h, "{\"type\":\"progress\",\"done\":1,\"total\":100}");
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void a_hundred_is_the_ends_own_even_if_one_report_brings_everything(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    char layers[] = "[0]";
    begin_training(f, layers, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"phase\",\"name\":\"training\",\"index\":1,\"count\":1,\"from\":0,\"to\":100},"
                      "{\"type\":\"progress\",\"done\":1000,\"total\":1000,\"unit\":\"steps\"},"
                      "{\"type\":\"metric\",\"step\":1000,\"layer\":null,\"loss\":0.25},"
                      "{\"type\":\"exited\",\"code\":0,\"signal\":null}");
    json_t *p;
    assert_true(events_named(f, "training:progress", &p) >= 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 99.99);
    assert_true(json_number_value(json_object_get(p, "loss")) == 0.25); // the last values are told
    json_decref(p);
    assert_true(events_named(f, "job:progress", &p) >= 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 99.99);
    assert_string_equal(json_string_value(json_object_get(p, "status")), "running");
    json_decref(p);
    assert_int_equal(events_named(f, "job:completed", &p), 1);
    assert_true(json_number_value(json_object_get(p, "progress")) == 100);
    json_decref(p);
    fixture_free(f);
}

static void held_back_progress_is_always_sent_in_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    f->now += SECOND;
    fixture_pass(f, 0);
    fixture_forget_events(f);
    for (int i = 1; i <= 30; i++) {
        char event[96];
        f->now += 1000;
        snprintf(event, sizeof event, "{\"type\":\"progress\",\"done\":%d,\"total\":100}", i);
        report_ok(f, &h, event);
    }
    assert_int_equal(events_named(f, "job:progress", NULL), 1);
    assert_int_equal(events_named(f, "operation:updated", NULL), 0); // one went out just before
    assert_true(f->armed <= f->now + 50000);
    fixture_pass(f, SECOND);
    json_t *p;
    assert_int_equal(events_named(f, "job:progress", &p), 2);
    assert_int_equal(json_integer_value(json_object_get(p, "done")), 30);
    json_decref(p);
    assert_int_equal(events_named(f, "operation:updated", &p), 1);
    assert_int_equal(json_integer_value(json_object_get(p, "done")), 30);
    json_decref(p);
    fixture_free(f);
}

static void log_lines_are_numbered_stored_and_sent(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"output\",\"stream\":\"stdout\",\"text\":\"one\"},"
                      "{\"type\":\"output\",\"stream\":\"stderr\",\"text\":\"two\"}");
    report_ok(f, &h, "{\"type\":\"log\",\"level\":\"info\",\"text\":\"three\"}");
    struct look l = {.id = h.job_id};
    look_at(f, look_logs, &l);
    assert_int_equal(l.n_logs, 3);
    const char *streams[] = {"stdout", "stderr", "log"}, *texts[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(l.logs[i].seq, i + 1);
        assert_string_equal(l.logs[i].stream, streams[i]);
        assert_string_equal(l.logs[i].text, texts[i]);
    }
    job_logs_free(l.logs, l.n_logs);
    json_t *p;
    assert_int_equal(events_named(f, "log:lines", &p), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(p, "lines"), 0), "seq")), 3);
    json_decref(p);
    fixture_free(f);
}

static void the_newest_resources_are_kept_while_the_job_runs(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"resources\",\"source\":\"measured\",\"seq\":9,\"job_id\":\"job_other\"}");
    char *expected = mem_printf("{\"job_id\":\"%s\",\"source\":\"measured\"}", h.job_id);
    assert_true(slice_is(queue_job_resources(f->q, h.job_id), expected));
    free(expected);
    assert_int_equal(events_named(f, "job:resources", NULL), 1);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    assert_int_equal(queue_job_resources(f->q, h.job_id).n, 0);
    fixture_free(f);
}

// ---- how it ended -------------------------------------------------------------------------------------------------

// Of a job that sends no readings it is said what such a job uses, without a number.
static void a_job_without_readings_is_estimated_by_kind_and_phase(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    json_t *last = NULL;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED);
    assert_int_equal(events_named(f, "job:resources", NULL), 0);
    assert_true(f->armed <= f->now + 3 * SECOND);
    f->now += 3 * SECOND;
    queue_tick(f->q);
    assert_int_equal(events_named(f, "job:resources", &last), 1);
    assert_string_equal(json_string_value(json_object_get(last, "source")), "estimated");
    assert_string_equal(json_string_value(json_array_get(json_object_get(last, "expected"), 0)), "cpu");
    assert_true(json_is_null(json_object_get(last, "cpu_percent")));
    assert_true(json_is_null(json_object_get(last, "gpus")));
    json_decref(last);
    report_ok(f, &h, "{\"type\":\"phase\",\"name\":\"downloading\"}");
    f->now += 3 * SECOND;
    queue_tick(f->q);
    assert_int_equal(events_named(f, "job:resources", &last), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(last, "expected"), 0)), "disk");
    json_decref(last);
    // A reading ends it, whatever the phase.
    report_ok(f, &h, "{\"type\":\"resources\",\"source\":\"measured\",\"cpu_percent\":1}");
    report_ok(f, &h, "{\"type\":\"phase\",\"name\":\"computing\"}");
    f->now += 4 * SECOND;
    queue_tick(f->q);
    assert_int_equal(events_named(f, "job:resources", NULL), 3);
    fixture_free(f);
}

// What a job used is in its row with every report, so a server that is killed loses none of it.
static void what_a_job_used_is_kept_with_its_row(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h,
              STARTED ",{\"type\":\"resources\",\"ts\":\"2026-01-01T00:00:00Z\",\"source\":\"measured\","
                      "\"cpu_percent\":null,\"rss_bytes\":1000,\"gpus\":[]}");
    report_ok(f, &h,
              "{\"type\":\"resources\",\"ts\":\"2026-01-01T00:00:02Z\",\"source\":\"measured\","
              "\"cpu_percent\":50,\"rss_bytes\":3000,\"read_bytes_per_s\":4,\"write_bytes_per_s\":null,"
              "\"gpus\":[]}");
    static const char *const expected = "{\"source\":\"measured\",\"seconds\":2,\"cpu_percent\":{\"mean\":50,"
                                        "\"peak\":50},\"rss_bytes\":{\"mean\":3000,\"peak\":3000},"
                                        "\"read_bytes\":8,\"write_bytes\":null,\"gpus\":[]}";
    struct job_row row = job_now(f, h.job_id);
    assert_string_equal(row.usage, expected);
    job_row_release(&row);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":0}");
    row = job_now(f, h.job_id);
    assert_string_equal(row.usage, expected);
    job_row_release(&row);
    fixture_free(f);
}

static void failures_are_classified_and_say_what_to_try(void **state)
{
    (void)state;
    const struct {
        const char *events, *type, *suggestion;
    } ends[] = {
        {"{\"type\":\"error\",\"error_type\":\"OOM\",\"message\":\"no memory\"},{\"type\":\"exited\",\"code\":1}",
         "OOM", "{\"batch_size\":4}"},
        {"{\"type\":\"error\",\"error_type\":\"OOM\",\"message\":\"m\",\"params\":{\"batch_size\":2}},"
         "{\"type\":\"exited\",\"code\":1}",
         "OOM", "{\"batch_size\":2}"},
        {"{\"type\":\"exited\",\"code\":null,\"signal\":9,\"oom_killed\":true}", "OOM", "{\"batch_size\":4}"},
        {"{\"type\":\"exited\",\"code\":null,\"signal\":11}", "UNKNOWN", NULL},
        {"{\"type\":\"output\",\"stream\":\"stderr\",\"text\":\"No space left on device\"},"
         "{\"type\":\"exited\",\"code\":1}",
         "DISK_FULL", NULL},
        {"{\"type\":\"error\",\"error_type\":\"VALIDATION\",\"message\":\"bad\"},{\"type\":\"exited\",\"code\":2}",
         "VALIDATION", NULL},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct fixture *f = fixture_new();
        struct held h;
        begin_job(f, 1, &h);
        report_ok(f, &h, STARTED ",{\"type\":\"progress\",\"done\":42,\"total\":100}");
        report_ok(f, &h, ends[i].events);
        struct job_row r = job_now(f, h.job_id);
        assert_string_equal(r.status, "failed");
        assert_string_equal(r.error_type, ends[i].type);
        assert_true(strlen(r.error_message) > 0);
        assert_true(r.progress == 42);
        if (ends[i].suggestion)
            assert_string_equal(r.suggested_retry_params, ends[i].suggestion);
        else
            assert_null(r.suggested_retry_params);
        job_row_release(&r);
        json_t *p;
        assert_int_equal(events_named(f, "job:failed", &p), 1);
        assert_string_equal(json_string_value(json_object_get(p, "error_type")), ends[i].type);
        json_decref(p);
        fixture_free(f);
    }
}

static void the_last_words_are_found_among_earlier_reports(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin_job(f, 1, &h);
    report_ok(f, &h, STARTED ",{\"type\":\"output\",\"stream\":\"stderr\",\"text\":\"MemoryError: too big\"}");
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":1}");
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.error_type, "OOM");
    assert_non_null(strstr(r.error_message, "too big"));
    job_row_release(&r);
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

// PostgreSQL takes no half of a character, and the job's end with it.
static void texts_that_are_too_long_end_with_a_whole_character(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    struct buf euros = BUF_INIT; // three bytes each: few bounds are multiples of it
    for (int i = 0; i < 300; i++) buf_add_str(&euros, "\xE2\x82\xAC");
    begin_job(f, 1, &h);
    char *events = mem_printf("{\"type\":\"started\",\"pid\":7},{\"type\":\"phase\",\"name\":\"%s\"},"
                              "{\"type\":\"progress\",\"done\":1,\"total\":2,\"unit\":\"%s\"},"
                              "{\"type\":\"error\",\"error_type\":\"UNKNOWN\",\"message\":\"%s\"},"
                              "{\"type\":\"exited\",\"code\":1}",
                              buf_cstr(&euros), buf_cstr(&euros), buf_cstr(&euros));
    report_ok(f, &h, events);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "failed");
    const char *const texts[] = {r.phase, r.unit, r.error_message};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(strlen(texts[i]) > 0 && strlen(texts[i]) % 3 == 0);
        assert_memory_equal(texts[i], euros.p, strlen(texts[i]));
    }
    job_row_release(&r);
    buf_release(&euros);
    free(events);
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
        cmocka_unit_test(a_batch_that_comes_twice_counts_once),
        cmocka_unit_test(one_malformed_line_is_told_and_costs_no_other),
        cmocka_unit_test(a_malformed_body_is_refused_by_the_name_of_what_is_wrong),
        cmocka_unit_test(progress_never_goes_back_and_a_hundred_is_only_the_end),
        cmocka_unit_test(a_hundred_is_the_ends_own_even_if_one_report_brings_everything),
        cmocka_unit_test(held_back_progress_is_always_sent_in_the_end),
        cmocka_unit_test(log_lines_are_numbered_stored_and_sent),
        cmocka_unit_test(the_newest_resources_are_kept_while_the_job_runs),
        cmocka_unit_test(a_job_without_readings_is_estimated_by_kind_and_phase),
        cmocka_unit_test(what_a_job_used_is_kept_with_its_row),
        cmocka_unit_test(failures_are_classified_and_say_what_to_try),
        cmocka_unit_test(the_last_words_are_found_among_earlier_reports),
        cmocka_unit_test(a_training_that_fails_keeps_its_progress_and_says_why),
        cmocka_unit_test(texts_that_are_too_long_end_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
