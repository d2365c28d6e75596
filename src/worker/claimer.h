// Registers the worker and asks the server for jobs: one long poll, on a thread of its own, for each resource class.
#ifndef HW_WORKER_CLAIMER_H
#define HW_WORKER_CLAIMER_H

#include "base/json.h"
#include "jobs/queue_names.h"
#include "worker/slots.h"

struct claimer;

// What the server says to a registration.
struct registered {
    const char *worker_id;
    double lease_seconds;
    const char *server_host;         // what it calls its own machine; NULL: it doesn't say
    double machine_interval_seconds; // how often it wants to hear of this one; 0: it doesn't say
};

// Called on the claimer's threads, which may be several at once.
struct claimer_events {
    // Asked before the first registration, again and again until it says yes.
    bool (*may_register)(void *ctx);
    // The worker has (a new) id. Until the first call there is none; no job is asked for before it has returned.
    void (*registered)(void *ctx, const struct registered *r);
    // One job of a claim's answer (borrowed). Its slot is taken already.
    void (*claimed)(void *ctx, const char *worker_id, const json_t *job);
    void *ctx;
};

// `host`: what this one is called; borrowed until claimer_stop, as are `queues`: those whose jobs it takes. `replaces`:
// the id of the worker that was here before and is dead, which the server is told with the first registration; "" if
// there was none.
int claimer_start(struct claimer **out, const char *server_url, const char *host, struct slots *slots,
                  const struct queue_names *queues, const char *replaces, struct claimer_events events, struct err *e);
void claimer_stop(struct claimer *c); // closes the slots; once it returns no event comes any more

#endif
