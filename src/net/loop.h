// The event loop: one thread, one `struct loop`, nothing global. Everything of src/net and src/api belongs to the loop
// it was made with and is used on that loop's thread only; loop_post and loop_stop are the two exceptions.
//
// The loop never blocks: what may block (files, SQL, DNS, compressing large bodies) is given to loop_work.
#ifndef HW_NET_LOOP_H
#define HW_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

struct loop;
struct prom_histogram;
struct uv_loop_s; // libuv's loop, for the other files of src/net and for src/server's child processes

// Also has the process ignore SIGPIPE, unless it has a handler: a peer that is gone is an error of the write.
int loop_new(struct loop **out, struct err *e);
// After loop_run has returned. Timers that are still set are forgotten, posted functions that didn't run yet are run
// now, handles still open (listeners, connections) are closed and their `closed` callbacks called. Waits for running
// work.
void loop_free(struct loop *l);

// Runs until loop_stop, however little there is to do.
void loop_run(struct loop *l);
void loop_stop(struct loop *l); // any thread, any signal-free context; loop_run returns after the current iteration
bool loop_on_thread(const struct loop *l); // is the caller on the thread that runs loop_run?
// How long iterations took, in seconds: for that long everything else had to wait. On the loop's thread.
const struct prom_histogram *loop_lag(const struct loop *l);
struct uv_loop_s *loop_uv(struct loop *l);

// Runs fn(arg) on the loop's thread in a later iteration; calls of one thread run in the order in which they were made.
// Any thread. The signature of the second fits store_set_poster(store, loop_poster, loop).
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_poster(void *loop, void (*fn)(void *arg), void *arg);

// Runs work(arg) on a thread of the pool, then done(arg) on the loop's thread.
void loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg);

// Calls fn(arg) on the loop's thread whenever the signal arrives (SIGTERM, SIGINT, SIGHUP); at most 8 signals.
int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg, int signum), void *arg, struct err *e);

// ---- time ----------------------------------------------------------------------------------------------------------

int64_t loop_now_ms(const struct loop *l); // monotonic; the moment at which this iteration began

// A timer is plain memory inside its owner, 40 bytes, no handle and no allocation: ten thousand connections carry one
// each. Zeroed memory plus loop_timer_init is a timer; one that is set must be stopped before its memory goes away.
struct loop_timer {
    int64_t at_ms;
    uint32_t place; // in the loop's heap, counted from 1; 0: not set
    uint32_t repeat_ms;
    void (*fn)(struct loop_timer *t);
    void *ctx; // for fn
};

void loop_timer_init(struct loop_timer *t, void (*fn)(struct loop_timer *t), void *ctx);
// Fires once after delay_ms (0: in the next iteration); setting it again moves it. fn may set, stop or free its own
// timer.
void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t delay_ms);
// Fires every period_ms (at least 1), first after period_ms. Periods missed while the loop was busy are left out.
void loop_timer_repeat(struct loop *l, struct loop_timer *t, uint32_t period_ms);
void loop_timer_stop(struct loop *l, struct loop_timer *t); // not set: nothing
static inline bool loop_timer_active(const struct loop_timer *t)
{
    return t->place != 0;
}

// ---- end of the iteration ------------------------------------------------------------------------------------------

// A task runs once, after all the callbacks of this iteration and before the loop waits again; scheduling it twice is
// once. Connections use it to write all that was queued with one call.
struct loop_task {
    struct list node; // in the loop's list while it is scheduled
    void (*fn)(struct loop_task *t);
};

void loop_task_init(struct loop_task *t, void (*fn)(struct loop_task *t));
void loop_task_schedule(struct loop *l, struct loop_task *t);
void loop_task_cancel(struct loop_task *t); // must be called before its memory goes away

#endif
