// What the files of src/net share about a loop.
#ifndef HW_NET_LOOP_INTERNAL_H
#define HW_NET_LOOP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/list.h"
#include "base/prometheus.h"
#include "net/loop.h"
#include "net/write_queue.h"

#define LOOP_READ_BYTES  (64 * 1024)
#define LOOP_MAX_SIGNALS 8
#define LOOP_LAG_BOUNDS  9

struct loop_posted {
    void (*fn)(void *arg);
    void *arg;
};

struct loop_signal {
    uv_signal_t handle;
    void (*fn)(void *arg, int signum);
    void *arg;
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer; // fires when the earliest of `timers` is due
    uv_async_t async;

    struct list conns;     // open connections
    struct list listeners; // open listeners
    struct list tasks;     // scheduled for the end of this iteration
    struct write_queue_spare spare;
    char *read_buf; // one for all connections: a read is handled before the next one begins

    struct loop_timer **timers; // binary heap by at_ms
    uint32_t n_timers, cap_timers;
    bool firing;

    pthread_mutex_t post_lock;
    struct loop_posted *posted;
    size_t n_posted, cap_posted;

    struct prom_histogram lag;
    uint64_t lag_counts[LOOP_LAG_BOUNDS + 1];

    struct loop_signal signals[LOOP_MAX_SIGNALS];
    int n_signals;

    atomic_bool stop;
    pthread_t thread;
    atomic_bool running;
    size_t working; // loop_work requests under way
};

// loop_timer.c
void loop_timers_run(uv_timer_t *handle);
// loop.c
void loop_tasks_run(struct loop *l);

#endif
