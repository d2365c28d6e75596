// HTTP/1.1 on connections: keep-alive, pipelining in order, limits, graceful stop. Requests go through the origin
// policy (origin.h) to the router (router.h).
#ifndef HW_HTTP_HTTP_SERVER_H
#define HW_HTTP_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct http_server;
struct http_stats;
struct loop;
struct origin_policy;
struct router;

struct http_server_limits {
    size_t header_bytes;       // request line and headers; more: 431
    size_t body_bytes;         // more: 413
    int64_t header_timeout_ms; // from the first byte to the end of the request; 408
    int64_t idle_timeout_ms;   // a kept-alive connection without a request; closed
    size_t max_connections;    // more: 503 and closed
};
#define HTTP_SERVER_LIMITS_DEFAULT ((struct http_server_limits){16 << 10, 8 << 20, 10000, 60000, 65536})

// Borrows everything; `policy` may be NULL (tests).
struct http_server *http_server_new(struct loop *l, const struct router *router, struct origin_policy *policy,
                                    struct http_server_limits limits);
// "127.0.0.1:8080"; may be called for several addresses. The address is added to the policy's own names.
int http_server_listen(struct http_server *s, const char *address, struct err *e);
uint16_t http_server_port(const struct http_server *s); // of the first address
size_t http_server_connections(const struct http_server *s);
const struct http_stats *http_server_stats(const struct http_server *s);

// Stops accepting, closes idle connections, lets requests under way finish (answers say Connection: close); what is
// left after deadline_ms is closed. Connections taken over by others (WebSockets) are theirs to end: see sessions_stop.
// done(ctx) is called once the last connection is closed.
void http_server_stop(struct http_server *s, int64_t deadline_ms, void (*done)(void *ctx), void *ctx);
void http_server_free(struct http_server *s); // after `done`, or after loop_free

#endif
