#include "task/activation_stats.h"

#include <math.h>

#include "ml/ops.h"

void activation_stats_merge(struct activation_stats *s, const struct activation_stats *o)
{
    if (o->vectors == 0) return;
    if (s->vectors == 0) {
        *s = *o;
        return;
    }
    // Chan, Golub and LeVeque's pairwise update.
    double n = s->count + o->count, d = o->mean - s->mean;
    s->mean += d * (o->count / n);
    s->m2 += o->m2 + d * d * (s->count * o->count / n);
    s->count = n;
    s->vectors += o->vectors;
    s->norm_sum += o->norm_sum;
    if (o->min < s->min) s->min = o->min;
    if (o->max > s->max) s->max = o->max;
}

ptrdiff_t activation_stats_add(struct activation_stats *s, size_t n, size_t width, const float *data)
{
    for (size_t i = 0; i < n; i++) {
        struct ops_moments m = ops_moments(width, data + i * width);
        if (!isfinite(m.sum_squares) || !isfinite(m.m2)) return (ptrdiff_t)i;
        struct activation_stats one = {.vectors = 1,
                                       .count = (double)width,
                                       .mean = m.mean,
                                       .m2 = m.m2,
                                       .norm_sum = sqrt(m.sum_squares),
                                       .min = m.min,
                                       .max = m.max};
        activation_stats_merge(s, &one);
    }
    return -1;
}

double activation_stats_std(const struct activation_stats *s)
{
    return s->count > 0 ? sqrt(s->m2 / s->count) : 0;
}

double activation_stats_mean_norm(const struct activation_stats *s)
{
    return s->vectors ? s->norm_sum / (double)s->vectors : 0;
}
