// A server of the network and real-time layers alone, for their integration tests: no store, no jobs, no worker.
//
//     rt_server [name=number]... : prints "listening PORT", serves until SIGTERM, then stops gracefully
//
// Beside the routes of the real server (health, emit, Socket.IO, static files) it has some that the tests steer it by:
// see the table at the end.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/emit.h"
#include "api/health.h"
#include "api/sessions.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "events/emitter.h"
#include "fanout/fanout.h"
#include "http/http_server.h"
#include "http/origin.h"
#include "http/request.h"
#include "http/router.h"
#include "http/static_site.h"
#include "hub/hub.h"
#include "net/loop.h"

struct rt {
    struct loop *loop;
    struct hub *hub;
    struct bus *bus;
    struct fanout *fanout;
    struct emitter *emitter;
    struct sessions *sessions;
    struct http_server *http;
    int64_t waiting; // long polls under way
    int64_t gone;    // long polls whose client went away
};

static int64_t option(int argc, char **argv, const char *name, int64_t def)
{
    size_t n = strlen(name);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=') return atoll(argv[i] + n + 1);
    }
    return def;
}

// ---- POST /test/burst {channel, event, count, size, lifecycle}: that many events at once, {"n": 1…, "pad": …} ------

static void burst(struct request *req, void *ctx)
{
    struct rt *rt = ctx;
    struct err e;
    err_clear(&e);
    const char *channel = NULL, *event = NULL;
    int64_t count, size, seq = 0;
    bool lifecycle;
    json_t *body = request_json(req, &e);
    if (!body || json_get_str(body, "channel", "", &channel, &e) < 0 ||
        json_get_str(body, "event", "test:progress", &event, &e) < 0 ||
        json_get_i64(body, "count", 1, 1, 1000000, &count, &e) < 0 ||
        json_get_i64(body, "size", 0, 0, 1000000, &size, &e) < 0 ||
        json_get_bool(body, "lifecycle", false, &lifecycle, &e) < 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf data = BUF_INIT;
    char *pad = mem_zalloc((size_t)size + 1);
    memset(pad, 'x', (size_t)size);
    for (int64_t i = 1; i <= count; i++) {
        buf_clear(&data);
        buf_addf(&data, "{\"n\":%lld,\"pad\":\"%s\"}", (long long)i, pad);
        seq = emit_raw(rt->emitter, slice_str(channel), slice_str(event), buf_slice(&data),
                       lifecycle ? MSG_LIFECYCLE : MSG_STATE);
    }
    free(pad);
    buf_clear(&data);
    buf_addf(&data, "{\"seq\":%lld}", (long long)seq);
    request_reply(req, seq < 0 ? 400 : 200, &data);
    buf_release(&data);
}

// ---- GET /test/slow?ms=: answers after that time -------------------------------------------------------------------

struct slow {
    struct rt *rt;
    struct request *req;
    struct loop_timer timer;
};

static void slow_done(struct loop_timer *t)
{
    struct slow *s = t->ctx;
    s->rt->waiting--;
    struct buf body = BUF_INIT;
    buf_add_str(&body, "{\"slow\":true}");
    request_reply(s->req, 200, &body);
    request_unref(s->req);
}

static void slow_gone(struct request *req, void *ctx)
{
    struct slow *s = ctx;
    s->rt->gone++;
    s->rt->waiting--;
    loop_timer_stop(s->rt->loop, &s->timer);
    request_unref(req);
}

static void slow(struct request *req, void *ctx)
{
    struct err e;
    err_clear(&e);
    int64_t ms;
    if (request_query_i64(req, "ms", 100, 0, 60000, &ms, &e) < 0) {
        request_reply_error(req, &e);
        return;
    }
    struct slow *s = request_alloc(req, sizeof *s);
    s->rt = ctx;
    s->rt->waiting++;
    s->req = request_ref(req);
    loop_timer_init(&s->timer, slow_done, s);
    loop_timer_start(s->rt->loop, &s->timer, ms);
    request_on_gone(req, slow_gone, s);
}

// ---- GET /test/stats, POST /test/echo, GET /test/big?bytes= --------------------------------------------------------

static long rss_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long pages = 0, resident = 0;
    if (f && fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    if (f) fclose(f);
    return resident * 4;
}

static void stats(struct request *req, void *ctx)
{
    struct rt *rt = ctx;
    struct hub_stats h;
    struct eio_server_stats s;
    hub_stats(rt->hub, &h);
    sessions_stats(rt->sessions, &s);
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_ki64(&w, "published", (int64_t)h.published);
    jw_ki64(&w, "delivered", (int64_t)h.delivered);
    jw_ki64(&w, "conflated", (int64_t)h.conflated);
    jw_ki64(&w, "overflowed", (int64_t)h.overflowed);
    jw_ki64(&w, "channels", (int64_t)h.channels);
    jw_ki64(&w, "subscriptions", (int64_t)h.subscriptions);
    jw_ki64(&w, "clients", (int64_t)s.clients);
    jw_ki64(&w, "websockets", (int64_t)s.websockets);
    jw_ki64(&w, "slow_consumers", (int64_t)s.slow_consumers);
    jw_ki64(&w, "connections", (int64_t)http_server_connections(rt->http));
    jw_ki64(&w, "waiting", rt->waiting);
    jw_ki64(&w, "gone", rt->gone);
    jw_ki64(&w, "rss_kib", rss_kib());
    jw_obj_end(&w);
    request_reply(req, 200, &body);
}

static void echo(struct request *req, void *ctx)
{
    (void)ctx;
    struct err e;
    err_clear(&e);
    json_t *in = request_json(req, &e);
    if (!in) {
        request_reply_error(req, &e);
        return;
    }
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_json(&w, in);
    request_reply(req, 200, &body);
}

static void big(struct request *req, void *ctx)
{
    (void)ctx;
    int64_t bytes;
    struct err e;
    err_clear(&e);
    if (request_query_i64(req, "bytes", 1000, 0, 64 << 20, &bytes, &e) < 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf body = BUF_INIT;
    memset(buf_reserve(&body, (size_t)bytes + 1), 'b', (size_t)bytes);
    body.n = (size_t)bytes;
    request_reply_text(req, 200, "text/plain", &body);
}

// A handler that forgets to answer: the request says so itself.
static void forget(struct request *req, void *ctx)
{
    (void)req, (void)ctx;
}

static const struct route routes[] = {
    {"POST", "/test/burst", burst}, {"GET", "/test/slow", slow}, {"GET", "/test/stats", stats},
    {"POST", "/test/echo", echo},   {"GET", "/test/big", big},   {"GET", "/test/forget", forget},
};

static const struct static_file files[] = {
    {.path = "/index.html",
     .mime = "text/html; charset=utf-8",
     .etag = "\"i1\"",
     .identity = {"<!doctype html><title>test</title>", 34}},
    {.path = "/assets/app-1234.js",
     .mime = "text/javascript",
     .etag = "\"a1\"",
     .identity = {"identity", 8},
     .gzip = {"gzipped", 7},
     .br = {"br", 2},
     .immutable = true},
};

// ---- main ----------------------------------------------------------------------------------------------------------

static void stopped(void *ctx)
{
    loop_stop(ctx);
}

static void on_signal(void *ctx, int signum)
{
    (void)signum;
    struct rt *rt = ctx;
    sessions_stop(rt->sessions);
    http_server_stop(rt->http, 10000, stopped, rt->loop);
}

int main(int argc, char **argv)
{
    struct rt rt = {0};
    struct err e;
    err_clear(&e);
    if (loop_new(&rt.loop, &e) < 0) {
        fprintf(stderr, "rt_server: %s\n", e.message);
        return 1;
    }
    struct origin_policy *policy = origin_policy_new(SLICE_LIT("https://allowed.example"), "allowed origins", &e);
    rt.hub = hub_new((size_t)option(argc, argv, "outbox", HUB_OUTBOX_BYTES));
    rt.bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    rt.fanout = fanout_new(rt.bus, rt.loop);
    rt.emitter = emitter_new(rt.bus);
    struct sessions_config config = SESSIONS_CONFIG_DEFAULT;
    struct eio_server_config *eio = &config.sio.eio;
    eio->ping_interval_ms = option(argc, argv, "ping_interval", eio->ping_interval_ms);
    eio->ping_timeout_ms = option(argc, argv, "ping_timeout", eio->ping_timeout_ms);
    config.batch_interval_ms = (uint32_t)option(argc, argv, "batch", 0);
    eio->deflate_threshold = (size_t)option(argc, argv, "deflate", (int64_t)eio->deflate_threshold);
    rt.sessions = sessions_new(rt.loop, rt.hub, fanout_add(rt.fanout, rt.loop, rt.hub), &config);
    struct health health = {.instance = "test", .started_at_us = clock_now_us()};
    struct static_site *site = static_site_new(files, sizeof files / sizeof *files);

    struct router *router = router_new();
    router_add(router, routes, sizeof routes / sizeof *routes, &rt);
    sessions_routes(router, rt.sessions);
    health_routes(router, &health);
    emit_routes(router, rt.emitter);
    static_site_routes(router, site);

    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    limits.header_timeout_ms = option(argc, argv, "header_timeout", limits.header_timeout_ms);
    limits.idle_timeout_ms = option(argc, argv, "idle_timeout", limits.idle_timeout_ms);
    limits.max_connections = (size_t)option(argc, argv, "max_connections", (int64_t)limits.max_connections);
    rt.http = http_server_new(rt.loop, router, policy, limits);
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", (int)option(argc, argv, "port", 0));
    int rc = http_server_listen(rt.http, address, &e);
    if (rc == 0) rc = loop_on_signal(rt.loop, SIGTERM, on_signal, &rt, &e);
    if (rc == 0) {
        printf("listening %u\n", http_server_port(rt.http));
        fflush(stdout);
        loop_run(rt.loop);
    } else {
        fprintf(stderr, "rt_server: %s\n", e.message);
    }

    sessions_free(rt.sessions);
    loop_free(rt.loop);
    http_server_free(rt.http);
    router_free(router);
    static_site_free(site);
    emitter_free(rt.emitter);
    fanout_free(rt.fanout);
    rt.bus->ops->free(rt.bus);
    hub_free(rt.hub);
    origin_policy_free(policy);
    return rc < 0;
}
