#include "client/sio_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/http_client.h"
#include "proto/engineio.h"
#include "proto/socketio.h"
#include "proto/ws_frame.h"
#include "proto/ws_handshake.h"

enum { CONNECT_TIMEOUT_MS = 5000, READ_SIZE = 64 << 10, MESSAGE_MAX = 64 << 20, RETRY_MS = 500 };

struct channel {
    char epoch[24];
    int64_t seq; // the last one seen; -1: nothing known yet
    bool wanted; // false: unsubscribed, kept until the server's answer
};

struct sio_client {
    struct http_url url;
    int fd; // -1: not connected
    struct ws_parser parser;
    bool ready;          // the Socket.IO namespace is connected
    struct map channels; // name → struct channel
    struct buf in;       // bytes received, not yet parsed
    size_t in_at;
    struct buf out;         // built up and sent at once
    struct sio_packet last; // whose payload was handed out
    struct err why;         // why there is no connection
    int64_t retry_at_us, ping_deadline_us;
    int64_t ping_window_us; // interval + timeout: longer silence means the connection is dead
    bool was_connected;
};

int sio_client_new(struct sio_client **out, const char *base_url, struct err *e)
{
    struct http_url url;
    int rc = http_url_parse(base_url, &url, e);
    if (rc) return rc;
    struct sio_client *c = mem_zalloc(sizeof *c);
    c->url = url;
    c->fd = -1;
    map_init(&c->channels);
    *out = c;
    return 0;
}

static void drop(struct sio_client *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        ws_parser_release(&c->parser);
    }
    c->fd = -1;
    c->ready = false;
    buf_clear(&c->in);
    c->in_at = 0;
    c->retry_at_us = clock_mono_us() + RETRY_MS * 1000;
}

void sio_client_free(struct sio_client *c)
{
    if (!c) return;
    drop(c);
    sio_packet_release(&c->last);
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&c->channels, &at));) free(it->value);
    map_release(&c->channels);
    buf_release(&c->in);
    buf_release(&c->out);
    free(c);
}

const char *sio_client_error(const struct sio_client *c)
{
    return c->ready ? "" : c->why.message;
}

// ---- sending ------------------------------------------------------------------------------------------------------

static int send_out(struct sio_client *c, struct err *e)
{
    size_t at = 0;
    while (at < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + at, c->out.n - at, MSG_NOSIGNAL);
        if (n > 0) {
            at += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = c->fd, .events = POLLOUT};
            if (poll(&p, 1, CONNECT_TIMEOUT_MS) <= 0) return err_set(e, HW_ETIMEOUT, "the server doesn't read");
        } else if (n < 0 && errno != EINTR) {
            return err_set(e, HW_EUNAVAILABLE, "the connection broke: %s", strerror(errno));
        }
    }
    buf_clear(&c->out);
    return 0;
}

static void add_frame(struct sio_client *c, enum ws_opcode op, struct slice payload)
{
    uint8_t mask[4];
    id_random_bytes(mask, sizeof mask);
    ws_write_frame(&c->out, op, false, payload, mask);
}

static void add_subscribe(struct sio_client *c, const char *name, const struct channel *ch)
{
    struct buf arg = BUF_INIT, packet = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_kstr(&w, "channel", name);
    if (ch->wanted && ch->seq >= 0) {
        jw_key(&w, "since");
        jw_obj(&w);
        jw_kstr(&w, "epoch", ch->epoch);
        jw_ki64(&w, "seq", ch->seq);
        jw_obj_end(&w);
    }
    jw_obj_end(&w);
    buf_add_char(&packet, EIO_MESSAGE);
    sio_write_event(&packet, "/", SIO_NO_ID, slice_str(ch->wanted ? "subscribe" : "unsubscribe"), buf_slice(&arg));
    add_frame(c, WS_OP_TEXT, buf_slice(&packet));
    buf_release(&arg);
    buf_release(&packet);
}

static void tell_server(struct sio_client *c, const char *name, const struct channel *ch)
{
    if (!c->ready) return;
    struct err e;
    add_subscribe(c, name, ch);
    if (send_out(c, &e) != 0) {
        c->why = e;
        drop(c);
    }
}

void sio_client_subscribe(struct sio_client *c, const char *name)
{
    struct channel *ch = map_get(&c->channels, slice_str(name));
    if (!ch) {
        ch = mem_zalloc(sizeof *ch);
        map_put(&c->channels, slice_str(name), ch);
    }
    ch->wanted = true;
    ch->seq = -1;
    tell_server(c, name, ch);
}

void sio_client_unsubscribe(struct sio_client *c, const char *name)
{
    struct channel *ch = map_get(&c->channels, slice_str(name));
    if (!ch) return;
    ch->wanted = false;
    tell_server(c, name, ch);
    map_remove(&c->channels, slice_str(name));
    free(ch);
}

// ---- connecting ---------------------------------------------------------------------------------------------------

static int read_more(struct sio_client *c, int timeout_ms, struct err *e)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int rc = poll(&p, 1, timeout_ms);
    if (rc == 0) return err_set(e, HW_ETIMEOUT, "the server did not answer in time");
    if (rc < 0) return errno == EINTR ? 0 : err_sys(e, errno, "poll");
    if (c->in_at) {
        buf_consume(&c->in, c->in_at);
        c->in_at = 0;
    }
    ssize_t n = recv(c->fd, buf_reserve(&c->in, READ_SIZE), READ_SIZE, 0);
    if (n > 0) {
        c->in.n += (size_t)n;
        return 0;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return err_set(e, HW_EUNAVAILABLE, n == 0 ? "the server closed the connection" : "the connection broke");
}

static int shake_hands(struct sio_client *c, struct err *e)
{
    unsigned char nonce[16];
    char key[WS_KEY_SIZE], host[300], target[320];
    id_random_bytes(nonce, sizeof nonce);
    ws_client_key(nonce, key);
    snprintf(host, sizeof host, strchr(c->url.host, ':') ? "[%s]:%s" : "%s:%s", c->url.host, c->url.port);
    snprintf(target, sizeof target, "%s/socket.io/?EIO=4&transport=websocket", c->url.path);
    buf_clear(&c->out);
    ws_handshake_write_request(slice_str(target), slice_str(host), key, false, &c->out);
    http_write_end(&c->out);
    int rc = send_out(c, e);
    struct http_response_reader *reader = http_response_reader_new(HTTP_LIMITS_DEFAULT);
    http_response_reader_begin(reader, false);
    while (!rc) {
        enum http_response_event ev = http_response_reader_next(reader, false, e);
        if (ev == HTTP_RESPONSE_DONE) break;
        if (ev == HTTP_RESPONSE_BAD) rc = HW_EPROTOCOL;
        if (!rc) rc = read_more(c, CONNECT_TIMEOUT_MS, e);
        if (!rc) http_response_reader_feed(reader, c->in.p, c->in.n);
        buf_clear(&c->in);
    }
    struct ws_handshake hs;
    int bits;
    if (!rc) rc = ws_handshake_check_response(http_response_reader_get(reader), key, false, &hs, &bits, e);
    if (!rc) buf_add_slice(&c->in, http_response_reader_rest(reader));
    http_response_reader_free(reader);
    return rc;
}

static int open_connection(struct sio_client *c, struct err *e)
{
    int fd = http_connect(&c->url, CONNECT_TIMEOUT_MS, e);
    if (fd < 0) return fd;
    c->fd = fd;
    ws_parser_init(&c->parser, WS_CLIENT, MESSAGE_MAX, NULL);
    c->ping_window_us = 45 * 1000000LL;
    c->ping_deadline_us = clock_mono_us() + c->ping_window_us;
    int rc = shake_hands(c, e);
    if (rc) drop(c);
    return rc;
}

// ---- receiving ----------------------------------------------------------------------------------------------------

static void resubscribe(struct sio_client *c)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&c->channels, &at));) add_subscribe(c, it->key, it->value);
}

// Keeps for each channel how far it has been seen.
static void note_position(struct sio_client *c, const char *event, const json_t *payload)
{
    const char *name = json_string_value(json_object_get(payload, "channel"));
    const char *epoch = json_string_value(json_object_get(payload, "epoch"));
    const json_t *seq = json_object_get(payload, "seq");
    struct channel *ch = name ? map_get(&c->channels, slice_str(name)) : NULL;
    if (!ch || !epoch || !json_is_integer(seq)) return;
    // When recovered, the missed events follow and count the position up themselves.
    if (strcmp(event, "subscribed") == 0 && json_is_true(json_object_get(payload, "recovered"))) return;
    snprintf(ch->epoch, sizeof ch->epoch, "%s", epoch);
    ch->seq = json_integer_value(seq);
}

// One Engine.IO packet: 1 an event is in c->last, 2 connected, 0 nothing to tell, or a code.
static int take_packet(struct sio_client *c, struct slice text, struct err *e)
{
    struct eio_packet p;
    int rc = eio_decode(text, &p);
    if (rc) return err_set(e, rc, "the server sent an unknown packet");
    if (p.type == EIO_OPEN) {
        struct eio_open o;
        rc = eio_read_open(p.data, &o, e);
        if (rc) return rc;
        c->ping_window_us = (o.ping_interval_ms + o.ping_timeout_ms) * 1000;
        add_frame(c, WS_OP_TEXT, SLICE_LIT("40"));
        return send_out(c, e);
    }
    if (p.type == EIO_PING) {
        add_frame(c, WS_OP_TEXT, SLICE_LIT("3"));
        return send_out(c, e);
    }
    if (p.type == EIO_CLOSE) return err_set(e, HW_EUNAVAILABLE, "the server closed the session");
    if (p.type != EIO_MESSAGE) return 0;
    sio_packet_release(&c->last);
    rc = sio_decode(p.data, &c->last, e);
    if (rc) return rc;
    if (c->last.type == SIO_CONNECT) {
        c->ready = true;
        resubscribe(c);
        rc = send_out(c, e);
        return rc ? rc : 2;
    }
    if (c->last.type != SIO_EVENT) return 0;
    note_position(c, sio_event_name(&c->last), sio_event_arg(&c->last, 0));
    return 1;
}

// The next message in the bytes at hand: as take_packet, or -1000 when more bytes are needed.
enum { NEED_MORE = -1000 };
static int take_message(struct sio_client *c, struct err *e)
{
    while (c->in_at < c->in.n) {
        char *p = c->in.p + c->in_at;
        size_t n = c->in.n - c->in_at;
        struct ws_event ev;
        ws_parser_next(&c->parser, &p, &n, &ev);
        c->in_at = c->in.n - n;
        int rc = 0;
        if (ev.type == WS_TEXT) rc = take_packet(c, ev.data, e);
        if (ev.type == WS_PING) {
            add_frame(c, WS_OP_PONG, ev.data);
            rc = send_out(c, e);
        }
        if (ev.type == WS_CLOSE)
            rc = err_set(e, HW_EUNAVAILABLE, "the server closed the connection (%u %.*s)", ev.code, SLICE_FMT(ev.data));
        if (ev.type == WS_ERROR) rc = err_set(e, HW_EPROTOCOL, "the server broke the WebSocket protocol: %s", ev.error);
        if (ev.type != WS_MORE) c->ping_deadline_us = clock_mono_us() + c->ping_window_us;
        if (rc) return rc;
    }
    return NEED_MORE;
}

static struct sio_client_event lost(struct sio_client *c, const struct err *e)
{
    bool said = c->was_connected;
    c->why = *e;
    drop(c);
    c->was_connected = false;
    return (struct sio_client_event){.type = said ? SIO_CLIENT_DISCONNECTED : SIO_CLIENT_NOTHING};
}

// Waits for bytes, or for the wake descriptor (then true is in *woken).
static int wait_bytes(struct sio_client *c, int64_t until_us, int wake_fd, bool *woken, struct err *e)
{
    int64_t now = clock_mono_us();
    if (c->fd >= 0 && now > c->ping_deadline_us) return err_set(e, HW_ETIMEOUT, "the server has gone silent");
    int64_t ms = until_us > now ? (until_us - now + 999) / 1000 : 0;
    struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    int rc = poll(p, 2, ms > 1000 ? 1000 : (int)ms);
    if (rc < 0 && errno != EINTR) return err_sys(e, errno, "poll");
    *woken = rc > 0 && p[1].revents;
    if (rc > 0 && p[0].revents && c->fd >= 0) return read_more(c, 0, e);
    return 0;
}

struct sio_client_event sio_client_next(struct sio_client *c, int timeout_ms, int wake_fd)
{
    int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;
    struct err e = {0};
    for (;;) {
        if (c->fd < 0 && clock_mono_us() >= c->retry_at_us) {
            if (open_connection(c, &e) != 0) {
                c->why = e;
                c->retry_at_us = clock_mono_us() + RETRY_MS * 1000;
            }
        }
        if (c->fd >= 0) {
            int rc = take_message(c, &e);
            if (rc == 1)
                return (struct sio_client_event){SIO_CLIENT_EVENT, sio_event_name(&c->last),
                                                 sio_event_arg(&c->last, 0)};
            if (rc == 2) {
                c->was_connected = true;
                return (struct sio_client_event){.type = SIO_CLIENT_CONNECTED};
            }
            if (rc < 0 && rc != NEED_MORE) return lost(c, &e);
        }
        bool woken = false;
        int rc = wait_bytes(c, until, wake_fd, &woken, &e);
        if (rc) return lost(c, &e);
        bool pending = c->in_at < c->in.n;
        if (woken || (!pending && clock_mono_us() >= until))
            return (struct sio_client_event){.type = SIO_CLIENT_NOTHING};
    }
}
