#include "jobs/history_rule.h"

#include <math.h>

// Percentages are sums of fractions: 14.999999 - 10 is the step of 5.
static const double ROUNDING = 1e-6;

bool history_due(const struct history_rule *r, const struct history_last *last, enum history_moment moment,
                 double percent, int64_t now_us)
{
    if (moment != HISTORY_GOES_ON || !last->any) return true;
    if (isnan(percent) || now_us - last->at_us < r->interval_us) return false;
    return isnan(last->percent) || percent - last->percent >= r->step_percent - ROUNDING;
}
