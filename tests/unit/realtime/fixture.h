// A server without sockets: a client whose WebSocket is open, as far as its session knows, but has no connection. What
// it says is handed to the session; what it would be told lies in its outbox.
#ifndef HW_TEST_REALTIME_FIXTURE_H
#define HW_TEST_REALTIME_FIXTURE_H

#include "hub/hub.h"
#include "net/loop.h"
#include "realtime/eio_internal.h"

struct fixture {
    struct loop *loop;
    struct hub *hub;
};

static inline void fixture_init(struct fixture *f)
{
    struct err e;
    assert_int_equal(loop_new(&f->loop, &e), 0);
    f->hub = hub_new(HUB_OUTBOX_BYTES);
}

// After the servers.
static inline void fixture_release(struct fixture *f)
{
    loop_free(f->loop);
    hub_free(f->hub);
}

static inline struct eio_client *client_opens(struct eio_server *s)
{
    struct eio_client *c = eio_client_new(s);
    assert_true(eio_session_ws_open(c->session, eio_now_us(s)));
    return c;
}

// A WebSocket text message, Engine.IO's type and all.
static inline void client_says(struct eio_client *c, const char *text)
{
    eio_session_ws_message(c->session, slice_str(text), false, eio_now_us(c->server));
}

static inline void client_sends(struct eio_client *c, struct slice bytes)
{
    eio_session_ws_message(c->session, bytes, true, eio_now_us(c->server));
}

// What waits for it, separated by blanks, binary as <n bytes>; and empties the outbox. Valid until the next call.
static inline const char *client_gets(struct eio_client *c)
{
    static char text[4096];
    size_t n = 0;
    struct outbox_entry e;
    text[0] = 0;
    while ((e = outbox_pop(&c->sub.out)).msg) {
        struct slice t = msg_text(e.msg);
        if (msg_is_binary(e.msg))
            n += (size_t)snprintf(text + n, sizeof text - n, "%s<%zu bytes>", n ? " " : "", t.n);
        else
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", n ? " " : "", SLICE_FMT(t));
        msg_unref(e.msg);
    }
    return text;
}

#endif
