// Runs compared by their progress: how fast each was, where they diverge, and a sentence that says so. Pure.
//
// Only time in which a run really ran counts. Runs are compared over the stretch of progress that all of them have gone
// through, so that one that failed, stands or still runs is judged by what it did, and a run that went on from a
// checkpoint by what it did itself. Where the same unit is counted but there was not equally much to do, it is the
// units for a second that are compared.
#ifndef HW_JOBS_COMPARE_H
#define HW_JOBS_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/json.h"
#include "jobs/run_times.h"

enum { COMPARE_MAX = 20, COMPARE_MARKS = 11, COMPARE_NAME_SIZE = 201 }; // a job's name has 200 bytes at most

enum compare_basis {
    COMPARE_NOTHING,  // fewer than two runs have gone through a common stretch
    COMPARE_PROGRESS, // percent for a second
    COMPARE_UNITS,    // units for a second
    COMPARE_DURATION, // no percentages, but all ended well: the whole time
};

struct compare_run {
    // given
    char id[ID_SIZE]; // as asked for
    char entity_type[ID_SIZE], entity_id[ID_SIZE], job_id[ID_SIZE];
    char name[COMPARE_NAME_SIZE], kind[32];
    char status[16]; // job_status_name; "": it has not begun
    int attempt;
    int64_t first_at, last_at; // of its snapshots; 0: there is none
    double progress;           // NaN: not known
    struct run_times times;
    // found
    double seconds; // for the common stretch, divided by what there was to do if that is the basis; NaN: not compared
    double speed;   // against the fastest: 1 and less; NaN
};

struct comparison {
    // given
    int n;
    struct compare_run runs[COMPARE_MAX];
    // found
    enum compare_basis basis;
    double from, to;      // the common stretch, percent; NaN without one
    int fastest, slowest; // -1 without a basis
    // The shortest stretch in which the slowest lost most of what it lost against the fastest, and how much of that;
    // NaN: there is none shorter than half of the way.
    double diverge_from, diverge_to, diverge_share;
    double tenths[RUN_TENTHS]; // the slowest's time over the fastest's; NaN: not in the common stretch
    char sentence[1280];
};

void compare_runs(struct comparison *c);
void compare_write(const struct comparison *c, struct jw *w); // one object (compare_json.c)

#endif
