// Progress as pure formulas: percentages, rates and remaining time from what a job reports. No clock of its own:
// `now_us` is the server's monotonic clock, passed in. Percentages run 0 to 100; NaN means "not known".
#ifndef HW_JOBS_PROGRESS_H
#define HW_JOBS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

// The percentage of a phase that lies from..to in the whole, `done` of `total` through; from if total is not positive.
double progress_in_phase(double from, double to, int64_t done, int64_t total);

// A training's: steps done over steps to do, all layers together, clamped to 0..100.
double progress_training(int64_t current_step, int64_t total_steps);

// Units a second as an exponentially weighted mean over time (time constant 5 s), with its spread. A count that goes
// back (a resume, a new phase) starts it afresh; bursts that arrive at one instant are counted together.
struct rate {
    int64_t start_us, last_us; // 0: nothing seen
    int64_t start_done, last_done;
    double mean, variance; // units/s, (units/s)²
    int samples;
};

void rate_reset(struct rate *r);
void rate_update(struct rate *r, int64_t done, int64_t now_us);
bool rate_stable(const struct rate *r);  // at least 4 samples over at least 1 s, and moving
double rate_value(const struct rate *r); // NaN until two samples

struct eta {
    double seconds, low, high; // NaN while not stable
};

// Remaining time for `remaining` units at the rate; low and high from the rate's spread.
struct eta rate_eta(const struct rate *r, double remaining);

// One attempt of one job, as its reports make it.
struct progress {
    char phase[32]; // "" before the first
    int phase_index, phase_count;
    double from, to;     // the phase's share of the whole, percent
    int64_t done, total; // in the phase; total < 0: not known
    char unit[16];
    double percent;   // of the whole; never goes back within an attempt; NaN: indeterminate
    bool determinate; // something has told a percentage
    struct rate rate;
};

// Exactly 0 before anything is reported; NaN for a kind that promises no percentage (`determinate` false).
void progress_init(struct progress *p, bool determinate);
// A share that isn't known (NaN) is taken as the whole.
void progress_phase(struct progress *p, const char *name, int index, int count, double from, double to);
// total < 0: not known. Percent stays below 100 here: only completion is 100.
void progress_report(struct progress *p, int64_t done, int64_t total, const char *unit, int64_t now_us);
void progress_complete(struct progress *p); // exactly 100
// Of the whole job: the phase's own remaining time, and for the phases after it the percentage they span at this
// phase's pace.
struct eta progress_eta(const struct progress *p);

#endif
