#include "store/latency.h"

const double latency_bounds[LATENCY_BOUNDS] = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5};

void latency_add(struct latency *l, int64_t us)
{
    double seconds = us > 0 ? (double)us / 1e6 : 0;
    int i = 0;
    while (i < LATENCY_BOUNDS && seconds > latency_bounds[i]) i++;
    l->counts[i]++;
    l->sum += seconds;
}
