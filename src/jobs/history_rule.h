// When a snapshot of a job's progress is kept: pure.
//
// The first and the last of an attempt always; of what lies between, one whenever the progress has gone on by the step
// and the interval has passed, both counted from the snapshot before. A job that tells no percentage passes no step.
#ifndef HW_JOBS_HISTORY_RULE_H
#define HW_JOBS_HISTORY_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct history_rule {
    double step_percent;
    int64_t interval_us;
};

struct history_last {
    bool any;       // of this attempt
    double percent; // NaN: it was not known
    int64_t at_us;  // of the clock that `now_us` is of
};

enum history_moment {
    HISTORY_GOES_ON,
    HISTORY_BEGINS, // an attempt, or the next stretch of one after a pause
    HISTORY_ENDS,   // the same
};

bool history_due(const struct history_rule *r, const struct history_last *last, enum history_moment moment,
                 double percent, int64_t now_us);

#endif
