// What the monitor read of the machine last, for /metrics.
#ifndef HW_SERVER_HOST_METRICS_H
#define HW_SERVER_HOST_METRICS_H

#include "base/buf.h"

struct moment;

// `m`: the newest; NULL before the first. A reading that could not be taken has no sample, and is no 0.
void host_metrics_write(const struct moment *m, struct buf *out);

#endif
