// GET /metrics: what the server does and what it costs, in Prometheus' text format.
#ifndef HW_SERVER_METRICS_H
#define HW_SERVER_METRICS_H

#include <stdint.h>

struct archival;
struct http_server;
struct io_threads;
struct monitor_thread;
struct periodic;
struct router;
struct store;

struct metrics {
    struct http_server *http;
    struct io_threads *io;
    struct store *store;
    struct monitor_thread *monitor;
    struct periodic *periodic;
    struct archival *archival;
    int64_t started_at_us;
};

void metrics_routes(struct router *r, struct metrics *m); // borrows `m`

#endif
