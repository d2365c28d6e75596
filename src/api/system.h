// GET /api/v1/system/metrics and /api/v1/system/history: the polling fallback of the system/… channels.
#ifndef HW_API_SYSTEM_H
#define HW_API_SYSTEM_H

#include <stdint.h>

#include "base/json.h"

struct router;

// Where the readings come from; called on the loop's thread, may not block.
struct system_provider {
    // Writes one object, the newest payload of each channel: {"system/cpu":{…},…,"gpu_reason":…}.
    void (*metrics)(void *ctx, struct jw *w);
    // Writes {"interval_seconds","channels":{…}} of the last window_us.
    void (*history)(void *ctx, int64_t window_us, struct jw *w);
    void *ctx;
};

void system_routes(struct router *r, const struct system_provider *p); // borrowed for the router's life

#endif
