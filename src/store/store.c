// The threads of the store: one that writes, in order, many functions to a commit; a few that read.
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/backend.h"

enum { BATCH_ROWS = 1000, ATTEMPTS = 5 };
static const int64_t BATCH_US = 20000;

struct work {
    struct list node;
    store_fn fn;
    store_done_fn done;
    void *ctx;
    bool waited; // somebody waits for it: `done` is called on the store's thread
    bool gave_way;
    int attempts; // that gave way
    int64_t asked_us;
    int rc;
    struct err err;
};

struct lane { // what waits for a kind of thread
    struct list queue;
    pthread_cond_t wake;
    int queued, idle; // how much waits, and how many threads do
};

struct store {
    const struct backend_ops *ops;
    struct backend *backend;
    pthread_mutex_t lock; // guards the lanes, `closing`, the poster, the stats and, once it is open, n_readers
    struct lane writes, reads;
    struct store_stats stats;
    bool closing;
    store_post_fn post;
    void *poster;
    struct db *writer_db;
    pthread_t writer;
    struct reader *readers; // max_readers of them
    int n_readers, max_readers;
};

struct reader {
    struct store *s;
    struct db *db;
    pthread_t thread;
};

// ---- handing results back -----------------------------------------------------------------------------------------

static void run_done(void *arg)
{
    struct work *w = arg;
    if (w->done) w->done(w->ctx, w->rc, &w->err);
    free(w);
}

// `lane`: the one it was taken from; NULL: none took it.
static void deliver(struct store *s, struct lane *lane, struct work *w)
{
    pthread_mutex_lock(&s->lock);
    if (lane) {
        latency_add(lane == &s->reads ? &s->stats.read : &s->stats.write, clock_mono_us() - w->asked_us);
        if (w->rc && lane == &s->reads) s->stats.reads_failed++;
        if (w->rc && lane == &s->writes) s->stats.writes_failed++;
    }
    store_post_fn post = s->post;
    void *poster = s->poster;
    pthread_mutex_unlock(&s->lock);
    if (post && w->done && !w->waited)
        post(poster, run_done, w);
    else
        run_done(w);
}

static void fail(struct work *w, const struct err *e)
{
    w->rc = e->code;
    w->err = *e;
}

// After a function has failed: code and message agree. Where a statement couldn't be made, only the message knows why.
static void settle(struct work *w)
{
    if (w->err.code == 0) err_set(&w->err, w->rc, "the store refused it");
    if (w->rc == HW_EINTERNAL) w->rc = w->err.code;
    w->err.code = w->rc;
}

static void deliver_all(struct store *s, struct list *done)
{
    LIST_EACH(it, next, done)
    {
        list_remove(it);
        deliver(s, &s->writes, LIST_ITEM(it, struct work, node));
    }
}

// The oldest work of a lane; NULL if `wait` is false and there is none, or the store is closing and there is none.
static struct work *take(struct store *s, struct lane *lane, bool wait)
{
    struct work *w = NULL;
    pthread_mutex_lock(&s->lock);
    lane->idle++;
    while (wait && list_empty(&lane->queue) && !s->closing) pthread_cond_wait(&lane->wake, &s->lock);
    lane->idle--;
    if (!list_empty(&lane->queue)) {
        w = LIST_ITEM(lane->queue.next, struct work, node);
        list_remove(&w->node);
        lane->queued--;
    }
    pthread_mutex_unlock(&s->lock);
    return w;
}

// ---- writing ------------------------------------------------------------------------------------------------------

// Runs one function inside its savepoint. An error here is the whole transaction's, not the function's own.
static int run_one(struct store *s, struct store_tx *tx, struct work *w, struct err *e)
{
    int rc = s->ops->savepoint(tx->db, e);
    if (rc) return rc;
    err_clear(&w->err);
    w->gave_way = false;
    w->rc = w->fn(tx, w->ctx, &w->err);
    if (w->rc == 0 && s->ops->settle) w->rc = s->ops->settle(tx->db, &w->err);
    if (w->rc == 0) return s->ops->release(tx->db, e);
    settle(w);
    w->gave_way = s->ops->gave_way && s->ops->gave_way(tx->db) && ++w->attempts < ATTEMPTS;
    rc = s->ops->undo(tx->db, e);
    if (rc) *e = w->err; // the transaction is gone, and this is why
    return rc ? w->err.code : 0;
}

static int commit(struct store *s, int64_t begun, struct err *e)
{
    int64_t from = clock_mono_us();
    int rc = s->ops->commit(s->writer_db, e);
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&s->lock);
    latency_add(&s->stats.commits, now - from);
    latency_add(&s->stats.transactions, now - begun);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

// From `first` on, as much as a batch may hold, in one transaction; then every function learns how it went. One that
// had to give way to another program ends the batch, so that nothing is held which that one may wait for, and is
// returned: it is to be the next one's first.
static struct work *run_batch(struct store *s, struct work *first)
{
    struct list done;
    struct err e = {0};
    struct store_tx tx = {s->ops, s->writer_db};
    struct work *again = NULL;
    int64_t start = clock_mono_us(), rows = s->ops->changes(s->writer_db);
    list_init(&done);
    int rc = s->ops->begin(s->writer_db, true, &e);
    for (struct work *w = first; w; w = take(s, &s->writes, false)) {
        list_push_back(&done, &w->node);
        // A database that can't be written now fails all that wait for it, not each after a timeout of its own.
        if (rc) continue;
        rc = run_one(s, &tx, w, &e);
        if (!rc && w->gave_way) {
            again = w;
            list_remove(&w->node);
        }
        bool full = s->ops->changes(s->writer_db) - rows >= BATCH_ROWS || clock_mono_us() - start >= BATCH_US;
        if (rc || again || full) break;
    }
    if (rc)
        s->ops->rollback(s->writer_db);
    else
        rc = commit(s, start, &e);
    if (rc) {
        LIST_EACH(it, next, &done)
        {
            struct work *w = LIST_ITEM(it, struct work, node);
            if (w->rc == 0) fail(w, &e);
        }
    }
    deliver_all(s, &done);
    return again;
}

static void *writer_main(void *arg)
{
    struct store *s = arg;
    for (struct work *w; (w = take(s, &s->writes, true)) != NULL;)
        while (w) w = run_batch(s, w);
    return NULL;
}

// ---- reading ------------------------------------------------------------------------------------------------------

static void *reader_main(void *arg)
{
    const struct reader *r = arg;
    struct store *s = r->s;
    for (struct work *w; (w = take(s, &s->reads, true)) != NULL;) {
        struct store_tx tx = {s->ops, r->db};
        w->rc = s->ops->begin(r->db, false, &w->err);
        if (!w->rc) w->rc = w->fn(&tx, w->ctx, &w->err);
        s->ops->rollback(r->db); // nothing to commit; and what a begin that failed has left
        if (w->rc) settle(w);
        deliver(s, &s->reads, w);
    }
    return NULL;
}

static int start_reader(struct store *s, struct err *e)
{
    struct reader *r = &s->readers[s->n_readers];
    *r = (struct reader){.s = s};
    int rc = s->ops->open(&r->db, s->backend, false, e);
    if (rc) return rc;
    rc = pthread_create(&r->thread, NULL, reader_main, r);
    if (rc) {
        s->ops->close(r->db);
        return err_sys(e, rc, "starting the store's thread");
    }
    s->n_readers++;
    return 0;
}

// ---- opening and closing ------------------------------------------------------------------------------------------

static int find_backend(const char *url, const struct backend_ops **ops, struct err *e)
{
    static const struct backend_ops *const backends[] = {&backend_sqlite, &backend_postgres};
    struct slice rest = slice_str(url), scheme = slice_cut(&rest, ':');
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        *ops = backends[i];
        if (rest.n && (slice_is(scheme, (*ops)->scheme) || ((*ops)->alias && slice_is(scheme, (*ops)->alias))))
            return 0;
    }
    // Not the whole of it: a password may be in there.
    return err_set(e, HW_EINVALID, "%.*s: is no database URL; sqlite:PATH and postgresql://… are accepted",
                   (int)(scheme.n < 40 ? scheme.n : 40), scheme.p);
}

static int start_threads(struct store *s, struct err *e)
{
    int first, most;
    s->ops->readers(s->backend, &first, &most);
    s->readers = mem_array((size_t)most, sizeof *s->readers);
    s->max_readers = most;
    int rc = pthread_create(&s->writer, NULL, writer_main, s);
    if (rc) return err_sys(e, rc, "starting the store's thread");
    for (int i = 0; !rc && i < first; i++) rc = start_reader(s, e);
    return rc;
}

static void release(struct store *s)
{
    for (int i = 0; i < s->n_readers; i++) s->ops->close(s->readers[i].db);
    free(s->readers);
    // Last: the last connection of an SQLite database moves its log into the file.
    if (s->writer_db) s->ops->close(s->writer_db);
    s->ops->detach(s->backend);
    pthread_cond_destroy(&s->writes.wake);
    pthread_cond_destroy(&s->reads.wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int store_migrate(const char *url, store_migrated_fn note, void *ctx, struct err *e)
{
    const struct store_options o = {0};
    const struct backend_ops *ops;
    struct backend *b = NULL;
    int rc = find_backend(url, &ops, e);
    if (rc) return rc;
    rc = ops->attach(&b, url, &o, e);
    if (!rc) rc = ops->migrate(b, note, ctx, e);
    ops->detach(b);
    return rc;
}

int store_open(struct store **out, const char *url, struct err *e)
{
    const struct store_options o = {0};
    return store_open_with(out, url, &o, e);
}

int store_open_with(struct store **out, const char *url, const struct store_options *o, struct err *e)
{
    const struct backend_ops *ops;
    int rc = find_backend(url, &ops, e);
    if (rc) return rc;
    struct store *s = mem_zalloc(sizeof *s);
    s->ops = ops;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->writes.wake, NULL);
    pthread_cond_init(&s->reads.wake, NULL);
    list_init(&s->writes.queue);
    list_init(&s->reads.queue);
    rc = ops->attach(&s->backend, url, o, e);
    if (!rc) rc = ops->migrate(s->backend, NULL, NULL, e);
    if (!rc) rc = ops->open(&s->writer_db, s->backend, true, e);
    if (rc) {
        release(s);
        return rc;
    }
    rc = start_threads(s, e);
    if (rc) {
        if (s->writer)
            store_close(s);
        else
            release(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->writes.wake);
    pthread_cond_broadcast(&s->reads.wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer, NULL);
    for (int i = 0; i < s->n_readers; i++) pthread_join(s->readers[i].thread, NULL);
    release(s);
}

void store_set_poster(struct store *s, store_post_fn post, void *poster)
{
    pthread_mutex_lock(&s->lock);
    s->post = post;
    s->poster = poster;
    pthread_mutex_unlock(&s->lock);
}

void store_stats(struct store *s, struct store_stats *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->stats;
    out->writes_queued = s->writes.queued;
    out->reads_queued = s->reads.queued;
    pthread_mutex_unlock(&s->lock);
}

// ---- submitting ---------------------------------------------------------------------------------------------------

static void submit(struct store *s, struct lane *lane, store_fn fn, store_done_fn done, void *ctx, bool waited)
{
    struct work *w = mem_zalloc(sizeof *w);
    *w = (struct work){.fn = fn, .done = done, .ctx = ctx, .waited = waited, .asked_us = clock_mono_us()};
    list_init(&w->node);
    pthread_mutex_lock(&s->lock);
    bool closing = s->closing;
    if (!closing) {
        list_push_back(&lane->queue, &w->node);
        lane->queued++;
        // One more reader, if all are busy and more is worth having. Without it the others will come to it.
        if (lane == &s->reads && lane->queued > lane->idle && s->n_readers < s->max_readers)
            (void)start_reader(s, NULL);
        pthread_cond_signal(&lane->wake);
    }
    pthread_mutex_unlock(&s->lock);
    if (!closing) return;
    w->rc = err_set(&w->err, HW_EUNAVAILABLE, "the store is closing");
    deliver(s, NULL, w);
}

void store_write(struct store *s, store_fn fn, store_done_fn done, void *ctx)
{
    submit(s, &s->writes, fn, done, ctx, false);
}

void store_read(struct store *s, store_fn fn, store_done_fn done, void *ctx)
{
    submit(s, &s->reads, fn, done, ctx, false);
}

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    store_fn fn;
    void *ctx;
    bool over;
    int rc;
    struct err *e;
};

static int wait_fn(struct store_tx *tx, void *ctx, struct err *e)
{
    struct wait *w = ctx;
    return w->fn(tx, w->ctx, e);
}

static void wait_done(void *ctx, int rc, const struct err *e)
{
    struct wait *w = ctx;
    pthread_mutex_lock(&w->lock);
    w->rc = rc;
    if (rc && w->e) *w->e = *e;
    w->over = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static int wait_for(struct store *s, struct lane *lane, store_fn fn, void *ctx, struct err *e)
{
    struct wait w = {.fn = fn, .ctx = ctx, .e = e};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.wake, NULL);
    submit(s, lane, wait_fn, wait_done, &w, true);
    pthread_mutex_lock(&w.lock);
    while (!w.over) pthread_cond_wait(&w.wake, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.wake);
    pthread_mutex_destroy(&w.lock);
    return w.rc;
}

int store_write_wait(struct store *s, store_fn fn, void *ctx, struct err *e)
{
    return wait_for(s, &s->writes, fn, ctx, e);
}

int store_read_wait(struct store *s, store_fn fn, void *ctx, struct err *e)
{
    return wait_for(s, &s->reads, fn, ctx, e);
}

// ---- maintenance ---------------------------------------------------------------------------------------------------

static int optimize(struct store_tx *tx, void *ctx, struct err *e)
{
    struct store_maintenance *out = ctx;
    int64_t begun = clock_mono_us();
    int rc = tx->ops->optimize(tx->db, e);
    out->optimize_us = clock_mono_us() - begun;
    return rc;
}

int store_maintain(struct store *s, struct store_maintenance *out, struct err *e)
{
    *out = (struct store_maintenance){0};
    int rc = store_write_wait(s, optimize, out, e);
    return rc ? rc : s->ops->checkpoint(s->backend, out, e);
}

int store_move_log(struct store *s, struct store_maintenance *out, struct err *e)
{
    *out = (struct store_maintenance){0};
    return s->ops->dialect == SQL_SQLITE ? s->ops->checkpoint(s->backend, out, e) : 0;
}
