// The machines that the server shows: its own, and those of workers on other hosts, which report them. Of these the
// last hour is kept; one is forgotten an hour after its last reading. Belongs to the loop's thread.
#ifndef HW_SERVER_MACHINES_H
#define HW_SERVER_MACHINES_H

#include <stdbool.h>

#include "base/err.h"
#include "server/job_groups.h"
#include "server/machine.h"

#define MACHINES_MAX      64 // of other hosts
#define MACHINE_HOST_MAX  100
#define MACHINE_FORGET_US HISTORY_KEEP_US

struct machines;

struct machines_config {
    struct emitter *emitter;
    struct machine *own; // borrowed: it must live as long
    struct monitor_jobs jobs;
    struct monitor_minutes minutes;
    int64_t interval_us; // between two readings
};

struct machines *machines_new(const struct machines_config *c);
void machines_free(struct machines *ms);

// Whether the name can be part of a channel's.
bool machines_host_ok(const char *host);

// Takes the readings that a worker on that host has sent (monitor/sample_read.h). Where several workers share a host
// one of them is listened to, as long as it is live: the others see the same machine. Otherwise as sample_read_report,
// or HW_EVALIDATION (the host's name, or it is the server's own), or HW_EUNAVAILABLE (there are too many).
int machines_report(struct machines *ms, const char *worker_id, const char *host, struct slice body,
                    int64_t now_mono_us, struct err *e);
// NULL or "": the server's own. NULL if nothing is known of it.
struct machine *machines_find(const struct machines *ms, const char *host);
void machines_write(const struct machines *ms, int64_t now_mono_us, struct jw *w); // the answer of GET /system/hosts

// Forgets those from which nothing came for an hour; to be called now and then.
void machines_forget(struct machines *ms, int64_t now_mono_us);

#endif
