// The bus of a single server: everything in this process's memory.
//
// A channel exists from its first event. One that doesn't exist has the position (the bus's own epoch, 0), so that
// subscribing to names costs nothing; channels made later take that epoch. When a channel is dropped for want of memory
// the bus's epoch changes, so that no (epoch, seq) is ever given twice.
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "bus/bus.h"

#define EPOCH_CHARS   16
#define MAX_SNAPSHOTS 32 // state events kept a channel; the contract has one or two

struct channel {
    struct list used;    // in bus->used, longest unused first
    struct list history; // in bus->with_history, longest unused first; in no list: it has none
    uint64_t seq;
    struct msg **ring; // [head, head + n) modulo cap: the last n messages
    uint32_t head, n, cap;
    uint32_t n_state;
    struct msg **state; // last message of each state event
    size_t ring_bytes, state_bytes;
    char epoch[EPOCH_CHARS + 1];
    uint32_t name_n;
    char name[];
};

struct memory_bus {
    struct bus bus; // first
    struct bus_limits limits;
    struct map channels;
    struct list used, with_history;
    size_t bytes;
    char epoch[EPOCH_CHARS + 1];
};

// ---- history -------------------------------------------------------------------------------------------------------

static struct msg *ring_at(const struct channel *c, uint32_t i)
{
    return c->ring[(c->head + i) % c->cap];
}

static void ring_drop_oldest(struct memory_bus *b, struct channel *c)
{
    struct msg *m = ring_at(c, 0);
    size_t bytes = msg_bytes(m);
    c->head = (c->head + 1) % c->cap;
    c->n--;
    c->ring_bytes -= bytes;
    b->bytes -= bytes;
    msg_unref(m);
}

static void ring_clear(struct memory_bus *b, struct channel *c)
{
    while (c->n) ring_drop_oldest(b, c);
    free(c->ring);
    c->ring = NULL;
    c->head = c->cap = 0;
    list_remove(&c->history);
}

static void ring_push(struct memory_bus *b, struct channel *c, struct msg *m)
{
    if (c->n == c->cap) {
        uint32_t cap = c->cap ? c->cap * 2 : 8;
        struct msg **ring = mem_array(cap, sizeof(struct msg *));
        for (uint32_t i = 0; i < c->n; i++) ring[i] = ring_at(c, i);
        free(c->ring);
        c->ring = ring;
        c->cap = cap;
        c->head = 0;
    }
    c->ring[(c->head + c->n++) % c->cap] = msg_ref(m);
    c->ring_bytes += msg_bytes(m);
    b->bytes += msg_bytes(m);
}

static void trim(struct memory_bus *b, struct channel *c, int64_t now)
{
    while (c->n && (c->n > b->limits.channel_messages || c->ring_bytes > b->limits.channel_bytes ||
                    msg_ts(ring_at(c, 0)) < now - b->limits.age_us))
        ring_drop_oldest(b, c);
    if (c->n == 0) ring_clear(b, c);
}

// ---- snapshot ------------------------------------------------------------------------------------------------------

static void keep_state(struct memory_bus *b, struct channel *c, struct msg *m)
{
    uint32_t i = 0;
    while (i < c->n_state && !slice_eq(msg_event(c->state[i]), msg_event(m))) i++;
    if (i == MAX_SNAPSHOTS) return;
    if (i == c->n_state) {
        c->state = mem_realloc_array(c->state, ++c->n_state, sizeof(struct msg *));
    } else {
        c->state_bytes -= msg_bytes(c->state[i]);
        b->bytes -= msg_bytes(c->state[i]);
        msg_unref(c->state[i]);
    }
    c->state[i] = msg_ref(m);
    c->state_bytes += msg_bytes(m);
    b->bytes += msg_bytes(m);
}

// ---- channels ------------------------------------------------------------------------------------------------------

static size_t channel_overhead(const struct channel *c)
{
    return sizeof *c + 2 * (size_t)c->name_n + 64; // with its place in the map
}

static struct channel *channel_make(struct memory_bus *b, struct slice name)
{
    struct channel *c = mem_zalloc(sizeof *c + name.n + 1);
    memcpy(c->name, name.p, name.n);
    c->name_n = (uint32_t)name.n;
    memcpy(c->epoch, b->epoch, sizeof c->epoch);
    list_init(&c->used);
    list_init(&c->history);
    map_put(&b->channels, name, c);
    b->bytes += channel_overhead(c);
    return c;
}

static void channel_free(struct memory_bus *b, struct channel *c)
{
    ring_clear(b, c);
    for (uint32_t i = 0; i < c->n_state; i++) msg_unref(c->state[i]);
    free(c->state);
    b->bytes -= c->state_bytes + channel_overhead(c);
    list_remove(&c->used);
    map_remove(&b->channels, slice_of(c->name, c->name_n));
    free(c);
}

// Histories go first, then whole channels; `keep` is the one just published to.
static void bound_total(struct memory_bus *b, struct channel *keep, int64_t now)
{
    while (!list_empty(&b->with_history)) {
        struct channel *oldest = LIST_ITEM(b->with_history.next, struct channel, history);
        bool aged = msg_ts(ring_at(oldest, oldest->n - 1)) < now - b->limits.age_us;
        if (oldest == keep || (b->bytes <= b->limits.total_bytes && !aged)) break;
        ring_clear(b, oldest);
    }
    while (b->bytes > b->limits.total_bytes) {
        struct channel *oldest = LIST_ITEM(b->used.next, struct channel, used);
        if (oldest == keep) break;
        channel_free(b, oldest);
        id_token(b->epoch, EPOCH_CHARS);
    }
}

// ---- operations ----------------------------------------------------------------------------------------------------

static int64_t memory_publish(struct bus *bus, struct slice channel, struct slice event, struct slice body,
                              enum msg_class cls)
{
    struct memory_bus *b = (struct memory_bus *)bus;
    if (!bus_channel_valid(channel) || !msg_event_valid(event) || body.n < 2 || body.p[0] != '{') return HW_EINVALID;
    struct channel *c = map_get(&b->channels, channel);
    if (!c) c = channel_make(b, channel);
    int64_t now = clock_now_us();
    struct msg *m = msg_new(channel, event, slice_of(c->epoch, EPOCH_CHARS), ++c->seq, now, body, cls);
    int64_t seq = (int64_t)c->seq;

    ring_push(b, c, m);
    if (cls == MSG_STATE) keep_state(b, c, m);
    list_remove(&c->used);
    list_push_back(&b->used, &c->used);
    list_remove(&c->history);
    list_push_back(&b->with_history, &c->history);
    trim(b, c, now);
    bound_total(b, c, now);

    if (bus->deliver) bus->deliver(bus->deliver_ctx, m);
    msg_unref(m);
    return seq;
}

static void memory_position(struct bus *bus, struct slice channel, char epoch[17], uint64_t *seq)
{
    struct memory_bus *b = (struct memory_bus *)bus;
    struct channel *c = map_get(&b->channels, channel);
    memcpy(epoch, c ? c->epoch : b->epoch, EPOCH_CHARS + 1);
    *seq = c ? c->seq : 0;
}

static bool memory_history(struct bus *bus, struct slice channel, struct slice epoch, uint64_t seq, bus_visit_fn fn,
                           void *ctx)
{
    struct memory_bus *b = (struct memory_bus *)bus;
    struct channel *c = map_get(&b->channels, channel);
    if (!slice_is(epoch, c ? c->epoch : b->epoch)) return false;
    uint64_t last = c ? c->seq : 0;
    if (seq > last) return false; // nobody was ever told so
    if (seq == last) return true;
    trim(b, c, clock_now_us());
    if (last - seq > c->n) return false;
    for (uint32_t i = c->n - (uint32_t)(last - seq); i < c->n; i++) fn(ctx, ring_at(c, i));
    return true;
}

static void memory_snapshot(struct bus *bus, struct slice channel, bus_visit_fn fn, void *ctx)
{
    struct memory_bus *b = (struct memory_bus *)bus;
    struct channel *c = map_get(&b->channels, channel);
    for (uint32_t i = 0; c && i < c->n_state; i++) fn(ctx, c->state[i]);
}

static void memory_free(struct bus *bus)
{
    struct memory_bus *b = (struct memory_bus *)bus;
    while (!list_empty(&b->used)) channel_free(b, LIST_ITEM(b->used.next, struct channel, used));
    map_release(&b->channels);
    free(b);
}

static const struct bus_ops memory_ops = {
    .free = memory_free,
    .publish = memory_publish,
    .position = memory_position,
    .history = memory_history,
    .snapshot = memory_snapshot,
};

struct bus *bus_memory_new(struct bus_limits limits)
{
    struct memory_bus *b = mem_zalloc(sizeof *b);
    b->bus.ops = &memory_ops;
    b->limits = limits;
    map_init(&b->channels);
    list_init(&b->used);
    list_init(&b->with_history);
    id_token(b->epoch, EPOCH_CHARS);
    return &b->bus;
}
