// Reports: what a job says, stored once, shown as it is, and how it ended.
#include "jobs/queue_entities.h"

#define STARTED "{\"type\":\"started\",\"pid\":7}"

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

// ---- how it ended -------------------------------------------------------------------------------------------------

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
        cmocka_unit_test(a_batch_that_comes_twice_counts_once),
        cmocka_unit_test(one_malformed_line_is_told_and_costs_no_other),
        cmocka_unit_test(a_malformed_body_is_refused_by_the_name_of_what_is_wrong),
        cmocka_unit_test(progress_never_goes_back_and_a_hundred_is_only_the_end),
        cmocka_unit_test(a_hundred_is_the_ends_own_even_if_one_report_brings_everything),
        cmocka_unit_test(held_back_progress_is_always_sent_in_the_end),
        cmocka_unit_test(log_lines_are_numbered_stored_and_sent),
        cmocka_unit_test(failures_are_classified_and_say_what_to_try),
        cmocka_unit_test(the_last_words_are_found_among_earlier_reports),
        cmocka_unit_test(texts_that_are_too_long_end_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
