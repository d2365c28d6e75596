#include "server/io_threads.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bus/bus.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/loop_thread.h"
#include "proto/ws_handshake.h"

// One loop with its hub and clients.
struct io_thread {
    struct loop_thread *thread; // NULL: the server's own
    struct loop *loop;
    struct hub *hub;
    struct fanout_shard *shard;
    struct sessions *sessions; // the loop's
    atomic_size_t on_the_way;  // connections handed to it and not yet taken over
    bool stopped;              // the loop's
};

struct io_threads {
    struct loop *loop;
    struct sessions_config config;
    struct eio_census census;
    struct fanout *fanout;
    int n;
    bool joined;
    struct io_thread threads[IO_THREADS_MAX];
};

int io_threads_default(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > 4 ? 4 : n;
}

// ---- handing a connection over -------------------------------------------------------------------------------------

struct handed {
    struct io_thread *to;
    int fd;
    struct ws_handshake hs;
    size_t rest_n;
    char rest[];
};

static void take_over(void *arg)
{
    struct handed *h = arg;
    atomic_fetch_sub(&h->to->on_the_way, 1);
    struct conn *c = h->to->stopped ? (close(h->fd), NULL) : conn_adopt(h->to->loop, h->fd);
    if (c) {
        eio_server_adopt(sessions_eio(h->to->sessions), c, &h->hs, slice_of(h->rest, h->rest_n));
        conn_read_resume(c);
    }
    free(h);
}

static size_t load_of(const struct io_thread *it)
{
    return eio_server_clients(sessions_eio(it->sessions)) + atomic_load(&it->on_the_way);
}

static struct io_thread *least_loaded(struct io_threads *t)
{
    struct io_thread *to = &t->threads[0];
    for (int k = 1; k < t->n; k++)
        if (load_of(&t->threads[k]) < load_of(to)) to = &t->threads[k];
    return to;
}

static bool place(void *ctx, struct conn *c, const struct ws_handshake *hs, struct slice rest)
{
    struct io_thread *to = least_loaded(ctx);
    if (!to->thread) return false;
    int fd = conn_detach(c);
    if (fd < 0) return false;
    struct handed *h = mem_alloc(sizeof *h + rest.n);
    *h = (struct handed){.to = to, .fd = fd, .hs = *hs, .rest_n = rest.n};
    if (rest.n) memcpy(h->rest, rest.p, rest.n);
    atomic_fetch_add(&to->on_the_way, 1);
    loop_post(to->loop, take_over, h);
    return true;
}

// ---- moving a client that has upgraded -----------------------------------------------------------------------------

struct moved {
    struct io_thread *to;
    struct eio_moving client;
};

static void move_in(void *ctx, bool gone)
{
    struct moved *m = ctx;
    atomic_fetch_sub(&m->to->on_the_way, 1);
    if (gone)
        eio_client_move_drop(&m->client);
    else
        eio_client_move_in(sessions_eio(m->to->sessions), &m->client);
    free(m);
}

static bool on_upgraded(void *ctx, struct eio_client *c)
{
    struct io_thread *to = least_loaded(ctx);
    if (!to->thread) return false;
    struct moved *m = mem_alloc(sizeof *m);
    m->to = to;
    if (!eio_client_move_out(c, &m->client)) {
        free(m);
        return false;
    }
    atomic_fetch_add(&to->on_the_way, 1);
    for (size_t i = 0; i < m->client.channels.n; i++) {
        const struct moved_channel *it = &m->client.channels.list[i];
        fanout_grant(to->shard, slice_of(it->name, it->name_n));
    }
    fanout_call(to->shard, move_in, m);
    return true;
}

// ---- life ----------------------------------------------------------------------------------------------------------

static int start_thread(struct io_threads *t, int k, struct err *e)
{
    struct io_thread *it = &t->threads[k];
    char name[16];
    snprintf(name, sizeof name, "io %d", k);
    int rc = k ? loop_thread_start(&it->thread, name, e) : 0;
    if (rc) return rc;
    it->loop = k ? loop_thread_loop(it->thread) : t->loop;
    it->hub = hub_new(HUB_OUTBOX_BYTES);
    it->shard = fanout_add(t->fanout, it->loop, it->hub);
    it->sessions = sessions_new(it->loop, it->hub, it->shard, &t->config);
    t->n = k + 1;
    return 0;
}

int io_threads_start(struct io_threads **out, int n, struct loop *l, struct bus *bus,
                     const struct sessions_config *config, struct err *e)
{
    struct io_threads *t = mem_zalloc(sizeof *t);
    *out = t;
    t->loop = l;
    t->config = *config;
    t->config.sio.eio.census = &t->census;
    t->fanout = fanout_new(bus, l);
    int rc = 0;
    for (int k = 0; k < n && !rc; k++) rc = start_thread(t, k, e);
    return rc;
}

void io_threads_routes(struct io_threads *t, struct router *r)
{
    sessions_routes(r, t->threads[0].sessions);
    if (t->n == 1) return;
    eio_server_set_place(sessions_eio(t->threads[0].sessions), place, t);
    eio_server_set_upgraded(sessions_eio(t->threads[0].sessions), on_upgraded, t);
}

static void stop_here(void *arg)
{
    struct io_thread *it = arg;
    it->stopped = true;
    sessions_stop(it->sessions);
}

void io_threads_stop(struct io_threads *t)
{
    stop_here(&t->threads[0]);
    for (int k = 1; k < t->n; k++) loop_post(t->threads[k].loop, stop_here, &t->threads[k]);
}

static void end_here(void *arg)
{
    struct io_thread *it = arg;
    it->stopped = true;
    fanout_stop(it->shard);
    sessions_free(it->sessions);
    it->sessions = NULL;
}

void io_threads_join(struct io_threads *t)
{
    if (!t || t->joined) return;
    t->joined = true;
    for (int k = 1; k < t->n; k++) {
        loop_post(t->threads[k].loop, end_here, &t->threads[k]);
        loop_thread_join(t->threads[k].thread);
        loop_thread_free(t->threads[k].thread);
        fanout_forget(t->threads[k].shard);
    }
    if (t->n) end_here(&t->threads[0]);
}

void io_threads_free(struct io_threads *t)
{
    if (!t) return;
    fanout_free(t->fanout);
    for (int k = 0; k < t->n; k++) hub_free(t->threads[k].hub);
    free(t);
}

// ---- watching ------------------------------------------------------------------------------------------------------

struct asking {
    struct io_threads *t;
    io_threads_stats_fn fn;
    void *ctx;
    int waiting; // loops that haven't answered; the server's loop
    struct io_thread_stats stats[];
};

struct one {
    struct asking *all;
    int k;
};

static void collect(struct io_thread *it, struct io_thread_stats *s)
{
    if (it->sessions) sessions_stats(it->sessions, &s->clients);
    hub_stats(it->hub, &s->hub);
    s->lag = *loop_lag(it->loop);
    memcpy(s->lag_counts, s->lag.counts, (s->lag.n_bounds + 1) * sizeof *s->lag_counts);
    s->lag.counts = s->lag_counts;
}

static void answered(void *arg)
{
    struct asking *a = arg;
    if (--a->waiting) return;
    struct fanout_stats f;
    fanout_stats(a->t->fanout, &f);
    a->fn(a->ctx, a->stats, a->t->joined ? 0 : a->t->n, &f);
    free(a);
}

static void collect_there(void *arg)
{
    struct one *o = arg;
    struct asking *a = o->all;
    collect(&a->t->threads[o->k], &a->stats[o->k]);
    loop_post(a->t->loop, answered, a);
    free(o);
}

void io_threads_stats(struct io_threads *t, io_threads_stats_fn fn, void *ctx)
{
    struct asking *a = mem_zalloc(sizeof *a + (size_t)t->n * sizeof *a->stats);
    *a = (struct asking){.t = t, .fn = fn, .ctx = ctx, .waiting = t->n};
    for (int k = 1; k < t->n; k++) {
        struct one *o = mem_alloc(sizeof *o);
        *o = (struct one){a, k};
        loop_post(t->threads[k].loop, collect_there, o);
    }
    collect(&t->threads[0], &a->stats[0]);
    answered(a);
}
