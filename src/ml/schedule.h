// The learning rate over a run: linear warm-up, constant, linear decay to zero over the last part.
#ifndef HW_ML_SCHEDULE_H
#define HW_ML_SCHEDULE_H

#include <stdint.h>

struct schedule {
    double peak;
    int64_t total_steps;
    int64_t warmup_steps;  // 0: none
    double decay_fraction; // of total_steps, 0 to 1
};

// The rate for the step with index `step` (from 0). The first warm-up step has peak / warmup_steps, the last step of
// the run the last rate above zero. Where warm-up and decay overlap, the smaller of the two holds.
double schedule_rate(const struct schedule *s, int64_t step);

#endif
