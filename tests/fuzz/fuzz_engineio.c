// Engine.IO: the input is a script of events for one session (a byte names each, a length byte and that many bytes are
// its data); the session must keep its promises to its owner whatever comes. Payloads are re-encoded and must read the
// same.
#include <assert.h>
#include <stdlib.h>

#include "proto/engineio_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    struct eio_session *s;
    bool poll, ws, closed, flush_later, close_on_message;
    unsigned outbox;
};

static void flush(struct owner *o)
{
    switch (eio_session_route(o->s)) {
    case EIO_ROUTE_HOLD: assert(!o->poll); return;
    case EIO_ROUTE_CLOSED: return;
    case EIO_ROUTE_WS:
        assert(o->ws);
        o->outbox = 0;
        return;
    case EIO_ROUTE_POLL:
        assert(o->poll);
        if (!o->outbox && !eio_session_poll_control(o->s).n) return;
        o->outbox = 0;
        o->poll = false;
        eio_session_poll_answered(o->s);
        return;
    }
}

static void on_message(void *ctx, struct slice data, bool binary)
{
    struct owner *o = ctx;
    assert(!o->closed);
    (void)data;
    (void)binary;
    if (o->close_on_message) eio_session_close(o->s);
}

static void on_ws_send(void *ctx, struct slice packet)
{
    struct owner *o = ctx;
    assert(o->ws && packet.n && !o->closed);
}

static void on_ws_close(void *ctx, unsigned code)
{
    struct owner *o = ctx;
    assert(o->ws && code >= 1000 && !o->closed);
    o->ws = false;
}

static void on_poll_answer(void *ctx, int status, struct slice payload)
{
    struct owner *o = ctx;
    assert(o->poll && status == 200 && payload.n && !o->closed);
    o->poll = false;
}

static void on_writable(void *ctx)
{
    struct owner *o = ctx;
    assert(!o->closed);
    if (!o->flush_later) flush(o);
}

static void on_closed(void *ctx, enum eio_close why)
{
    struct owner *o = ctx;
    assert(!o->closed && !o->poll && !o->ws && eio_close_name(why));
    o->closed = true;
}

static const struct eio_session_ops OPS = {on_message, on_ws_send, on_ws_close, on_poll_answer, on_writable, on_closed};

static void payload_round_trip(struct slice payload)
{
    struct buf again = BUF_INIT, scratch = BUF_INIT;
    struct eio_payload count = {.limit = SIZE_MAX};
    struct eio_packet p;
    struct slice rest = payload;
    int rc;
    while ((rc = eio_payload_next(&rest, &scratch, &p)) > 0) {
        bool fits;
        if (p.binary) {
            fits = eio_payload_add_binary(&count, p.data, &again);
        } else {
            struct buf packet = BUF_INIT;
            eio_encode(&packet, p.type, p.data);
            fits = eio_payload_add_text(&count, buf_slice(&packet), &again);
            buf_release(&packet);
        }
        assert(fits);
        (void)fits;
    }
    // Base64 of the same bytes may be spelled with other unused bits: lengths agree in any case.
    if (rc == 0) assert(again.n == payload.n);
    buf_release(&again);
    buf_release(&scratch);
    struct eio_open open;
    if (eio_read_open(payload, &open, NULL) == 0) assert(open.sid[0]);
}

static void play(struct owner *o, uint8_t what, struct slice arg, int64_t *now)
{
    bool binary = what & 0x80;
    switch (what % 10) {
    case 0:
        if (o->poll) { // a second one: the session must answer the first and end
            int rc = eio_session_poll(o->s, *now);
            assert(rc == 400 && o->closed);
            (void)rc;
        } else {
            o->poll = true;
            if (eio_session_poll(o->s, *now) != 200) o->poll = false;
        }
        break;
    case 1:
        o->poll = false;
        eio_session_poll_gone(o->s);
        break;
    case 2: eio_session_post(o->s, arg, *now); break;
    case 3:
        if (!o->ws) {
            o->ws = true;
            if (!eio_session_ws_open(o->s, *now)) o->ws = false;
        } else {
            bool taken = eio_session_ws_open(o->s, *now);
            assert(!taken);
            (void)taken;
        }
        break;
    case 4:
    case 5:
        if (o->ws) eio_session_ws_message(o->s, arg, binary, *now);
        break;
    case 6:
        o->ws = false;
        eio_session_ws_closed(o->s);
        break;
    case 7:
        *now += (int64_t)arg.n * 1000000;
        eio_session_tick(o->s, *now);
        assert(o->closed || eio_session_due(o->s) > *now);
        break;
    case 8:
        o->outbox++;
        flush(o);
        break;
    case 9:
        if (what == 99) eio_session_close(o->s);
        if (what == 29) eio_session_post_overlap(o->s);
        o->flush_later = what & 1;
        o->close_on_message = what == 19;
        break;
    }
    assert(o->closed == (eio_session_route(o->s) == EIO_ROUTE_CLOSED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_round_trip(slice_of(data, size));
    struct eio_config c = EIO_CONFIG_DEFAULT;
    struct owner o = {0};
    int64_t now = 0;
    c.max_payload = 100;
    o.s = eio_session_new(&c, "sid", now, &OPS, &o);
    while (size >= 2) {
        size_t n = data[1] < size - 2 ? data[1] : size - 2;
        play(&o, data[0], slice_of(data + 2, n), &now);
        data += 2 + n;
        size -= 2 + n;
    }
    flush(&o);
    eio_session_free(o.s);
    return 0;
}
