// The steps of a run, and what was measured.
#ifndef FANOUT_RUN_H
#define FANOUT_RUN_H

#include "check.h"
#include "crowd.h"
#include "options.h"
#include "publisher.h"

struct measured {
    double connect_s, seconds;             // until the last client had subscribed; of the counted messages
    double connect_cpu_s, cpu_s, idle_cpu; // processor seconds; idle: of one second
    uint64_t rss_before_kib, rss_connected_kib, rss_start_kib, rss_peak_kib, rss_end_kib;
    uint64_t wire_bytes; // what the clients were sent for the counted messages
};

struct run {
    const struct options *options;
    struct check check;
    struct crowd crowd;
    struct publisher publisher;
    struct measured measured;
    uint64_t until_ns; // the limit of all
    const char *why;   // it failed
};

// Everything: connect, warm up, idle, publish. False: it failed (`why`); what was measured until then stands.
bool run_all(struct run *r, const struct options *o);
void run_release(struct run *r);

#endif
