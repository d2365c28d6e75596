#include "ml/schedule.h"

double schedule_rate(const struct schedule *s, int64_t step)
{
    double up = s->warmup_steps > 0 ? (double)(step + 1) / (double)s->warmup_steps : 1.0;
    double decay_steps = s->decay_fraction * (double)s->total_steps;
    double down = decay_steps >= 1.0 ? (double)(s->total_steps - step) / decay_steps : 1.0;
    double share = up < down ? up : down;
    if (share > 1.0) share = 1.0;
    if (share < 0.0) share = 0.0;
    return s->peak * share;
}
