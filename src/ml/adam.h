// Adam (Kingma and Ba, 2015), bias-corrected, one pass over parameter, both moments and gradient.
#ifndef HW_ML_ADAM_H
#define HW_ML_ADAM_H

#include <stddef.h>
#include <stdint.h>

struct adam_config {
    double beta1, beta2, epsilon;
};

#define ADAM_DEFAULT ((struct adam_config){0.9, 0.999, 1e-8})

// What is the same for every parameter of one step.
struct adam_step {
    float beta1, beta2;
    float rate;     // learning rate / (1 - beta1^t)
    float v_factor; // 1 / sqrt(1 - beta2^t)
    float epsilon;
};

// `t` counts from 1: the number of this update.
struct adam_step adam_step_at(const struct adam_config *c, double learning_rate, int64_t t);

// p -= rate * m / (sqrt(v) * v_factor + epsilon), after m and v have taken in g. The arrays don't overlap.
void adam_update(const struct adam_step *s, float *p, float *m, float *v, const float *g, size_t n);

#endif
