#include "api/health.h"

#include "base/clock.h"
#include "http/request.h"
#include "http/router.h"
#include "store/store.h"

// Alive is who answers: the loop turns.
static void healthz(struct request *req, void *ctx)
{
    (void)ctx;
    struct buf body = BUF_INIT;
    buf_add_str(&body, "{\"status\":\"ok\"}");
    request_reply(req, 200, &body);
}

static int nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

// `away`: what the store said; NULL: it answers.
static void reply(struct request *req, const struct health *h, const char *away)
{
    struct buf reasons = BUF_INIT, body = BUF_INIT;
    struct jw w;
    jw_init(&w, &reasons);
    jw_arr(&w);
    bool ready = !h->ready || h->ready(h->ctx, &w);
    if (away) jw_str(&w, away);
    if (away) ready = false;
    jw_arr_end(&w);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "status", ready ? "ready" : "not ready");
    jw_kraw(&w, "reasons", buf_slice(&reasons));
    jw_obj_end(&w);
    buf_release(&reasons);
    request_reply(req, ready ? 200 : 503, &body);
}

struct question {
    struct request *req;
    struct health *health;
};

static void answered(void *ctx, int rc, const struct err *e)
{
    struct question *q = ctx;
    struct request *req = q->req;
    reply(req, q->health, rc ? e->message : NULL);
    request_unref(req); // the question's memory goes with it
}

// The database is asked each time: a server that nobody used would not know that it has gone.
static void readyz(struct request *req, void *ctx)
{
    struct health *h = ctx;
    if (!h->store) {
        reply(req, h, NULL);
        return;
    }
    struct question *q = request_alloc(req, sizeof *q);
    *q = (struct question){request_ref(req), h};
    store_read(h->store, nothing, answered, q);
}

static void version(struct request *req, void *ctx)
{
    struct health *h = ctx;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kstr(&w, "version", HEADWAY_VERSION);
    jw_ktime(&w, "started_at", h->started_at_us);
    jw_ktime(&w, "server_time", clock_now_us());
    jw_kstr(&w, "instance", h->instance);
    jw_obj_end(&w);
    request_reply(req, 200, &body);
}

static const struct route routes[] = {
    {"GET", "/healthz", healthz},
    {"GET", "/readyz", readyz},
    {"GET", "/api/v1/version", version},
};

void health_routes(struct router *r, struct health *h)
{
    router_add(r, routes, sizeof routes / sizeof *routes, h);
}
