// The loop: posting from threads, timers, end-of-iteration tasks, work on threads.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/prometheus.h"
#include "net/loop.h"

static struct loop *loop_make(void)
{
    struct loop *l;
    struct err e;
    assert_int_equal(loop_new(&l, &e), 0);
    return l;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

// ---- posting -------------------------------------------------------------------------------------------------------

enum { THREADS = 4, POSTS = 2000 };

struct poster {
    struct loop *loop;
    pthread_t thread;
    int next; // what must arrive next
    int posted;
    int *left;
    bool in_order;
};

struct item {
    struct poster *from;
    int number;
};

static struct item items[THREADS][POSTS];

static void arrive(void *arg)
{
    struct item *it = arg;
    struct poster *p = it->from;
    if (it->number != p->next++ || !loop_on_thread(p->loop)) p->in_order = false;
    if (--*p->left == 0) loop_stop(p->loop);
}

static void *post_all(void *arg)
{
    struct poster *p = arg;
    struct item *mine = items[p->posted];
    for (int i = 0; i < POSTS; i++) {
        mine[i] = (struct item){p, i};
        loop_post(p->loop, arrive, &mine[i]);
    }
    return NULL;
}

static void what_threads_post_runs_on_the_loop_in_each_threads_order(void **state)
{
    (void)state;
    struct loop *l = loop_make();
    struct poster posters[THREADS];
    int left = THREADS * POSTS;
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.loop = l, .posted = i, .left = &left, .in_order = true};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    loop_run(l);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_true(posters[i].in_order);
        assert_int_equal(posters[i].next, POSTS);
    }
    loop_free(l);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void what_was_posted_and_didnt_run_is_run_by_free(void **state)
{
    (void)state;
    struct loop *l = loop_make();
    int n = 0;
    loop_post(l, count, &n);
    loop_post(l, count, &n);
    loop_free(l);
    assert_int_equal(n, 2);
}

// ---- timers --------------------------------------------------------------------------------------------------------

enum { TIMERS = 300 };

struct timers {
    struct loop *loop;
    struct loop_timer t[TIMERS];
    int64_t last_ms;
    int fired;
    bool in_order;
};

static void on_timer(struct loop_timer *t)
{
    struct timers *all = t->ctx;
    if (t->at_ms < all->last_ms || loop_now_ms(all->loop) < t->at_ms) all->in_order = false;
    all->last_ms = t->at_ms;
    if (++all->fired == TIMERS / 2) loop_stop(all->loop);
}

static void timers_fire_in_the_order_of_their_moments_and_stopped_ones_dont(void **state)
{
    (void)state;
    static struct timers all;
    all = (struct timers){.loop = loop_make(), .in_order = true};
    uint32_t random = 1;
    for (int i = 0; i < TIMERS; i++) {
        random = random * 1664525 + 1013904223;
        loop_timer_init(&all.t[i], on_timer, &all);
        loop_timer_start(all.loop, &all.t[i], random >> 20 & 63);
    }
    for (int i = 0; i < TIMERS; i += 2) {
        loop_timer_stop(all.loop, &all.t[i]);
        assert_false(loop_timer_active(&all.t[i]));
        loop_timer_stop(all.loop, &all.t[i]); // twice is once
    }
    loop_run(all.loop);
    assert_true(all.in_order);
    assert_int_equal(all.fired, TIMERS / 2);
    loop_free(all.loop);
}

struct repeated {
    struct loop *loop;
    int fired;
};

static void on_repeat(struct loop_timer *t)
{
    struct repeated *r = t->ctx;
    if (++r->fired < 5) return;
    loop_timer_stop(r->loop, t);
    loop_post(r->loop, stop, r->loop);
}

static void a_repeating_timer_repeats_until_it_is_stopped_from_within(void **state)
{
    (void)state;
    struct repeated r = {.loop = loop_make()};
    struct loop_timer t;
    loop_timer_init(&t, on_repeat, &r);
    loop_timer_repeat(r.loop, &t, 1);
    loop_run(r.loop);
    assert_int_equal(r.fired, 5);
    assert_false(loop_timer_active(&t));
    loop_free(r.loop);
}

static void on_again(struct loop_timer *t)
{
    struct repeated *r = t->ctx;
    if (++r->fired < 3)
        loop_timer_start(r->loop, t, 0);
    else
        loop_stop(r->loop);
}

static void a_timer_set_to_now_by_itself_lets_the_iteration_end(void **state)
{
    (void)state;
    struct repeated r = {.loop = loop_make()};
    struct loop_timer t;
    loop_timer_init(&t, on_again, &r);
    loop_timer_start(r.loop, &t, 0);
    loop_run(r.loop);
    assert_int_equal(r.fired, 3);
    loop_free(r.loop);
}

// ---- tasks and work ------------------------------------------------------------------------------------------------

struct tasks {
    struct loop *loop;
    struct loop_task first, second;
    int ran_first, ran_second, callbacks;
};

static void run_first(struct loop_task *t)
{
    struct tasks *x = LIST_ITEM(t, struct tasks, first);
    x->ran_first++;
    loop_task_schedule(x->loop, &x->second); // one task may schedule another: it still runs before the loop waits
}

static void run_second(struct loop_task *t)
{
    struct tasks *x = LIST_ITEM(t, struct tasks, second);
    x->ran_second++;
    loop_stop(x->loop);
}

static void schedule(void *arg)
{
    struct tasks *x = arg;
    assert_int_equal(x->ran_first, 0); // only after all callbacks of the iteration
    x->callbacks++;
    loop_task_schedule(x->loop, &x->first);
}

static void a_task_runs_once_after_all_the_callbacks_of_an_iteration(void **state)
{
    (void)state;
    struct tasks x = {.loop = loop_make()};
    loop_task_init(&x.first, run_first);
    loop_task_init(&x.second, run_second);
    for (int i = 0; i < 3; i++) loop_post(x.loop, schedule, &x);
    loop_run(x.loop);
    assert_int_equal(x.callbacks, 3);
    assert_int_equal(x.ran_first, 1);
    assert_int_equal(x.ran_second, 1);
    loop_free(x.loop);
}

struct job {
    struct loop *loop;
    pthread_t worked_on;
    bool done_on_loop;
};

static void work(void *arg)
{
    ((struct job *)arg)->worked_on = pthread_self();
}

static void work_done(void *arg)
{
    struct job *j = arg;
    j->done_on_loop = loop_on_thread(j->loop);
    loop_stop(j->loop);
}

static void work_runs_elsewhere_and_is_reported_on_the_loop(void **state)
{
    (void)state;
    struct job j = {.loop = loop_make()};
    loop_work(j.loop, work, work_done, &j);
    loop_run(j.loop);
    assert_false(pthread_equal(j.worked_on, pthread_self()));
    assert_true(j.done_on_loop);
    loop_free(j.loop);
}

static void keep_it_busy(void *arg)
{
    int64_t until = clock_mono_us() + 30000;
    while (clock_mono_us() < until) {
    }
    loop_stop(arg);
}

static void what_holds_the_loop_up_is_counted(void **state)
{
    (void)state;
    struct loop *l = loop_make();
    loop_post(l, keep_it_busy, l);
    loop_run(l);
    const struct prom_histogram *lag = loop_lag(l);
    uint64_t slow = 0;
    for (size_t i = 0; i <= lag->n_bounds; i++)
        if (i == lag->n_bounds || lag->bounds[i] > 0.025) slow += lag->counts[i];
    assert_true(slow >= 1);
    assert_true(lag->sum >= 0.029);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_the_loop_up_is_counted),
        cmocka_unit_test(what_threads_post_runs_on_the_loop_in_each_threads_order),
        cmocka_unit_test(what_was_posted_and_didnt_run_is_run_by_free),
        cmocka_unit_test(timers_fire_in_the_order_of_their_moments_and_stopped_ones_dont),
        cmocka_unit_test(a_repeating_timer_repeats_until_it_is_stopped_from_within),
        cmocka_unit_test(a_timer_set_to_now_by_itself_lets_the_iteration_end),
        cmocka_unit_test(a_task_runs_once_after_all_the_callbacks_of_an_iteration),
        cmocka_unit_test(work_runs_elsewhere_and_is_reported_on_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
