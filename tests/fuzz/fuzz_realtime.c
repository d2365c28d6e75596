// The Socket.IO server behind one client: the input is a script (a byte names what happens, a length byte and that many
// bytes are its data). Whatever is said, each socket that connected disconnects once, each question is answered or
// given up once, and what the application keeps stays valid.
#include <assert.h>
#include <stdlib.h>

#include "hub/hub.h"
#include "net/loop.h"
#include "realtime/eio_internal.h"
#include "realtime/sio_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_KEPT 8

struct app {
    int connected, disconnected, asked, answered;
    struct sio_socket *kept[MAX_KEPT];
    uint64_t ids[MAX_KEPT];
    unsigned n_kept;
};

static bool has_namespace(void *app, const char *nsp)
{
    (void)app;
    return strlen(nsp) <= 2;
}

static int on_admit(struct sio_socket *s, const json_t *auth, struct err *e)
{
    (void)s;
    return json_object_get(auth, "no") ? err_set(e, HW_EFORBIDDEN, "no") : 0;
}

static void on_connected(struct sio_socket *s, const json_t *auth)
{
    (void)auth;
    ((struct app *)sio_socket_app(s))->connected++;
}

static void on_ack(void *ctx, struct sio_socket *s, const struct sio_packet *p)
{
    struct app *a = ctx;
    a->answered++;
    if (p && sio_event_args(p)) sio_socket_emit(s, "thanks", slice_of(NULL, 0), NULL, 0);
}

static void answer(struct sio_socket *s, uint64_t id, const struct sio_packet *p)
{
    struct buf args = BUF_INIT;
    struct slice blobs[SIO_MAX_ATTACHMENTS];
    sio_packet_args(p, &args);
    unsigned n = sio_packet_blobs(p, blobs);
    sio_socket_emit(s, "back", buf_slice(&args), blobs, n);
    sio_socket_ack(s, id, buf_slice(&args), blobs, n);
    buf_release(&args);
}

// The first letter of the event's name says what the application does.
static void on_event(struct sio_socket *s, const struct sio_packet *p)
{
    struct app *a = sio_socket_app(s);
    assert(a && sio_socket_connected(s));
    switch (sio_event_name(p)[0]) {
    case 'l': sio_socket_disconnect(s); break;
    case 'c': sio_socket_close_client(s); break;
    case 'a': a->asked += sio_socket_ask(s, "q", SLICE_LIT("1"), NULL, 0, on_ack, a) == 0; break;
    case 'k':
        if (a->n_kept == MAX_KEPT) break;
        a->ids[a->n_kept] = p->id;
        a->kept[a->n_kept++] = sio_socket_ref(s);
        break;
    case 'j': {
        struct err e;
        (void)subscriber_join(sio_socket_subscriber(s), SLICE_LIT("x/1/y"), false, &e);
        break;
    }
    default: break;
    }
    answer(s, p->id, p); // nothing happens if it has gone
}

static void on_disconnected(struct sio_socket *s, const char *why)
{
    struct app *a = sio_socket_app(s);
    assert(why);
    subscriber_leave_all(sio_socket_subscriber(s));
    a->disconnected++;
}

static const struct sio_app_ops ops = {
    .socket_bytes = 8,
    .has_namespace = has_namespace,
    .admit = on_admit,
    .connected = on_connected,
    .event = on_event,
    .disconnected = on_disconnected,
};

static void late_answers(struct app *a)
{
    while (a->n_kept) {
        a->n_kept--;
        sio_socket_ack(a->kept[a->n_kept], a->ids[a->n_kept], SLICE_LIT("1"), NULL, 0);
        sio_socket_unref(a->kept[a->n_kept]);
    }
}

static void publish(struct hub *hub)
{
    struct msg *m = msg_new(SLICE_LIT("x/1/y"), SLICE_LIT("e"), SLICE_LIT("epoch"), 1, 0, SLICE_LIT("{}"), MSG_STATE);
    hub_publish(hub, m);
    msg_unref(m);
}

static void drain(struct eio_client *c)
{
    struct outbox_entry e;
    while ((e = outbox_pop(&c->sub.out)).msg) msg_unref(e.msg);
}

static void play(struct eio_client *c, struct app *a, struct hub *hub, uint8_t what, struct slice data, int64_t *now)
{
    switch (what % 6) {
    case 0:
    case 1: eio_session_ws_message(c->session, data, what % 6 == 1, *now); break;
    case 2: late_answers(a); break;
    case 3: publish(hub); break;
    case 4: drain(c); break;
    case 5:
        *now += (int64_t)data.n * 1000000;
        eio_session_tick(c->session, *now);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct loop *loop; // never run: what would be written stays in the outbox
    struct err e;
    if (!loop && loop_new(&loop, &e) < 0) abort();
    struct app a = {0};
    struct hub *hub = hub_new(2000);
    struct sio_server_config config = SIO_SERVER_CONFIG_DEFAULT;
    config.eio.deflate_threshold = 0;
    config.max_attachment_bytes = 64;
    struct sio_server *server = sio_server_new(loop, hub, &config, &ops, &a);
    struct eio_client *c = eio_client_new(sio_server_eio(server));
    int64_t now = eio_now_us(c->server);
    eio_session_ws_open(c->session, now);
    while (size >= 2) {
        size_t n = data[1] < size - 2 ? data[1] : size - 2;
        play(c, &a, hub, data[0], slice_of(data + 2, n), &now);
        data += 2 + n;
        size -= 2 + n;
    }
    late_answers(&a);
    sio_server_free(server);
    assert(a.connected == a.disconnected && a.asked == a.answered);
    hub_free(hub);
    return 0;
}
