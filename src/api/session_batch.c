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

void session_batch_flush(struct session *s)
{
    struct outbox *box = s->sub.batch;
    if (s->over || !box || outbox_empty(box)) return;
    struct buf arg = BUF_INIT, packet = BUF_INIT, note = BUF_INIT;
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
    buf_add_char(&packet, EIO_MESSAGE);
    sio_write_event(&packet, "/", SIO_NO_ID, SLICE_LIT("batch"), buf_slice(&arg));
    session_send(s, &packet);
    buf_release(&arg);
    buf_release(&note);
}

static void on_timer(struct loop_timer *t)
{
    struct session *s = t->ctx;
    // A client that is behind gets its batch when it has caught up; meanwhile states are merged within it.
    if (!outbox_empty(&s->sub.out))
        loop_timer_start(s->owner->loop, t, s->owner->config.batch_interval_ms);
    else
        session_batch_flush(s);
}

void session_batch_wake(struct session *s)
{
    if (!s->batch) {
        s->batch = mem_zalloc(sizeof *s->batch);
        loop_timer_init(&s->batch->timer, on_timer, s);
    }
    if (!loop_timer_active(&s->batch->timer))
        loop_timer_start(s->owner->loop, &s->batch->timer, s->owner->config.batch_interval_ms);
}

void session_batch_free(struct session *s)
{
    if (!s->batch) return;
    loop_timer_stop(s->owner->loop, &s->batch->timer);
    free(s->batch);
    s->batch = NULL;
}
