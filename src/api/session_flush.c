// From a client's outbox to its transport.
#include "api/session_internal.h"
#include "base/json.h"
#include "http/request.h"
#include "net/conn.h"

static bool carries(const struct session *s)
{
    return s->link && eio_session_route(s->eio) == EIO_ROUTE_WS;
}

// ---- what the hub asks ---------------------------------------------------------------------------------------------

static void on_wake(struct subscriber *sub, bool batched)
{
    struct session *s = session_of_subscriber(sub);
    if (s->over) return;
    if (batched)
        session_batch_wake(s);
    else if (carries(s) && !sub->overflowed)
        conn_wake(s->link->conn);
    else
        loop_task_schedule(s->owner->loop, &s->flush);
}

// A client between two polls isn't slow; what it leaves lying is bounded by the hub's own mark.
static bool on_behind(const struct subscriber *sub)
{
    const struct session *s = session_of_subscriber(sub);
    return carries(s) && conn_blocked(s->link->conn);
}

static void on_relieve(struct subscriber *sub)
{
    struct session *s = session_of_subscriber(sub);
    if (carries(s)) conn_flush(s->link->conn);
}

const struct subscriber_ops session_subscriber_ops = {.wake = on_wake, .behind = on_behind, .relieve = on_relieve};

void session_send(struct session *s, struct buf *packet)
{
    struct msg *m = msg_private(buf_slice(packet));
    subscriber_push(&s->sub, m);
    msg_unref(m);
    buf_release(packet);
}

// ---- conflation ----------------------------------------------------------------------------------------------------

void session_write_conflated(struct buf *out, struct slice channel, uint32_t n)
{
    struct jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "channel");
    jw_slice(&w, channel);
    jw_ki64(&w, "count", n);
    jw_obj_end(&w);
}

// "42["conflated",{…}]"
static struct buf conflated_packet(const struct outbox_entry *e)
{
    struct buf arg = BUF_INIT, out = BUF_INIT;
    session_write_conflated(&arg, msg_channel(e->msg), e->conflated);
    buf_add_char(&out, EIO_MESSAGE);
    sio_write_event(&out, "/", SIO_NO_ID, SLICE_LIT("conflated"), buf_slice(&arg));
    buf_release(&arg);
    return out;
}

// ---- WebSocket -----------------------------------------------------------------------------------------------------

static void release_msg(void *token)
{
    msg_unref(token);
}

static bool deflate_frame(void *ctx, struct slice text, struct buf *out)
{
    struct sessions *o = ctx;
    struct buf packed = BUF_INIT;
    deflater_message(o->deflater, text, &packed);
    bool better = packed.n < text.n;
    if (better) ws_write_frame(out, WS_OP_TEXT, true, buf_slice(&packed), NULL);
    buf_release(&packed);
    return better;
}

static struct slice frame_for(struct ws_link *link, struct msg *m)
{
    struct sessions *o = link->owner;
    if (!link->deflate || msg_text(m).n < o->config.deflate_threshold) return msg_frame(m);
    return msg_deflated(m, deflate_frame, o);
}

void session_fill(struct session *s, struct ws_link *link, size_t room)
{
    if (s->over || s->link != link || !carries(s)) return;
    while (room > 0) {
        struct outbox_entry e = outbox_pop(&s->sub.out);
        if (!e.msg) return;
        if (e.conflated) {
            struct buf note = conflated_packet(&e);
            session_socket_send(link, buf_slice(&note));
            buf_release(&note);
        }
        struct slice frame = frame_for(link, e.msg);
        conn_write_ref(link->conn, frame, release_msg, e.msg);
        room = frame.n < room ? room - frame.n : 0;
    }
}

// ---- polling -------------------------------------------------------------------------------------------------------

static void add_packet(struct eio_payload *p, struct slice packet, struct buf *body)
{
    if (eio_payload_count(p, packet.n)) buf_add_char(body, EIO_SEPARATOR);
    buf_add_slice(body, packet);
}

static bool add_entry(struct session *s, struct eio_payload *p, struct buf *body)
{
    const struct outbox_entry *first = outbox_peek(&s->sub.out);
    if (!first) return false;
    struct buf note = BUF_INIT;
    if (first->conflated) note = conflated_packet(first);
    // The note and its event go together.
    bool fits = eio_payload_fits(p, msg_text(first->msg).n + (note.n ? note.n + 1 : 0));
    if (fits) {
        struct outbox_entry e = outbox_pop(&s->sub.out);
        if (note.n) add_packet(p, buf_slice(&note), body);
        add_packet(p, msg_text(e.msg), body);
        msg_unref(e.msg);
    }
    buf_release(&note);
    return fits;
}

static void answer_poll(struct session *s)
{
    struct slice control = eio_session_poll_control(s->eio);
    if (control.n == 0 && outbox_empty(&s->sub.out)) return;
    struct eio_payload p = {.limit = s->owner->config.max_payload};
    struct buf body = BUF_INIT;
    if (control.n) add_packet(&p, control, &body);
    while (add_entry(s, &p, &body)) {
    }
    struct request *req = s->poll;
    s->poll = NULL;
    eio_session_poll_answered(s->eio);
    request_reply_text(req, 200, "text/plain; charset=UTF-8", &body);
    request_unref(req);
}

void session_flush(struct session *s)
{
    switch (eio_session_route(s->eio)) {
    case EIO_ROUTE_POLL:
        if (s->poll) answer_poll(s);
        return;
    case EIO_ROUTE_WS:
        if (s->link) conn_wake(s->link->conn);
        return;
    case EIO_ROUTE_HOLD:
    case EIO_ROUTE_CLOSED: return;
    }
}
