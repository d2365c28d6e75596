// The moments of the last hour, one by one, in memory. Belongs to one thread.
#ifndef HW_MONITOR_RECENT_H
#define HW_MONITOR_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "monitor/moment.h"

struct recent;

// Moments older than keep_us than the newest are dropped, as are, oldest first, those beyond `max`.
struct recent *recent_new(int64_t keep_us, size_t max);
void recent_free(struct recent *r);
void recent_add(struct recent *r, struct moment *m); // takes it

size_t recent_count(const struct recent *r);
const struct moment *recent_at(const struct recent *r, size_t i); // in the order of adding

#endif
