// Timers as a binary heap of pointers into their owners' memory, driven by one libuv timer: a connection's timer costs
// 40 bytes and no handle, and a loop without a due timer doesn't wake up.
#include "base/mem.h"
#include "net/loop_internal.h"

static void put(struct loop *l, uint32_t i, struct loop_timer *t)
{
    l->timers[i] = t;
    t->place = i + 1;
}

static void sift_up(struct loop *l, uint32_t i)
{
    struct loop_timer *t = l->timers[i];
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (l->timers[parent]->at_ms <= t->at_ms) break;
        put(l, i, l->timers[parent]);
        i = parent;
    }
    put(l, i, t);
}

static void sift_down(struct loop *l, uint32_t i)
{
    struct loop_timer *t = l->timers[i];
    while (true) {
        uint32_t child = 2 * i + 1;
        if (child >= l->n_timers) break;
        if (child + 1 < l->n_timers && l->timers[child + 1]->at_ms < l->timers[child]->at_ms) child++;
        if (l->timers[child]->at_ms >= t->at_ms) break;
        put(l, i, l->timers[child]);
        i = child;
    }
    put(l, i, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
    uint32_t i = t->place - 1;
    t->place = 0;
    struct loop_timer *last = l->timers[--l->n_timers];
    if (last == t) return;
    put(l, i, last);
    sift_up(l, i);
    sift_down(l, last->place - 1);
}

// A timer that fires too early only finds nothing due and is set again, so it is moved only to an earlier moment.
static void arm(struct loop *l)
{
    if (l->firing || l->n_timers == 0) return;
    int64_t wait = l->timers[0]->at_ms - loop_now_ms(l);
    if (wait < 0) wait = 0;
    if (uv_is_active((uv_handle_t *)&l->timer) && uv_timer_get_due_in(&l->timer) <= (uint64_t)wait) return;
    uv_timer_start(&l->timer, loop_timers_run, (uint64_t)wait, 0);
}

void loop_timers_run(uv_timer_t *handle)
{
    struct loop *l = handle->data;
    int64_t now = loop_now_ms(l);
    l->firing = true; // timers set now are due after `now`, so that this ends
    while (l->n_timers && l->timers[0]->at_ms <= now) {
        struct loop_timer *t = l->timers[0];
        heap_remove(l, t);
        if (t->repeat_ms) loop_timer_repeat(l, t, t->repeat_ms);
        t->fn(t);
    }
    l->firing = false;
    arm(l);
}

static void set(struct loop *l, struct loop_timer *t, int64_t delay_ms)
{
    if (t->place) heap_remove(l, t);
    if (delay_ms < (l->firing ? 1 : 0)) delay_ms = l->firing ? 1 : 0;
    t->at_ms = loop_now_ms(l) + delay_ms;
    if (l->n_timers == l->cap_timers) {
        l->cap_timers = l->cap_timers ? l->cap_timers * 2 : 64;
        l->timers = mem_realloc_array(l->timers, l->cap_timers, sizeof(struct loop_timer *));
    }
    l->timers[l->n_timers] = t;
    sift_up(l, l->n_timers++);
    arm(l);
}

void loop_timer_init(struct loop_timer *t, void (*fn)(struct loop_timer *t), void *ctx)
{
    *t = (struct loop_timer){.fn = fn, .ctx = ctx};
}

void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t delay_ms)
{
    t->repeat_ms = 0;
    set(l, t, delay_ms);
}

void loop_timer_repeat(struct loop *l, struct loop_timer *t, uint32_t period_ms)
{
    t->repeat_ms = period_ms ? period_ms : 1;
    set(l, t, t->repeat_ms);
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
    t->repeat_ms = 0;
    if (t->place) heap_remove(l, t);
}
