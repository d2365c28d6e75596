// A queue with everything real behind it but the clock: a database file, the memory bus, the emitter, and a loop that
// is this thread. Events are kept as they were published.
#ifndef HW_TESTS_QUEUE_FIXTURE_H
#define HW_TESTS_QUEUE_FIXTURE_H

#include "test_database.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "events/emitter.h"
#include "jobs/queue.h"
#include "jobs/queue_names.h"
#include "store/job_logs_table.h"
#include "store/metrics_table.h"
#include "store/models_table.h"
#include "store/store.h"
#include "store/trainings_table.h"

#define SECOND 1000000LL

enum { FIXTURE_EVENTS = 512, FIXTURE_POSTED = 4096 };

struct fixture {
    struct test_database database;
    struct store *store;
    struct bus *bus;
    struct emitter *emitter;
    struct queue *q;
    int64_t now; // both clocks
    int64_t armed;
    // what the store posts
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } posted[FIXTURE_POSTED];
    int n_posted;
    // what was published
    struct msg *events[FIXTURE_EVENTS];
    int n_events;
    int64_t lost_events;
    int lost_code;
    int64_t batch; // of report()
};

static inline void fixture_post(void *poster, void (*fn)(void *arg), void *arg)
{
    struct fixture *f = poster;
    pthread_mutex_lock(&f->lock);
    if (f->n_posted == FIXTURE_POSTED) abort();
    f->posted[f->n_posted].fn = fn;
    f->posted[f->n_posted++].arg = arg;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

static inline void fixture_deliver(void *ctx, struct msg *m)
{
    struct fixture *f = ctx;
    if (f->n_events == FIXTURE_EVENTS) abort();
    f->events[f->n_events++] = msg_ref(m);
}

static inline int64_t fixture_now(void *ctx)
{
    return ((struct fixture *)ctx)->now;
}

static inline void fixture_arm(void *ctx, int64_t delay_us)
{
    struct fixture *f = ctx;
    f->armed = f->now + delay_us;
}

static inline void fixture_lost(void *ctx, int code, int64_t lost)
{
    struct fixture *f = ctx;
    f->lost_events = lost;
    f->lost_code = code;
}

static inline void fixture_forget_events(struct fixture *f)
{
    for (int i = 0; i < f->n_events; i++) msg_unref(f->events[i]);
    f->n_events = 0;
}

// Runs what was posted until *over; fails the test after 20 s of nothing.
static inline void fixture_run(struct fixture *f, const bool *over)
{
    while (!*over) {
        struct timespec deadline;
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 20;
        pthread_mutex_lock(&f->lock);
        int rc = 0;
        while (f->n_posted == 0 && rc == 0) rc = pthread_cond_timedwait(&f->wake, &f->lock, &deadline);
        if (rc == ETIMEDOUT) {
            pthread_mutex_unlock(&f->lock);
            fail_msg("nothing was posted for 20 s");
        }
        void (*fn)(void *arg) = f->posted[0].fn;
        void *arg = f->posted[0].arg;
        memmove(&f->posted[0], &f->posted[1], (size_t)--f->n_posted * sizeof f->posted[0]);
        pthread_mutex_unlock(&f->lock);
        fn(arg);
    }
}

struct simple {
    bool over;
    int rc;
    struct err e;
};

static inline void simple_done(void *ctx, int rc, const struct err *e)
{
    struct simple *s = ctx;
    s->over = true;
    s->rc = rc;
    if (rc) s->e = *e;
}

static inline int fixture_nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

// Until everything that was written before is committed and published.
static inline void fixture_settle(struct fixture *f)
{
    for (int i = 0; i < 3; i++) { // what a write's end writes in its turn is waited for too
        struct simple s = {0};
        store_write(f->store, fixture_nothing, simple_done, &s);
        fixture_run(f, &s.over);
    }
}

static inline void fixture_open(struct fixture *f)
{
    struct err e = {0};
    if (store_open(&f->store, f->database.url, &e) != 0) fail_msg("%s", e.message);
    store_set_poster(f->store, fixture_post, f);
    f->bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    f->bus->deliver = fixture_deliver;
    f->bus->deliver_ctx = f;
    f->emitter = emitter_new(f->bus);
    struct queue_config config = {.store = f->store,
                                  .emitter = f->emitter,
                                  .now_us = fixture_now,
                                  .mono_us = fixture_now,
                                  .arm = fixture_arm,
                                  .lost_event = fixture_lost,
                                  .ctx = f};
    struct simple s = {0};
    f->q = queue_new(&config);
    queue_start(f->q, simple_done, &s);
    fixture_run(f, &s.over);
    assert_int_equal(s.rc, 0);
}

static inline void fixture_shut(struct fixture *f)
{
    queue_stop(f->q);
    store_close(f->store);
    while (f->n_posted) { // the store's threads are gone: nothing is added
        void (*fn)(void *arg) = f->posted[0].fn;
        void *arg = f->posted[0].arg;
        memmove(&f->posted[0], &f->posted[1], (size_t)--f->n_posted * sizeof f->posted[0]);
        fn(arg);
    }
    queue_free(f->q);
    emitter_free(f->emitter);
    f->bus->ops->free(f->bus);
    fixture_forget_events(f);
}

static inline struct fixture *fixture_new(void)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    test_database_make(&f->database);
    f->now = 1795000000LL * SECOND;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    fixture_open(f);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    fixture_shut(f);
    test_database_remove(&f->database);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

// As if the server had been stopped and started again.
static inline void fixture_restart(struct fixture *f)
{
    fixture_shut(f);
    fixture_open(f);
}

// Moves the clock and does what is due.
static inline void fixture_pass(struct fixture *f, int64_t us)
{
    f->now += us;
    queue_tick(f->q);
    fixture_settle(f);
}

#endif
