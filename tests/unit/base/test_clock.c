// Instants as RFC 3339 text and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#include <time.h>

static int64_t must_parse(const char *text)
{
    int64_t us;
    if (!clock_parse(slice_str(text), &us)) fail_msg("refused: %s", text);
    return us;
}

static void known_instants(void **state)
{
    (void)state;
    char out[CLOCK_RFC3339_SIZE];
    clock_format(0, out);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    clock_format(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    clock_format(951782400000000, out);
    assert_string_equal(out, "2000-02-29T00:00:00.000Z");
    clock_format(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    clock_format(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00.000Z");
    assert_int_equal(must_parse("2026-11-23T21:43:05.123Z"), 1795470185123000);
}

static void formatting_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t s = -60000000000; s < 250000000000; s += 86400 * 1234 + 4567) {
        char ours[CLOCK_RFC3339_SIZE], theirs[64];
        time_t t = (time_t)s;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        clock_format(s * 1000000, ours);
        assert_string_equal(ours, theirs);
        assert_int_equal(must_parse(ours), s * 1000000);
    }
}

static void fractions_and_offsets(void **state)
{
    (void)state;
    assert_int_equal(must_parse("1970-01-01T00:00:00.5Z"), 500000);
    assert_int_equal(must_parse("1970-01-01T00:00:00.123456789Z"), 123456);
    assert_int_equal(must_parse("1970-01-01t01:30:00+01:30"), 0);
    assert_int_equal(must_parse("1969-12-31 23:00:00-01:00"), 0);
    assert_int_equal(must_parse("2016-12-31T23:59:60z"), must_parse("2017-01-01T00:00:00Z"));
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T21:43:05",
        "2026-11-23T21:43:05.Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T00:60:00Z",
        "2026-11-23T00:00:61Z",
        "2026-11-23T00:00:00+24:00",
        "2026-11-23T00:00:00+01:60",
        "2026-11-23T00:00:00Zx",
        "2026-11-23T00:00:00 Z",
        "-026-11-23T00:00:00Z",
    };
    int64_t us;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (clock_parse(slice_str(bad[i]), &us)) fail_msg("taken: %s", bad[i]);
    assert_false(clock_parse(SLICE_LIT("2026-11-23T00:00:00\0Z"), &us));
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t last = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_now_us() > 1700000000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_instants),
        cmocka_unit_test(formatting_agrees_with_the_c_library),
        cmocka_unit_test(fractions_and_offsets),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
