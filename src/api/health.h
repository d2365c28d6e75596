// GET /healthz, /readyz, /api/v1/version.
#ifndef HW_API_HEALTH_H
#define HW_API_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct router;
struct store;

struct health {
    const char *instance;  // this server's id
    int64_t started_at_us; // wall clock
    // Is the server ready? If not, each reason is written as a string into the open JSON array. NULL: always.
    bool (*ready)(void *ctx, struct jw *reasons);
    void *ctx;
    struct store *store; // a read of it must succeed, too; NULL: there is none
};

void health_routes(struct router *r, struct health *h); // borrowed for the router's life

#endif
