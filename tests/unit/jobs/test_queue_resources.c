// What a job uses: the newest reading while it runs, an estimate where it sends none, the sum with its row.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#define STARTED "{\"type\":\"started\",\"pid\":7}"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_resources_are_kept_while_the_job_runs),
        cmocka_unit_test(a_job_without_readings_is_estimated_by_kind_and_phase),
        cmocka_unit_test(what_a_job_used_is_kept_with_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
