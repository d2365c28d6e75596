// Statistics of a set of vectors, gathered in parts and merged: mean and variance of the elements (by merging counts,
// means and squared deviations, which loses no precision however many there are), range, mean length.
#ifndef HW_TASK_ACTIVATION_STATS_H
#define HW_TASK_ACTIVATION_STATS_H

#include <stddef.h>
#include <stdint.h>

struct activation_stats {
    uint64_t vectors;
    double count, mean, m2; // of the elements; m2: sum of squared deviations from the mean
    double norm_sum;        // of the vectors' Euclidean norms
    float min, max;
};

// Takes n vectors of `width` into account. -1 if all are finite (and their squares' sums too), else the index of the
// first that isn't; it and those after it are left out.
ptrdiff_t activation_stats_add(struct activation_stats *s, size_t n, size_t width, const float *data);
void activation_stats_merge(struct activation_stats *s, const struct activation_stats *other);

double activation_stats_std(const struct activation_stats *s); // population; 0 if empty
double activation_stats_mean_norm(const struct activation_stats *s);

#endif
