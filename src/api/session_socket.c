// A session's WebSocket: the handshake, what comes in, and the small packets that go out. Messages go by session_fill.
#include <stdlib.h>

#include "api/session_internal.h"
#include "base/mem.h"
#include "http/request.h"
#include "net/conn.h"

#define UNREAD_BYTES (1 << 20) // of pongs and the like for a client that sends but doesn't read

static void forget(struct ws_link *link)
{
    struct session *s = link->session;
    link->session = NULL;
    if (!s) return;
    s->link = NULL;
    eio_session_ws_closed(s->eio);
}

void session_socket_send(struct ws_link *link, struct slice packet)
{
    struct buf out = BUF_INIT;
    ws_write_frame(&out, WS_OP_TEXT, false, packet, NULL);
    conn_write_buf(link->conn, &out);
}

void session_socket_close(struct ws_link *link, unsigned code, const char *reason)
{
    struct buf out = BUF_INIT;
    ws_write_close(&out, code, slice_str(reason), NULL);
    conn_write_buf(link->conn, &out);
    conn_finish(link->conn);
}

static void on_event(struct ws_link *link, const struct ws_event *ev)
{
    struct session *s = link->session;
    struct buf out = BUF_INIT;
    switch (ev->type) {
    case WS_TEXT:
    case WS_BINARY:
        if (s) eio_session_ws_message(s->eio, ev->data, ev->type == WS_BINARY, session_now(s->owner));
        return;
    case WS_PING:
        ws_write_frame(&out, WS_OP_PONG, false, ev->data, NULL);
        conn_write_buf(link->conn, &out);
        return;
    case WS_CLOSE:
    case WS_ERROR:
        session_socket_close(link, ev->code, ev->type == WS_ERROR ? ev->error : NULL);
        forget(link);
        return;
    case WS_PONG:
    case WS_MORE: return;
    }
}

static void on_data(struct conn *c, void *owner, char *bytes, size_t n)
{
    struct ws_link *link = owner;
    struct ws_event ev;
    while (!conn_closing(c) && link->session && ws_parser_next(&link->parser, &bytes, &n, &ev) != WS_MORE)
        on_event(link, &ev);
    if (link->session) session_arm(link->session);
    if (conn_queued(c) > UNREAD_BYTES && conn_blocked(c)) conn_close(c);
}

static void on_fill(struct conn *c, void *owner, size_t room)
{
    (void)c;
    struct ws_link *link = owner;
    if (link->session) session_fill(link->session, link, room);
}

static void on_closed(struct conn *c, void *owner)
{
    (void)c;
    struct ws_link *link = owner;
    forget(link);
    if (link->owner) {
        link->owner->stats.websockets--;
        list_remove(&link->node);
    }
    ws_parser_release(&link->parser);
    free(link);
}

static const struct conn_events events = {.data = on_data, .fill = on_fill, .closed = on_closed};

void session_open_socket(struct session *s, struct request *req, const struct ws_handshake *hs)
{
    struct sessions *o = s->owner;
    struct buf rest = BUF_INIT, out = BUF_INIT;
    struct conn *c = request_take_conn(req, &rest);
    if (!c) return; // gone: the session ends when nothing comes
    struct ws_link *link = mem_zalloc(sizeof *link);
    link->owner = o;
    link->conn = c;
    link->deflate = hs->deflate;
    ws_parser_init(&link->parser, WS_SERVER, o->config.max_payload, hs->deflate ? o->inflater : NULL);
    list_push_back(&o->links, &link->node);
    o->stats.websockets++;
    conn_set_owner(c, &events, link);
    ws_handshake_write_response(hs, &out);
    conn_write_buf(c, &out);

    struct ws_link *before = s->link;
    link->session = s;
    s->link = link;
    if (!eio_session_ws_open(s->eio, session_now(o))) {
        s->link = before;
        link->session = NULL;
        session_socket_close(link, WS_CLOSE_POLICY, "this session uses another transport already");
    } else if (rest.n) {
        on_data(c, link, rest.p, rest.n);
    }
    buf_release(&rest);
}

void session_socket_abandon(struct ws_link *link)
{
    list_remove(&link->node);
    link->owner = NULL;
    link->session = NULL;
    conn_close(link->conn);
}
