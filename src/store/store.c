// The threads of the store: one that writes, in order, many functions to a commit; a few that read.
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/backend.h"

enum { BATCH_ROWS = 1000, READERS_MAX = 8 };
static const int64_t BATCH_US = 20000;

struct work {
    struct list node;
    store_fn fn;
    store_done_fn done;
    void *ctx;
    bool waited; // somebody waits for it: `done` is called on the store's thread
    int rc;
    struct err err;
};

struct lane { // what waits for a kind of thread
    struct list queue;
    pthread_cond_t wake;
};

struct store {
    const struct backend_ops *ops;
    char *rest;           // of the URL, behind the scheme
    pthread_mutex_t lock; // guards the lanes, `closing` and the poster
    struct lane writes, reads;
    bool closing;
    store_post_fn post;
    void *poster;
    struct db *writer_db, *reader_db[READERS_MAX];
    pthread_t writer, reader[READERS_MAX];
    int n_readers;
    int n_started; // of the readers
};

struct reader_arg {
    struct store *s;
    struct db *db;
};

// ---- handing results back -----------------------------------------------------------------------------------------

static void run_done(void *arg)
{
    struct work *w = arg;
    if (w->done) w->done(w->ctx, w->rc, &w->err);
    free(w);
}

static void deliver(struct store *s, struct work *w)
{
    pthread_mutex_lock(&s->lock);
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
        deliver(s, LIST_ITEM(it, struct work, node));
    }
}

// The oldest work of a lane; NULL if `wait` is false and there is none, or the store is closing and there is none.
static struct work *take(struct store *s, struct lane *lane, bool wait)
{
    struct work *w = NULL;
    pthread_mutex_lock(&s->lock);
    while (wait && list_empty(&lane->queue) && !s->closing) pthread_cond_wait(&lane->wake, &s->lock);
    if (!list_empty(&lane->queue)) {
        w = LIST_ITEM(lane->queue.next, struct work, node);
        list_remove(&w->node);
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
    w->rc = w->fn(tx, w->ctx, &w->err);
    if (w->rc == 0) return s->ops->release(tx->db, e);
    settle(w);
    rc = s->ops->undo(tx->db, e);
    if (rc) *e = w->err; // the transaction is gone, and this is why
    return rc ? w->err.code : 0;
}

// From `first` on, as much as a batch may hold, in one transaction; then every function learns how it went.
static void run_batch(struct store *s, struct work *first)
{
    struct list done;
    struct err e = {0};
    struct store_tx tx = {s->ops, s->writer_db};
    int64_t start = clock_mono_us(), rows = s->ops->changes(s->writer_db);
    list_init(&done);
    int rc = s->ops->begin(s->writer_db, true, &e);
    for (struct work *w = first; w; w = take(s, &s->writes, false)) {
        list_push_back(&done, &w->node);
        // A database that can't be written now fails all that wait for it, not each after a timeout of its own.
        if (rc) continue;
        rc = run_one(s, &tx, w, &e);
        bool full = s->ops->changes(s->writer_db) - rows >= BATCH_ROWS || clock_mono_us() - start >= BATCH_US;
        if (rc || full) break;
    }
    if (rc)
        s->ops->rollback(s->writer_db);
    else
        rc = s->ops->commit(s->writer_db, &e);
    if (rc) {
        LIST_EACH(it, next, &done)
        {
            struct work *w = LIST_ITEM(it, struct work, node);
            if (w->rc == 0) fail(w, &e);
        }
    }
    deliver_all(s, &done);
}

static void *writer_main(void *arg)
{
    struct store *s = arg;
    for (struct work *w; (w = take(s, &s->writes, true)) != NULL;) run_batch(s, w);
    return NULL;
}

// ---- reading ------------------------------------------------------------------------------------------------------

static void *reader_main(void *arg)
{
    struct reader_arg a = *(struct reader_arg *)arg;
    free(arg);
    for (struct work *w; (w = take(a.s, &a.s->reads, true)) != NULL;) {
        struct store_tx tx = {a.s->ops, a.db};
        w->rc = a.s->ops->begin(a.db, false, &w->err);
        if (!w->rc) {
            w->rc = w->fn(&tx, w->ctx, &w->err);
            a.s->ops->rollback(a.db); // nothing to commit
        }
        if (w->rc) settle(w);
        deliver(a.s, w);
    }
    return NULL;
}

// ---- opening and closing ------------------------------------------------------------------------------------------

static const struct backend_ops *find_backend(const char *url, const char **rest)
{
    static const struct backend_ops *const backends[] = {&backend_sqlite};
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        size_t n = strlen(backends[i]->scheme);
        if (strncmp(url, backends[i]->scheme, n) != 0 || url[n] != ':') continue;
        *rest = url + n + 1;
        return backends[i];
    }
    return NULL;
}

static int start_threads(struct store *s, struct err *e)
{
    int rc = pthread_create(&s->writer, NULL, writer_main, s);
    if (rc) return err_sys(e, rc, "starting the store's thread");
    for (; s->n_started < s->n_readers; s->n_started++) {
        struct reader_arg *arg = mem_alloc(sizeof *arg);
        *arg = (struct reader_arg){s, s->reader_db[s->n_started]};
        rc = pthread_create(&s->reader[s->n_started], NULL, reader_main, arg);
        if (rc == 0) continue;
        free(arg);
        return err_sys(e, rc, "starting the store's thread");
    }
    return 0;
}

static void release(struct store *s)
{
    for (int i = 0; i < s->n_readers; i++)
        if (s->reader_db[i]) s->ops->close(s->reader_db[i]);
    // Last: the last connection of an SQLite database moves its log into the file.
    if (s->writer_db) s->ops->close(s->writer_db);
    pthread_cond_destroy(&s->writes.wake);
    pthread_cond_destroy(&s->reads.wake);
    pthread_mutex_destroy(&s->lock);
    free(s->rest);
    free(s);
}

int store_open(struct store **out, const char *url, struct err *e)
{
    const char *rest = NULL;
    const struct backend_ops *ops = find_backend(url, &rest);
    if (!ops) return err_set(e, HW_EINVALID, "%.100s is no database URL; sqlite:PATH is accepted", url);
    struct store *s = mem_zalloc(sizeof *s);
    s->ops = ops;
    s->rest = mem_strdup(rest);
    s->n_readers = ops->readers;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->writes.wake, NULL);
    pthread_cond_init(&s->reads.wake, NULL);
    list_init(&s->writes.queue);
    list_init(&s->reads.queue);
    int rc = ops->open(&s->writer_db, rest, true, e);
    for (int i = 0; !rc && i < s->n_readers; i++) rc = ops->open(&s->reader_db[i], rest, false, e);
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
    for (int i = 0; i < s->n_started; i++) pthread_join(s->reader[i], NULL);
    release(s);
}

void store_set_poster(struct store *s, store_post_fn post, void *poster)
{
    pthread_mutex_lock(&s->lock);
    s->post = post;
    s->poster = poster;
    pthread_mutex_unlock(&s->lock);
}

// ---- submitting ---------------------------------------------------------------------------------------------------

static void submit(struct store *s, struct lane *lane, store_fn fn, store_done_fn done, void *ctx, bool waited)
{
    struct work *w = mem_zalloc(sizeof *w);
    *w = (struct work){.fn = fn, .done = done, .ctx = ctx, .waited = waited};
    list_init(&w->node);
    pthread_mutex_lock(&s->lock);
    bool closing = s->closing;
    if (!closing) {
        list_push_back(&lane->queue, &w->node);
        pthread_cond_signal(&lane->wake);
    }
    pthread_mutex_unlock(&s->lock);
    if (!closing) return;
    w->rc = err_set(&w->err, HW_EUNAVAILABLE, "the store is closing");
    deliver(s, w);
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
    return rc ? rc : s->ops->checkpoint(s->rest, out, e);
}
