// Gathers moments into minutes of the wall clock. Pure: the time is each moment's own.
#ifndef HW_MONITOR_MINUTE_H
#define HW_MONITOR_MINUTE_H

#include "monitor/reading_stats.h"

#define MINUTE_US 60000000LL

// A zeroed struct has begun none.
struct minute {
    int64_t begin_us;
    struct reading_stats stats;
};

// True: with this moment another minute begins, and the one before, with at least one reading, is in *finished, which
// the caller releases. A clock that is set, forward or back, ends a minute as well; one without a reading is none.
bool minute_add(struct minute *m, const struct moment *at, struct minute *finished);
void minute_release(struct minute *m);

#endif
