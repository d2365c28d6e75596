// A client goes on on another loop. All that it is lies in memory of its own, which belongs to nobody between the two:
// it is taken out of one server's tables, and put into the other's by the other's thread.
#include <stdlib.h>
#include <unistd.h>

#include "net/conn.h"
#include "realtime/eio_internal.h"

// Nothing may be half done: an answer to a poll, bytes that the kernel didn't take yet.
static bool at_rest(const struct eio_client *c)
{
    return !c->over && !c->poll && !c->sub.overflowed && c->link && eio_session_route(c->session) == EIO_ROUTE_WS &&
           !conn_closing(c->link->conn);
}

bool eio_client_move_out(struct eio_client *c, struct eio_moving *out)
{
    struct eio_server *s = c->server;
    if (!at_rest(c) || (s->ops->moving && !s->ops->moving(c))) return false;
    if (!conn_flush(c->link->conn) || !at_rest(c)) return false;
    int fd = conn_detach(c->link->conn);
    if (fd < 0) return false;
    c->link->conn = NULL;
    list_remove(&c->link->node);
    s->stats.websockets--;
    eio_client_exit(c); // c->server stays, for eio_client_move_drop
    *out = (struct eio_moving){.client = c, .fd = fd};
    subscriber_move_out(&c->sub, &out->channels);
    return true;
}

void eio_client_move_in(struct eio_server *s, struct eio_moving *m)
{
    struct eio_client *c = m->client;
    struct eio_link *link = c->link;
    eio_client_enter(c, s);
    eio_session_set_config(c->session, &s->session_config);
    subscriber_move_in(&c->sub, s->hub, &m->channels);
    link->server = s;
    if (link->parser.inflater) link->parser.inflater = s->inflater;
    list_push_back(&s->links, &link->node);
    s->stats.websockets++;
    link->conn = conn_adopt(s->loop, m->fd);
    if (!link->conn) { // it is gone: so is the client
        c->link = NULL;
        link->client = NULL;
        eio_link_free(link);
        eio_session_ws_closed(c->session);
        return;
    }
    conn_set_owner(link->conn, &eio_link_events, link);
    conn_read_resume(link->conn);
    conn_wake(link->conn);
    eio_client_arm(c);
}

void eio_client_move_drop(struct eio_moving *m)
{
    struct eio_client *c = m->client;
    close(m->fd);
    subscriber_channels_release(&m->channels);
    c->over = true;
    c->server->ops->closed(c, EIO_CLOSED_BY_SERVER);
    c->sub.hub = c->server->hub; // what is queued is given up
    subscriber_release(&c->sub);
    c->link->server = NULL;
    eio_link_free(c->link);
    eio_session_free(c->session);
    free(c);
}
