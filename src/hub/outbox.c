#include "hub/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct outbox_entry *slots(struct outbox *o)
{
    return o->entries ? o->entries : &o->one;
}

static struct outbox_entry *slot(struct outbox *o, uint32_t i)
{
    return slots(o) + o->head + i;
}

static void give_back(struct outbox *o)
{
    free(o->entries);
    *o = (struct outbox){0};
}

void outbox_clear(struct outbox *o)
{
    for (uint32_t i = 0; i < o->n; i++) msg_unref(slot(o, i)->msg);
    give_back(o);
}

// Closes the holes, and moves what is left to the start.
static void compact(struct outbox *o)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        struct outbox_entry e = *slot(o, i);
        if (e.msg) slots(o)[to++] = e;
    }
    o->head = 0;
    o->n = to;
    o->holes = 0;
}

static bool same_channel(const struct msg *a, const struct msg *b)
{
    return msg_channel_hash(a) == msg_channel_hash(b) && slice_eq(msg_channel(a), msg_channel(b));
}

// The newest queued message that `m` makes superfluous. There is at most one unless the client was not behind before;
// then the older ones stay, which only means that more is sent than needed.
static struct outbox_entry *find_superseded(struct outbox *o, const struct msg *m)
{
    for (uint32_t i = o->n; i-- > 0;) {
        struct outbox_entry *e = slot(o, i);
        if (!e->msg || msg_key_hash(e->msg) != msg_key_hash(m) || msg_class_of(e->msg) != MSG_STATE) continue;
        if (same_channel(e->msg, m) && slice_eq(msg_event(e->msg), msg_event(m))) return e;
    }
    return NULL;
}

// Takes `e` out: what it counted, and itself, is said before the channel's next message, which is `*next` if none is
// queued.
static void take_out(struct outbox *o, struct outbox_entry *e, struct outbox_entry *next)
{
    struct outbox_entry *end = slot(o, o->n);
    for (struct outbox_entry *later = e + 1; later < end; later++) {
        if (later->msg && same_channel(later->msg, e->msg)) {
            next = later;
            break;
        }
    }
    next->conflated += e->conflated + 1;
    o->bytes -= msg_bytes(e->msg);
    msg_unref(e->msg);
    e->msg = NULL;
    o->holes++;
}

// For one more at the end.
static void make_room(struct outbox *o)
{
    uint32_t cap = o->entries ? o->cap : 1;
    if (o->head + o->n < cap) return;
    if (o->entries && o->head + o->holes > cap / 2) {
        compact(o);
    } else if (o->n == 0) {
        o->head = 0;
    } else if (o->entries) {
        o->cap *= 2;
        o->entries = mem_realloc_array(o->entries, o->cap, sizeof *o->entries);
    } else {
        o->cap = 4;
        o->entries = mem_array(o->cap, sizeof *o->entries);
        o->entries[0] = o->one;
    }
}

bool outbox_push(struct outbox *o, struct msg *m, bool conflate, size_t limit)
{
    struct outbox_entry added = {m, 0};
    if (conflate && msg_class_of(m) == MSG_STATE) {
        struct outbox_entry *old = find_superseded(o, m);
        if (old) take_out(o, old, &added);
    }
    if (o->bytes + msg_bytes(m) > limit && !outbox_empty(o)) return false;
    if (o->holes > 16 && o->holes > o->n / 2) compact(o);
    make_room(o);
    msg_ref(m);
    o->bytes += msg_bytes(m);
    *slot(o, o->n++) = added;
    return true;
}

const struct outbox_entry *outbox_peek(struct outbox *o)
{
    while (o->n && !slot(o, 0)->msg) o->head++, o->n--, o->holes--;
    return o->n ? slot(o, 0) : NULL;
}

struct outbox_entry outbox_pop(struct outbox *o)
{
    const struct outbox_entry *first = outbox_peek(o);
    struct outbox_entry e = {0};
    if (first) {
        e = *first;
        o->head++, o->n--;
        o->bytes -= msg_bytes(e.msg);
    }
    if (o->n == 0) give_back(o);
    return e;
}
