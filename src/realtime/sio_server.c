// Socket.IO packets of a client, and whom they are for.
#include "realtime/sio_server.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "realtime/sio_internal.h"

// ---- connecting ----------------------------------------------------------------------------------------------------

static void refuse(struct eio_client *c, const char *nsp, const char *message)
{
    struct buf out = BUF_INIT;
    buf_add_char(&out, EIO_MESSAGE);
    sio_write_connect_error(&out, nsp, message);
    eio_client_send_packet(c, &out);
}

static bool has_namespace(const struct sio_server *o, const char *nsp)
{
    return o->ops->has_namespace ? o->ops->has_namespace(o->app, nsp) : strcmp(nsp, "/") == 0;
}

static void connect_to(struct eio_client *c, const struct sio_packet *p)
{
    struct sio_server *o = sio_server_of(c);
    if (!has_namespace(o, p->nsp)) {
        refuse(c, p->nsp, "Invalid namespace");
        return;
    }
    struct sio_socket *s = sio_socket_new(c, p->nsp);
    struct err e;
    err_clear(&e);
    if (o->ops->admit && o->ops->admit(s, p->payload, &e) < 0) {
        refuse(c, p->nsp, e.message);
        s->client = NULL;
        sio_socket_unref(s);
        return;
    }
    sio_socket_ref(s); // until the application has been told: it may disconnect it at once
    struct sio_client *sc = sio_client_of(c);
    s->next = sc->sockets;
    sc->sockets = s;
    eio_client_set_deadline(c, 0);

    char payload[64];
    struct buf out = BUF_INIT;
    int n = snprintf(payload, sizeof payload, "{\"sid\":\"%s\"}", s->sid);
    buf_add_char(&out, EIO_MESSAGE);
    sio_write_connect(&out, s->nsp, slice_of(payload, (size_t)n));
    eio_client_send_packet(c, &out);
    if (o->ops->connected) o->ops->connected(s, p->payload);
    sio_socket_unref(s);
}

// ---- packets -------------------------------------------------------------------------------------------------------

static void leave(struct eio_client *c, struct sio_socket *s)
{
    sio_socket_gone(s, "client namespace disconnect");
    if (!sio_client_of(c)->sockets) eio_client_set_deadline(c, sio_server_of(c)->config.connect_timeout_ms);
}

// What the application is told may make it disconnect the socket, which has to outlive the call.
static void deliver(struct sio_socket *s, const struct sio_packet *p)
{
    sio_socket_ref(s);
    if (p->type == SIO_ACK || p->type == SIO_BINARY_ACK)
        sio_acknowledged(s, p);
    else
        sio_server_of(s->client)->ops->event(s, p);
    sio_socket_unref(s);
}

// False: the client may not say this now; it is closed.
static bool handle(struct eio_client *c, const struct sio_packet *p)
{
    struct sio_socket *s = sio_socket_find(c, p->nsp);
    switch (p->type) {
    case SIO_CONNECT:
        if (s) return false;
        connect_to(c, p);
        return true;
    case SIO_DISCONNECT: // both sides may say it at once
        if (s) leave(c, s);
        return true;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
    case SIO_ACK:
    case SIO_BINARY_ACK:
        if (!s) return false;
        deliver(s, p);
        return true;
    case SIO_CONNECT_ERROR: return false;
    }
    return false;
}

static void drop_assembler(struct sio_client *sc)
{
    if (sc->assembler) sio_assembler_release(sc->assembler);
    free(sc->assembler);
    sc->assembler = NULL;
}

// 1: *p is a whole packet; 0: attachments are still to come; or what is wrong.
static int assemble(struct eio_client *c, struct slice data, bool binary, struct sio_packet *p)
{
    struct sio_client *sc = sio_client_of(c);
    bool announces_binary = !binary && data.n && (data.p[0] == '5' || data.p[0] == '6');
    struct err e;
    if (announces_binary && !sc->assembler) {
        sc->assembler = mem_zalloc(sizeof *sc->assembler);
        sio_assembler_init(sc->assembler, sio_server_of(c)->config.max_attachment_bytes);
    }
    int rc;
    if (binary)
        rc = sc->assembler ? sio_assembler_binary(sc->assembler, data, p, &e) : HW_EPROTOCOL;
    else if (sc->assembler)
        rc = sio_assembler_text(sc->assembler, data, p, &e);
    else
        rc = sio_decode(data, p, &e) < 0 ? HW_EPROTOCOL : 1;
    if (sc->assembler && !sc->assembler->waiting) drop_assembler(sc);
    return rc;
}

static void on_message(struct eio_client *c, struct slice data, bool binary)
{
    struct sio_packet p = {0};
    int rc = assemble(c, data, binary, &p);
    if (rc == 0) return;
    bool fine = rc > 0 && handle(c, &p);
    if (rc > 0) sio_packet_release(&p);
    if (!fine) eio_client_close(c);
}

// ---- a client's life -----------------------------------------------------------------------------------------------

static void on_opened(struct eio_client *c)
{
    eio_client_set_deadline(c, sio_server_of(c)->config.connect_timeout_ms);
}

static void on_closed(struct eio_client *c, enum eio_close why)
{
    struct sio_client *sc = sio_client_of(c);
    while (sc->sockets) sio_socket_gone(sc->sockets, eio_close_name(why));
    drop_assembler(sc);
}

static void on_batched(struct eio_client *c)
{
    const struct sio_app_ops *ops = sio_server_of(c)->ops;
    struct sio_socket *s = sio_socket_find(c, "/");
    if (s && ops->batched) ops->batched(s);
}

static bool on_moving(struct eio_client *c)
{
    const struct sio_app_ops *ops = sio_server_of(c)->ops;
    for (struct sio_socket *s = sio_client_of(c)->sockets; s && ops->moving; s = s->next)
        if (!ops->moving(s)) return false;
    return true;
}

// ---- the server ----------------------------------------------------------------------------------------------------

struct sio_server *sio_server_new(struct loop *l, struct hub *hub, const struct sio_server_config *config,
                                  const struct sio_app_ops *ops, void *app)
{
    struct sio_server *o = mem_zalloc(sizeof *o);
    o->config = *config;
    o->ops = ops;
    o->app = app;
    o->eio_ops = (struct eio_app_ops){
        .client_bytes = sizeof(struct sio_client),
        .opened = on_opened,
        .message = on_message,
        .closed = on_closed,
        .batched = on_batched,
        .moving = on_moving,
        .conflated = ops->conflated,
    };
    o->eio = eio_server_new(l, hub, &config->eio, &o->eio_ops, o);
    return o;
}

struct eio_server *sio_server_eio(const struct sio_server *o)
{
    return o->eio;
}

void sio_server_free(struct sio_server *o)
{
    if (!o) return;
    eio_server_free(o->eio);
    free(o);
}
