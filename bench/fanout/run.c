#include "run.h"

#include <string.h>
#include <sys/epoll.h>

#include "now.h"
#include "process.h"

#define EVENTS   1024
#define LOOK_NS  50000000u // how often memory is looked at
#define STALL_NS 20000000000u

struct phase {
    uint32_t next, end;
    uint32_t by_conn[PUBLISHER_MAX]; // PACE_HTTP: how many of the phase's messages each connection has posted
    uint32_t first;
    uint64_t start_ns;
};

static bool give_up(struct run *r, const char *why)
{
    if (!r->why) r->why = why;
    return false;
}

// ---- what is due ---------------------------------------------------------------------------------------------------

static void post(struct run *r, uint32_t conn, uint32_t first, uint32_t step, uint32_t count)
{
    uint64_t now = now_ns();
    for (uint32_t i = 0; i < count; i++) check_sent(&r->check, first + i * step, now);
    publisher_post(&r->publisher, conn, first, step, count);
}

static void post_next(struct run *r, struct phase *p)
{
    post(r, p->next % r->publisher.n, p->next, 1, 1);
    p->next++;
}

// The k-th message of connection i is i + k × connections.
static void post_by_answers(struct run *r, struct phase *p)
{
    uint32_t conns = r->publisher.n;
    for (uint32_t i = 0; i < conns; i++) {
        uint32_t first = p->first + (i + conns - p->first % conns) % conns;
        uint32_t all = first < p->end ? (p->end - first + conns - 1) / conns : 0;
        if (r->publisher.conns[i].outstanding || p->by_conn[i] == all) continue;
        uint32_t left = all - p->by_conn[i], count = left < r->options->batch ? left : r->options->batch;
        post(r, i, first + p->by_conn[i] * conns, conns, count);
        p->by_conn[i] += count;
        p->next += count;
    }
}

// Returns how long there is nothing to do but wait for sockets.
static int post_due(struct run *r, struct phase *p)
{
    const struct options *o = r->options;
    int wait_ms = 20;
    if (o->pace == PACE_HTTP) {
        post_by_answers(r, p);
    } else if (o->pace == PACE_WINDOW) {
        while (p->next < p->end && r->check.sent - r->check.arrived < (uint32_t)o->pace_value) post_next(r, p);
    } else {
        uint64_t now = now_ns(), due = 0;
        for (; p->next < p->end; post_next(r, p)) {
            due = p->start_ns + (uint64_t)((p->next - p->first) * 1e9 / o->pace_value);
            if (due > now) break;
        }
        if (p->next < p->end && due > now && due - now < 20000000u) wait_ms = (int)((due - now) / 1000000u);
    }
    for (uint32_t i = 0; i < r->publisher.n; i++) {
        if (!publisher_flush(&r->publisher, i)) give_up(r, r->publisher.why);
    }
    return wait_ms;
}

// ---- sockets -------------------------------------------------------------------------------------------------------

static bool turn(struct run *r, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(r->crowd.epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < n; i++) {
        uint64_t tag = events[i].data.u64;
        if (tag & PUBLISHER_TAG) {
            if (!publisher_event(&r->publisher, (uint32_t)tag)) return give_up(r, r->publisher.why);
        } else if (!crowd_event(&r->crowd, (uint32_t)tag, events[i].events)) {
            return give_up(r, r->crowd.env.why);
        }
    }
    return now_ns() < r->until_ns || give_up(r, "the run's time was over");
}

static bool unanswered(const struct run *r)
{
    for (uint32_t i = 0; i < r->publisher.n; i++) {
        if (r->publisher.conns[i].outstanding) return true;
    }
    return false;
}

static void look_at_memory(struct run *r, uint64_t *last)
{
    uint64_t now = now_ns();
    if (now - *last < LOOK_NS) return;
    *last = now;
    uint64_t rss = process_rss_kib(r->options->pid);
    if (rss > r->measured.rss_peak_kib) r->measured.rss_peak_kib = rss;
}

// ---- phases --------------------------------------------------------------------------------------------------------

// Messages first … end - 1, until all have arrived everywhere.
static bool publish(struct run *r, uint32_t first, uint32_t end)
{
    struct phase p = {.next = first, .first = first, .end = end, .start_ns = now_ns()};
    uint64_t moved_ns = p.start_ns, looked = 0, seen = r->check.deliveries;
    while (p.next < end || r->check.arrived < end || unanswered(r)) {
        int wait_ms = post_due(r, &p);
        if (r->why || !turn(r, wait_ms)) return false;
        look_at_memory(r, &looked);
        if (r->check.deliveries != seen) moved_ns = now_ns();
        seen = r->check.deliveries;
        if (now_ns() - moved_ns > STALL_NS) return give_up(r, "nothing arrived for 20 s");
    }
    return true;
}

static bool idle(struct run *r, double seconds)
{
    uint64_t start = now_ns(), until = start + (uint64_t)(seconds * 1e9), cpu = process_cpu_ns(r->options->pid);
    while (now_ns() < until) {
        if (!turn(r, 20)) return false;
    }
    if (seconds > 0)
        r->measured.idle_cpu = (double)(process_cpu_ns(r->options->pid) - cpu) / (double)(now_ns() - start);
    return true;
}

static bool open_all(struct run *r)
{
    struct measured *m = &r->measured;
    m->rss_before_kib = process_rss_kib(r->options->pid);
    uint64_t start = now_ns(), cpu = process_cpu_ns(r->options->pid);
    if (!crowd_open(&r->crowd, r->until_ns)) return give_up(r, r->crowd.env.why ? r->crowd.env.why : "no client");
    m->connect_s = (double)(now_ns() - start) / 1e9;
    m->connect_cpu_s = (double)(process_cpu_ns(r->options->pid) - cpu) / 1e9;
    m->rss_connected_kib = m->rss_start_kib = m->rss_peak_kib = m->rss_end_kib = process_rss_kib(r->options->pid);
    return publisher_init(&r->publisher, r->options, r->crowd.epoll) || give_up(r, r->publisher.why);
}

static bool count(struct run *r)
{
    struct measured *m = &r->measured;
    pid_t pid = r->options->pid;
    m->rss_start_kib = m->rss_peak_kib = process_rss_kib(pid);
    r->check.deliveries = 0;
    memset(&r->check.latency, 0, sizeof r->check.latency);
    uint64_t start = now_ns(), cpu = process_cpu_ns(pid), bytes = r->crowd.env.wire_bytes;
    bool fine = publish(r, r->options->warmup, r->options->warmup + r->options->messages);
    m->seconds = (double)(now_ns() - start) / 1e9;
    m->cpu_s = (double)(process_cpu_ns(pid) - cpu) / 1e9;
    m->wire_bytes = r->crowd.env.wire_bytes - bytes;
    m->rss_end_kib = process_rss_kib(pid);
    if (m->rss_end_kib > m->rss_peak_kib) m->rss_peak_kib = m->rss_end_kib;
    return fine;
}

bool run_all(struct run *r, const struct options *o)
{
    *r = (struct run){.options = o, .until_ns = now_ns() + (uint64_t)(o->limit_s * 1e9)};
    check_init(&r->check, o->clients, o->channels, o->warmup + o->messages);
    crowd_init(&r->crowd, o, &r->check);
    return open_all(r) && publish(r, 0, o->warmup) && idle(r, o->idle_s) && (o->messages == 0 || count(r));
}

void run_release(struct run *r)
{
    publisher_release(&r->publisher);
    crowd_release(&r->crowd);
    check_release(&r->check);
}
