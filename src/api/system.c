#include "api/system.h"

#include "api/resources.h"

#define WINDOW_DEFAULT_S 900
#define WINDOW_MAX_S     3600

static void answer(struct request *req, bool known, struct buf *body)
{
    if (known)
        request_reply(req, 200, body);
    else
        request_fail(req, HW_ENOTFOUND, "host", "no reading of %s has come in the last hour",
                     request_query(req, "host"));
}

static void metrics(struct request *req, void *ctx)
{
    const struct system_provider *p = ((struct resources *)ctx)->system;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    answer(req, p->metrics(p->ctx, request_query(req, "host"), &w), &body);
}

static void history(struct request *req, void *ctx)
{
    const struct system_provider *p = ((struct resources *)ctx)->system;
    struct err e;
    err_clear(&e);
    int64_t window;
    if (request_query(req, "from") || request_query(req, "to") || request_query(req, "resolution")) {
        system_history_range(req, ctx);
        return;
    }
    if (request_query_i64(req, "window", WINDOW_DEFAULT_S, 1, WINDOW_MAX_S, &window, &e) < 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    answer(req, p->history(p->ctx, request_query(req, "host"), window * 1000000, &w), &body);
}

static void hosts(struct request *req, void *ctx)
{
    const struct system_provider *p = ((struct resources *)ctx)->system;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    p->hosts(p->ctx, &w);
    request_reply(req, 200, &body);
}

static const struct route routes[] = {
    {"GET", "/api/v1/system/metrics", metrics},
    {"GET", "/api/v1/system/history", history},
    {"GET", "/api/v1/system/hosts", hosts},
};

void system_routes(struct router *r, struct resources *api)
{
    router_add(r, routes, sizeof routes / sizeof *routes, api);
}
