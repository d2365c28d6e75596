#include "http/router.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "http/request_internal.h"

#define MAX_SEGMENTS 16

// A route with its pattern cut up once, since every request is held against every route.
struct entry {
    const struct route *route;
    void *ctx;
    size_t n;
    struct slice *segments; // of the pattern
    unsigned params;        // bit i: segment i is a {param}
    size_t same;            // place + 1 of the entry before this one with the same pattern, if it has no {param}
};

struct guard {
    struct slice path;
    const struct route_guard *ops;
    void *ctx;
};

struct router {
    struct entry *entries;
    size_t n;
    struct map literal; // pattern without a {param} → place + 1 of the last entry with it
    struct guard *guards;
    size_t n_guards;
    route_fn fallback;
    void *fallback_ctx;
};

struct router *router_new(void)
{
    struct router *r = mem_zalloc(sizeof *r);
    map_init(&r->literal);
    return r;
}

void router_free(struct router *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) free(r->entries[i].segments);
    map_release(&r->literal);
    free(r->entries);
    free(r->guards);
    free(r);
}

void router_guard(struct router *r, const char *path, const struct route_guard *guard, void *ctx)
{
    r->guards = mem_realloc_array(r->guards, r->n_guards + 1, sizeof *r->guards);
    r->guards[r->n_guards++] = (struct guard){slice_str(path), guard, ctx};
}

const struct route_guard *router_guarded(const struct router *r, struct slice path, void **ctx)
{
    for (size_t i = 0; i < r->n_guards; i++) {
        struct slice below = r->guards[i].path;
        if (path.n < below.n || memcmp(path.p, below.p, below.n) != 0) continue;
        if (path.n > below.n && path.p[below.n] != '/') continue;
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

void router_add(struct router *r, const struct route *routes, size_t n, void *ctx)
{
    r->entries = mem_realloc_array(r->entries, r->n + n, sizeof *r->entries);
    for (size_t i = 0; i < n; i++) {
        struct slice segments[MAX_SEGMENTS] = {0};
        struct entry *e = &r->entries[r->n++];
        *e = (struct entry){.route = &routes[i], .ctx = ctx, .n = split(slice_str(routes[i].pattern), segments)};
        assert(e->n <= MAX_SEGMENTS);
        e->segments = e->n ? mem_dup(segments, e->n * sizeof *segments) : NULL;
        for (size_t k = 0; k < e->n; k++) e->params |= (unsigned)is_param(segments[k]) << k;
        if (e->params) continue;
        struct slice pattern = slice_str(routes[i].pattern);
        e->same = (size_t)(uintptr_t)map_get(&r->literal, pattern);
        map_put(&r->literal, pattern, (void *)(uintptr_t)r->n); // this entry's place + 1
    }
}

// 0: no match; else a score in which a literal counts more than a parameter, the earlier the more.
static unsigned match(const struct entry *e, const struct slice *path, size_t n)
{
    if (e->n != n) return 0;
    unsigned score = 1;
    for (size_t i = 0; i < n; i++) {
        bool param = e->params >> i & 1;
        if (param ? path[i].n == 0 : !slice_eq(e->segments[i], path[i])) return 0;
        score = score << 1 | !param;
    }
    return score;
}

static bool method_fits(const char *route, const char *method)
{
    return strcmp(route, "*") == 0 || strcmp(route, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route, "GET") == 0);
}

static void set_params(struct request *req, const struct entry *e, const struct slice *path)
{
    for (size_t i = 0; i < e->n; i++) {
        struct slice name = e->segments[i];
        if (e->params >> i & 1) request_set_param(req, slice_of(name.p + 1, name.n - 2), path[i]);
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

// The row whose pattern is the path itself: no other can win over it. NULL: none, or not with that method.
static const struct entry *literal(const struct router *r, struct slice path, const char *method)
{
    const struct entry *first = NULL;
    if (path.n > 2 && path.p[path.n - 1] == '/') path.n--;
    for (size_t at = (size_t)(uintptr_t)map_get(&r->literal, path); at; at = r->entries[at - 1].same)
        if (method_fits(r->entries[at - 1].route->method, method)) first = &r->entries[at - 1];
    return first;
}

void router_dispatch(const struct router *r, struct request *req)
{
    struct slice path[MAX_SEGMENTS] = {0};
    const char *method = request_method(req);
    const struct entry *known = literal(r, slice_str(request_path(req)), method);
    if (known) {
        req->route = known->route;
        known->route->handler(req, known->ctx);
        return;
    }
    size_t n = split(slice_str(request_path(req)), path);
    const struct entry *best = NULL;
    unsigned best_score = 0;
    struct buf allowed = BUF_INIT;
    for (size_t i = 0; i < r->n && n <= MAX_SEGMENTS; i++) {
        const struct entry *e = &r->entries[i];
        unsigned score = match(e, path, n);
        if (!score) continue;
        if (!method_fits(e->route->method, method)) {
            allow(&allowed, e->route->method);
        } else if (score > best_score) {
            best = e;
            best_score = score;
        }
    }
    bool api = n > 0 && slice_is(path[0], "api");
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (best) {
        set_params(req, best, path);
        req->route = best->route;
        best->route->handler(req, best->ctx);
    } else if (allowed.n) {
        refuse_method(req, &allowed);
    } else if (r->fallback && reads && !api) {
        r->fallback(req, r->fallback_ctx);
    } else {
        request_fail(req, HW_ENOTFOUND, NULL, "there is no %.200s here", request_path(req));
    }
    buf_release(&allowed);
}
