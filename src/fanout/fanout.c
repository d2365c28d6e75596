#include "fanout/fanout.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "bus/bus.h"
#include "fanout/fanout_internal.h"
#include "hub/hub.h"

// ---- from the home loop to a shard ---------------------------------------------------------------------------------

static void unpack(struct fanout_shard *s, struct parcel p);

// On the shard's loop.
static void on_batch(void *arg)
{
    struct batch *b = arg;
    struct fanout_shard *s = b->shard;
    for (size_t i = 0; i < b->n; i++) unpack(s, b->parcels[i]);
    pthread_mutex_lock(&s->lock);
    s->in_flight -= b->bytes;
    if (s->in_flight <= FANOUT_IN_FLIGHT_BYTES / 2) pthread_cond_signal(&s->caught_up);
    pthread_mutex_unlock(&s->lock);
    free(b);
}

static void send_batch(struct fanout_shard *s)
{
    if (s->n_out == 0) return;
    if (!s->loop) { // its thread is over, so that this one may do what is left
        for (size_t i = 0; i < s->n_out; i++) unpack(s, s->out[i]);
        s->n_out = s->out_bytes = 0;
        return;
    }
    struct batch *b = mem_alloc(sizeof *b + s->n_out * sizeof *b->parcels);
    *b = (struct batch){.shard = s, .n = s->n_out, .bytes = s->out_bytes};
    memcpy(b->parcels, s->out, s->n_out * sizeof *s->out);
    s->n_out = s->out_bytes = 0;
    pthread_mutex_lock(&s->lock);
    s->in_flight += b->bytes;
    pthread_mutex_unlock(&s->lock);
    loop_post(s->loop, on_batch, b);
}

// Until less than half of what may be on its way is: then the publisher isn't woken for every batch.
static void wait_for_room(struct fanout_shard *s)
{
    send_batch(s);
    pthread_mutex_lock(&s->lock);
    if (s->in_flight > FANOUT_IN_FLIGHT_BYTES && !s->closed) {
        s->fanout->stats.waits++;
        while (s->in_flight > FANOUT_IN_FLIGHT_BYTES / 2 && !s->closed) pthread_cond_wait(&s->caught_up, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

static void on_flush(struct loop_task *t)
{
    wait_for_room(LIST_ITEM(t, struct fanout_shard, flush));
}

static void pack(struct fanout_shard *s, struct parcel p)
{
    assert(p.msg || p.question);
    if (s->n_out == s->cap_out) {
        s->cap_out = s->cap_out ? s->cap_out * 2 : 16;
        s->out = mem_realloc_array(s->out, s->cap_out, sizeof *s->out);
    }
    s->out[s->n_out++] = p;
    s->out_bytes += p.msg ? msg_bytes(p.msg) : p.question->missed_bytes + p.question->snapshot.n;
    loop_task_schedule(s->fanout->home_loop, &s->flush);
    // A batch is looked at when it could be what is too much by itself.
    if (s->out_bytes > FANOUT_IN_FLIGHT_BYTES / 8) wait_for_room(s);
}

static void deliver(void *ctx, struct msg *m)
{
    struct fanout *f = ctx;
    const struct interest *i = f->interests.count ? map_get(&f->interests, msg_channel(m)) : NULL;
    for (uint32_t k = 0; i && k < f->n_shards; k++) {
        if (!i->granted[k]) continue;
        f->stats.crossed++;
        pack(f->shards[k], (struct parcel){.msg = msg_ref(m)});
    }
    // Last, so that at the end of the iteration the other threads are sent theirs before this one writes to its own.
    if (f->home) hub_publish(f->home->hub, m);
}

// ---- from a shard to the home loop ---------------------------------------------------------------------------------

static void grant(struct fanout *f, struct slice channel, uint32_t place)
{
    struct interest *i = map_get(&f->interests, channel);
    if (!i) {
        i = mem_zalloc(sizeof *i);
        map_put(&f->interests, channel, i);
    }
    i->granted[place]++;
}

static void take_back(struct fanout *f, struct slice channel, uint32_t place, uint32_t n)
{
    struct interest *i = map_get(&f->interests, channel);
    assert(i && i->granted[place] >= n);
    i->granted[place] -= n;
    for (uint32_t k = 0; k < f->n_shards; k++)
        if (i->granted[k]) return;
    map_remove(&f->interests, channel);
    free(i);
}

struct give_back {
    struct fanout_shard *shard;
    uint32_t n;
    uint32_t channel_n;
    char channel[];
};

static void on_give_back(void *arg)
{
    struct give_back *g = arg;
    take_back(g->shard->fanout, slice_of(g->channel, g->channel_n), g->shard->place, g->n);
    free(g);
}

// On the shard's loop: the hub's channel has lost its last subscriber.
static void give_back(void *shard, struct slice channel, uint32_t joins)
{
    struct fanout_shard *s = shard;
    if (s->home || joins == 0) return;
    struct give_back *g = mem_alloc(sizeof *g + channel.n);
    *g = (struct give_back){.shard = s, .n = joins, .channel_n = (uint32_t)channel.n};
    memcpy(g->channel, channel.p, channel.n);
    loop_post(s->fanout->home_loop, on_give_back, g);
}

static void unpack(struct fanout_shard *s, struct parcel p)
{
    if (p.msg) {
        if (!s->stopped) hub_publish(s->hub, p.msg);
        msg_unref(p.msg);
        return;
    }
    struct question *q = p.question;
    bool joined = question_tell(q, s->stopped);
    if (!q->fence && !joined) give_back(s, slice_of(q->channel, q->channel_n), 1);
    question_free(q);
}

// On the home loop. Granted before it is known whether the subscriber will join: it would miss what is published until
// then.
static void on_question(void *arg)
{
    struct question *q = arg;
    struct fanout *f = q->shard->fanout;
    if (!q->fence) {
        question_answer(f, q);
        grant(f, slice_of(q->channel, q->channel_n), q->shard->place);
    }
    pack(q->shard, (struct parcel){.question = q});
}

void fanout_subscribe(struct fanout_shard *s, const struct fanout_question *ask, fanout_answer_fn fn, void *ctx)
{
    struct question *q = mem_zalloc(sizeof *q);
    *q = (struct question){
        .shard = s,
        .fn = fn,
        .ctx = ctx,
        .channel = mem_strndup(ask->channel.p, ask->channel.n),
        .channel_n = ask->channel.n,
        .since_epoch = mem_strndup(ask->since_epoch.p, ask->since_epoch.n),
        .since_epoch_n = ask->since_epoch.n,
        .since_seq = ask->since_seq,
        .room = ask->room,
        .has_since = ask->has_since,
    };
    if (!s->home) {
        loop_post(s->fanout->home_loop, on_question, q);
        return;
    }
    question_answer(s->fanout, q);
    (void)question_tell(q, s->stopped); // the home hub is given every message
    question_free(q);
}

void fanout_fence(struct fanout_shard *s, void (*fn)(void *ctx, bool gone), void *ctx)
{
    if (s->home) {
        fn(ctx, s->stopped);
        return;
    }
    struct question *q = mem_zalloc(sizeof *q);
    *q = (struct question){.shard = s, .fence = fn, .ctx = ctx};
    loop_post(s->fanout->home_loop, on_question, q);
}

void fanout_grant(struct fanout_shard *s, struct slice channel)
{
    if (!s->home) grant(s->fanout, channel, s->place);
}

void fanout_call(struct fanout_shard *s, void (*fn)(void *ctx, bool gone), void *ctx)
{
    assert(!s->home);
    struct question *q = mem_zalloc(sizeof *q);
    *q = (struct question){.shard = s, .fence = fn, .ctx = ctx};
    pack(s, (struct parcel){.question = q});
}

// ---- life ----------------------------------------------------------------------------------------------------------

struct fanout *fanout_new(struct bus *bus, struct loop *home)
{
    struct fanout *f = mem_zalloc(sizeof *f);
    f->bus = bus;
    f->home_loop = home;
    map_init(&f->interests);
    bus->deliver = deliver;
    bus->deliver_ctx = f;
    return f;
}

struct fanout_shard *fanout_add(struct fanout *f, struct loop *l, struct hub *hub)
{
    assert(f->n_shards < FANOUT_SHARDS_MAX);
    struct fanout_shard *s = mem_zalloc(sizeof *s);
    s->fanout = f;
    s->loop = l;
    s->hub = hub;
    s->place = f->n_shards;
    s->home = l == f->home_loop;
    if (s->home) f->home = s;
    loop_task_init(&s->flush, on_flush);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->caught_up, NULL);
    f->shards[f->n_shards++] = s;
    hub_on_empty(hub, give_back, s);
    return s;
}

void fanout_stop(struct fanout_shard *s)
{
    s->stopped = true;
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    pthread_cond_signal(&s->caught_up);
    pthread_mutex_unlock(&s->lock);
}

void fanout_forget(struct fanout_shard *s)
{
    s->loop = NULL;
    send_batch(s);
}

static void shard_free(struct fanout_shard *s)
{
    for (size_t i = 0; i < s->n_out; i++) {
        msg_unref(s->out[i].msg);
        if (!s->out[i].question) continue;
        (void)question_tell(s->out[i].question, true);
        question_free(s->out[i].question);
    }
    free(s->out);
    loop_task_cancel(&s->flush);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->caught_up);
    free(s);
}

void fanout_free(struct fanout *f)
{
    if (!f) return;
    f->bus->deliver = NULL;
    for (uint32_t k = 0; k < f->n_shards; k++) shard_free(f->shards[k]);
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&f->interests, &at)) != NULL;) free(it->value);
    map_release(&f->interests);
    free(f);
}

void fanout_stats(const struct fanout *f, struct fanout_stats *out)
{
    *out = f->stats;
}
