#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

// Days since 1970-01-01 of a proleptic Gregorian date, and back: shifting the year's start to March makes the leap day
// last.
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, int *m, int *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

static void put(char *at, int digits, int64_t v)
{
    for (int i = digits - 1; i >= 0; i--, v /= 10) at[i] = (char)('0' + v % 10);
}

void clock_format(int64_t us, char out[CLOCK_RFC3339_SIZE])
{
    const int64_t day = 86400LL * 1000000;
    const int64_t lo = days_from_civil(0, 1, 1) * day, hi = days_from_civil(10000, 1, 1) * day - 1;
    us = us < lo ? lo : us > hi ? hi : us;
    int64_t days = us / day, rest = us % day;
    if (rest < 0) rest += day, days--;
    int64_t y;
    int m, d;
    civil_from_days(days, &y, &m, &d);
    int64_t ms = rest / 1000;
    memcpy(out, "0000-00-00T00:00:00.000Z", CLOCK_RFC3339_SIZE);
    put(out, 4, y);
    put(out + 5, 2, m);
    put(out + 8, 2, d);
    put(out + 11, 2, ms / 3600000);
    put(out + 14, 2, ms / 60000 % 60);
    put(out + 17, 2, ms / 1000 % 60);
    put(out + 20, 3, ms % 1000);
}

// Reads exactly `digits` digits at *at; -1 if they aren't there.
static int64_t take(struct slice *s, size_t digits)
{
    int64_t v = 0;
    if (s->n < digits) return -1;
    for (size_t i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return -1;
        v = v * 10 + (s->p[i] - '0');
    }
    s->p += digits, s->n -= digits;
    return v;
}

static bool skip(struct slice *s, const char *any)
{
    if (s->n == 0 || !strchr(any, s->p[0]) || s->p[0] == 0) return false;
    s->p++, s->n--;
    return true;
}

bool clock_parse(struct slice s, int64_t *us)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t y = take(&s, 4);
    if (y < 0 || !skip(&s, "-")) return false;
    int64_t m = take(&s, 2);
    if (m < 1 || m > 12 || !skip(&s, "-")) return false;
    int64_t d = take(&s, 2);
    if (d < 1 || d > month_days[m - 1] || !skip(&s, "Tt ")) return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m == 2 && d == 29 && !leap) return false;
    int64_t hh = take(&s, 2);
    if (hh < 0 || hh > 23 || !skip(&s, ":")) return false;
    int64_t mm = take(&s, 2);
    if (mm < 0 || mm > 59 || !skip(&s, ":")) return false;
    int64_t ss = take(&s, 2);
    if (ss < 0 || ss > 60) return false;
    int64_t frac = 0;
    if (skip(&s, ".")) {
        int64_t scale = 100000;
        size_t digits = 0;
        while (s.n && s.p[0] >= '0' && s.p[0] <= '9') {
            frac += (s.p[0] - '0') * scale;
            scale /= 10;
            s.p++, s.n--, digits++;
        }
        if (digits == 0) return false;
    }
    int64_t offset = 0;
    if (!skip(&s, "Zz")) {
        bool minus = s.n && s.p[0] == '-';
        if (!skip(&s, "+-")) return false;
        int64_t oh = take(&s, 2);
        if (oh < 0 || oh > 23 || !skip(&s, ":")) return false;
        int64_t om = take(&s, 2);
        if (om < 0 || om > 59) return false;
        offset = (oh * 60 + om) * 60 * (minus ? -1 : 1);
    }
    if (s.n) return false;
    int64_t sec = days_from_civil(y, (int)m, (int)d) * 86400 + hh * 3600 + mm * 60 + ss - offset;
    *us = sec * 1000000 + frac;
    return true;
}
