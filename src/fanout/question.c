// A subscription's question: where does the channel stand, and what was missed?
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "fanout/fanout_internal.h"

static void add_missed(void *ctx, struct msg *m)
{
    struct question *q = ctx;
    if (q->n_missed == q->cap_missed) {
        q->cap_missed = q->cap_missed ? q->cap_missed * 2 : 16;
        q->missed = mem_realloc_array(q->missed, q->cap_missed, sizeof(struct msg *));
    }
    q->missed[q->n_missed++] = msg_ref(m);
    q->missed_bytes += msg_bytes(m);
}

static void drop_missed(struct question *q)
{
    for (size_t i = 0; i < q->n_missed; i++) msg_unref(q->missed[i]);
    free(q->missed);
    q->missed = NULL;
    q->n_missed = q->cap_missed = q->missed_bytes = 0;
}

static void add_snapshot(void *ctx, struct msg *m)
{
    struct jw *w = ctx;
    struct slice event = msg_event(m);
    char name[128];
    if (event.n >= sizeof name) return;
    memcpy(name, event.p, event.n);
    name[event.n] = 0;
    jw_kraw(w, name, msg_payload(m));
}

// Position, history and snapshot are one step on the home loop: nothing can be published in between.
void question_answer(struct fanout *f, struct question *q)
{
    struct bus *bus = f->bus;
    struct slice channel = slice_of(q->channel, q->channel_n);
    bus->ops->position(bus, channel, q->epoch, &q->seq);
    if (q->has_since) {
        struct slice epoch = slice_of(q->since_epoch, q->since_epoch_n);
        q->recovered = bus->ops->history(bus, channel, epoch, q->since_seq, add_missed, q);
        // More than the subscriber's outbox takes would only have it closed as slow: it gets the present state instead.
        if (q->missed_bytes > q->room) q->recovered = false;
        if (!q->recovered) drop_missed(q);
        f->stats.recoveries++;
        f->stats.recovered += q->recovered;
    }
    struct jw w;
    jw_init(&w, &q->snapshot);
    jw_obj(&w);
    // Who gets what it missed gets no state that lies ahead of it.
    if (!q->recovered) bus->ops->snapshot(bus, channel, add_snapshot, &w);
    jw_obj_end(&w);
}

bool question_tell(struct question *q, bool gone)
{
    if (q->fence) {
        q->fence(q->ctx, gone);
        return false;
    }
    struct fanout_answer a = {.gone = gone, .seq = q->seq, .recovered = q->recovered, .missed = q->missed};
    memcpy(a.epoch, q->epoch, sizeof a.epoch);
    a.n_missed = q->n_missed;
    a.snapshot = buf_slice(&q->snapshot);
    return q->fn(q->ctx, slice_of(q->channel, q->channel_n), &a);
}

void question_free(struct question *q)
{
    drop_missed(q);
    buf_release(&q->snapshot);
    free(q->channel);
    free(q->since_epoch);
    free(q);
}
