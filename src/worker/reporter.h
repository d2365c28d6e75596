// Posts spooled batches to the server, in order, on a thread of its own; each is repeated until the server has answered
// it.
#ifndef HW_WORKER_REPORTER_H
#define HW_WORKER_REPORTER_H

#include <stdbool.h>

#include "base/json.h"
#include "worker/spool.h"

struct reporter;

// What the server's answers say. Called on the reporter's thread. A job is named with the lease that the report went
// out under: the same job may run again here under another one, of which the answer says nothing.
struct reporter_events {
    // `control`: "cancel", "pause", "resume" or "stop"; said again until it is done.
    void (*control)(void *ctx, const char *job_id, const char *lease, const char *control);
    void (*lost)(void *ctx, const char *job_id, const char *lease); // nothing of it is wanted any more
    // The server doesn't know that worker (any more), so nothing that runs under its leases is anybody's.
    void (*unknown)(void *ctx, const char *worker_id);
    void *ctx;
};

int reporter_start(struct reporter **out, const char *server_url, struct spool *spool, struct reporter_events events,
                   struct err *e);
// The last try to post failed: what is reported waits. Any thread.
bool reporter_away(struct reporter *r);
// Sends what is in the spool for at most drain_ms, then stops. The spool stays the caller's.
void reporter_stop(struct reporter *r, int drain_ms);

#endif
