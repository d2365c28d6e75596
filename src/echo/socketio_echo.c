#include <string.h>

#include "base/json.h"
#include "echo/echo.h"
#include "net/loop.h"
#include "realtime/sio_server.h"

// The event "auth" comes a little after the answer to CONNECT: a client that listens for one message at a time, anew
// for each, would miss the second of two that come in one piece.
#define GREETING_MS 5

// In each socket's memory.
struct greeting {
    struct loop_timer timer;
    struct buf auth;
};

// A packet's arguments, as they are sent on.
struct said {
    struct buf args;
    struct slice blobs[SIO_MAX_ATTACHMENTS];
    unsigned n_blobs;
};

static struct said said_in(const struct sio_packet *p)
{
    struct said s = {.args = BUF_INIT};
    sio_packet_args(p, &s.args);
    s.n_blobs = sio_packet_blobs(p, s.blobs);
    return s;
}

static void emit(struct sio_socket *s, const char *event, const struct sio_packet *p)
{
    struct said said = said_in(p);
    sio_socket_emit(s, event, buf_slice(&said.args), said.blobs, said.n_blobs);
    buf_release(&said.args);
}

static void message(struct sio_socket *s, const struct sio_packet *p)
{
    emit(s, "message-back", p);
}

static void message_with_ack(struct sio_socket *s, const struct sio_packet *p)
{
    struct said said = said_in(p);
    sio_socket_ack(s, p->id, buf_slice(&said.args), said.blobs, said.n_blobs);
    buf_release(&said.args);
}

static void on_ack(void *ctx, struct sio_socket *s, const struct sio_packet *p)
{
    (void)ctx;
    if (p) emit(s, "emit-with-ack", p);
}

// A client that leaves more than SIO_MAX_AWAITED_ACKS questions open isn't asked any more.
static void emit_with_ack(struct sio_socket *s, const struct sio_packet *p)
{
    struct said said = said_in(p);
    (void)sio_socket_ask(s, "emit-with-ack", buf_slice(&said.args), said.blobs, said.n_blobs, on_ack, NULL);
    buf_release(&said.args);
}

static void leave(struct sio_socket *s, const struct sio_packet *p)
{
    (void)p;
    sio_socket_disconnect(s);
}

static void close_client(struct sio_socket *s, const struct sio_packet *p)
{
    (void)p;
    sio_socket_close_client(s);
}

static const struct {
    const char *name;
    void (*handle)(struct sio_socket *s, const struct sio_packet *p);
} events[] = {
    {"message", message},    {"message-with-ack", message_with_ack}, {"leave", leave}, {"emit-with-ack", emit_with_ack},
    {"close", close_client},
};

static void on_event(struct sio_socket *s, const struct sio_packet *p)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(events[i].name, sio_event_name(p)) == 0) events[i].handle(s, p);
    }
}

static bool has_namespace(void *app, const char *nsp)
{
    (void)app;
    return strcmp(nsp, "/") == 0 || strcmp(nsp, "/custom") == 0;
}

static void send_auth(struct loop_timer *t)
{
    struct sio_socket *s = t->ctx;
    struct greeting *g = sio_socket_data(s);
    sio_socket_emit(s, "auth", buf_slice(&g->auth), NULL, 0);
    buf_release(&g->auth);
}

static void on_connected(struct sio_socket *s, const json_t *auth)
{
    struct greeting *g = sio_socket_data(s);
    struct jw w;
    jw_init(&w, &g->auth);
    if (auth)
        jw_json(&w, auth);
    else
        buf_add_str(&g->auth, "{}");
    loop_timer_init(&g->timer, send_auth, s);
    loop_timer_start(sio_socket_app(s), &g->timer, GREETING_MS);
}

static void on_disconnected(struct sio_socket *s, const char *why)
{
    (void)why;
    struct greeting *g = sio_socket_data(s);
    loop_timer_stop(sio_socket_app(s), &g->timer);
    buf_release(&g->auth);
}

const struct sio_app_ops socketio_echo = {
    .socket_bytes = sizeof(struct greeting),
    .has_namespace = has_namespace,
    .connected = on_connected,
    .event = on_event,
    .disconnected = on_disconnected,
};
