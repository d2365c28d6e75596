#include "api/sessions.h"

#include <stdlib.h>

#include "api/session_internal.h"
#include "base/mem.h"

static void on_disconnected(struct sio_socket *s, const char *why)
{
    (void)why;
    session_batch_free(s);
    subscriber_leave_all(sio_socket_subscriber(s));
}

// Its batch's timer is this loop's; what waits in it goes out first.
static bool on_moving(struct sio_socket *s)
{
    if (session_of(s)->asking) return false;
    session_batch_flush(s);
    session_batch_free(s);
    return true;
}

// The packet "42["conflated",{…}]".
static void on_conflated(struct slice channel, uint32_t n, struct buf *packet)
{
    struct buf arg = BUF_INIT;
    session_write_conflated(&arg, channel, n);
    buf_add_char(packet, EIO_MESSAGE);
    sio_write_event(packet, "/", SIO_NO_ID, SLICE_LIT("conflated"), buf_slice(&arg));
    buf_release(&arg);
}

static const struct sio_app_ops app_ops = {
    .socket_bytes = sizeof(struct session),
    .event = session_event,
    .disconnected = on_disconnected,
    .batched = session_batch_wake,
    .moving = on_moving,
    .conflated = on_conflated,
};

struct sessions *sessions_new(struct loop *l, struct hub *hub, struct fanout_shard *shard,
                              const struct sessions_config *config)
{
    struct sessions *o = mem_zalloc(sizeof *o);
    o->loop = l;
    o->shard = shard;
    o->batch_interval_ms = config->batch_interval_ms;
    o->sio = sio_server_new(l, hub, &config->sio, &app_ops, o);
    return o;
}

void sessions_routes(struct router *r, struct sessions *o)
{
    eio_server_routes(r, "/socket.io", sio_server_eio(o->sio));
}

struct eio_server *sessions_eio(const struct sessions *o)
{
    return sio_server_eio(o->sio);
}

void sessions_stats(const struct sessions *o, struct eio_server_stats *out)
{
    eio_server_stats(sio_server_eio(o->sio), out);
}

void sessions_stop(struct sessions *o)
{
    eio_server_stop(sio_server_eio(o->sio));
}

void sessions_free(struct sessions *o)
{
    if (!o) return;
    sio_server_free(o->sio);
    free(o);
}
