// Fewer points for a chart, without losing what matters on it. Pure.
#ifndef HW_STORE_DOWNSAMPLE_H
#define HW_STORE_DOWNSAMPLE_H

#include <stddef.h>
#include <stdint.h>

// Chooses at most `max_points` of the `n` values (in order of x): the points are cut into buckets of equal count, and
// each bucket keeps its minimum, its maximum and its last point; the very first point is kept too. A NaN or an infinity
// survives: the first of each bucket is kept, and never stands in for the minimum or maximum of the finite values.
// Writes the kept indices in ascending order to `keep` (room for min(n, max_points)), returns their number. All are
// kept if n <= max_points; max_points below 5 is taken as 5 (room for that many is needed).
size_t downsample(const double *y, size_t n, size_t max_points, size_t *keep);

#endif
