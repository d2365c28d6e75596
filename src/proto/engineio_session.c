// The server's side of one Engine.IO session. The reference server's Socket, Polling and WebSocket classes in one
// automaton.
#include "proto/engineio_session.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

#define LATE_US 20000 // a tick that comes no later than this is on time

enum ws_use {
    WS_NONE,
    WS_PROBING, // opened beside polling; "2probe" or "5" is to come
    WS_CARRIES, // the transport
};

struct eio_session {
    const struct eio_config *config;
    const struct eio_session_ops *ops;
    void *ctx;
    bool fresh; // no transport yet: the open packet wasn't sent
    bool closed;
    bool poll_pending;
    bool probed; // "3probe" was sent: "5" may come
    bool awaits_pong;
    enum ws_use ws;
    int64_t heartbeat_due; // the next ping, or the end of the wait for a pong
    int64_t upgrade_due;   // while probing
    struct buf control;    // polling: own packets that wait for the poll's answer
    char sid[];
};

const char *eio_close_name(enum eio_close why)
{
    switch (why) {
    case EIO_CLOSED_BY_CLIENT: return "transport close";
    case EIO_CLOSED_BY_SERVER: return "forced close";
    case EIO_TRANSPORT_CLOSED: return "transport error";
    case EIO_PING_TIMEOUT: return "ping timeout";
    case EIO_PARSE_ERROR: return "parse error";
    case EIO_OVERLAP: return "request overlap";
    case EIO_PAYLOAD_TOO_LARGE: return "payload too large";
    }
    return "unknown";
}

struct eio_session *eio_session_new(const struct eio_config *config, const char *sid, int64_t now,
                                    const struct eio_session_ops *ops, void *ctx)
{
    size_t n = strnlen(sid, EIO_SID_SIZE - 1);
    struct eio_session *s = mem_zalloc(sizeof *s + n + 1);
    s->config = config;
    s->ops = ops;
    s->ctx = ctx;
    s->fresh = true;
    s->heartbeat_due = now + config->ping_interval_us;
    memcpy(s->sid, sid, n);
    return s;
}

void eio_session_set_config(struct eio_session *s, const struct eio_config *config)
{
    s->config = config;
}

void eio_session_free(struct eio_session *s)
{
    if (!s) return;
    buf_release(&s->control);
    free(s);
}

const char *eio_session_sid(const struct eio_session *s)
{
    return s->sid;
}

enum eio_transport eio_session_transport(const struct eio_session *s)
{
    return s->ws == WS_CARRIES ? EIO_WEBSOCKET : EIO_POLLING;
}

// ---- ending ---------------------------------------------------------------------------------------------------------

static void answer_poll(struct eio_session *s, int status, struct slice payload)
{
    s->poll_pending = false;
    s->ops->poll_answer(s->ctx, status, payload);
}

static void close_ws(struct eio_session *s, unsigned code)
{
    s->ws = WS_NONE;
    s->ops->ws_close(s->ctx, code);
}

// Ends the session. The transports that still stand are told; `ws_code` closes the WebSocket.
static void end(struct eio_session *s, enum eio_close why, unsigned ws_code)
{
    if (s->closed) return;
    s->closed = true;
    if (s->poll_pending) {
        // What waited for the poll goes out before the close packet; the open packet may be among it.
        if (s->control.n) buf_add_char(&s->control, EIO_SEPARATOR);
        buf_add_char(&s->control, why == EIO_CLOSED_BY_CLIENT ? EIO_NOOP : EIO_CLOSE);
        answer_poll(s, 200, buf_slice(&s->control));
    }
    if (s->ws == WS_CARRIES && why != EIO_CLOSED_BY_CLIENT) s->ops->ws_send(s->ctx, SLICE_LIT("1"));
    if (s->ws != WS_NONE) close_ws(s, ws_code);
    buf_release(&s->control);
    s->ops->closed(s->ctx, why);
}

void eio_session_close(struct eio_session *s)
{
    end(s, EIO_CLOSED_BY_SERVER, 1000);
}

// ---- packets of the client ------------------------------------------------------------------------------------------

static void pong(struct eio_session *s, int64_t now)
{
    s->awaits_pong = false;
    s->heartbeat_due = now + s->config->ping_interval_us;
}

// A packet on the transport that carries the session. False: it ended the session.
static bool take_packet(struct eio_session *s, const struct eio_packet *p, int64_t now)
{
    switch (p->type) {
    case EIO_MESSAGE: s->ops->message(s->ctx, p->data, p->binary); return !s->closed;
    case EIO_PONG: pong(s, now); return true;
    case EIO_NOOP: return true;
    case EIO_CLOSE: end(s, EIO_CLOSED_BY_CLIENT, 1000); return false;
    // In version 4 it is the server that opens, pings and is told to upgrade on another transport.
    case EIO_OPEN:
    case EIO_PING:
    case EIO_UPGRADE: end(s, EIO_PARSE_ERROR, 1002); return false;
    }
    return false;
}

// ---- polling --------------------------------------------------------------------------------------------------------

static void queue_control(struct eio_session *s, struct slice packet)
{
    if (s->control.n) buf_add_char(&s->control, EIO_SEPARATOR);
    buf_add_slice(&s->control, packet);
}

static void write_open(const struct eio_session *s, bool upgrades, struct buf *out)
{
    struct eio_open open = {
        .websocket = upgrades,
        .ping_interval_ms = s->config->ping_interval_us / 1000,
        .ping_timeout_ms = s->config->ping_timeout_us / 1000,
        .max_payload = (int64_t)s->config->max_payload,
    };
    memcpy(open.sid, s->sid, strlen(s->sid));
    eio_write_open(out, &open);
}

int eio_session_poll(struct eio_session *s, int64_t now)
{
    (void)now; // The heartbeat alone tells a live client: a poll may have been sent long ago.
    if (s->closed || s->ws == WS_CARRIES) return 400;
    if (s->poll_pending) {
        end(s, EIO_OVERLAP, 1002);
        return 400;
    }
    s->poll_pending = true;
    if (s->fresh) {
        s->fresh = false;
        write_open(s, true, &s->control);
    }
    if (s->ws == WS_PROBING && s->probed && !s->control.n) {
        // The client is between "3probe" and "5", and waits for its polls to come back.
        answer_poll(s, 200, SLICE_LIT("6"));
        return 200;
    }
    s->ops->writable(s->ctx);
    return 200;
}

void eio_session_poll_gone(struct eio_session *s)
{
    if (!s->poll_pending) return;
    s->poll_pending = false;
    end(s, EIO_TRANSPORT_CLOSED, 1001);
}

int eio_session_post(struct eio_session *s, struct slice body, int64_t now)
{
    if (s->closed || s->fresh || s->ws == WS_CARRIES) return 400;
    if (body.n > s->config->max_payload) {
        end(s, EIO_PAYLOAD_TOO_LARGE, 1009);
        return 413;
    }
    // On a WebSocket the frame parser has seen to it; here nobody has yet.
    if (!utf8_valid(body.p, body.n)) {
        end(s, EIO_PARSE_ERROR, 1007);
        return 400;
    }
    struct buf scratch = BUF_INIT;
    struct eio_packet p;
    int rc;
    int status = 200;
    while ((rc = eio_payload_next(&body, &scratch, &p)) > 0 && take_packet(s, &p, now)) {
    }
    if (rc < 0) {
        end(s, EIO_PARSE_ERROR, 1002);
        status = 400;
    }
    buf_release(&scratch);
    return status;
}

void eio_session_post_overlap(struct eio_session *s)
{
    end(s, EIO_OVERLAP, 1002);
}

// ---- WebSocket and upgrade ------------------------------------------------------------------------------------------

bool eio_session_ws_open(struct eio_session *s, int64_t now)
{
    if (s->closed || s->ws != WS_NONE) return false;
    if (!s->fresh) {
        s->ws = WS_PROBING;
        s->probed = false;
        s->upgrade_due = now + s->config->upgrade_timeout_us;
        return true;
    }
    s->fresh = false;
    s->ws = WS_CARRIES;
    struct buf open = BUF_INIT;
    write_open(s, false, &open);
    s->ops->ws_send(s->ctx, buf_slice(&open));
    buf_release(&open);
    if (!s->closed) s->ops->writable(s->ctx);
    return true;
}

static void finish_upgrade(struct eio_session *s)
{
    // The client has paused polling; a poll that hangs on regardless is let go.
    if (s->poll_pending) answer_poll(s, 200, SLICE_LIT("6"));
    if (s->closed) return;
    s->ws = WS_CARRIES;
    // Of the session's own packets only a ping can wait here (the open packet went out before the client knew the sid).
    bool ping = s->control.n > 0;
    buf_release(&s->control);
    if (ping) s->ops->ws_send(s->ctx, SLICE_LIT("2"));
    if (!s->closed) s->ops->writable(s->ctx);
}

static void probe_message(struct eio_session *s, struct slice data, bool binary)
{
    if (!binary && slice_is(data, "2probe")) {
        s->probed = true;
        s->ops->ws_send(s->ctx, SLICE_LIT("3probe"));
        // The client waits for its poll to come back before it switches.
        if (s->poll_pending && !s->closed) answer_poll(s, 200, SLICE_LIT("6"));
    } else if (!binary && slice_is(data, "5") && s->probed) {
        finish_upgrade(s);
    } else {
        close_ws(s, 1002); // Polling goes on.
    }
}

void eio_session_ws_message(struct eio_session *s, struct slice data, bool binary, int64_t now)
{
    struct eio_packet p = {EIO_MESSAGE, true, data};
    if (s->closed || s->ws == WS_NONE) return;
    if (s->ws == WS_PROBING) {
        probe_message(s, data, binary);
    } else if (!binary && eio_decode(data, &p) < 0) {
        end(s, EIO_PARSE_ERROR, 1002);
    } else {
        take_packet(s, &p, now);
    }
}

void eio_session_ws_closed(struct eio_session *s)
{
    enum ws_use was = s->ws;
    s->ws = WS_NONE;
    if (was == WS_CARRIES) end(s, EIO_TRANSPORT_CLOSED, 1000);
}

// ---- time -----------------------------------------------------------------------------------------------------------

int64_t eio_session_due(const struct eio_session *s)
{
    if (s->closed) return INT64_MAX;
    if (s->ws == WS_PROBING && s->upgrade_due < s->heartbeat_due) return s->upgrade_due;
    return s->heartbeat_due;
}

void eio_session_tick(struct eio_session *s, int64_t now)
{
    if (s->closed) return;
    if (s->ws == WS_PROBING && now >= s->upgrade_due) close_ws(s, 1002);
    if (s->closed || now < s->heartbeat_due) return;
    if (s->awaits_pong) {
        end(s, EIO_PING_TIMEOUT, 1001);
        return;
    }
    s->awaits_pong = true;
    // The wait counts from when the ping was due, so that a client which knows the two numbers knows the moment; unless
    // the tick came so late that this would shorten the client's time to answer.
    int64_t late = now - s->heartbeat_due;
    bool on_time = late <= LATE_US && late <= s->config->ping_timeout_us / 10;
    s->heartbeat_due = (on_time ? s->heartbeat_due : now) + s->config->ping_timeout_us;
    if (s->ws == WS_CARRIES) {
        s->ops->ws_send(s->ctx, SLICE_LIT("2"));
    } else if (!s->fresh) {
        queue_control(s, SLICE_LIT("2"));
        if (s->poll_pending) s->ops->writable(s->ctx);
    }
}

// ---- output ---------------------------------------------------------------------------------------------------------

enum eio_route eio_session_route(const struct eio_session *s)
{
    if (s->closed) return EIO_ROUTE_CLOSED;
    if (s->ws == WS_CARRIES) return EIO_ROUTE_WS;
    return s->poll_pending ? EIO_ROUTE_POLL : EIO_ROUTE_HOLD;
}

struct slice eio_session_poll_control(const struct eio_session *s)
{
    return buf_slice(&s->control);
}

void eio_session_poll_answered(struct eio_session *s)
{
    s->poll_pending = false;
    buf_release(&s->control);
}
