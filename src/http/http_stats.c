#include "http/http_stats.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/prometheus.h"
#include "http/router.h"

enum { MAX_CODES = 16 }; // different statuses of one route; what comes beyond is counted with the last

static const double BOUNDS[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10};
enum { N_BOUNDS = sizeof BOUNDS / sizeof *BOUNDS };

struct http_route_stats {
    const struct route *route; // NULL: none
    struct {
        int code;
        uint64_t n;
    } codes[MAX_CODES];
    size_t n_codes;
    uint64_t counts[N_BOUNDS + 1];
    double sum;
};

void http_stats_release(struct http_stats *s)
{
    free(s->routes);
    *s = HTTP_STATS_INIT;
}

// They are few, and those that are asked for most came first: a table of hashes would gain nothing.
static struct http_route_stats *find(struct http_stats *s, const struct route *route)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->routes[i].route == route) return &s->routes[i];
    s->routes = mem_realloc_array(s->routes, s->n + 1, sizeof *s->routes);
    s->routes[s->n] = (struct http_route_stats){.route = route};
    return &s->routes[s->n++];
}

static void count_code(struct http_route_stats *r, int code)
{
    size_t i = 0;
    while (i < r->n_codes && r->codes[i].code != code) i++;
    if (i == MAX_CODES) i--;
    if (i == r->n_codes) r->codes[r->n_codes++].code = code;
    r->codes[i].n++;
}

// Copies share the bounds, and each has counts of its own.
static struct prom_histogram histogram(struct http_route_stats *r)
{
    return (struct prom_histogram){.bounds = BOUNDS, .n_bounds = N_BOUNDS, .counts = r->counts, .sum = r->sum};
}

void http_stats_count(struct http_stats *s, const struct route *route, int status, int64_t us)
{
    struct http_route_stats *r = find(s, route);
    struct prom_histogram h = histogram(r);
    count_code(r, status);
    prom_histogram_add(&h, (double)(us > 0 ? us : 0) / 1e6);
    r->sum = h.sum;
}

static const char *method_of(const struct http_route_stats *r)
{
    return r->route ? r->route->method : "";
}

static const char *route_of(const struct http_route_stats *r)
{
    return r->route ? r->route->pattern : "other";
}

void http_stats_write(const struct http_stats *s, struct buf *out)
{
    static const char requests[] = "headway_http_requests_total", took[] = "headway_http_request_duration_seconds";
    prom_family(out, requests, PROM_COUNTER, "Requests answered, by route and status.");
    for (size_t i = 0; i < s->n; i++) {
        const struct http_route_stats *r = &s->routes[i];
        for (size_t k = 0; k < r->n_codes; k++) {
            char code[16];
            snprintf(code, sizeof code, "%d", r->codes[k].code);
            prom_sample_u64(out, requests,
                            (const char *const[]){"method", method_of(r), "route", route_of(r), "code", code, NULL},
                            r->codes[k].n);
        }
    }
    prom_family(out, took, PROM_HISTOGRAM,
                "From a request to its answer. Long polls wait for what they were asked for: claims, Engine.IO.");
    for (size_t i = 0; i < s->n; i++) {
        struct http_route_stats *r = &s->routes[i];
        struct prom_histogram h = histogram(r);
        prom_histogram_write(out, took, (const char *const[]){"method", method_of(r), "route", route_of(r), NULL}, &h);
    }
}
