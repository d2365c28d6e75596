// From a client's outbox to its transport.
#include "http/request.h"
#include "net/conn.h"
#include "realtime/eio_internal.h"

static struct eio_client *client_of(const struct subscriber *sub)
{
    return LIST_ITEM(sub, struct eio_client, sub);
}

static bool carries(const struct eio_client *c)
{
    return c->link && eio_session_route(c->session) == EIO_ROUTE_WS;
}

// ---- what the hub asks ---------------------------------------------------------------------------------------------

static void on_wake(struct subscriber *sub, bool batched)
{
    struct eio_client *c = client_of(sub);
    if (c->over) return;
    if (batched && c->server->ops->batched)
        c->server->ops->batched(c);
    else if (carries(c) && !sub->overflowed)
        conn_wake(c->link->conn);
    else
        loop_task_schedule(c->server->loop, &c->flush);
}

// A client between two polls isn't slow; what it leaves lying is bounded by the hub's own mark.
static bool on_behind(const struct subscriber *sub)
{
    const struct eio_client *c = client_of(sub);
    return carries(c) && conn_blocked(c->link->conn);
}

static void on_relieve(struct subscriber *sub)
{
    struct eio_client *c = client_of(sub);
    if (carries(c)) conn_flush(c->link->conn);
}

const struct subscriber_ops eio_subscriber_ops = {.wake = on_wake, .behind = on_behind, .relieve = on_relieve};

// The packet that says what was merged into this entry; empty if nothing was, or it isn't to be said.
static struct buf conflated_packet(const struct eio_client *c, const struct outbox_entry *e)
{
    struct buf out = BUF_INIT;
    const struct eio_app_ops *ops = c->server->ops;
    if (e->conflated && ops->conflated) ops->conflated(msg_channel(e->msg), e->conflated, &out);
    return out;
}

// ---- WebSocket -----------------------------------------------------------------------------------------------------

static void release_msg(void *token)
{
    msg_unref(token);
}

static bool deflate_frame(void *ctx, struct slice text, struct buf *out)
{
    struct eio_server *s = ctx;
    struct buf packed = BUF_INIT;
    deflater_message(s->deflater, text, &packed);
    bool better = packed.n < text.n;
    if (better) ws_write_frame(out, WS_OP_TEXT, true, buf_slice(&packed), NULL);
    s->stats.raw_bytes += text.n;
    s->stats.packed_bytes += better ? packed.n : text.n;
    buf_release(&packed);
    return better;
}

// Binary messages are images and arrays: mostly compressed already, and each for one client alone.
static struct slice frame_for(struct eio_link *link, struct msg *m)
{
    struct eio_server *s = link->server;
    if (!link->deflate || msg_is_binary(m) || msg_text(m).n < s->config.deflate_threshold) return msg_frame(m);
    return msg_deflated(m, deflate_frame, s);
}

void eio_fill(struct eio_client *c, struct eio_link *link, size_t room)
{
    if (c->over || c->link != link || !carries(c)) return;
    while (room > 0) {
        struct outbox_entry e = outbox_pop(&c->sub.out);
        if (!e.msg) return;
        struct buf note = conflated_packet(c, &e);
        if (note.n) eio_link_send(link, buf_slice(&note));
        buf_release(&note);
        struct slice frame = frame_for(link, e.msg);
        conn_write_ref(link->conn, frame, release_msg, e.msg);
        link->server->stats.sent_bytes += frame.n;
        room = frame.n < room ? room - frame.n : 0;
    }
}

// ---- polling -------------------------------------------------------------------------------------------------------

static void add_packet(struct eio_payload *p, struct slice packet, struct buf *body)
{
    if (eio_payload_count(p, packet.n)) buf_add_char(body, EIO_SEPARATOR);
    buf_add_slice(body, packet);
}

static bool add_entry(struct eio_client *c, struct eio_payload *p, struct buf *body)
{
    const struct outbox_entry *first = outbox_peek(&c->sub.out);
    if (!first) return false;
    bool binary = msg_is_binary(first->msg); // for one client alone: nothing is ever merged into it
    size_t size = binary ? eio_binary_size(msg_text(first->msg).n) : msg_text(first->msg).n;
    struct buf note = conflated_packet(c, first);
    // The note and its event go together.
    bool fits = eio_payload_fits(p, size + (note.n ? note.n + 1 : 0));
    if (fits) {
        struct outbox_entry e = outbox_pop(&c->sub.out);
        if (note.n) add_packet(p, buf_slice(&note), body);
        if (binary)
            (void)eio_payload_add_binary(p, msg_text(e.msg), body); // it fits
        else
            add_packet(p, msg_text(e.msg), body);
        msg_unref(e.msg);
    }
    buf_release(&note);
    return fits;
}

static void answer_poll(struct eio_client *c)
{
    struct slice control = eio_session_poll_control(c->session);
    if (control.n == 0 && outbox_empty(&c->sub.out)) return;
    struct eio_payload p = {.limit = c->server->config.max_payload};
    struct buf body = BUF_INIT;
    if (control.n) add_packet(&p, control, &body);
    while (add_entry(c, &p, &body)) {
    }
    struct request *req = c->poll;
    c->poll = NULL;
    eio_session_poll_answered(c->session);
    c->server->stats.sent_bytes += body.n;
    request_reply_text(req, 200, "text/plain; charset=UTF-8", &body);
    request_unref(req);
}

void eio_flush(struct eio_client *c)
{
    switch (eio_session_route(c->session)) {
    case EIO_ROUTE_POLL:
        if (c->poll) answer_poll(c);
        return;
    case EIO_ROUTE_WS:
        if (c->link) conn_wake(c->link->conn);
        return;
    case EIO_ROUTE_HOLD:
    case EIO_ROUTE_CLOSED: return;
    }
}
