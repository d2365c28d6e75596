// A client's WebSocket: what comes in, and the small packets that go out. Messages go by eio_fill.
#include <stdlib.h>

#include "base/mem.h"
#include "net/conn.h"
#include "proto/ws_handshake.h"
#include "realtime/eio_internal.h"

#define UNREAD_BYTES (1 << 20) // of pongs and the like for a client that sends but doesn't read

static void forget(struct eio_link *link)
{
    struct eio_client *c = link->client;
    link->client = NULL;
    if (!c) return;
    c->link = NULL;
    eio_session_ws_closed(c->session);
}

void eio_link_send(struct eio_link *link, struct slice packet)
{
    struct buf out = BUF_INIT;
    ws_write_frame(&out, WS_OP_TEXT, false, packet, NULL);
    conn_write_buf(link->conn, &out);
}

void eio_link_close(struct eio_link *link, unsigned code, const char *reason)
{
    struct buf out = BUF_INIT;
    ws_write_close(&out, code, slice_str(reason), NULL);
    conn_write_buf(link->conn, &out);
    conn_finish(link->conn);
}

static void on_event(struct eio_link *link, const struct ws_event *ev)
{
    struct eio_client *c = link->client;
    struct buf out = BUF_INIT;
    switch (ev->type) {
    case WS_TEXT:
    case WS_BINARY:
        if (!c) return;
        bool polls = eio_session_transport(c->session) == EIO_POLLING;
        eio_session_ws_message(c->session, ev->data, ev->type == WS_BINARY, eio_now_us(c->server));
        if (polls && eio_session_transport(c->session) == EIO_WEBSOCKET) c->upgraded = true; // eio_client.c looks
        return;
    case WS_PING:
        ws_write_frame(&out, WS_OP_PONG, false, ev->data, NULL);
        conn_write_buf(link->conn, &out);
        return;
    case WS_CLOSE:
    case WS_ERROR:
        eio_link_close(link, ev->code, ev->type == WS_ERROR ? ev->error : NULL);
        forget(link);
        return;
    case WS_PONG:
    case WS_MORE: return;
    }
}

static void on_data(struct conn *conn, void *owner, char *bytes, size_t n)
{
    struct eio_link *link = owner;
    struct ws_event ev;
    while (!conn_closing(conn) && link->client && ws_parser_next(&link->parser, &bytes, &n, &ev) != WS_MORE)
        on_event(link, &ev);
    if (link->client) eio_client_arm(link->client);
    if (conn_queued(conn) > UNREAD_BYTES && conn_blocked(conn)) conn_close(conn);
}

static void on_fill(struct conn *conn, void *owner, size_t room)
{
    (void)conn;
    struct eio_link *link = owner;
    if (link->client) eio_fill(link->client, link, room);
}

void eio_link_free(struct eio_link *link)
{
    if (link->server) {
        link->server->stats.websockets--;
        list_remove(&link->node);
    }
    ws_parser_release(&link->parser);
    free(link);
}

static void on_closed(struct conn *conn, void *owner)
{
    (void)conn;
    struct eio_link *link = owner;
    forget(link);
    eio_link_free(link);
}

const struct conn_events eio_link_events = {.data = on_data, .fill = on_fill, .closed = on_closed};

void eio_link_open(struct eio_client *c, struct conn *conn, const struct ws_handshake *hs, struct slice rest)
{
    struct eio_server *s = c->server;
    struct buf out = BUF_INIT;
    struct eio_link *link = mem_zalloc(sizeof *link);
    link->server = s;
    link->conn = conn;
    link->deflate = hs->deflate;
    ws_parser_init(&link->parser, WS_SERVER, s->config.max_payload, hs->deflate ? s->inflater : NULL);
    list_push_back(&s->links, &link->node);
    s->stats.websockets++;
    conn_set_owner(conn, &eio_link_events, link);
    ws_handshake_write_response(hs, &out);
    conn_write_buf(conn, &out);

    struct eio_link *before = c->link;
    link->client = c;
    c->link = link;
    if (!eio_session_ws_open(c->session, eio_now_us(s))) {
        c->link = before;
        link->client = NULL;
        eio_link_close(link, WS_CLOSE_POLICY, "this session uses another transport already");
        return;
    }
    eio_client_arm(c);
    if (rest.n == 0) return;
    char *bytes = mem_dup(rest.p, rest.n); // unmasked in place
    on_data(conn, link, bytes, rest.n);
    free(bytes);
}

void eio_link_abandon(struct eio_link *link)
{
    list_remove(&link->node);
    link->server = NULL;
    link->client = NULL;
    conn_close(link->conn);
}
