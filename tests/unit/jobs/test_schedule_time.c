// When periodic tasks are due: the calendar's edges as a table, and properties against a clock that is walked through
// minute by minute.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "jobs/schedule_time.h"

#define MINUTE 60000000LL
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

// Zones by their rules, so that nothing depends on the machine's table of zones.
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK  "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" // half an hour
#define SAO_PAULO "<-03>3<-02>,M10.3.0/0,M2.3.0/0"       // changes at midnight

static void use_zone(const char *tz)
{
    setenv("TZ", tz, 1);
    tzset();
}

static struct schedule_spec spec(const char *text)
{
    struct schedule_spec s;
    struct err e = {0};
    if (schedule_parse(slice_str(text), &s, &e) != 0) fail_msg("%s", e.message);
    return s;
}

static int64_t at(const char *text)
{
    int64_t us;
    if (!clock_parse(slice_str(text), &us)) fail_msg("%s", text);
    return us;
}

struct example {
    const char *zone, *spec, *last, *next;
};

static void check(const struct example *x)
{
    use_zone(x->zone);
    struct schedule_spec s = spec(x->spec);
    char text[CLOCK_RFC3339_SIZE];
    int64_t last = at(x->last), next = schedule_next(&s, last, last);
    clock_format(next, text);
    if (next != at(x->next)) fail_msg("%s in %s after %s: %s instead of %s", x->spec, x->zone, x->last, text, x->next);
    // It isn't passed over by whoever looks a moment before, and not given again.
    if (s.kind != SCHEDULE_EVERY) assert_int_equal(schedule_next(&s, next - 1, next), next);
    assert_true(schedule_next(&s, next, next) > next);
}

static void the_calendar(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"UTC", "daily 02:30", "2026-11-25T02:29:59.999Z", "2026-11-25T02:30:00Z"},
        {"UTC", "daily 02:30", "2026-11-25T02:30:00Z", "2026-11-26T02:30:00Z"},
        {"UTC", "daily 00:00", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"},
        {BERLIN, "daily 02:30", "2026-07-01T12:00:00Z", "2026-07-02T00:30:00Z"},
        {BERLIN, "daily 02:30", "2026-01-01T12:00:00Z", "2026-01-02T01:30:00Z"},
        {BERLIN, "daily 02:30 UTC", "2026-07-01T12:00:00Z", "2026-07-02T02:30:00Z"},
        {"UTC", "weekly mon 04:00", "2026-11-25T12:00:00Z", "2026-11-30T04:00:00Z"}, // a Wednesday
        {"UTC", "weekly wed 04:00", "2026-11-25T03:59:00Z", "2026-11-25T04:00:00Z"},
        {"UTC", "weekly sun 04:00", "2026-11-29T04:00:00Z", "2026-12-06T04:00:00Z"},
        {BERLIN, "weekly mon 00:30", "2026-11-25T12:00:00Z", "2026-11-29T23:30:00Z"}, // Monday there, Sunday in UTC
        {"UTC", "monthly 1 03:30", "2026-11-25T12:00:00Z", "2026-12-01T03:30:00Z"},
        {"UTC", "monthly 1 03:30", "2026-12-01T03:30:00Z", "2027-01-01T03:30:00Z"},
        {BERLIN, "monthly 1 00:30", "2026-11-25T12:00:00Z", "2026-11-30T23:30:00Z"},
        {"UTC", "every 90 seconds", "2026-11-25T12:00:00Z", "2026-11-25T12:01:30Z"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check(&examples[i]);
}

static void a_day_that_a_month_lacks_is_its_last(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"UTC", "monthly 31 02:00", "2026-01-31T02:00:00Z", "2026-02-28T02:00:00Z"},
        {"UTC", "monthly 31 02:00", "2028-01-31T02:00:00Z", "2028-02-29T02:00:00Z"}, // a leap year
        {"UTC", "monthly 31 02:00", "2100-01-31T02:00:00Z", "2100-02-28T02:00:00Z"}, // none
        {"UTC", "monthly 31 02:00", "2000-01-31T02:00:00Z", "2000-02-29T02:00:00Z"}, // one
        {"UTC", "monthly 31 02:00", "2026-03-31T02:00:00Z", "2026-04-30T02:00:00Z"},
        {"UTC", "monthly 30 02:00", "2026-01-30T02:00:00Z", "2026-02-28T02:00:00Z"},
        {"UTC", "monthly 30 02:00", "2026-02-28T02:00:00Z", "2026-03-30T02:00:00Z"},
        {"UTC", "monthly 29 02:00", "2027-02-01T02:00:00Z", "2027-02-28T02:00:00Z"},
        {"UTC", "monthly 29 02:00", "2028-02-01T02:00:00Z", "2028-02-29T02:00:00Z"},
        {"UTC", "daily 02:00", "2028-02-28T02:00:00Z", "2028-02-29T02:00:00Z"},
        {"UTC", "daily 02:00", "2027-02-28T02:00:00Z", "2027-03-01T02:00:00Z"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check(&examples[i]);
}

// On 29 March 2026 Berlin's clocks jump from 02:00 to 03:00, at 01:00 UTC.
static void a_time_that_summer_leaves_out_is_the_next_that_exists(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {BERLIN, "daily 02:30", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"},
        {BERLIN, "daily 02:30", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}, // once
        {BERLIN, "daily 02:00", "2026-03-28T01:00:00Z", "2026-03-29T01:00:00Z"},
        {BERLIN, "daily 01:59", "2026-03-28T00:59:00Z", "2026-03-29T00:59:00Z"},
        {BERLIN, "daily 03:00", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"},
        {BERLIN, "weekly sun 02:30", "2026-03-22T01:30:00Z", "2026-03-29T01:00:00Z"},
        {BERLIN, "monthly 29 02:30", "2026-02-28T01:30:00Z", "2026-03-29T01:00:00Z"},
        {NEW_YORK, "daily 02:30", "2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z"},
        {LORD_HOWE, "daily 02:15", "2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z"}, // 02:00 becomes 02:30
        {SAO_PAULO, "daily 00:30", "2026-10-17T03:30:00Z", "2026-10-18T03:00:00Z"}, // midnight becomes 01:00
        {BERLIN, "daily 02:30 UTC", "2026-03-28T02:30:00Z", "2026-03-29T02:30:00Z"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check(&examples[i]);
}

// On 25 October 2026 Berlin's clocks show 02:00 to 03:00 twice, from 00:00 to 02:00 UTC.
static void a_time_that_winter_repeats_comes_once(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {BERLIN, "daily 02:30", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"},
        {BERLIN, "daily 02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
        {BERLIN, "daily 02:30", "2026-10-25T01:29:00Z", "2026-10-26T01:30:00Z"}, // not at the second 02:30
        {BERLIN, "daily 03:00", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"},
        {NEW_YORK, "daily 01:30", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
        {LORD_HOWE, "daily 01:45", "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"},
        {SAO_PAULO, "daily 23:30", "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check(&examples[i]);
}

// ---- properties ----------------------------------------------------------------------------------------------------

static const char *const zones[] = {"UTC", BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO};
static const char *const specs[] = {"daily 02:30",      "daily 00:00",      "daily 23:30",     "daily 02:15",
                                    "weekly sun 02:30", "weekly thu 12:00", "monthly 1 00:15", "monthly 29 02:30",
                                    "monthly 31 23:59", "daily 02:30 UTC"};

enum { ZONES = sizeof zones / sizeof *zones, SPECS = sizeof specs / sizeof *specs };

// Walks from minute to minute: a day's instant is the first minute of that date on which the clock has reached the
// time.
static void every_instant_is_found_and_no_other(void **state)
{
    (void)state;
    const int64_t begin = at("2027-12-25T00:00:00Z"), end = at("2028-12-31T00:00:00Z");
    for (int z = 0; z < ZONES; z++) {
        use_zone(zones[z]);
        int64_t next[SPECS];
        int done[SPECS], found[SPECS] = {0};
        struct schedule_spec s[SPECS];
        for (int i = 0; i < SPECS; i++) {
            s[i] = spec(specs[i]);
            next[i] = 0;
            done[i] = -1;
        }
        for (int64_t t = begin; t < end; t += MINUTE) {
            time_t sec = (time_t)(t / 1000000), tomorrow = 0;
            struct tm local, utc, ahead;
            localtime_r(&sec, &local);
            gmtime_r(&sec, &utc);
            for (int i = 0; i < SPECS; i++) {
                const struct tm *c = s[i].utc ? &utc : &local;
                bool past = c->tm_hour * 60 + c->tm_min >= s[i].hour * 60 + s[i].minute;
                if (!past || done[i] == c->tm_yday) continue;
                if (s[i].kind == SCHEDULE_WEEKLY && c->tm_wday != s[i].weekday) continue;
                if (s[i].kind == SCHEDULE_MONTHLY && c->tm_mday != s[i].day) {
                    struct tm day = {.tm_year = c->tm_year, .tm_mon = c->tm_mon, .tm_mday = c->tm_mday + 1};
                    tomorrow = timegm(&day);
                    gmtime_r(&tomorrow, &ahead);
                    if (c->tm_mday > s[i].day || ahead.tm_mday != 1) continue; // not its last day either
                }
                done[i] = c->tm_yday;
                if (next[i] && next[i] != t) {
                    char want[CLOCK_RFC3339_SIZE], got[CLOCK_RFC3339_SIZE];
                    clock_format(t, want), clock_format(next[i], got);
                    fail_msg("%s in %s: %s instead of %s", specs[i], zones[z], got, want);
                }
                found[i]++;
                next[i] = schedule_next(&s[i], t, t);
            }
        }
        for (int i = 0; i < SPECS; i++) {
            int least = s[i].kind == SCHEDULE_DAILY ? 365 : s[i].kind == SCHEDULE_WEEKLY ? 52 : 12;
            assert_in_range(found[i], least, least + 8);
        }
    }
}

static uint64_t seed = 88172645463325252ULL;

static int64_t random_below(int64_t n)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)n);
}

static void after_the_last_and_in_order(void **state)
{
    (void)state;
    const int64_t begin = at("2020-01-01T00:00:00Z");
    for (int n = 0; n < 20000; n++) {
        use_zone(zones[n % ZONES]);
        struct schedule_spec s = spec(n % 11 == 0 ? "every 3600 seconds" : specs[random_below(SPECS)]);
        int64_t a = begin + random_below(10 * 365 * DAY), b = a + random_below(n % 2 ? 3 * DAY : 70 * DAY);
        int64_t na = schedule_next(&s, a, a), nb = schedule_next(&s, b, b);
        assert_true(na > a);
        assert_true(na <= nb);
        if (b < na && s.kind != SCHEDULE_EVERY) assert_int_equal(na, nb); // nothing lies between
        // What was missed doesn't change with the time that has passed since.
        assert_int_equal(schedule_next(&s, a, b), na);
        int64_t longest = s.kind == SCHEDULE_DAILY ? DAY : s.kind == SCHEDULE_WEEKLY ? 7 * DAY : 31 * DAY;
        if (s.kind == SCHEDULE_EVERY) longest = HOUR;
        assert_true(na - a <= longest + HOUR);
    }
}

static void a_clock_that_is_set_back_neither_repeats_nor_blocks(void **state)
{
    (void)state;
    use_zone(BERLIN);
    struct schedule_spec daily = spec("daily 02:30");
    // It ran at 02:30; then the clock is set back by an hour. Not again today.
    int64_t last = at("2026-11-25T01:30:00Z");
    assert_int_equal(schedule_next(&daily, last, last - HOUR), last + DAY);
    // It ran when the clock was a year ahead: the second from now on, not next year's.
    assert_int_equal(schedule_next(&daily, last + 365 * DAY, last + HOUR), last + 2 * DAY);
    for (int n = 0; n < 5000; n++) {
        struct schedule_spec s = spec(specs[random_below(SPECS)]);
        int64_t now = last + random_below(365 * DAY), ahead = now + 1 + random_below(n % 2 ? HOUR : 400 * DAY);
        int64_t next = schedule_next(&s, ahead, now);
        assert_true(next > now);
        assert_true(next <= schedule_next(&s, schedule_next(&s, now, now), now + 400 * DAY));
        if (ahead < schedule_next(&s, now, now)) assert_int_equal(next, schedule_next(&s, now, now));
    }
    struct schedule_spec every = spec("every 600 seconds");
    assert_int_equal(schedule_next(&every, last, last - HOUR), last - HOUR + 10 * MINUTE);
    assert_int_equal(schedule_next(&every, last, last - MINUTE), last - MINUTE + 10 * MINUTE);
}

// ---- text ----------------------------------------------------------------------------------------------------------

static void specifications_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const good[] = {"every 2 seconds", "every 0.5 seconds", "every 86400 seconds",
                                       "daily 00:00",     "weekly mon 23:59",  "monthly 31 02:30"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[SCHEDULE_TEXT_SIZE];
        struct schedule_spec s = spec(good[i]);
        schedule_format(&s, text);
        assert_string_equal(text, good[i]);
        assert_false(s.utc);
    }
    assert_true(spec("daily 02:30 UTC").utc);
    assert_true(spec(" weekly  sun  02:30  UTC ").utc);
}

static void anything_else_is_refused_with_what_is_accepted(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "daily",
                                      "daily 24:00",
                                      "daily 2:30",
                                      "daily 02:60",
                                      "daily 02:3x",
                                      "daily 02:30 CET",
                                      "daily 02:30 UTC now",
                                      "weekly 02:30",
                                      "weekly monday 02:30",
                                      "monthly 0 02:30",
                                      "monthly 32 02:30",
                                      "monthly 02:30",
                                      "every",
                                      "every 0 seconds",
                                      "every -1 seconds",
                                      "every nan seconds",
                                      "every 5 minutes",
                                      "every 5 seconds UTC",
                                      "hourly",
                                      "Daily 02:30"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct schedule_spec s;
        struct err e = {0};
        if (schedule_parse(slice_str(bad[i]), &s, &e) != HW_EVALIDATION) fail_msg("\"%s\" was accepted", bad[i]);
        assert_non_null(strstr(e.message, "daily HH:MM"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calendar),
        cmocka_unit_test(a_day_that_a_month_lacks_is_its_last),
        cmocka_unit_test(a_time_that_summer_leaves_out_is_the_next_that_exists),
        cmocka_unit_test(a_time_that_winter_repeats_comes_once),
        cmocka_unit_test(every_instant_is_found_and_no_other),
        cmocka_unit_test(after_the_last_and_in_order),
        cmocka_unit_test(a_clock_that_is_set_back_neither_repeats_nor_blocks),
        cmocka_unit_test(specifications_read_as_they_are_written),
        cmocka_unit_test(anything_else_is_refused_with_what_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
