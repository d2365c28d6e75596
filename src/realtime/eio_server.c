// Engine.IO requests: which client they are for, and what is refused.
#include "realtime/eio_server.h"

#include <stdlib.h>

#include "base/mem.h"
#include "http/request.h"
#include "proto/ws_handshake.h"
#include "realtime/eio_internal.h"

// ---- polling -------------------------------------------------------------------------------------------------------

static void refuse(struct request *req, enum eio_error error)
{
    struct buf body = BUF_INIT;
    eio_write_error(&body, error);
    request_reply_text(req, eio_error_status(error), "application/json", &body);
}

static void refuse_origin(struct request *req, const struct err *e)
{
    refuse(req, e->code == HW_EFORBIDDEN ? EIO_FORBIDDEN : EIO_BAD_REQUEST);
}

// The connection of a pending poll closed.
static void on_poll_gone(struct request *req, void *ctx)
{
    struct eio_client *c = ctx;
    c->poll = NULL;
    eio_session_poll_gone(c->session);
    request_unref(req);
}

static void poll(struct eio_client *c, struct request *req)
{
    if (c->poll) { // a second poll ends the session, and with it the first
        (void)eio_session_poll(c->session, eio_now_us(c->server));
        refuse(req, EIO_BAD_REQUEST);
        return;
    }
    c->poll = request_ref(req);
    request_on_gone(req, on_poll_gone, c);
    if (eio_session_poll(c->session, eio_now_us(c->server)) == 200) return;
    if (c->poll) {
        c->poll = NULL;
        request_unref(req);
        if (!request_replied(req)) refuse(req, EIO_BAD_REQUEST);
    }
}

// A client may have one POST under way: of two, nobody knows which came first. One whose body is awaited is remembered,
// so that a second ends the session, even if the first breaks off.
static void on_body_awaited(void *ctx, const struct http_request *head)
{
    struct eio_server *s = ctx;
    struct eio_request asked;
    if (eio_request_check(head, &asked) != EIO_OK || head->method != HTTP_POST) return;
    struct eio_client *c = map_get(&s->by_sid, slice_str(asked.sid));
    if (c && c->posting) eio_session_post_overlap(c->session);
    if (c) c->posting = true;
}

static void post(struct eio_client *c, struct request *req)
{
    if (c->posting && !request_body_awaited(req)) {
        eio_session_post_overlap(c->session);
        refuse(req, EIO_BAD_REQUEST);
        return;
    }
    c->posting = false;
    int status = eio_session_post(c->session, request_body(req), eio_now_us(c->server));
    if (status == 400) {
        refuse(req, EIO_BAD_REQUEST);
    } else if (status == 200) {
        request_reply_static(req, 200, "text/html", SLICE_LIT("ok")); // as the reference server labels it
    } else {
        request_fail(req, HW_ETOOBIG, NULL, "a POST may have %zu bytes at most", c->server->config.max_payload);
    }
}

// ---- WebSocket -----------------------------------------------------------------------------------------------------

static bool check_handshake(struct eio_server *s, struct request *req, struct ws_handshake *hs)
{
    struct err e;
    err_clear(&e);
    int status = ws_handshake_check(request_http(req), s->deflater != NULL, hs, &e);
    if (!status) return true;
    if (status == 426) { // RFC 6455 §4.4, RFC 9110 §15.5.22
        request_add_header(req, "Sec-WebSocket-Version", "13");
        request_add_header(req, "Upgrade", "websocket");
    }
    struct buf body = BUF_INIT;
    buf_add_str(&body, e.message);
    request_reply_text(req, status, "text/plain; charset=UTF-8", &body);
    return false;
}

void eio_server_set_place(struct eio_server *s, eio_place_fn place, void *ctx)
{
    s->place = place;
    s->place_ctx = ctx;
}

void eio_server_set_upgraded(struct eio_server *s, eio_upgraded_fn upgraded, void *ctx)
{
    s->upgraded = upgraded;
    s->upgraded_ctx = ctx;
}

void eio_server_adopt(struct eio_server *s, struct conn *c, const struct ws_handshake *hs, struct slice rest)
{
    eio_link_open(eio_client_new(s), c, hs, rest);
}

static void websocket(struct eio_server *s, struct eio_client *c, struct request *req, const struct ws_handshake *hs)
{
    struct buf rest = BUF_INIT;
    struct conn *conn = request_take_conn(req, &rest);
    if (conn && c)
        eio_link_open(c, conn, hs, buf_slice(&rest));
    else if (conn && !(s->place && s->place(s->place_ctx, conn, hs, buf_slice(&rest))))
        eio_server_adopt(s, conn, hs, buf_slice(&rest));
    buf_release(&rest);
}

// ---- requests ------------------------------------------------------------------------------------------------------

static bool may_open(struct eio_server *s, struct request *req)
{
    size_t clients = atomic_load(s->config.census ? &s->config.census->clients : &s->own.clients);
    if (!s->stopping && clients < s->config.max_clients) return true;
    request_fail(req, HW_EUNAVAILABLE, NULL,
                 s->stopping ? "the server is stopping" : "the server has as many clients as it takes");
    return false;
}

static void serve(struct request *req, void *ctx)
{
    struct eio_server *s = ctx;
    struct eio_request asked;
    struct ws_handshake hs;
    enum eio_error error = eio_request_check(request_http(req), &asked);
    struct eio_client *c = NULL;
    if (error == EIO_OK && asked.sid[0]) {
        c = map_get(&s->by_sid, slice_str(asked.sid));
        // The request may have been read before the timer that ends the session is looked at.
        if (c) eio_session_tick(c->session, eio_now_us(s));
        if (!c || c->over) error = EIO_SID_UNKNOWN;
    }
    if (error != EIO_OK) {
        refuse(req, error);
        return;
    }
    if (asked.transport == EIO_WEBSOCKET && !check_handshake(s, req, &hs)) return;
    if (!c && !may_open(s, req)) return;
    if (asked.transport == EIO_WEBSOCKET) {
        websocket(s, c, req, &hs);
        return;
    }
    if (!c) c = eio_client_new(s);
    if (strcmp(request_method(req), "POST") == 0)
        post(c, req);
    else
        poll(c, req);
    eio_client_arm(c);
}

static const struct route_guard guard = {.refuse = refuse_origin, .body_awaited = on_body_awaited};

void eio_server_routes(struct router *r, const char *path, struct eio_server *s)
{
    s->route = (struct route){"*", path, serve};
    router_add(r, &s->route, 1, s);
    router_guard(r, path, &guard, s);
}

// ---- the server ----------------------------------------------------------------------------------------------------

struct eio_server *eio_server_new(struct loop *l, struct hub *hub, const struct eio_server_config *config,
                                  const struct eio_app_ops *ops, void *app)
{
    struct eio_server *s = mem_zalloc(sizeof *s);
    s->loop = l;
    s->hub = hub;
    s->ops = ops;
    s->app = app;
    s->config = *config;
    s->session_config = (struct eio_config){
        .ping_interval_us = config->ping_interval_ms * 1000,
        .ping_timeout_us = config->ping_timeout_ms * 1000,
        .upgrade_timeout_us = config->upgrade_timeout_ms * 1000,
        .max_payload = config->max_payload,
    };
    map_init(&s->by_sid);
    list_init(&s->all);
    list_init(&s->links);
    if (config->deflate_threshold) s->deflater = deflater_new(DEFLATE_LEVEL, DEFLATE_WINDOW_BITS);
    s->inflater = inflater_new();
    return s;
}

size_t eio_server_clients(const struct eio_server *s)
{
    return atomic_load(&s->own.clients);
}

void eio_server_stats(const struct eio_server *s, struct eio_server_stats *out)
{
    *out = s->stats;
    out->clients = eio_server_clients(s);
}

void eio_server_stop(struct eio_server *s)
{
    s->stopping = true;
    LIST_EACH(it, next, &s->all)
    {
        struct eio_client *c = LIST_ITEM(it, struct eio_client, node);
        if (!c->over) eio_client_close(c);
    }
}

void eio_server_free(struct eio_server *s)
{
    if (!s) return;
    eio_server_stop(s);
    LIST_EACH(it, next, &s->all) eio_client_free(LIST_ITEM(it, struct eio_client, node));
    while (!list_empty(&s->links)) eio_link_abandon(LIST_ITEM(s->links.next, struct eio_link, node));
    map_release(&s->by_sid);
    deflater_free(s->deflater);
    inflater_free(s->inflater);
    free(s);
}
