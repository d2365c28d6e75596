// Progress as pure formulas: percentages, rates and remaining time from what a job reports. No clock of its own:
// `now_us` is the server's monotonic clock, passed in. Percentages run 0 to 100; NaN means "not known".
#ifndef HW_JOBS_PROGRESS_H
#define HW_JOBS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/rate.h"

// The percentage of a phase that lies from..to in the whole, `done` of `total` through; from if total is not positive.
double progress_in_phase(double from, double to, int64_t done, int64_t total);

// A training's: steps done over steps to do, all layers together, clamped to 0..100.
double progress_training(int64_t current_step, int64_t total_steps);

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
// Of the counts to come `units` were there before (bytes found on disk): progress, but no pace.
void progress_found(struct progress *p, int64_t units);
// It goes on after a pause: the time between counts for nothing, and the remaining time is computed afresh.
void progress_resumed(struct progress *p);
void progress_complete(struct progress *p); // exactly 100
// Of the whole job: the phase's own remaining time, and for the phases after it the percentage they span at this
// phase's pace. How fast those will really be nobody knows: the range goes from no time for them to twice as much.
struct eta progress_eta(const struct progress *p);

#endif
