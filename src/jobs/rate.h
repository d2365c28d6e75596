// How fast a count grows, and how long the rest takes: as a range, because no run is even. Pure, no clock of its own:
// `now_us` is the server's monotonic clock, passed in.
//
// Two questions, two memories. "How fast is it now" forgets with a time constant of 5 s. "How long will it take"
// remembers the whole run in a few dozen marks, however long it lasts: a checkpoint each ten minutes is part of a
// day's pace, and is in the range from the second one on.
#ifndef HW_JOBS_RATE_H
#define HW_JOBS_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_MARKS = 48 };

struct rate_point {
    int64_t us, done;
};

struct rate {
    struct rate_point first, closed, open; // `open`: reports not yet counted, `closed` on to it
    int64_t open_since_us;
    bool begun, is_open;
    int samples;         // counted
    double sum, weight;  // of the exponentially weighted mean, units/s
    int64_t mark_gap_us; // between marks, at least
    int n_marks;
    struct rate_point marks[RATE_MARKS];
};

struct eta {
    double seconds, low, high; // NaN while not stable; else 0 <= low <= seconds <= high
};

void rate_reset(struct rate *r);

// The first count of all is where it began (a resume begins with what was done before), no rate. A count that goes back
// starts afresh. Reports that come closer together than 200 ms are one sample: after a gap, what had waited comes all
// at once, and belongs to the gap.
void rate_update(struct rate *r, int64_t done, int64_t now_us);

// `units` of what is reported from here on were there already (bytes found on disk): counted, and no pace.
void rate_skip(struct rate *r, int64_t units);

bool rate_stable(const struct rate *r);  // at least 4 samples over at least 1 s, and moving
double rate_value(const struct rate *r); // units/s now; NaN until there are two reports

// The time for `remaining` units. The range covers what the spread of the pace so far, and its trend, make likely.
struct eta rate_eta(const struct rate *r, double remaining);

#endif
