// Subscriptions with batch: true: what falls within the interval goes out as one event
//     batch {"events": [{"event": …, "data": …}, …]}
#include <stdlib.h>

#include "api/session_internal.h"
#include "base/json.h"
#include "base/mem.h"

static void add_event(struct jw *w, struct slice event, struct slice data)
{
    jw_obj(w);
    jw_key(w, "event");
    jw_slice(w, event);
    jw_kraw(w, "data", data);
    jw_obj_end(w);
}

void session_batch_flush(struct sio_socket *s)
{
    struct subscriber *sub = sio_socket_subscriber(s);
    struct outbox *box = sub ? sub->batch : NULL;
    if (!box || outbox_empty(box)) return;
    struct buf arg = BUF_INIT, note = BUF_INIT;
    struct jw w;
    jw_init(&w, &arg);
    jw_obj(&w);
    jw_key(&w, "events");
    jw_arr(&w);
    struct outbox_entry e;
    while ((e = outbox_pop(box)).msg) {
        if (e.conflated) {
            buf_clear(&note);
            session_write_conflated(&note, msg_channel(e.msg), e.conflated);
            add_event(&w, SLICE_LIT("conflated"), buf_slice(&note));
        }
        add_event(&w, msg_event(e.msg), msg_payload(e.msg));
        msg_unref(e.msg);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    sio_socket_emit(s, "batch", buf_slice(&arg), NULL, 0);
    buf_release(&arg);
    buf_release(&note);
}

static void on_timer(struct loop_timer *t)
{
    struct sio_socket *s = t->ctx;
    struct sessions *o = session_of(s)->batch->owner;
    // A client that is behind gets its batch when it has caught up; meanwhile states are merged within it.
    if (!outbox_empty(&sio_socket_subscriber(s)->out))
        loop_timer_start(o->loop, t, o->batch_interval_ms);
    else
        session_batch_flush(s);
}

void session_batch_wake(struct sio_socket *s)
{
    struct sessions *o = sio_socket_app(s);
    struct session_batch *b = session_of(s)->batch;
    if (!b) {
        b = session_of(s)->batch = mem_zalloc(sizeof *b);
        b->owner = o;
        loop_timer_init(&b->timer, on_timer, s);
    }
    if (!loop_timer_active(&b->timer)) loop_timer_start(o->loop, &b->timer, o->batch_interval_ms);
}

void session_batch_free(struct sio_socket *s)
{
    struct session_batch *b = session_of(s)->batch;
    if (!b) return;
    loop_timer_stop(b->owner->loop, &b->timer);
    free(b);
    session_of(s)->batch = NULL;
}
