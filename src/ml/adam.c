#include "ml/adam.h"

#include <math.h>

#include "ml/vec.h"

struct adam_step adam_step_at(const struct adam_config *c, double learning_rate, int64_t t)
{
    return (struct adam_step){
        .beta1 = (float)c->beta1,
        .beta2 = (float)c->beta2,
        .rate = (float)(learning_rate / (1.0 - pow(c->beta1, (double)t))),
        .v_factor = (float)(1.0 / sqrt(1.0 - pow(c->beta2, (double)t))),
        .epsilon = (float)c->epsilon,
    };
}

HW_KERNEL void adam_update(const struct adam_step *s, float *restrict p, float *restrict m, float *restrict v,
                           const float *restrict g, size_t n)
{
    const float beta1 = s->beta1, beta2 = s->beta2, rate = s->rate, v_factor = s->v_factor, epsilon = s->epsilon;
    for (size_t i = 0; i < n; i++) {
        float gi = g[i];
        float mi = gi + beta1 * (m[i] - gi);
        float vi = gi * gi + beta2 * (v[i] - gi * gi);
        m[i] = mi;
        v[i] = vi;
        p[i] -= rate * mi / (sqrtf(vi) * v_factor + epsilon);
    }
}
