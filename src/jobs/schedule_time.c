#include "jobs/schedule_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_S = 86400;

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// ---- text ----------------------------------------------------------------------------------------------------------

static struct slice word(struct slice *rest)
{
    struct slice w = slice_cut(rest, ' ');
    *rest = slice_trim(*rest);
    return w;
}

static bool read_number(struct slice s, unsigned long long lo, unsigned long long hi, int *out)
{
    unsigned long long v;
    if (!slice_u64(s, &v) || v < lo || v > hi) return false;
    *out = (int)v;
    return true;
}

static bool read_time(struct slice s, struct schedule_spec *out)
{
    if (s.n != 5 || s.p[2] != ':') return false;
    return read_number(slice_of(s.p, 2), 0, 23, &out->hour) && read_number(slice_of(s.p + 3, 2), 0, 59, &out->minute);
}

static bool read_weekday(struct slice s, int *out)
{
    for (int i = 0; i < 7; i++)
        if (slice_is(s, weekdays[i])) {
            *out = i;
            return true;
        }
    return false;
}

static bool read_every(struct slice *rest, struct schedule_spec *out)
{
    char number[24] = "", *end;
    struct slice n = word(rest);
    if (n.n == 0 || n.n >= sizeof number || !slice_is(word(rest), "seconds")) return false;
    memcpy(number, n.p, n.n);
    double seconds = strtod(number, &end);
    if (*end || !(seconds >= 0.001 && seconds <= 1e9)) return false;
    out->period_us = (int64_t)(seconds * 1e6 + 0.5);
    return rest->n == 0;
}

static bool read_spec(struct slice rest, struct schedule_spec *out)
{
    struct slice kind = word(&rest);
    if (slice_is(kind, "every")) {
        out->kind = SCHEDULE_EVERY;
        return read_every(&rest, out);
    }
    if (slice_is(kind, "daily")) {
        out->kind = SCHEDULE_DAILY;
    } else if (slice_is(kind, "weekly")) {
        out->kind = SCHEDULE_WEEKLY;
        if (!read_weekday(word(&rest), &out->weekday)) return false;
    } else if (slice_is(kind, "monthly")) {
        out->kind = SCHEDULE_MONTHLY;
        if (!read_number(word(&rest), 1, 31, &out->day)) return false;
    } else {
        return false;
    }
    if (!read_time(word(&rest), out)) return false;
    out->utc = rest.n > 0;
    return rest.n == 0 || slice_is(rest, "UTC");
}

int schedule_parse(struct slice text, struct schedule_spec *out, struct err *e)
{
    *out = (struct schedule_spec){0};
    if (read_spec(slice_trim(text), out)) return 0;
    return err_set(e, HW_EVALIDATION,
                   "\"%.*s\" is no schedule; accepted are \"every N seconds\", \"daily HH:MM\", \"weekly mon HH:MM\" "
                   "and \"monthly DAY HH:MM\", a time followed by UTC or not",
                   (int)(text.n < 60 ? text.n : 60), text.n ? text.p : "");
}

void schedule_format(const struct schedule_spec *s, char out[SCHEDULE_TEXT_SIZE])
{
    size_t n = SCHEDULE_TEXT_SIZE;
    switch (s->kind) {
    case SCHEDULE_EVERY: snprintf(out, n, "every %.10g seconds", (double)s->period_us / 1e6); break;
    case SCHEDULE_DAILY: snprintf(out, n, "daily %02d:%02d", s->hour, s->minute); break;
    case SCHEDULE_WEEKLY: snprintf(out, n, "weekly %s %02d:%02d", weekdays[s->weekday], s->hour, s->minute); break;
    case SCHEDULE_MONTHLY: snprintf(out, n, "monthly %d %02d:%02d", s->day, s->hour, s->minute); break;
    }
}

// ---- the calendar --------------------------------------------------------------------------------------------------

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

// Seconds that the local clock is ahead of UTC at that instant.
static int64_t offset_at(int64_t t)
{
    time_t at = (time_t)t;
    struct tm tm;
    return localtime_r(&at, &tm) ? (int64_t)tm.tm_gmtoff : 0;
}

// The first instant of [lo, hi] from which on the local clock is at `wall` or past it; it is past it at `hi`.
static int64_t first_past(int64_t wall, int64_t lo, int64_t hi)
{
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (mid + offset_at(mid) >= wall)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

// The instant at which a clock on the wall shows `wall` (seconds since 1970 by that clock) first; where it never does,
// the one at which it jumps over it. Zones change their offset by a day at most, and not twice within two.
static int64_t instant_of(int64_t wall, bool utc)
{
    if (utc) return wall;
    int64_t before = offset_at(wall - DAY_S), after = offset_at(wall + DAY_S);
    int64_t a = wall - before, b = wall - after;
    int64_t lo = a < b ? a : b, hi = a < b ? b : a;
    if (lo + offset_at(lo) == wall) return lo;
    if (hi + offset_at(hi) == wall) return hi;
    return first_past(wall, lo, hi);
}

struct date {
    int64_t day; // since 1970-01-01
    int year, month, mday, weekday, month_days;
};

static struct date date_of(int64_t day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    time_t t = (time_t)(day * DAY_S);
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    int year = tm.tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return (struct date){day, year, tm.tm_mon, tm.tm_mday, tm.tm_wday, days[tm.tm_mon] + (leap && tm.tm_mon == 1)};
}

static bool matches(const struct schedule_spec *s, const struct date *d)
{
    switch (s->kind) {
    case SCHEDULE_WEEKLY: return d->weekday == s->weekday;
    case SCHEDULE_MONTHLY: return d->mday == (s->day < d->month_days ? s->day : d->month_days);
    case SCHEDULE_DAILY:
    case SCHEDULE_EVERY: break;
    }
    return true;
}

// The first instant of the specification after `t` (µs). Instants are whole minutes of the clock on the wall, so
// what counts of `t` are its seconds.
static int64_t first_after(const struct schedule_spec *s, int64_t t)
{
    if (s->kind == SCHEDULE_EVERY) return t + s->period_us;
    int64_t seconds = floor_div(t, SECOND_US);
    // Two days back: a day may have been left out altogether, and its instant lies in the next.
    int64_t day = floor_div(seconds + (s->utc ? 0 : offset_at(seconds)), DAY_S) - 2;
    for (;; day++) { // a month has each of its days: 33 at most are looked at
        struct date d = date_of(day);
        if (!matches(s, &d)) continue;
        int64_t at = instant_of(day * DAY_S + s->hour * 3600 + s->minute * 60, s->utc);
        if (at > seconds) return at * SECOND_US;
    }
}

int64_t schedule_next(const struct schedule_spec *s, int64_t last, int64_t now)
{
    if (!s->utc && s->kind != SCHEDULE_EVERY) tzset(); // the machine's zone may have been changed
    int64_t next = first_after(s, last);
    if (last <= now) return next;
    int64_t held = first_after(s, now);
    if (s->kind != SCHEDULE_EVERY) held = first_after(s, held);
    return held < next ? held : next;
}
