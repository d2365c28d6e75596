// One client in one namespace.
#include <assert.h>
#include <stdlib.h>

#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"
#include "realtime/sio_internal.h"

static const char MAIN[] = "/";

// ---- life ----------------------------------------------------------------------------------------------------------

struct sio_socket *sio_socket_new(struct eio_client *c, const char *nsp)
{
    struct sio_socket *s = mem_zalloc(sizeof *s + sio_server_of(c)->ops->socket_bytes);
    s->client = c;
    s->refs = 1;
    s->nsp = strcmp(nsp, MAIN) == 0 ? MAIN : mem_strdup(nsp);
    id_token(s->sid, SIO_SID_CHARS);
    return s;
}

struct sio_socket *sio_socket_ref(struct sio_socket *s)
{
    s->refs++;
    return s;
}

void sio_socket_unref(struct sio_socket *s)
{
    assert(s->refs > 0);
    if (--s->refs > 0) return;
    if (s->nsp != MAIN) free((char *)s->nsp);
    free(s);
}

struct sio_socket *sio_socket_find(struct eio_client *c, const char *nsp)
{
    struct sio_socket *s = sio_client_of(c)->sockets;
    while (s && strcmp(s->nsp, nsp) != 0) s = s->next;
    return s;
}

void sio_socket_gone(struct sio_socket *s, const char *why)
{
    struct eio_client *c = s->client;
    const struct sio_app_ops *ops = sio_server_of(c)->ops;
    struct sio_socket **at = &sio_client_of(c)->sockets;
    while (*at && *at != s) at = &(*at)->next;
    if (!*at) return; // it is being told already
    *at = s->next;
    sio_give_up_awaited(s);
    if (ops->disconnected) ops->disconnected(s, why);
    s->client = NULL;
    sio_socket_unref(s);
}

void sio_socket_disconnect(struct sio_socket *s)
{
    if (!s->client) return;
    struct buf out = BUF_INIT;
    buf_add_char(&out, EIO_MESSAGE);
    sio_write_disconnect(&out, s->nsp);
    eio_client_send_packet(s->client, &out);
    struct eio_client *c = s->client;
    sio_socket_gone(s, "server namespace disconnect");
    if (!sio_client_of(c)->sockets) eio_client_set_deadline(c, sio_server_of(c)->config.connect_timeout_ms);
}

void sio_socket_close_client(struct sio_socket *s)
{
    if (s->client) eio_client_close(s->client);
}

// ---- what it is ----------------------------------------------------------------------------------------------------

bool sio_socket_connected(const struct sio_socket *s)
{
    return s->client != NULL;
}

const char *sio_socket_nsp(const struct sio_socket *s)
{
    return s->nsp;
}

const char *sio_socket_id(const struct sio_socket *s)
{
    return s->sid;
}

void *sio_socket_data(struct sio_socket *s)
{
    return s->data;
}

void *sio_socket_app(const struct sio_socket *s)
{
    return s->client ? sio_server_of(s->client)->app : NULL;
}

struct subscriber *sio_socket_subscriber(struct sio_socket *s)
{
    return s->client ? eio_client_subscriber(s->client) : NULL;
}

// ---- sending -------------------------------------------------------------------------------------------------------

static void send_blobs(struct sio_socket *s, const struct slice *blobs, unsigned n)
{
    for (unsigned i = 0; i < n; i++) eio_client_send(s->client, blobs[i], true);
}

// The event's name and its arguments, without the brackets around them.
static void write_event(struct buf *out, const char *event, struct slice args)
{
    struct jw w;
    jw_init(&w, out);
    jw_str(&w, event);
    if (args.n) buf_add_char(out, ',');
    buf_add_slice(out, args);
}

static void send_event(struct sio_socket *s, uint64_t id, const char *event, struct slice args,
                       const struct slice *blobs, unsigned n_blobs)
{
    struct buf out = BUF_INIT, list = BUF_INIT;
    buf_add_char(&out, EIO_MESSAGE);
    if (n_blobs) {
        write_event(&list, event, args);
        sio_write_binary(&out, SIO_BINARY_EVENT, n_blobs, s->nsp, id, buf_slice(&list));
    } else {
        sio_write_event(&out, s->nsp, id, slice_str(event), args);
    }
    buf_release(&list);
    eio_client_send_packet(s->client, &out);
    send_blobs(s, blobs, n_blobs);
}

void sio_socket_emit(struct sio_socket *s, const char *event, struct slice args, const struct slice *blobs,
                     unsigned n_blobs)
{
    if (s->client) send_event(s, SIO_NO_ID, event, args, blobs, n_blobs);
}

int sio_socket_ask(struct sio_socket *s, const char *event, struct slice args, const struct slice *blobs,
                   unsigned n_blobs, sio_ack_fn fn, void *ctx)
{
    if (!s->client) return HW_EUNAVAILABLE;
    uint64_t id = sio_await(s, fn, ctx);
    if (id == SIO_NO_ID) return HW_ETOOBIG;
    send_event(s, id, event, args, blobs, n_blobs);
    return 0;
}

void sio_socket_ack(struct sio_socket *s, uint64_t id, struct slice args, const struct slice *blobs, unsigned n_blobs)
{
    if (!s->client || id == SIO_NO_ID) return;
    struct buf out = BUF_INIT;
    buf_add_char(&out, EIO_MESSAGE);
    if (n_blobs)
        sio_write_binary(&out, SIO_BINARY_ACK, n_blobs, s->nsp, id, args);
    else
        sio_write_ack(&out, s->nsp, id, args);
    eio_client_send_packet(s->client, &out);
    send_blobs(s, blobs, n_blobs);
}

// ---- echoing -------------------------------------------------------------------------------------------------------

void sio_packet_args(const struct sio_packet *p, struct buf *out)
{
    for (size_t i = 0; i < sio_event_args(p); i++) {
        struct jw w;
        if (i) buf_add_char(out, ',');
        jw_init(&w, out);
        jw_json(&w, sio_event_arg(p, i));
    }
}

unsigned sio_packet_blobs(const struct sio_packet *p, struct slice out[SIO_MAX_ATTACHMENTS])
{
    unsigned n = p->blobs ? p->attachments : 0;
    for (unsigned i = 0; i < n; i++) out[i] = buf_slice(&p->blobs[i]);
    return n;
}
