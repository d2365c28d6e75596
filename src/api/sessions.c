#include "api/sessions.h"

#include <stdlib.h>

#include "api/session_internal.h"
#include "base/id.h"
#include "base/mem.h"
#include "http/request.h"
#include "http/router.h"

#define SID_CHARS     20
#define DEFLATE_LEVEL 3 // most of the gain on JSON for a third of the time of level 6

struct session *session_of_subscriber(const struct subscriber *sub)
{
    return LIST_ITEM(sub, struct session, sub);
}

// ---- what the Engine.IO session asks for ---------------------------------------------------------------------------

static void on_message(void *ctx, struct slice data, bool binary)
{
    session_message(ctx, data, binary);
}

static void on_ws_send(void *ctx, struct slice packet)
{
    struct session *s = ctx;
    if (s->link) session_socket_send(s->link, packet);
}

static void on_ws_close(void *ctx, unsigned code)
{
    struct session *s = ctx;
    struct ws_link *link = s->link;
    s->link = NULL;
    if (!link) return;
    link->session = NULL;
    session_socket_close(link, s->close_reason ? WS_CLOSE_POLICY : code, s->close_reason);
}

static void answer_poll(struct session *s, int status, struct slice payload)
{
    struct request *req = s->poll;
    s->poll = NULL;
    if (!req) return;
    struct buf body = BUF_INIT;
    if (status == 200)
        buf_add_slice(&body, payload);
    else
        eio_write_error(&body, EIO_BAD_REQUEST);
    request_reply_text(req, status, status == 200 ? "text/plain; charset=UTF-8" : "application/json", &body);
    request_unref(req);
}

static void on_poll_answer(void *ctx, int status, struct slice payload)
{
    answer_poll(ctx, status, payload);
}

static void on_writable(void *ctx)
{
    struct session *s = ctx;
    loop_task_schedule(s->owner->loop, &s->flush);
}

static void on_closed(void *ctx, enum eio_close why)
{
    (void)why;
    struct session *s = ctx;
    s->over = true;
    subscriber_release(&s->sub);
    map_remove(&s->owner->by_sid, slice_str(eio_session_sid(s->eio)));
    loop_timer_stop(s->owner->loop, &s->timer);
    session_batch_free(s);
    loop_task_schedule(s->owner->loop, &s->flush); // frees it, off this stack
}

static const struct eio_session_ops eio_ops = {
    .message = on_message,
    .ws_send = on_ws_send,
    .ws_close = on_ws_close,
    .poll_answer = on_poll_answer,
    .writable = on_writable,
    .closed = on_closed,
};

// ---- life ----------------------------------------------------------------------------------------------------------

static void session_free(struct session *s)
{
    answer_poll(s, 400, slice_of(NULL, 0));
    loop_timer_stop(s->owner->loop, &s->timer);
    loop_task_cancel(&s->flush);
    subscriber_release(&s->sub);
    list_remove(&s->node);
    s->owner->stats.clients--;
    eio_session_free(s->eio);
    if (s->assembler) sio_assembler_release(s->assembler);
    free(s->assembler);
    free(s);
}

// A timer that comes early finds nothing due and is set again, so that a pong, which moves the deadline back, costs
// nothing.
void session_arm(struct session *s)
{
    if (s->over) return;
    int64_t due = (eio_session_due(s->eio) + 999) / 1000;
    if (s->connect_due_ms && s->connect_due_ms < due) due = s->connect_due_ms;
    if (loop_timer_active(&s->timer) && s->timer.at_ms <= due) return;
    loop_timer_start(s->owner->loop, &s->timer, due - loop_now_ms(s->owner->loop));
}

static void on_timer(struct loop_timer *t)
{
    struct session *s = t->ctx;
    if (s->connect_due_ms && loop_now_ms(s->owner->loop) >= s->connect_due_ms)
        eio_session_close(s->eio);
    else
        eio_session_tick(s->eio, session_now(s->owner));
    session_arm(s);
}

static void on_flush(struct loop_task *t)
{
    struct session *s = LIST_ITEM(t, struct session, flush);
    if (!s->over && s->sub.overflowed) {
        s->owner->stats.slow_consumers++;
        s->close_reason = "slow consumer";
        eio_session_close(s->eio);
    }
    if (s->over)
        session_free(s);
    else
        session_flush(s);
}

static struct session *session_new(struct sessions *o)
{
    struct session *s = mem_zalloc(sizeof *s);
    char sid[SID_CHARS + 1];
    id_token(sid, SID_CHARS);
    s->owner = o;
    s->eio = eio_session_new(&o->eio, sid, session_now(o), &eio_ops, s);
    subscriber_init(&s->sub, o->hub, &session_subscriber_ops);
    loop_timer_init(&s->timer, on_timer, s);
    loop_task_init(&s->flush, on_flush);
    s->connect_due_ms = loop_now_ms(o->loop) + o->config.connect_timeout_ms;
    map_put(&o->by_sid, slice_str(sid), s);
    list_push_back(&o->all, &s->node);
    o->stats.clients++;
    o->stats.opened++;
    session_arm(s);
    return s;
}

// ---- /socket.io/ ---------------------------------------------------------------------------------------------------

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
    struct session *s = ctx;
    s->poll = NULL;
    eio_session_poll_gone(s->eio);
    request_unref(req);
}

static void poll(struct session *s, struct request *req)
{
    if (s->poll) { // a second poll ends the session, and with it the first
        (void)eio_session_poll(s->eio, session_now(s->owner));
        refuse(req, EIO_BAD_REQUEST);
        return;
    }
    s->poll = request_ref(req);
    request_on_gone(req, on_poll_gone, s);
    if (eio_session_poll(s->eio, session_now(s->owner)) == 200) return;
    if (s->poll) {
        s->poll = NULL;
        request_unref(req);
        if (!request_replied(req)) refuse(req, EIO_BAD_REQUEST);
    }
}

static void post(struct session *s, struct request *req)
{
    int status = eio_session_post(s->eio, request_body(req), session_now(s->owner));
    if (status == 400) {
        refuse(req, EIO_BAD_REQUEST);
    } else if (status == 200) {
        request_reply_static(req, 200, "text/html", SLICE_LIT("ok")); // as the reference server labels it
    } else {
        request_fail(req, HW_ETOOBIG, NULL, "a POST may have %zu bytes at most", s->owner->eio.max_payload);
    }
}

static bool may_open(struct sessions *o, struct request *req)
{
    if (!o->stopping && o->stats.clients < o->config.max_clients) return true;
    request_fail(req, HW_EUNAVAILABLE, NULL,
                 o->stopping ? "the server is stopping" : "the server has as many clients as it takes");
    return false;
}

static bool check_handshake(struct sessions *o, struct request *req, struct ws_handshake *hs)
{
    struct err e;
    err_clear(&e);
    int status = ws_handshake_check(request_http(req), o->deflater != NULL, hs, &e);
    if (!status) return true;
    if (status == 426) request_add_header(req, "Sec-WebSocket-Version", "13");
    struct buf body = BUF_INIT;
    buf_add_str(&body, e.message);
    request_reply_text(req, status, "text/plain; charset=UTF-8", &body);
    return false;
}

static void serve(struct request *req, void *ctx)
{
    struct sessions *o = ctx;
    struct eio_request asked;
    enum eio_error error = eio_request_check(request_http(req), &asked);
    if (error != EIO_OK) {
        refuse(req, error);
        return;
    }
    struct ws_handshake hs;
    if (asked.transport == EIO_WEBSOCKET && !check_handshake(o, req, &hs)) return;
    struct session *s = NULL;
    if (asked.sid[0]) {
        s = map_get(&o->by_sid, slice_str(asked.sid));
        if (!s) {
            refuse(req, EIO_SID_UNKNOWN);
            return;
        }
    } else {
        if (!may_open(o, req)) return;
        s = session_new(o);
    }
    if (asked.transport == EIO_WEBSOCKET)
        session_open_socket(s, req, &hs);
    else if (strcmp(request_method(req), "POST") == 0)
        post(s, req);
    else
        poll(s, req);
    session_arm(s);
}

static const struct route routes[] = {{"*", "/socket.io", serve}};

void sessions_routes(struct router *r, struct sessions *s)
{
    router_add(r, routes, sizeof routes / sizeof *routes, s);
    router_guard(r, "/socket.io", refuse_origin);
}

// ---- all of them ---------------------------------------------------------------------------------------------------

struct sessions *sessions_new(struct loop *l, struct hub *hub, struct bus *bus, struct sessions_config config)
{
    struct sessions *o = mem_zalloc(sizeof *o);
    o->loop = l;
    o->hub = hub;
    o->bus = bus;
    o->config = config;
    o->eio = EIO_CONFIG_DEFAULT;
    o->eio.ping_interval_us = config.ping_interval_ms * 1000;
    o->eio.ping_timeout_us = config.ping_timeout_ms * 1000;
    o->eio.max_payload = config.max_payload;
    map_init(&o->by_sid);
    list_init(&o->all);
    list_init(&o->links);
    if (config.deflate_threshold) o->deflater = deflater_new(DEFLATE_LEVEL, DEFLATE_WINDOW_BITS);
    o->inflater = inflater_new();
    return o;
}

void sessions_stats(const struct sessions *s, struct sessions_stats *out)
{
    *out = s->stats;
}

void sessions_stop(struct sessions *o)
{
    o->stopping = true;
    LIST_EACH(it, next, &o->all)
    {
        struct session *s = LIST_ITEM(it, struct session, node);
        if (!s->over) eio_session_close(s->eio);
    }
}

void sessions_free(struct sessions *o)
{
    if (!o) return;
    sessions_stop(o);
    LIST_EACH(it, next, &o->all) session_free(LIST_ITEM(it, struct session, node));
    while (!list_empty(&o->links)) session_socket_abandon(LIST_ITEM(o->links.next, struct ws_link, node));
    map_release(&o->by_sid);
    deflater_free(o->deflater);
    inflater_free(o->inflater);
    free(o);
}
