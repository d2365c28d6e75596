// What finding and saying share: compare.c, compare_words.c.
#ifndef HW_JOBS_COMPARE_INTERNAL_H
#define HW_JOBS_COMPARE_INTERNAL_H

#include "jobs/compare.h"

static const double COMPARE_STRETCH_MIN = 1; // percent that are worth a comparison
static const double COMPARE_SAME = 0.02;     // nobody notices less

bool compare_has_way(const struct compare_run *r); // it went far enough, and that took time
void compare_say(struct comparison *c);            // writes the sentence; all else has been found

#endif
