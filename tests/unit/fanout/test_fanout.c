// One bus, hubs on three threads: whoever subscribes, wherever and whenever, gets every message from there on, once and
// in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "fanout/fanout_internal.h"
#include "hub/hub.h"
#include "net/loop.h"
#include "net/loop_thread.h"

enum { SHARDS = 3, CLIENTS = 8, CHANNELS = 4, ROUNDS = 150, PUBLISHED = 20000, A_TURN = 40 };

struct client {
    struct subscriber sub; // first
    struct shard *shard;
    struct loop_timer turn;
    struct loop_task drain;
    int rounds;
    int channel; // subscribed to; -1: none
    bool asking;
    char epoch[17];
    uint64_t seq; // the last one seen
};

struct shard {
    struct world *world;
    struct loop_thread *thread; // NULL: the home loop
    struct loop *loop;
    struct hub *hub;
    struct fanout_shard *fan;
    struct client clients[CLIENTS];
    unsigned random;
    int busy; // clients that have rounds left
};

struct world {
    struct loop *home;
    struct bus *bus;
    struct fanout *fanout;
    struct shard shards[SHARDS];
    struct loop_timer publisher;
    int published;
    atomic_int shards_busy;
    atomic_long seen, recovered, wrong;
};

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void name_of(int channel, char out[32])
{
    snprintf(out, 32, "jobs/job_%d/progress", channel);
}

// ---- a client ------------------------------------------------------------------------------------------------------

static void check(struct client *c, const struct msg *m)
{
    atomic_fetch_add(&c->shard->world->seen, 1);
    if (msg_seq(m) != c->seq + 1) atomic_fetch_add(&c->shard->world->wrong, 1);
    c->seq = msg_seq(m);
}

static void drain(struct client *c)
{
    struct outbox_entry e;
    while ((e = outbox_pop(&c->sub.out)).msg) {
        check(c, e.msg);
        msg_unref(e.msg);
    }
}

static void on_drain(struct loop_task *t)
{
    drain(LIST_ITEM(t, struct client, drain));
}

static void wake(struct subscriber *s, bool batched)
{
    (void)batched;
    struct client *c = (struct client *)(void *)s;
    loop_task_schedule(c->shard->loop, &c->drain);
}

static bool behind(const struct subscriber *s)
{
    (void)s;
    return false;
}

static void relieve(struct subscriber *s)
{
    drain((struct client *)(void *)s);
}

static const struct subscriber_ops ops = {.wake = wake, .behind = behind, .relieve = relieve};

static bool on_answer(void *ctx, struct slice channel, const struct fanout_answer *a)
{
    struct client *c = ctx;
    if (a->gone) return false;
    struct err e;
    c->asking = false;
    if (a->recovered) {
        atomic_fetch_add(&c->shard->world->recovered, 1);
        for (size_t i = 0; i < a->n_missed; i++) check(c, a->missed[i]);
        if (c->seq != a->seq) atomic_fetch_add(&c->shard->world->wrong, 1);
    }
    memcpy(c->epoch, a->epoch, sizeof c->epoch);
    c->seq = a->seq;
    return subscriber_join(&c->sub, channel, false, &e) == 0;
}

static void ask(struct client *c, int channel, bool since)
{
    char name[32];
    name_of(channel, name);
    struct fanout_question q = {.channel = slice_str(name),
                                .has_since = since,
                                .since_epoch = slice_str(c->epoch),
                                .since_seq = c->seq,
                                .room = SIZE_MAX};
    c->channel = channel;
    c->asking = true;
    fanout_subscribe(c->shard->fan, &q, on_answer, c);
}

static void stop_home(void *arg)
{
    loop_stop(arg);
}

// Every turn it leaves, comes back with where it was, or goes to another channel.
static void on_turn(struct loop_timer *t)
{
    struct client *c = t->ctx;
    struct shard *s = c->shard;
    if (c->asking) return; // the answer is on its way
    int was = c->channel;
    drain(c);
    subscriber_leave_all(&c->sub);
    if (c->rounds-- > 0) {
        bool again = was >= 0 && next_random(&s->random) % 2;
        ask(c, again ? was : (int)(next_random(&s->random) % CHANNELS), again);
        return;
    }
    loop_timer_stop(s->loop, t);
    if (--s->busy == 0 && atomic_fetch_sub(&s->world->shards_busy, 1) == 1)
        loop_post(s->world->home, stop_home, s->world->home);
}

// ---- the world -----------------------------------------------------------------------------------------------------

static void on_publish(struct loop_timer *t)
{
    struct world *w = t->ctx;
    char name[32];
    for (int i = 0; i < A_TURN && w->published < PUBLISHED; i++) {
        name_of(w->published++ % CHANNELS, name);
        assert_true(w->bus->ops->publish(w->bus, slice_str(name), SLICE_LIT("job:completed"), SLICE_LIT("{\"a\":1}"),
                                         MSG_LIFECYCLE) > 0);
    }
}

static void start_clients(void *arg)
{
    struct shard *s = arg;
    for (int i = 0; i < CLIENTS; i++) {
        struct client *c = &s->clients[i];
        subscriber_init(&c->sub, s->hub, &ops);
        c->shard = s;
        c->channel = -1;
        c->rounds = ROUNDS;
        loop_task_init(&c->drain, on_drain);
        loop_timer_init(&c->turn, on_turn, c);
        loop_timer_repeat(s->loop, &c->turn, 1);
    }
    s->busy = CLIENTS;
}

static void stop_shard(void *arg)
{
    struct shard *s = arg;
    fanout_stop(s->fan);
}

static void end_shard(struct shard *s)
{
    for (int i = 0; i < CLIENTS; i++) subscriber_release(&s->clients[i].sub);
}

static struct world *world_new(void)
{
    struct world *w = mem_zalloc(sizeof *w);
    struct err e;
    assert_int_equal(loop_new(&w->home, &e), 0);
    w->bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    w->fanout = fanout_new(w->bus, w->home);
    atomic_store(&w->shards_busy, SHARDS);
    for (int k = 0; k < SHARDS; k++) {
        struct shard *s = &w->shards[k];
        s->world = w;
        s->random = (unsigned)k + 7;
        if (k) assert_int_equal(loop_thread_start(&s->thread, "shard", &e), 0);
        s->loop = k ? loop_thread_loop(s->thread) : w->home;
        s->hub = hub_new(HUB_OUTBOX_BYTES);
        s->fan = fanout_add(w->fanout, s->loop, s->hub);
    }
    return w;
}

static void world_free(struct world *w)
{
    for (int k = 1; k < SHARDS; k++) {
        loop_post(w->shards[k].loop, stop_shard, &w->shards[k]);
        loop_thread_join(w->shards[k].thread);
    }
    for (int k = 0; k < SHARDS; k++) end_shard(&w->shards[k]);
    for (int k = 1; k < SHARDS; k++) loop_thread_free(w->shards[k].thread);
    loop_free(w->home);
    fanout_free(w->fanout);
    for (int k = 0; k < SHARDS; k++) hub_free(w->shards[k].hub);
    w->bus->ops->free(w->bus);
    free(w);
}

static void everyone_gets_everything_from_where_it_subscribed(void **state)
{
    (void)state;
    struct world *w = world_new();
    loop_timer_init(&w->publisher, on_publish, w);
    loop_timer_repeat(w->home, &w->publisher, 1);
    for (int k = 0; k < SHARDS; k++) loop_post(w->shards[k].loop, start_clients, &w->shards[k]);
    loop_run(w->home); // until the last client has done its rounds
    loop_timer_stop(w->home, &w->publisher);
    struct fanout_stats stats;
    fanout_stats(w->fanout, &stats);
    assert_int_equal(atomic_load(&w->wrong), 0);
    assert_true(atomic_load(&w->seen) > 1000);
    assert_true(atomic_load(&w->recovered) > 100);
    assert_true(stats.crossed > 100);
    assert_true(stats.recovered >= (uint64_t)atomic_load(&w->recovered));
    world_free(w);
}

// ---- what crosses, and what doesn't --------------------------------------------------------------------------------

struct step {
    struct world *w;
    void (*then)(struct world *w);
};

static void run_then(void *arg)
{
    struct step *s = arg;
    s->then(s->w);
    free(s);
}

// Runs on the home loop after what the shard has posted until now.
static void after_shard(void *arg)
{
    struct step *s = arg;
    loop_post(s->w->home, run_then, s);
}

static void later(struct world *w, void (*then)(struct world *w))
{
    struct step *s = mem_alloc(sizeof *s);
    *s = (struct step){w, then};
    loop_post(w->shards[1].loop, after_shard, s);
}

static void publish_one(struct world *w, int channel)
{
    char name[32];
    name_of(channel, name);
    assert_true(
        w->bus->ops->publish(w->bus, slice_str(name), SLICE_LIT("job:completed"), SLICE_LIT("{}"), MSG_LIFECYCLE) > 0);
}

static void subscribe_first(void *arg)
{
    struct shard *s = arg;
    struct client *c = &s->clients[0];
    *c = (struct client){.shard = s, .channel = -1};
    subscriber_init(&c->sub, s->hub, &ops);
    loop_task_init(&c->drain, on_drain);
    ask(c, 0, false);
}

static void leave_first(void *arg)
{
    struct shard *s = arg;
    drain(&s->clients[0]);
    subscriber_release(&s->clients[0].sub);
}

static void finish(struct world *w)
{
    loop_stop(w->home);
}

static void publish_when_nobody_is_left(struct world *w)
{
    publish_one(w, 0);
    later(w, finish);
}

static void leave_all(struct world *w)
{
    loop_post(w->shards[1].loop, leave_first, &w->shards[1]);
    later(w, publish_when_nobody_is_left);
}

static void publish_to_one(struct world *w)
{
    publish_one(w, 0);
    publish_one(w, 1); // nobody's
    later(w, leave_all);
}

static void publish_to_nobody(struct world *w)
{
    publish_one(w, 0);
    loop_post(w->shards[1].loop, subscribe_first, &w->shards[1]);
    later(w, publish_to_one); // the question came before it, so the grant did as well
}

static void only_threads_with_a_subscriber_are_bothered(void **state)
{
    (void)state;
    struct world *w = world_new();
    later(w, publish_to_nobody);
    loop_run(w->home);
    struct fanout_stats stats;
    fanout_stats(w->fanout, &stats);
    assert_int_equal(stats.crossed, 1);
    assert_int_equal(atomic_load(&w->seen), 1);
    assert_int_equal(atomic_load(&w->wrong), 0);
    world_free(w);
}

// A shard that stops while a question is under way: who asked is told, once, and nothing joins.
struct asked {
    atomic_int answers, gone;
};

static bool count_answer(void *ctx, struct slice channel, const struct fanout_answer *a)
{
    (void)channel;
    struct asked *n = ctx;
    atomic_fetch_add(&n->answers, 1);
    if (a->gone) atomic_fetch_add(&n->gone, 1);
    return false;
}

struct stopping {
    struct world *w;
    struct asked *asked;
};

static void ask_and_stop(void *arg)
{
    struct stopping *s = arg;
    struct fanout_question q = {.channel = SLICE_LIT("jobs/x/progress"), .room = SIZE_MAX};
    fanout_subscribe(s->w->shards[1].fan, &q, count_answer, s->asked);
    fanout_stop(s->w->shards[1].fan);
}

static void a_question_to_a_shard_that_stops_is_answered_with_gone(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct asked asked = {0};
    struct stopping s = {w, &asked};
    loop_post(w->shards[1].loop, ask_and_stop, &s);
    later(w, finish);
    loop_run(w->home);
    world_free(w);
    assert_int_equal(atomic_load(&asked.answers), 1);
    assert_int_equal(atomic_load(&asked.gone), 1);
}

// A thread that stands still: the publisher goes on until so much is on its way, then waits for it.
static void stand_still(void *arg)
{
    struct shard *s = arg;
    int64_t deadline = clock_mono_us() + 60000000;
    for (uint64_t waits = 0; waits == 0; sched_yield()) {
        pthread_mutex_lock(&s->fan->lock);
        waits = s->world->fanout->stats.waits;
        pthread_mutex_unlock(&s->fan->lock);
        if (clock_mono_us() > deadline) return; // the test then finds that nobody waited
    }
}

static void publish_large(struct loop_timer *t)
{
    static char body[64 << 10];
    struct world *w = t->ctx;
    char name[32];
    name_of(0, name);
    memset(body, 'x', sizeof body);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + sizeof body - 2, "\"}", 2);
    assert_true(w->bus->ops->publish(w->bus, slice_str(name), SLICE_LIT("job:progress"), slice_of(body, sizeof body),
                                     MSG_STATE) > 0);
    if (w->fanout->stats.waits == 0 && ++w->published < 1000) return;
    loop_timer_stop(w->home, t);
    loop_stop(w->home);
}

static void publish_until_it_waits(struct world *w)
{
    loop_post(w->shards[1].loop, stand_still, &w->shards[1]);
    loop_timer_init(&w->publisher, publish_large, w);
    loop_timer_repeat(w->home, &w->publisher, 1);
}

static void a_thread_that_stands_still_makes_the_publisher_wait(void **state)
{
    (void)state;
    struct world *w = world_new();
    loop_post(w->shards[1].loop, subscribe_first, &w->shards[1]);
    later(w, publish_until_it_waits);
    loop_run(w->home);
    struct fanout_stats stats;
    fanout_stats(w->fanout, &stats);
    assert_true(stats.waits >= 1);
    assert_in_range(w->published, 100, 999); // messages of 64 KiB
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_gets_everything_from_where_it_subscribed),
        cmocka_unit_test(only_threads_with_a_subscriber_are_bothered),
        cmocka_unit_test(a_thread_that_stands_still_makes_the_publisher_wait),
        cmocka_unit_test(a_question_to_a_shard_that_stops_is_answered_with_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
