// GET /api/v1/system/metrics and /api/v1/system/history: the polling fallback of the system/… channels, and what the
// machine did in the last month.
#ifndef HW_API_SYSTEM_H
#define HW_API_SYSTEM_H

#include <stdint.h>

#include "base/json.h"

struct recent;
struct request;
struct resources;
struct router;

// Where the readings come from; called on the loop's thread, may not block.
struct system_provider {
    // Writes one object, the newest payload of each channel: {"system/cpu":{…},…,"gpu_reason":…}.
    void (*metrics)(void *ctx, struct jw *w);
    // Writes {"interval_seconds","channels":{…}} of the last window_us.
    void (*history)(void *ctx, int64_t window_us, struct jw *w);
    const struct recent *(*recent)(void *ctx); // the main readings of the last hour
    const char *(*host)(void *ctx);
    int64_t interval_us;
    void *ctx;
};

void system_routes(struct router *r, struct resources *api); // borrowed for the router's life; api->system isn't NULL

// api/system_history.c: from, to and resolution
void system_history_range(struct request *req, struct resources *api);

#endif
