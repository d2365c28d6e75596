// How long one attempt of a job has really run, and where in its progress and in which phase that time went: pure.
//
// Time while it was queued, paused or gone isn't counted: the caller adds only stretches in which it ran.
#ifndef HW_JOBS_RUN_TIMES_H
#define HW_JOBS_RUN_TIMES_H

#include <stdint.h>

#include "base/json.h"

enum { RUN_TENTHS = 10, RUN_PHASES = 16 };

struct run_phase {
    char name[32];
    double seconds;
};

// What there is to do: of the phase that spans the most of the whole.
struct run_work {
    char phase[32], unit[16];
    int64_t done, total; // total < 0: not known
    double span;         // percent of the whole
};

struct run_times {
    double seconds;        // all
    double start, reached; // percent: where it began (above 0 if from a checkpoint) and how far it came; NaN: not known
    double tenths[RUN_TENTHS]; // seconds, from 0 to 10 %, from 10 to 20 %, …
    struct run_phase phases[RUN_PHASES];
    int n_phases; // of those named; what comes when the room is full counts in the last, "other"
    struct run_work work;
};

void run_times_init(struct run_times *t);
// It ran for so long, from one percentage to the other (evenly, for all that is known; NaN: not known), in that phase
// ("": none).
void run_times_add(struct run_times *t, double seconds, double from, double to, const char *phase);
void run_times_work(struct run_times *t, const struct run_work *now);

// Seconds between two percentages; NaN if it didn't go through all that lies between them.
double run_times_between(const struct run_times *t, double from, double to);
// Where it was after so many seconds of its way from `start`; NaN: before and behind it.
double run_times_progress_at(const struct run_times *t, double seconds);
double run_times_phase(const struct run_times *t, const char *name); // seconds; NaN: no such phase

// As members of an object, and back. What isn't there, or isn't what it should be, is as in run_times_init.
void run_times_write(const struct run_times *t, struct jw *w);
void run_times_read(struct run_times *t, const json_t *obj);

#endif
