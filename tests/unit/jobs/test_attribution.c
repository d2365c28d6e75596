#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants those four first.
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/attribution.h"
#include "jobs/estimate.h"

static json_t *parsed(const char *text)
{
    struct err e = {0};
    json_t *v = json_read_object(slice_str(text), &e);
    if (!v) fail_msg("%s: %s", e.message, text);
    return v;
}

static json_t *attributed(const char *system, const char *const *resources, int n)
{
    static const char *const ids[] = {"job_a", "job_b", "job_c", "job_d"};
    struct attribution_job jobs[4];
    json_t *held[4], *s = parsed(system);
    for (int i = 0; i < n; i++) {
        held[i] = resources[i] ? parsed(resources[i]) : NULL;
        jobs[i] = (struct attribution_job){ids[i], held[i]};
    }
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    attribution_write(&w, s, jobs, n);
    json_t *out = parsed(buf_cstr(&b));
    buf_release(&b);
    json_decref(s);
    for (int i = 0; i < n; i++) json_decref(held[i]);
    return out;
}

static void assert_part(const json_t *whole, const char *key, const char *expected)
{
    char *text = json_to_text(json_object_get(whole, key));
    assert_string_equal(text, expected);
    free(text);
}

static const char *const machine =
    "{\"system/cpu\":{\"host\":\"here\",\"percent\":50,\"count\":4},"
    "\"system/memory\":{\"ram\":{\"total\":1000,\"used\":400}},"
    "\"system/disk\":{\"read_rate\":100,\"write_rate\":null},"
    "\"system/gpu/0\":{\"gpu_id\":0,\"memory_used\":500,\"memory_total\":800,\"utilization\":90}}";

static void each_job_has_its_share_and_the_rest_is_nobodys(void **state)
{
    (void)state;
    const char *const jobs[] = {
        "{\"source\":\"measured\",\"cpu_percent\":120.5,\"rss_bytes\":100,\"read_bytes_per_s\":30,"
        "\"write_bytes_per_s\":5,\"gpus\":[{\"gpu_id\":0,\"memory_bytes\":300,\"utilization\":null}]}",
        "{\"source\":\"measured\",\"cpu_percent\":null,\"rss_bytes\":50,\"read_bytes_per_s\":null,"
        "\"write_bytes_per_s\":null,\"gpus\":[]}",
    };
    json_t *a = attributed(machine, jobs, 2);
    assert_part(a, "host", "\"here\"");
    assert_part(a, "cpu",
                "{\"used_percent\":200,\"total_percent\":400,\"jobs\":["
                "{\"job_id\":\"job_a\",\"cpu_percent\":120.5,\"source\":\"measured\"},"
                "{\"job_id\":\"job_b\",\"cpu_percent\":null,\"source\":\"unknown\"}],"
                "\"unattributed_percent\":79.5}");
    assert_part(a, "memory",
                "{\"used\":400,\"total\":1000,\"jobs\":["
                "{\"job_id\":\"job_a\",\"rss_bytes\":100,\"source\":\"measured\"},"
                "{\"job_id\":\"job_b\",\"rss_bytes\":50,\"source\":\"measured\"}],"
                "\"unattributed_bytes\":250}");
    assert_part(a, "disk",
                "{\"read_bytes_per_s\":100,\"write_bytes_per_s\":null,\"jobs\":["
                "{\"job_id\":\"job_a\",\"read_bytes_per_s\":30,\"write_bytes_per_s\":5,\"source\":"
                "\"measured\"},{\"job_id\":\"job_b\",\"read_bytes_per_s\":null,\"write_bytes_per_s\":null,"
                "\"source\":\"unknown\"}],\"unattributed_read_bytes_per_s\":70,"
                "\"unattributed_write_bytes_per_s\":null}");
    assert_part(a, "gpus",
                "[{\"gpu_id\":0,\"memory_used\":500,\"memory_total\":800,\"utilization\":90,\"jobs\":["
                "{\"job_id\":\"job_a\",\"memory_bytes\":300,\"utilization\":null,\"source\":\"measured\"}],"
                "\"unattributed_bytes\":200,\"unattributed_utilization\":90}]");
    json_decref(a);
}

static void an_estimate_names_what_it_expects_and_no_number(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    estimate_write(&w, "job_a", EXPECT_GPU);
    const char *const jobs[] = {buf_cstr(&b), NULL};
    json_t *a = attributed(machine, jobs, 2);
    assert_part(a, "cpu",
                "{\"used_percent\":200,\"total_percent\":400,\"jobs\":["
                "{\"job_id\":\"job_b\",\"cpu_percent\":null,\"source\":\"unknown\"}],"
                "\"unattributed_percent\":200}");
    assert_part(a, "gpus",
                "[{\"gpu_id\":0,\"memory_used\":500,\"memory_total\":800,\"utilization\":90,\"jobs\":["
                "{\"job_id\":\"job_a\",\"memory_bytes\":null,\"utilization\":null,\"source\":\"estimated\"}"
                "],\"unattributed_bytes\":500,\"unattributed_utilization\":90}]");
    json_decref(a);
    buf_release(&b);
}

static void what_the_machine_does_not_tell_is_unknown(void **state)
{
    (void)state;
    const char *const jobs[] = {"{\"source\":\"measured\",\"cpu_percent\":10,\"rss_bytes\":5,\"gpus\":[]}"};
    json_t *a = attributed("{}", jobs, 1);
    assert_part(a, "cpu",
                "{\"used_percent\":null,\"total_percent\":null,\"jobs\":[{\"job_id\":\"job_a\","
                "\"cpu_percent\":10,\"source\":\"measured\"}],\"unattributed_percent\":null}");
    assert_part(a, "gpus", "[]");
    json_decref(a);
}

// A property: whatever is read, shares and rest are the whole.
static void shares_and_rest_are_the_whole(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        char *jobs[3];
        int64_t used = rand() % 7 ? (int64_t)rand() * (rand() % 4000) : 0;
        for (int i = 0; i < 3; i++)
            jobs[i] = mem_printf("{\"source\":\"measured\",\"rss_bytes\":%lld}", (long long)rand() * (rand() % 4000));
        char *system = mem_printf("{\"system/memory\":{\"ram\":{\"used\":%lld}}}", (long long)used);
        json_t *a = attributed(system, (const char *const *)jobs, 3), *m = json_object_get(a, "memory"), *it;
        int64_t sum = json_integer_value(json_object_get(m, "unattributed_bytes"));
        assert_true(sum >= 0);
        size_t i;
        json_array_foreach(json_object_get(m, "jobs"), i, it)
        {
            assert_true(json_integer_value(json_object_get(it, "rss_bytes")) >= 0);
            sum += json_integer_value(json_object_get(it, "rss_bytes"));
        }
        assert_int_equal(sum, used);
        json_decref(a);
        free(system);
        for (int k = 0; k < 3; k++) free(jobs[k]);
    }
}

static void estimates_go_by_kind_class_and_phase(void **state)
{
    (void)state;
    assert_int_equal(estimate_expected("train_sae", "cpu", "training"), EXPECT_CPU);
    assert_int_equal(estimate_expected("train_sae", "gpu", NULL), EXPECT_GPU);
    assert_int_equal(estimate_expected("extract", "gpu", "extracting"), EXPECT_GPU);
    assert_int_equal(estimate_expected("extract", "gpu", "loading"), EXPECT_DISK);
    assert_int_equal(estimate_expected("tokenize", "cpu", "encoding"), EXPECT_CPU);
    assert_int_equal(estimate_expected("download_dataset", "io", NULL), EXPECT_DISK | EXPECT_NETWORK);
    assert_int_equal(estimate_expected("command", "io", "downloading"), EXPECT_DISK | EXPECT_NETWORK);
    assert_int_equal(estimate_expected("command", "io", ""), EXPECT_DISK);
    assert_int_equal(estimate_expected("command", NULL, NULL), EXPECT_CPU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_has_its_share_and_the_rest_is_nobodys),
        cmocka_unit_test(an_estimate_names_what_it_expects_and_no_number),
        cmocka_unit_test(what_the_machine_does_not_tell_is_unknown),
        cmocka_unit_test(shares_and_rest_are_the_whole),
        cmocka_unit_test(estimates_go_by_kind_class_and_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
