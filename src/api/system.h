// GET /api/v1/system/metrics and /api/v1/system/history: the polling fallback of the system/… and hosts/… channels, and
// what a machine did in the last month; GET /api/v1/system/hosts: which machines there are. And how the readings of a
// worker's machine come in.
#ifndef HW_API_SYSTEM_H
#define HW_API_SYSTEM_H

#include <stdint.h>

#include "base/json.h"
#include "base/slice.h"

struct recent;
struct request;
struct resources;
struct router;

// Where the readings come from; called on the loop's thread, may not block. `host` NULL or "": the server's own
// machine.
struct system_provider {
    // Writes one object, the newest payload of each channel: {"system/cpu":{…},…,"gpu_reason":…}. False: nothing is
    // known of that host, and nothing was written.
    bool (*metrics)(void *ctx, const char *host, struct jw *w);
    // Writes {"interval_seconds","channels":{…}} of the last window_us. False: as above.
    bool (*history)(void *ctx, const char *host, int64_t window_us, struct jw *w);
    const struct recent *(*recent)(void *ctx, const char *host); // the main readings of the last hour; NULL: none
    const char *(*host)(void *ctx);                              // the server's own
    void (*hosts)(void *ctx, struct jw *w);                      // writes {"items":[…]}
    // What a worker says of the machine that it is on: 0, or the code of its refusal.
    int (*report)(void *ctx, const char *worker_id, const char *host, struct slice body, struct err *e);
    int64_t interval_us;
    void *ctx;
};

void system_routes(struct router *r, struct resources *api); // borrowed for the router's life; api->system isn't NULL

// api/system_history.c: from, to and resolution
void system_history_range(struct request *req, struct resources *api);

#endif
