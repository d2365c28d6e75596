// Tells a server on another host how this machine is: a thread of its own samples it (a driver may block for seconds)
// and posts each sample. Only the newest counts: what can't be sent is dropped, and said in the log once. Nothing else
// of the worker waits for it, but its end.
#ifndef HW_WORKER_MACHINE_REPORTER_H
#define HW_WORKER_MACHINE_REPORTER_H

#include "base/err.h"

struct machine_reporter;

// `host` NULL: this machine's host name. `nvml_library`: as in struct sampler_options. Nothing runs yet.
struct machine_reporter *machine_reporter_new(const char *server_url, const char *host, const char *nvml_library);
// Waits for the thread, which may be within a driver's call.
void machine_reporter_free(struct machine_reporter *r);

const char *machine_reporter_host(const struct machine_reporter *r); // what this machine is called

// The worker has (a new) id. From now on the machine is reported under it, if `server_host` is another than this one's;
// NULL, or an interval of 0: the server doesn't ask for it. From any thread.
void machine_reporter_registered(struct machine_reporter *r, const char *worker_id, const char *server_host,
                                 double interval_seconds);

#endif
