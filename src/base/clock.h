// Time. Instants are integer microseconds since 1970-01-01 UTC; spans are measured on the monotonic clock.
#ifndef HW_BASE_CLOCK_H
#define HW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

int64_t clock_now_us(void);  // wall clock, µs since the epoch, UTC
int64_t clock_mono_us(void); // monotonic, µs since some fixed instant; for spans and deadlines

#define CLOCK_RFC3339_SIZE 25
// "2026-11-23T21:43:05.123Z" (RFC 3339 §5.6, UTC, milliseconds) into out[25]. Years outside 0–9999 are clamped.
void clock_format(int64_t us, char out[CLOCK_RFC3339_SIZE]);

// Reads RFC 3339 with any fraction and any offset; false if it is anything else.
bool clock_parse(struct slice text, int64_t *us);

#endif
