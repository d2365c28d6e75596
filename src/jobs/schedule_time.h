// When a periodic task is due: pure, no clock is read here.
//
// A specification is one of
//     every 90 seconds        (fractions are fine: every 0.5 seconds)
//     daily 02:30
//     weekly mon 02:30        (mon tue wed thu fri sat sun)
//     monthly 31 02:30        (a month that is shorter has its last day instead)
// A time of day is the local one (TZ), or UTC with " UTC" behind it. A local time that the start of summer time leaves
// out is replaced by the first instant that exists after it; one that the end of summer time has twice means the first
// of the two. So each day has one instant for each time of day, and they are in order.
#ifndef HW_JOBS_SCHEDULE_TIME_H
#define HW_JOBS_SCHEDULE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum schedule_kind { SCHEDULE_EVERY, SCHEDULE_DAILY, SCHEDULE_WEEKLY, SCHEDULE_MONTHLY };

struct schedule_spec {
    enum schedule_kind kind;
    int64_t period_us; // EVERY
    int hour, minute;
    int weekday; // WEEKLY: 0 is Sunday
    int day;     // MONTHLY: 1 to 31
    bool utc;
};

// HW_EVALIDATION says what is accepted.
int schedule_parse(struct slice text, struct schedule_spec *out, struct err *e);

#define SCHEDULE_TEXT_SIZE 48
// The same text again, without the zone.
void schedule_format(const struct schedule_spec *s, char out[SCHEDULE_TEXT_SIZE]);

// The first instant at which a task is due that ran last at `last` (µs UTC, as all). It may lie before `now`: then a
// run was missed, or is due; that many periods may have passed since doesn't matter, it is one instant. Depends on the
// local zone's rules (TZ) unless the specification is in UTC.
//
// Where last <= now the answer is greater than `last`, grows with it, and leaves out no instant. Where `last` lies
// ahead, because the clock has been set back meanwhile, what the clock comes to next counts as done already, so that
// nothing runs twice; but that is all: the one after it is due, however far ahead `last` lies.
int64_t schedule_next(const struct schedule_spec *s, int64_t last, int64_t now);

#endif
