// The machine over a stretch of time, in steps of one length: made of minutes (from the disk) and moments (from
// memory). Pure. A step in which nothing was read is no item: a gap is a gap.
#ifndef HW_MONITOR_SYSTEM_SERIES_H
#define HW_MONITOR_SYSTEM_SERIES_H

#include "monitor/reading_stats.h"

struct system_series {
    int64_t from_us, to_us; // as asked for; to_us itself isn't part of it
    int64_t step_us;        // steps begin at its multiples
    int64_t first_us;       // where the first step begins, at from_us or before
    size_t n;               // steps
    struct reading_stats *steps;
};

enum { SERIES_STEPS_MAX = 5000 };

// The shortest step, among those that a person would choose, with which the stretch has no more than `points`.
int64_t system_series_step(int64_t span_us, int64_t least_us, int points);
// False: more than SERIES_STEPS_MAX steps; nothing is made then.
bool system_series_init(struct system_series *s, int64_t from_us, int64_t to_us, int64_t step_us);
void system_series_release(struct system_series *s);
// What lies outside is ignored.
void system_series_add_moment(struct system_series *s, const struct moment *m);
void system_series_add_minute(struct system_series *s, int64_t begin_us, const struct reading_stats *minute);
// The items, as one list.
void system_series_write(const struct system_series *s, struct jw *w);

#endif
