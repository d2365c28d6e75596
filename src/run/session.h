// A running program's place on the server: registers it as a job of its own, on a thread that may wait for the server
// as long as it takes.
#ifndef HW_RUN_SESSION_H
#define HW_RUN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct session_identity {
    char worker_id[32], job_id[40], lease[64];
    int64_t attempt;
    double lease_seconds;
};

struct session;

// `job`: the body of POST /workers/{id}/jobs, with an idempotency key, copied. `changed` is called on the session's
// thread when the identity becomes known.
int session_start(struct session **out, const char *server_url, struct slice job, void (*changed)(void *ctx), void *ctx,
                  struct err *e);
bool session_get(struct session *s, struct session_identity *out); // false: not known yet
// Waits at most that long for it; returns at once when the server can't be reached.
bool session_wait(struct session *s, int timeout_ms, struct session_identity *out);
// The server has forgotten that worker: registers anew, unless that has happened already.
void session_renew(struct session *s, const char *worker_id);
// The program has ended. If the server was never reached it is tried once more, for at most timeout_ms. `why` then says
// what stood in the way.
void session_stop(struct session *s, int timeout_ms, struct err *why);
void session_free(struct session *s); // after session_stop

#endif
