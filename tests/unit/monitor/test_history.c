#include "fixture.h"

#include "base/clock.h"
#include "base/json.h"
#include "monitor/history.h"
#include "monitor/history_codec.h"

#define SECOND 1000000ll
#define START  1795470201123456ll

// ---- codec --------------------------------------------------------------------------------------------------------

static void packing_gives_back_the_same_bytes(void **state)
{
    (void)state;
    const char *const texts[] = {
        "{}",
        "{\"a\":1}",
        "{\"percent\":12.5,\"per_core\":[0.0,100.0,null,3.1],\"load\":0.05}",
        "{\"n\":-3,\"m\":-0.25,\"z\":0,\"nz\":-0,\"nzf\":-0.0}",
        "{\"big\":18446744073709551615,\"fits\":999999999999999999,\"e\":1e-07,\"E\":2.5E+10}",
        "{\"in text\":\"disk 12.5 of 3\",\"esc\":\"\\\"7\\\\\",\"k9\":9}",
        "[0.000000000000001,123456789.123456789,0.1000]",
        "[1.,.5,007,1.2.3,--4,1e]", // no JSON, and yet nothing may be lost
        "5",
        "",
    };
    struct buf shape = BUF_INIT, joined = BUF_INIT;
    struct numbers n = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        codec_split(slice_str(texts[i]), &shape, &n);
        buf_clear(&joined);
        codec_join(buf_slice(&shape), n.v, n.n, &joined);
        assert_string_equal(buf_cstr(&joined), texts[i]);
    }
    codec_split(slice_str("{\"v\":12.5,\"w\":7}"), &shape, &n);
    assert_int_equal(n.n, 2);
    assert_int_equal(n.v[0], 125);
    assert_int_equal(n.v[1], 7);
    buf_release(&shape);
    buf_release(&joined);
    numbers_release(&n);
}

static void integers_of_any_size_are_kept(void **state)
{
    (void)state;
    const int64_t values[] = {0, 1, -1, 63, 64, -64, -65, 1000000, INT64_MAX, INT64_MIN};
    struct buf b = BUF_INIT;
    int64_t v;
    for (size_t i = 0; i < 10; i++) codec_put(&b, values[i]);
    struct slice in = buf_slice(&b);
    for (size_t i = 0; i < 10; i++) {
        assert_true(codec_get(&in, &v));
        assert_int_equal(v, values[i]);
    }
    assert_false(codec_get(&in, &v));
    in = slice_of("\xff\xff", 2); // cut off
    assert_false(codec_get(&in, &v));
    buf_clear(&b);
    codec_put(&b, -64);
    assert_int_equal(b.n, 1);
    buf_release(&b);
}

// ---- history ------------------------------------------------------------------------------------------------------

static void add(struct history *h, const char *channel, int64_t ts, const char *body)
{
    assert_int_equal(history_add(h, channel, ts, slice_str(body)), 0);
}

// The answer to ?window=; the caller releases it.
static json_t *window(const struct history *h, int64_t seconds, int64_t now)
{
    struct buf b = BUF_INIT;
    struct jw w;
    struct err e;
    jw_init(&w, &b);
    history_write_json(h, seconds * SECOND, now, &w);
    json_t *j = json_read_object(buf_slice(&b), &e);
    if (!j) fail_msg("%s: %s", e.message, buf_cstr(&b));
    buf_release(&b);
    return j;
}

static json_t *samples_of(json_t *answer, const char *channel)
{
    return json_object_get(json_object_get(answer, "channels"), channel);
}

static void the_window_holds_what_was_published_in_it_oldest_first(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    int64_t now = START;
    for (int i = 0; i < 300; i++, now += 2 * SECOND) {
        char body[64];
        snprintf(body, sizeof body, "{\"host\":\"box\",\"percent\":%d.%d}", i, i % 10);
        add(h, "system/cpu", now, body);
        if (i % 2) add(h, "system/memory", now, "{\"host\":\"box\"}");
    }
    now -= 2 * SECOND;
    json_t *j = window(h, 60, now);
    assert_true(json_number_value(json_object_get(j, "interval_seconds")) == 2);
    json_t *cpu = samples_of(j, "system/cpu");
    assert_int_equal(json_array_size(cpu), 30);
    for (size_t i = 0; i < 30; i++) {
        const json_t *s = json_array_get(cpu, i);
        int n = 270 + (int)i;
        char ts[CLOCK_RFC3339_SIZE];
        clock_format(START + n * 2 * SECOND, ts);
        assert_string_equal(json_string_value(json_object_get(s, "ts")), ts);
        assert_string_equal(json_string_value(json_object_get(s, "host")), "box");
        assert_true(json_number_value(json_object_get(s, "percent")) == n + (n % 10) / 10.0);
        assert_int_equal(json_object_size(s), 3);
    }
    assert_int_equal(json_array_size(samples_of(j, "system/memory")), 15);
    json_decref(j);
    j = window(h, 3600, now);
    assert_int_equal(json_array_size(samples_of(j, "system/cpu")), 300);
    json_decref(j);
    history_free(h);
}

static void an_empty_history_and_an_empty_body_are_still_json(void **state)
{
    (void)state;
    struct history *h = history_new(SECOND / 10, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    json_t *j = window(h, 900, START);
    assert_true(json_number_value(json_object_get(j, "interval_seconds")) == 0.1);
    assert_int_equal(json_object_size(json_object_get(j, "channels")), 0);
    json_decref(j);
    add(h, "system/cpu", START, "{}");
    j = window(h, 900, START);
    assert_int_equal(json_object_size(json_array_get(samples_of(j, "system/cpu"), 0)), 1); // its ts
    json_decref(j);
    history_free(h);
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    struct history *h = history_new(SECOND, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    assert_int_equal(history_add(h, "c", START, slice_str("")), HW_EINVALID);
    assert_int_equal(history_add(h, "c", START, slice_str("[1]")), HW_EINVALID);
    assert_int_equal(history_add(h, "c", START, slice_str("{\"a\":\"\x01\"}")), HW_EINVALID);
    assert_int_equal(history_add(h, "c", START, slice_str("{\"a\":\n1}")), HW_EINVALID);
    history_free(h);
}

static void readings_that_come_and_go_are_kept_as_they_were(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    const char *const bodies[] = {"{\"v\":1,\"w\":null}", "{\"v\":null,\"w\":2.5}", "{\"v\":3,\"w\":4}",
                                  "{\"v\":3,\"w\":4.25}", "{\"v\":[],\"w\":0}",     "{\"other\":7}"};
    for (int i = 0; i < 60; i++) add(h, "c", START + i * SECOND, bodies[i * 7 % 6]);
    struct buf b = BUF_INIT, want = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    history_write_json(h, 3600 * SECOND, START + 59 * SECOND, &w);
    buf_add_str(&want, "{\"interval_seconds\":2,\"channels\":{\"c\":[");
    for (int i = 0; i < 60; i++) {
        char ts[CLOCK_RFC3339_SIZE];
        clock_format(START + i * SECOND, ts);
        buf_addf(&want, "%s{\"ts\":\"%s\",%s", i ? "," : "", ts, bodies[i * 7 % 6] + 1);
    }
    buf_add_str(&want, "]}}");
    assert_string_equal(buf_cstr(&b), buf_cstr(&want));
    buf_release(&b);
    buf_release(&want);
    history_free(h);
}

static void the_newest_of_each_channel_is_at_hand(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    struct buf b = BUF_INIT;
    struct jw w;
    add(h, "system/cpu", START, "{\"percent\":1.0}");
    add(h, "system/cpu", START + 2 * SECOND, "{\"percent\":2.5}");
    add(h, "system/gpu/0", START, "{\"utilization\":null}");
    jw_init(&w, &b);
    history_write_latest(h, &w);
    char first[CLOCK_RFC3339_SIZE], second[CLOCK_RFC3339_SIZE];
    clock_format(START, first);
    clock_format(START + 2 * SECOND, second);
    char *want = mem_printf(
        "{\"system/cpu\":{\"ts\":\"%s\",\"percent\":2.5},\"system/gpu/0\":{\"ts\":\"%s\",\"utilization\":null}}",
        second, first);
    assert_string_equal(buf_cstr(&b), want);
    free(want);
    buf_release(&b);
    history_free(h);
}

static void what_is_older_than_the_hour_goes_and_a_channel_that_fell_silent(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, 3600 * SECOND, HISTORY_MAX_BYTES);
    add(h, "system/gpu/0", START, "{\"utilization\":3}");
    size_t most = 0;
    int64_t now = START;
    for (int i = 0; i < 4000; i++, now += 2 * SECOND) {
        char body[64];
        snprintf(body, sizeof body, "{\"percent\":%d.0}", i % 100);
        add(h, "system/cpu", now, body);
        if (i == 2000) most = history_bytes(h);
    }
    json_t *j = window(h, 36000, now);
    size_t kept = json_array_size(samples_of(j, "system/cpu"));
    assert_true(kept >= 1800 && kept < 1800 + 64 + 1);
    assert_null(samples_of(j, "system/gpu/0"));
    assert_true(history_bytes(h) < most + 4096); // it stopped growing
    json_decref(j);
    history_free(h);
}

// Texts of which each has another shape don't pack: then less than the hour is kept, but no more memory than allowed.
static void memory_stays_below_its_limit(void **state)
{
    (void)state;
    const size_t limit = 64 << 10;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, limit);
    for (int i = 0; i < 2000; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"name\":\"%d-%0*d\"}", i, 100, i);
        add(h, i % 2 ? "a" : "b", START + i * SECOND, body);
        assert_true(history_bytes(h) <= limit);
    }
    json_t *j = window(h, 3600, START + 1999 * SECOND);
    size_t a = json_array_size(samples_of(j, "a"));
    assert_true(a > 20);
    const json_t *last = json_array_get(samples_of(j, "a"), a - 1);
    assert_int_equal(strncmp(json_string_value(json_object_get(last, "name")), "1999-", 5), 0);
    json_decref(j);
    history_free(h);
}

static void a_limit_too_small_for_one_sample_keeps_none(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, 64);
    for (int i = 0; i < 10; i++) add(h, "a", START + i * SECOND, "{\"v\":1}");
    json_t *j = window(h, 3600, START + 10 * SECOND);
    assert_null(samples_of(j, "a"));
    json_decref(j);
    history_free(h);
}

static void a_clock_set_back_loses_nothing(void **state)
{
    (void)state;
    struct history *h = history_new(2 * SECOND, HISTORY_KEEP_US, HISTORY_MAX_BYTES);
    add(h, "a", START, "{\"v\":1}");
    add(h, "a", START - 600 * SECOND, "{\"v\":2}");
    add(h, "a", START - 598 * SECOND, "{\"v\":3}");
    json_t *j = window(h, 900, START - 598 * SECOND);
    assert_int_equal(json_array_size(samples_of(j, "a")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(samples_of(j, "a"), 2), "v")), 3);
    json_decref(j);
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_gives_back_the_same_bytes),
        cmocka_unit_test(integers_of_any_size_are_kept),
        cmocka_unit_test(the_window_holds_what_was_published_in_it_oldest_first),
        cmocka_unit_test(an_empty_history_and_an_empty_body_are_still_json),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(readings_that_come_and_go_are_kept_as_they_were),
        cmocka_unit_test(the_newest_of_each_channel_is_at_hand),
        cmocka_unit_test(what_is_older_than_the_hour_goes_and_a_channel_that_fell_silent),
        cmocka_unit_test(memory_stays_below_its_limit),
        cmocka_unit_test(a_limit_too_small_for_one_sample_keeps_none),
        cmocka_unit_test(a_clock_set_back_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
