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
struct request;
struct router;

typedef void (*route_fn)(struct request *req, void *ctx);
typedef void (*route_refuse_fn)(struct request *req, const struct err *e);

struct route {
    const char *method;  // "GET", "POST", "PUT", "PATCH", "DELETE"; "*": any (the handler looks)
    const char *pattern; // "/api/v1/jobs/{id}"; outlives the router
    route_fn handler;
};

struct router *router_new(void);
void router_free(struct router *r);
void router_add(struct router *r, const struct route *routes, size_t n, void *ctx); // the table outlives the router
// Pages of other origins may not even read this path and what lies below it, as they may elsewhere (origin.h). `refuse`
// answers whom the policy refuses there, and requests that can't be understood, in the protocol's own words.
void router_guard(struct router *r, const char *path, route_refuse_fn refuse); // the path outlives the router
route_refuse_fn router_guarded(const struct router *r, struct slice path);     // NULL: not guarded
void router_set_fallback(struct router *r, route_fn handler, void *ctx);

// Finds the route, sets the request's parameters, and calls the handler or answers 404, 405 or OPTIONS.
void router_dispatch(const struct router *r, struct request *req);

#endif
