#include "hub/hub.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

// A client that isn't behind may have this share of its bound queued within one iteration before conflation begins.
#define LOW_WATER(limit) ((limit) / 4)

struct member {
    struct subscriber *s;
    uint32_t place; // in s->subs
};

struct hub_channel {
    struct member *members;
    uint32_t n, cap;
    uint32_t joins;
    uint32_t name_n;
    char name[];
};

struct hub {
    struct map channels; // name → struct hub_channel; only those with subscribers
    size_t outbox_bytes;
    struct hub_stats stats;
    hub_empty_fn on_empty;
    void *empty_ctx;
};

struct hub *hub_new(size_t outbox_bytes)
{
    struct hub *h = mem_zalloc(sizeof *h);
    map_init(&h->channels);
    h->outbox_bytes = outbox_bytes;
    return h;
}

void hub_on_empty(struct hub *h, hub_empty_fn fn, void *ctx)
{
    h->on_empty = fn;
    h->empty_ctx = ctx;
}

void hub_free(struct hub *h)
{
    if (!h) return;
    assert(h->channels.count == 0);
    map_release(&h->channels);
    free(h);
}

void hub_stats(const struct hub *h, struct hub_stats *out)
{
    *out = h->stats;
    out->channels = h->channels.count;
}

// ---- publishing ----------------------------------------------------------------------------------------------------

static void overflow(struct subscriber *s)
{
    s->overflowed = true;
    s->hub->stats.overflowed++;
    s->hub->stats.dropped += s->out.n - s->out.holes;
    if (s->batch) s->hub->stats.dropped += s->batch->n - s->batch->holes;
    outbox_clear(&s->out);
    if (s->batch) outbox_clear(s->batch);
    s->ops->wake(s, false);
}

static void append(struct subscriber *s, struct outbox *o, struct msg *m, bool batched)
{
    if (s->overflowed) return;
    struct hub *h = s->hub;
    bool was_empty = outbox_empty(o);
    bool conflate = false;
    if (!was_empty && msg_class_of(m) == MSG_STATE)
        conflate = o->bytes > LOW_WATER(h->outbox_bytes) || s->ops->behind(s);
    uint32_t before = o->n - o->holes;
    if (!outbox_push(o, m, conflate, h->outbox_bytes)) {
        overflow(s);
        return;
    }
    if (o->n - o->holes == before) h->stats.conflated++;
    h->stats.delivered++;
    if (was_empty) s->ops->wake(s, batched);
    if (!batched && o->bytes > h->outbox_bytes / 2 && !s->ops->behind(s)) s->ops->relieve(s);
}

void hub_publish(struct hub *h, struct msg *m)
{
    h->stats.published++;
    struct hub_channel *c = map_get(&h->channels, msg_channel(m));
    if (!c) return;
    for (uint32_t i = 0; i < c->n; i++) {
        struct subscriber *s = c->members[i].s;
        bool batched = s->subs[c->members[i].place].batched;
        append(s, batched ? s->batch : &s->out, m, batched);
    }
}

void subscriber_push(struct subscriber *s, struct msg *m)
{
    append(s, &s->out, m, false);
}

size_t subscriber_room(const struct subscriber *s)
{
    return s->out.bytes < s->hub->outbox_bytes ? s->hub->outbox_bytes - s->out.bytes : 0;
}

// ---- joining and leaving -------------------------------------------------------------------------------------------

void subscriber_init(struct subscriber *s, struct hub *h, const struct subscriber_ops *ops)
{
    *s = (struct subscriber){.hub = h, .ops = ops};
}

static struct subscription *find(struct subscriber *s, struct slice channel)
{
    struct hub_channel *c = map_get(&s->hub->channels, channel);
    if (!c) return NULL;
    for (uint32_t i = 0; i < s->n_subs; i++) {
        if (s->subs[i].channel == c) return &s->subs[i];
    }
    return NULL;
}

static struct hub_channel *channel_get(struct hub *h, struct slice name)
{
    struct hub_channel *c = map_get(&h->channels, name);
    if (c) return c;
    c = mem_zalloc(sizeof *c + name.n);
    c->name_n = (uint32_t)name.n;
    memcpy(c->name, name.p, name.n);
    map_put(&h->channels, name, c);
    return c;
}

static void set_batched(struct subscriber *s, struct subscription *sub, bool batched)
{
    sub->batched = batched;
    if (batched && !s->batch) s->batch = mem_zalloc(sizeof *s->batch);
}

int subscriber_join(struct subscriber *s, struct slice channel, bool batched, struct err *e)
{
    struct subscription *sub = find(s, channel);
    if (sub) {
        set_batched(s, sub, batched);
        sub->channel->joins++;
        return 0;
    }
    if (s->n_subs >= HUB_MAX_SUBSCRIPTIONS)
        return err_set(e, HW_ETOOBIG, "this connection has %d subscriptions already, the most that one may have",
                       HUB_MAX_SUBSCRIPTIONS);
    struct hub_channel *c = channel_get(s->hub, channel);
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 2;
        c->members = mem_realloc_array(c->members, c->cap, sizeof *c->members);
    }
    if (s->n_subs == s->cap_subs) {
        s->cap_subs = s->cap_subs ? s->cap_subs * 2 : 2;
        s->subs = mem_realloc_array(s->subs, s->cap_subs, sizeof *s->subs);
    }
    c->members[c->n] = (struct member){s, s->n_subs};
    sub = &s->subs[s->n_subs++];
    *sub = (struct subscription){.channel = c, .place = c->n++};
    set_batched(s, sub, batched);
    c->joins++;
    s->hub->stats.subscriptions++;
    return 0;
}

// Both lists are unordered: the last entry takes the place of the one removed, and its counterpart is told.
static void leave(struct subscriber *s, uint32_t place)
{
    struct hub_channel *c = s->subs[place].channel;
    uint32_t in_channel = s->subs[place].place;
    c->members[in_channel] = c->members[--c->n];
    if (in_channel < c->n) {
        struct member *moved = &c->members[in_channel];
        moved->s->subs[moved->place].place = in_channel;
    }
    s->subs[place] = s->subs[--s->n_subs];
    if (place < s->n_subs) s->subs[place].channel->members[s->subs[place].place].place = place;
    s->hub->stats.subscriptions--;
    if (c->n == 0) {
        struct slice name = slice_of(c->name, c->name_n);
        map_remove(&s->hub->channels, name);
        if (s->hub->on_empty) s->hub->on_empty(s->hub->empty_ctx, name, c->joins);
        free(c->members);
        free(c);
    }
}

bool subscriber_leave(struct subscriber *s, struct slice channel)
{
    struct subscription *sub = find(s, channel);
    if (!sub) return false;
    leave(s, (uint32_t)(sub - s->subs));
    return true;
}

void subscriber_leave_all(struct subscriber *s)
{
    while (s->n_subs) leave(s, s->n_subs - 1);
}

void subscriber_release(struct subscriber *s)
{
    subscriber_leave_all(s);
    free(s->subs);
    s->subs = NULL;
    s->cap_subs = 0;
    outbox_clear(&s->out);
    if (s->batch) outbox_clear(s->batch);
    free(s->batch);
    s->batch = NULL;
}

// ---- moving --------------------------------------------------------------------------------------------------------

void subscriber_move_out(struct subscriber *s, struct subscriber_channels *out)
{
    out->n = s->n_subs;
    out->list = mem_array(out->n, sizeof *out->list);
    for (uint32_t i = 0; i < s->n_subs; i++) {
        const struct hub_channel *c = s->subs[i].channel;
        out->list[i] = (struct moved_channel){mem_strndup(c->name, c->name_n), c->name_n, s->subs[i].batched};
    }
    subscriber_leave_all(s);
    s->hub = NULL;
}

void subscriber_move_in(struct subscriber *s, struct hub *h, struct subscriber_channels *channels)
{
    s->hub = h;
    for (size_t i = 0; i < channels->n; i++) {
        const struct moved_channel *m = &channels->list[i];
        int rc = subscriber_join(s, slice_of(m->name, m->name_n), m->batched, NULL);
        assert(rc == 0); // no more than it had
        (void)rc;
    }
    subscriber_channels_release(channels);
}

void subscriber_channels_release(struct subscriber_channels *channels)
{
    for (size_t i = 0; i < channels->n; i++) free(channels->list[i].name);
    free(channels->list);
    *channels = (struct subscriber_channels){0};
}
