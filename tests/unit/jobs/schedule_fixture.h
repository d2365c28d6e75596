// A schedule on a real database with clocks that only the test moves, and a loop that is this thread. Its one task
// counts its runs, and may be made to wait in the middle or to fail.
#ifndef HW_TESTS_SCHEDULE_FIXTURE_H
#define HW_TESTS_SCHEDULE_FIXTURE_H

#include "test_database.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/schedule.h"
#include "store/scheduled_tasks_table.h"
#include "store/store.h"

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum { POSTED_MAX = 64 };

struct fixture {
    struct test_database database;
    struct store *store;
    struct schedule *s;
    const char *spec;
    schedule_fn run; // instead of its own task, with the store; NULL: its own
    _Atomic int64_t wall, mono;
    int64_t armed; // the delay asked for last
    // the task
    atomic_int begun;
    int ended, failed; // as the schedule told
    char last_error[448];
    atomic_bool hold, fail; // wait until told; end badly
    atomic_bool stop_seen;
    _Atomic int64_t lasts; // how far both clocks move while it runs
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } posted[POSTED_MAX];
    int n_posted;
};

static inline int64_t fixture_wall(void *ctx)
{
    return ((struct fixture *)ctx)->wall;
}

static inline int64_t fixture_mono(void *ctx)
{
    return ((struct fixture *)ctx)->mono;
}

static inline void fixture_arm(void *ctx, int64_t delay_us)
{
    ((struct fixture *)ctx)->armed = delay_us;
}

static inline void fixture_post(void *poster, void (*fn)(void *arg), void *arg)
{
    struct fixture *f = poster;
    pthread_mutex_lock(&f->lock);
    if (f->n_posted == POSTED_MAX) abort();
    f->posted[f->n_posted].fn = fn;
    f->posted[f->n_posted++].arg = arg;
    pthread_cond_broadcast(&f->wake);
    pthread_mutex_unlock(&f->lock);
}

static inline void fixture_ended(void *ctx, const char *name, double seconds, struct slice result, const struct err *e)
{
    struct fixture *f = ctx;
    assert_string_equal(name, "work");
    assert_true(seconds >= 0 && result.n >= 2);
    f->ended++;
    if (e) f->failed++;
    if (e) memcpy(f->last_error, e->message, sizeof f->last_error);
}

static inline int fixture_work(struct schedule_run *run, void *ctx, struct err *e)
{
    struct fixture *f = ctx;
    int n = ++f->begun;
    while (f->hold) {
        if (schedule_run_pause(run, 5000)) continue;
        f->stop_seen = true;
        return err_set(e, HW_ECANCELLED, "told to stop");
    }
    f->wall += f->lasts;
    f->mono += f->lasts;
    jw_ki64(schedule_run_result(run), "n", n);
    return f->fail ? err_set(e, HW_EIO, "the disk is on fire") : 0;
}

// Waits for something to be posted and runs it; fails the test after 20 s of nothing.
static inline void fixture_turn(struct fixture *f)
{
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

static inline struct schedule_view fixture_view(const struct fixture *f)
{
    struct schedule_view v;
    schedule_view(f->s, 0, &v);
    return v;
}

// Until no run is under way.
static inline void fixture_settle(struct fixture *f)
{
    while (fixture_view(f).running) fixture_turn(f);
}

static inline void fixture_loaded(void *ctx, int rc, const struct err *e)
{
    if (rc) fail_msg("%s", e->message);
    *(bool *)ctx = true;
}

static inline void fixture_open(struct fixture *f, struct schedule_task *task)
{
    struct err e = {0};
    bool loaded = false;
    if (store_open(&f->store, f->database.url, &e) != 0) fail_msg("%s", e.message);
    store_set_poster(f->store, fixture_post, f);
    *task = (struct schedule_task){.name = "work", .description = "Works.", .spec = f->spec};
    task->run = f->run ? f->run : fixture_work;
    task->ctx = f->run ? (void *)f->store : f;
    const struct schedule_config config = {.store = f->store,
                                           .now_us = fixture_wall,
                                           .mono_us = fixture_mono,
                                           .arm = fixture_arm,
                                           .post = fixture_post,
                                           .poster = f,
                                           .ended = fixture_ended,
                                           .ctx = f};
    if (schedule_new(&f->s, &config, task, 1, &e) != 0) fail_msg("%s", e.message);
    schedule_start(f->s, fixture_loaded, &loaded);
    while (!loaded) fixture_turn(f);
}

// As a server that ends in order does.
static inline void fixture_shut(struct fixture *f)
{
    schedule_stop(f->s);
    schedule_join(f->s);
    store_close(f->store);
    while (f->n_posted) fixture_turn(f);
    schedule_free(f->s);
}

static inline void fixture_init_with(struct fixture *f, struct schedule_task *task, const char *spec, schedule_fn run)
{
    *f = (struct fixture){.spec = spec, .run = run};
    test_database_make(&f->database);
    f->wall = 1795608000LL * SECOND; // 2026-11-25T12:00:00Z
    f->mono = 1000 * SECOND;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->wake, NULL);
    fixture_open(f, task);
}

static inline void fixture_init(struct fixture *f, struct schedule_task *task, const char *spec)
{
    fixture_init_with(f, task, spec, NULL);
}

static inline void fixture_release(struct fixture *f)
{
    fixture_shut(f);
    test_database_remove(&f->database);
    pthread_cond_destroy(&f->wake);
    pthread_mutex_destroy(&f->lock);
}

static inline void move(struct fixture *f, int64_t us)
{
    f->wall += us;
    f->mono += us;
}

// Time passes as it does; then what is due is done. In one step: what lies between is slept through.
static inline void pass(struct fixture *f, int64_t us)
{
    move(f, us);
    schedule_tick(f->s);
    fixture_settle(f);
}

// Somebody sets the clock.
static inline void set_clock(struct fixture *f, int64_t by_us)
{
    f->wall += by_us;
    schedule_tick(f->s);
    fixture_settle(f);
}

#endif
