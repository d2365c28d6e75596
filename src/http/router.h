// Which handler serves which method and path: a table. Adding a call is adding a row.
//
//     static const struct route routes[] = {
//         {"GET",  "/api/v1/jobs",             jobs_list},
//         {"POST", "/api/v1/jobs/{id}/cancel", jobs_cancel},
//     };
//     router_add(router, routes, sizeof routes / sizeof *routes, api);
//
// A literal segment wins over a {param}. HEAD is served by the GET route. A path that exists with other methods is 405
// with Allow, OPTIONS is answered from the table, a trailing slash is ignored. What no row matches goes to the fallback
// (a static site) if it is GET or HEAD and outside /api/, else it is 404.
#ifndef HW_HTTP_ROUTER_H
#define HW_HTTP_ROUTER_H

#include <stddef.h>

#include "base/slice.h"

struct err;
struct http_request;
struct request;
struct router;

typedef void (*route_fn)(struct request *req, void *ctx);

struct route {
    const char *method;  // "GET", "POST", "PUT", "PATCH", "DELETE"; "*": any (the handler looks)
    const char *pattern; // "/api/v1/jobs/{id}"; outlives the router
    route_fn handler;
};

struct router *router_new(void);
void router_free(struct router *r);
void router_add(struct router *r, const struct route *routes, size_t n, void *ctx); // the table outlives the router
// A path with what lies below it that has rules of its own: pages of other origins may not even read there, as they may
// elsewhere (origin.h).
struct route_guard {
    // Answers whom the policy refuses, and requests that can't be understood, in the protocol's own words.
    void (*refuse)(struct request *req, const struct err *e);
    // The head of a request has come and its body is awaited: called once, some time before the request is dispatched
    // (which may never happen). For protocols that limit what may be under way. `head` has no body; borrowed. NULL:
    // nothing.
    void (*body_awaited)(void *ctx, const struct http_request *head);
};
void router_guard(struct router *r, const char *path, const struct route_guard *guard,
                  void *ctx); // the path and the struct outlive the router
const struct route_guard *router_guarded(const struct router *r, struct slice path, void **ctx); // NULL: not guarded
void router_set_fallback(struct router *r, route_fn handler, void *ctx);

// Finds the route, sets the request's parameters, and calls the handler or answers 404, 405 or OPTIONS.
void router_dispatch(const struct router *r, struct request *req);

#endif
