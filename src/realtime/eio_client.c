// One client: what its session (proto/engineio_session.h) asks for, its timer, its life.
#include <stdlib.h>

#include "base/id.h"
#include "base/mem.h"
#include "http/request.h"
#include "net/conn.h"
#include "realtime/eio_internal.h"

#define SID_CHARS 20 // 120 random bits

// ---- what the session asks for -------------------------------------------------------------------------------------

static void on_message(void *ctx, struct slice data, bool binary)
{
    struct eio_client *c = ctx;
    c->server->ops->message(c, data, binary);
}

static void on_ws_send(void *ctx, struct slice packet)
{
    struct eio_client *c = ctx;
    if (c->link) eio_link_send(c->link, packet);
}

static void on_ws_close(void *ctx, unsigned code)
{
    struct eio_client *c = ctx;
    struct eio_link *link = c->link;
    c->link = NULL;
    if (!link) return;
    link->client = NULL;
    eio_link_close(link, c->close_reason ? WS_CLOSE_POLICY : code, c->close_reason);
}

void eio_client_answer_poll(struct eio_client *c, int status, struct slice payload)
{
    struct request *req = c->poll;
    c->poll = NULL;
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
    eio_client_answer_poll(ctx, status, payload);
}

static void on_writable(void *ctx)
{
    struct eio_client *c = ctx;
    loop_task_schedule(c->server->loop, &c->flush);
}

static void on_closed(void *ctx, enum eio_close why)
{
    struct eio_client *c = ctx;
    c->over = true;
    subscriber_release(&c->sub);
    map_remove(&c->server->by_sid, slice_str(eio_session_sid(c->session)));
    loop_timer_stop(c->server->loop, &c->timer);
    loop_task_schedule(c->server->loop, &c->flush); // frees it, off this stack
    c->server->ops->closed(c, why);
}

static const struct eio_session_ops session_ops = {
    .message = on_message,
    .ws_send = on_ws_send,
    .ws_close = on_ws_close,
    .poll_answer = on_poll_answer,
    .writable = on_writable,
    .closed = on_closed,
};

// ---- time ----------------------------------------------------------------------------------------------------------

// A timer that comes early finds nothing due and is set again, so that a pong, which moves the deadline back, costs
// nothing.
void eio_client_arm(struct eio_client *c)
{
    if (c->over) return;
    int64_t due = (eio_session_due(c->session) + 999) / 1000;
    if (c->deadline_ms && c->deadline_ms < due) due = c->deadline_ms;
    if (loop_timer_active(&c->timer) && c->timer.at_ms <= due) return;
    loop_timer_start(c->server->loop, &c->timer, due - loop_now_ms(c->server->loop));
}

static void on_timer(struct loop_timer *t)
{
    struct eio_client *c = t->ctx;
    if (c->deadline_ms && loop_now_ms(c->server->loop) >= c->deadline_ms)
        eio_session_close(c->session);
    else
        eio_session_tick(c->session, eio_now_us(c->server));
    eio_client_arm(c);
}

void eio_client_set_deadline(struct eio_client *c, int64_t delay_ms)
{
    c->deadline_ms = delay_ms ? loop_now_ms(c->server->loop) + delay_ms : 0;
    eio_client_arm(c);
}

// ---- life ----------------------------------------------------------------------------------------------------------

static void on_flush(struct loop_task *t)
{
    struct eio_client *c = LIST_ITEM(t, struct eio_client, flush);
    if (!c->over && c->sub.overflowed) {
        c->server->stats.slow_consumers++;
        c->close_reason = "slow consumer";
        eio_session_close(c->session);
    }
    if (c->over) {
        eio_client_free(c);
        return;
    }
    bool upgraded = c->upgraded;
    c->upgraded = false;
    if (upgraded && c->server->upgraded && c->server->upgraded(c->server->upgraded_ctx, c)) return;
    eio_flush(c);
}

static void count_client(struct eio_server *s, bool comes)
{
    struct eio_census *both[] = {&s->own, s->config.census};
    for (int i = 0; i < 2; i++) {
        if (!both[i]) continue;
        if (comes)
            atomic_fetch_add(&both[i]->clients, 1);
        else
            atomic_fetch_sub(&both[i]->clients, 1);
    }
}

void eio_client_enter(struct eio_client *c, struct eio_server *s)
{
    c->server = s;
    map_put(&s->by_sid, slice_str(eio_session_sid(c->session)), c);
    list_push_back(&s->all, &c->node);
    count_client(s, true);
}

void eio_client_exit(struct eio_client *c)
{
    map_remove(&c->server->by_sid, slice_str(eio_session_sid(c->session)));
    loop_timer_stop(c->server->loop, &c->timer);
    loop_task_cancel(&c->flush);
    list_remove(&c->node);
    count_client(c->server, false);
}

struct eio_client *eio_client_new(struct eio_server *s)
{
    struct eio_client *c = mem_zalloc(sizeof *c + s->ops->client_bytes);
    char sid[SID_CHARS + 1];
    id_token(sid, SID_CHARS);
    c->session = eio_session_new(&s->session_config, sid, eio_now_us(s), &session_ops, c);
    subscriber_init(&c->sub, s->hub, &eio_subscriber_ops);
    list_init(&c->node);
    loop_timer_init(&c->timer, on_timer, c);
    loop_task_init(&c->flush, on_flush);
    eio_client_enter(c, s);
    s->stats.opened++;
    eio_client_arm(c);
    if (s->ops->opened) s->ops->opened(c);
    return c;
}

void eio_client_free(struct eio_client *c)
{
    eio_client_answer_poll(c, 400, slice_of(NULL, 0));
    eio_client_exit(c);
    eio_session_free(c->session);
    free(c);
}

// What was sent before goes out first, as far as the transport takes it now.
void eio_client_close(struct eio_client *c)
{
    if (c->over) return;
    if (c->link && eio_session_route(c->session) == EIO_ROUTE_WS)
        conn_flush(c->link->conn);
    else if (!outbox_empty(&c->sub.out))
        eio_flush(c);
    eio_session_close(c->session);
}

// ---- what the application asks -------------------------------------------------------------------------------------

void *eio_client_data(struct eio_client *c)
{
    return c->data;
}

void *eio_client_app(const struct eio_client *c)
{
    return c->server->app;
}

struct loop *eio_client_loop(const struct eio_client *c)
{
    return c->server->loop;
}

const char *eio_client_sid(const struct eio_client *c)
{
    return eio_session_sid(c->session);
}

struct subscriber *eio_client_subscriber(struct eio_client *c)
{
    return &c->sub;
}

static void push(struct eio_client *c, struct msg *m)
{
    if (!c->over) subscriber_push(&c->sub, m);
    msg_unref(m);
}

void eio_client_send(struct eio_client *c, struct slice data, bool binary)
{
    if (binary) {
        push(c, msg_private_binary(data));
        return;
    }
    struct buf packet = BUF_INIT;
    eio_encode(&packet, EIO_MESSAGE, data);
    eio_client_send_packet(c, &packet);
}

void eio_client_send_packet(struct eio_client *c, struct buf *packet)
{
    push(c, msg_private(buf_slice(packet)));
    buf_release(packet);
}
