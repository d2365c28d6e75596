#include "http/router.h"

#include <stdlib.h>

#include "base/mem.h"
#include "http/request_internal.h"

#define MAX_SEGMENTS 16

struct table {
    const struct route *routes;
    size_t n;
    void *ctx;
};

struct guard {
    const char *path;
    const struct route_guard *ops;
    void *ctx;
};

struct router {
    struct table *tables;
    size_t n;
    struct guard *guards;
    size_t n_guards;
    route_fn fallback;
    void *fallback_ctx;
};

struct router *router_new(void)
{
    return mem_zalloc(sizeof(struct router));
}

void router_free(struct router *r)
{
    if (!r) return;
    free(r->tables);
    free(r->guards);
    free(r);
}

void router_add(struct router *r, const struct route *routes, size_t n, void *ctx)
{
    r->tables = mem_realloc_array(r->tables, r->n + 1, sizeof *r->tables);
    r->tables[r->n++] = (struct table){routes, n, ctx};
}

void router_guard(struct router *r, const char *path, const struct route_guard *guard, void *ctx)
{
    r->guards = mem_realloc_array(r->guards, r->n_guards + 1, sizeof *r->guards);
    r->guards[r->n_guards++] = (struct guard){path, guard, ctx};
}

const struct route_guard *router_guarded(const struct router *r, struct slice path, void **ctx)
{
    for (size_t i = 0; i < r->n_guards; i++) {
        size_t n = strlen(r->guards[i].path);
        if (!slice_starts(path, r->guards[i].path) || (path.n > n && path.p[n] != '/')) continue;
        *ctx = r->guards[i].ctx;
        return r->guards[i].ops;
    }
    return NULL;
}

void router_set_fallback(struct router *r, route_fn handler, void *ctx)
{
    r->fallback = handler;
    r->fallback_ctx = ctx;
}

// "/a/b" and "/a/b/" into {"a", "b"}; the number of segments, MAX_SEGMENTS + 1 if there are more than fit.
static size_t split(struct slice path, struct slice out[MAX_SEGMENTS])
{
    size_t n = 0;
    if (path.n && path.p[0] == '/') path.p++, path.n--;
    while (path.n) {
        struct slice segment = slice_cut(&path, '/');
        if (n == MAX_SEGMENTS) return MAX_SEGMENTS + 1;
        out[n++] = segment;
    }
    return n;
}

static bool is_param(struct slice segment)
{
    return segment.n > 2 && segment.p[0] == '{';
}

// 0: no match; else a score in which a literal counts more than a parameter, the earlier the more.
static unsigned match(const char *pattern, const struct slice *path, size_t n)
{
    struct slice p[MAX_SEGMENTS];
    if (split(slice_str(pattern), p) != n) return 0;
    unsigned score = 1;
    for (size_t i = 0; i < n; i++) {
        bool param = is_param(p[i]);
        if (param ? path[i].n == 0 : !slice_eq(p[i], path[i])) return 0;
        score = score << 1 | !param;
    }
    return score;
}

static bool method_fits(const char *route, const char *method)
{
    return strcmp(route, "*") == 0 || strcmp(route, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route, "GET") == 0);
}

static void set_params(struct request *req, const char *pattern, const struct slice *path)
{
    struct slice p[MAX_SEGMENTS] = {0};
    size_t n = split(slice_str(pattern), p);
    for (size_t i = 0; i < n; i++) {
        if (is_param(p[i])) request_set_param(req, slice_of(p[i].p + 1, p[i].n - 2), path[i]);
    }
}

static void allow(struct buf *list, const char *method)
{
    if (list->n && strstr(buf_cstr(list), method)) return;
    if (list->n) buf_add_str(list, ", ");
    buf_add_str(list, method);
    if (strcmp(method, "GET") == 0) buf_add_str(list, ", HEAD");
}

static void refuse_method(struct request *req, struct buf *allowed)
{
    const char *method = request_method(req);
    if (strcmp(method, "OPTIONS") == 0) {
        buf_add_str(allowed, ", OPTIONS");
        request_add_header(req, "Allow", buf_cstr(allowed));
        request_reply(req, 204, NULL);
        return;
    }
    request_add_header(req, "Allow", buf_cstr(allowed));
    request_fail(req, HW_EMETHOD, NULL, "%.100s takes %.200s, not %.20s", request_path(req), buf_cstr(allowed), method);
}

void router_dispatch(const struct router *r, struct request *req)
{
    struct slice path[MAX_SEGMENTS] = {0};
    const char *method = request_method(req);
    size_t n = split(slice_str(request_path(req)), path);
    const struct table *in = NULL;
    const struct route *best = NULL;
    unsigned best_score = 0;
    struct buf allowed = BUF_INIT;
    for (size_t t = 0; t < r->n && n <= MAX_SEGMENTS; t++) {
        for (size_t i = 0; i < r->tables[t].n; i++) {
            const struct route *route = &r->tables[t].routes[i];
            unsigned score = match(route->pattern, path, n);
            if (!score) continue;
            if (!method_fits(route->method, method)) {
                allow(&allowed, route->method);
            } else if (score > best_score) {
                best = route;
                best_score = score;
                in = &r->tables[t];
            }
        }
    }
    bool api = n > 0 && slice_is(path[0], "api");
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (best) {
        set_params(req, best->pattern, path);
        best->handler(req, in->ctx);
    } else if (allowed.n) {
        refuse_method(req, &allowed);
    } else if (r->fallback && reads && !api) {
        r->fallback(req, r->fallback_ctx);
    } else {
        request_fail(req, HW_ENOTFOUND, NULL, "there is no %.200s here", request_path(req));
    }
    buf_release(&allowed);
}
