#include "net/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/conn_internal.h"
#include "net/loop_internal.h"

// ---- end of the iteration ------------------------------------------------------------------------------------------

void loop_task_init(struct loop_task *t, void (*fn)(struct loop_task *t))
{
    list_init(&t->node);
    t->fn = fn;
}

void loop_task_schedule(struct loop *l, struct loop_task *t)
{
    if (list_empty(&t->node)) list_push_back(&l->tasks, &t->node);
}

void loop_task_cancel(struct loop_task *t)
{
    list_remove(&t->node);
}

// Tasks that tasks schedule are run too: after this the loop may wait for a long time.
void loop_tasks_run(struct loop *l)
{
    while (!list_empty(&l->tasks)) {
        struct loop_task *t = LIST_ITEM(l->tasks.next, struct loop_task, node);
        list_remove(&t->node);
        t->fn(t);
    }
}

// Two hooks, because an iteration's callbacks come in two places: timers and closed handles before the wait (prepare),
// sockets and posted functions after it (check).
static void on_prepare(uv_prepare_t *h)
{
    loop_tasks_run(h->data);
}

static const double lag_bounds[LOOP_LAG_BOUNDS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1};

// From the end of the wait to the end of the iteration: as long what comes next has to wait. In whole milliseconds at
// the start, which is what uv_now has.
static void on_check(uv_check_t *h)
{
    struct loop *l = h->data;
    loop_tasks_run(l);
    double lag = (double)uv_hrtime() / 1e9 - (double)uv_now(&l->uv) / 1e3;
    prom_histogram_add(&l->lag, lag > 0 ? lag : 0);
}

const struct prom_histogram *loop_lag(const struct loop *l)
{
    return &l->lag;
}

// ---- posting -------------------------------------------------------------------------------------------------------

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&l->post_lock);
    if (l->n_posted == l->cap_posted) {
        l->cap_posted = l->cap_posted ? l->cap_posted * 2 : 16;
        l->posted = mem_realloc_array(l->posted, l->cap_posted, sizeof *l->posted);
    }
    l->posted[l->n_posted++] = (struct loop_posted){fn, arg};
    bool first = l->n_posted == 1;
    // Under the lock: loop_free takes it before it closes the handle.
    if (first) uv_async_send(&l->async);
    pthread_mutex_unlock(&l->post_lock);
}

void loop_poster(void *loop, void (*fn)(void *arg), void *arg)
{
    loop_post(loop, fn, arg);
}

// Runs what was posted before the call; returns whether there was any.
static bool run_posted(struct loop *l)
{
    pthread_mutex_lock(&l->post_lock);
    struct loop_posted *posted = l->posted;
    size_t n = l->n_posted;
    l->posted = NULL;
    l->n_posted = l->cap_posted = 0;
    pthread_mutex_unlock(&l->post_lock);
    for (size_t i = 0; i < n; i++) posted[i].fn(posted[i].arg);
    free(posted);
    return n > 0;
}

static void on_async(uv_async_t *h)
{
    struct loop *l = h->data;
    run_posted(l);
    if (atomic_load(&l->stop)) uv_stop(&l->uv);
}

// ---- life ----------------------------------------------------------------------------------------------------------

// libuv writes with calls that raise SIGPIPE when the peer is gone; a program that wants the signal has set a handler.
static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) < 0 || now.sa_handler != SIG_DFL) return;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

int loop_new(struct loop **out, struct err *e)
{
    *out = NULL;
    ignore_sigpipe();
    struct loop *l = mem_zalloc(sizeof *l);
    int rc = uv_loop_init(&l->uv);
    if (rc < 0) {
        free(l);
        return err_set(e, HW_EIO, "can't make an event loop: %s", uv_strerror(rc));
    }
    rc = uv_async_init(&l->uv, &l->async, on_async);
    if (rc < 0) {
        uv_loop_close(&l->uv);
        free(l);
        return err_set(e, HW_EIO, "can't make an event loop's wake-up: %s", uv_strerror(rc));
    }
    pthread_mutex_init(&l->post_lock, NULL);
    list_init(&l->conns);
    list_init(&l->listeners);
    list_init(&l->tasks);
    l->read_buf = mem_alloc(LOOP_READ_BYTES);
    l->lag = (struct prom_histogram){.bounds = lag_bounds, .n_bounds = LOOP_LAG_BOUNDS, .counts = l->lag_counts};
    // These three can't fail.
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_timer_init(&l->uv, &l->timer);
    l->async.data = l->prepare.data = l->check.data = l->timer.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_start(&l->check, on_check);
    *out = l;
    return 0;
}

void loop_run(struct loop *l)
{
    l->thread = pthread_self();
    atomic_store(&l->running, true);
    uv_update_time(&l->uv);
    while (!atomic_load(&l->stop)) uv_run(&l->uv, UV_RUN_DEFAULT);
    atomic_store(&l->running, false);
    atomic_store(&l->stop, false);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    uv_async_send(&l->async);
}

bool loop_on_thread(const struct loop *l)
{
    return atomic_load(&l->running) && pthread_equal(l->thread, pthread_self());
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    return &l->uv;
}

int64_t loop_now_ms(const struct loop *l)
{
    return (int64_t)uv_now(&l->uv);
}

static void close_handle(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h)) uv_close(h, NULL);
}

void loop_free(struct loop *l)
{
    if (!l) return;
    // Closing and posted functions may cause each other: until nothing is left. The prepare, check, timer, async and
    // signal handles keep uv_run from returning by itself, so it is asked not to wait.
    while (true) {
        LIST_EACH(it, next, &l->listeners) listener_close_node(it);
        LIST_EACH(it, next, &l->conns) conn_close_node(it);
        bool again = run_posted(l);
        loop_tasks_run(l);
        bool busy = l->working > 0;
        uv_run(&l->uv, busy ? UV_RUN_ONCE : UV_RUN_NOWAIT);
        loop_tasks_run(l);
        if (!again && !busy && list_empty(&l->conns) && list_empty(&l->listeners) && list_empty(&l->tasks)) break;
    }
    uv_walk(&l->uv, close_handle, NULL);
    while (uv_run(&l->uv, UV_RUN_DEFAULT)) {
    }
    int rc = uv_loop_close(&l->uv);
    assert(rc == 0);
    (void)rc;
    run_posted(l);
    for (uint32_t i = 0; i < l->n_timers; i++) l->timers[i]->place = 0;
    pthread_mutex_destroy(&l->post_lock);
    free(l->timers);
    free(l->read_buf);
    write_queue_spare_release(&l->spare);
    free(l);
}

// ---- threads and signals -------------------------------------------------------------------------------------------

struct work {
    uv_work_t req;
    struct loop *loop;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

static void on_work(uv_work_t *req)
{
    struct work *w = req->data;
    w->work(w->arg);
}

static void on_work_done(uv_work_t *req, int status)
{
    (void)status; // requests are never cancelled
    struct work *w = req->data;
    w->loop->working--;
    w->done(w->arg);
    free(w);
}

void loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct work *w = mem_zalloc(sizeof *w);
    w->req.data = w;
    w->loop = l;
    w->work = work;
    w->done = done;
    w->arg = arg;
    l->working++;
    int rc = uv_queue_work(&l->uv, &w->req, on_work, on_work_done);
    assert(rc == 0); // fails only without a function
    (void)rc;
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct loop_signal *s = h->data;
    s->fn(s->arg, signum);
}

int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg, int signum), void *arg, struct err *e)
{
    if (l->n_signals == LOOP_MAX_SIGNALS)
        return err_set(e, HW_ETOOBIG, "more than %d signals are watched", LOOP_MAX_SIGNALS);
    struct loop_signal *s = &l->signals[l->n_signals];
    int rc = uv_signal_init(&l->uv, &s->handle);
    if (rc == 0) {
        l->n_signals++;
        s->fn = fn;
        s->arg = arg;
        s->handle.data = s;
        rc = uv_signal_start(&s->handle, on_signal, signum);
    }
    if (rc < 0) return err_set(e, HW_EIO, "can't watch for signal %d: %s", signum, uv_strerror(rc));
    return 0;
}
