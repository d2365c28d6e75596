// The way of a running program's events to the server: its place there (run/session.h), the batches, where they wait
// while the server is away, and what its answers ask for.
//
// Events of a job that isn't known to the server yet wait as well, and go out first once it is. Reports wait in a
// private temporary folder, up to a bound; what doesn't fit is left out, and counted. One thread puts in; the events
// are told on threads of its own.
#ifndef HW_RUN_DELIVERY_H
#define HW_RUN_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/session.h"
#include "worker/batches.h"

struct delivery;

struct delivery_events {
    void (*known)(void *ctx);  // the job is known to the server: what waits for that can go out
    void (*cancel)(void *ctx); // the server asks for the program's end
    void *ctx;
};

// `job`: the body of POST /workers/{id}/jobs. Both are copied.
int delivery_start(struct delivery **out, const char *server_url, struct slice job, struct delivery_events events,
                   struct err *e);
// As session_wait.
bool delivery_wait_known(struct delivery *d, int timeout_ms, struct session_identity *out);

// Takes all of `from`, sends what can be sent, keeps what can't. True: there was something.
bool delivery_take(struct delivery *d, struct batches *from);
bool delivery_away(struct delivery *d);        // the server takes no reports now, or doesn't know the job yet
uint64_t delivery_waiting(struct delivery *d); // bytes

// No more comes after `last`, which is taken: tries to bring the rest to the server for some seconds, then frees.
// False: not everything could be delivered; `why` says what stood in the way.
bool delivery_finish(struct delivery *d, struct batches *last, struct err *why);
void delivery_free(struct delivery *d); // instead of delivery_finish: nothing has been said. NULL is fine

#endif
