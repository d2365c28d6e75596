// What a server was asked and how long the answers took, by route: for /metrics. Belongs to the loop's thread.
#ifndef HW_HTTP_HTTP_STATS_H
#define HW_HTTP_HTTP_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct route;

struct http_stats {
    struct http_route_stats *routes; // those that were asked for, owned
    size_t n;
};
#define HTTP_STATS_INIT ((struct http_stats){0})
void http_stats_release(struct http_stats *s);

// One answer, `us` after its request was read. `route`: the row that served it (it outlives the stats); NULL if none
// did: the dashboard's files, unknown paths, requests that were refused before they came so far.
void http_stats_count(struct http_stats *s, const struct route *route, int status, int64_t us);

// headway_http_requests_total{method,route,code} and headway_http_request_duration_seconds{method,route}.
void http_stats_write(const struct http_stats *s, struct buf *out);

#endif
