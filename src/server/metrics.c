#include "server/metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/prometheus.h"
#include "http/http_server.h"
#include "http/http_stats.h"
#include "http/request.h"
#include "http/router.h"
#include "jobs/archival.h"
#include "monitor/recent.h"
#include "server/host_metrics.h"
#include "server/io_threads.h"
#include "server/monitor_thread.h"
#include "server/periodic.h"
#include "server/store_metrics.h"

// ---- the process ---------------------------------------------------------------------------------------------------

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;
    if (!f) return (double)NAN;
    int n = fscanf(f, "%*u %llu", &pages);
    fclose(f);
    return n == 1 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : (double)NAN;
}

static double open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    if (!d) return (double)NAN;
    int n = -3; // ".", ".." and the folder's own
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void process(struct buf *out, const struct metrics *m)
{
    struct rusage u;
    prom_family(out, "headway_build_info", PROM_GAUGE, "The version, as a label.");
    prom_sample(out, "headway_build_info", (const char *const[]){"version", HEADWAY_VERSION, NULL}, 1);
    if (getrusage(RUSAGE_SELF, &u) == 0) {
        double s =
            (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
        prom_family(out, "process_cpu_seconds_total", PROM_COUNTER, "User and system time.");
        prom_sample(out, "process_cpu_seconds_total", NULL, s);
    }
    prom_gauge(out, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
    prom_gauge(out, "process_open_fds", "Open file descriptors.", open_descriptors());
    prom_gauge(out, "process_start_time_seconds", "Start, in seconds since 1970.", (double)m->started_at_us / 1e6);
}

// ---- real time -----------------------------------------------------------------------------------------------------

// What all threads have together.
struct totals {
    struct eio_server_stats clients;
    struct hub_stats hub;
};

static struct totals add_up(const struct io_thread_stats *stats, int n)
{
    struct totals t = {0};
    for (int k = 0; k < n; k++) {
        const struct eio_server_stats *c = &stats[k].clients;
        const struct hub_stats *h = &stats[k].hub;
        t.clients.clients += c->clients;
        t.clients.websockets += c->websockets;
        t.clients.opened += c->opened;
        t.clients.slow_consumers += c->slow_consumers;
        t.clients.sent_bytes += c->sent_bytes;
        t.clients.raw_bytes += c->raw_bytes;
        t.clients.packed_bytes += c->packed_bytes;
        t.hub.delivered += h->delivered;
        t.hub.conflated += h->conflated;
        t.hub.dropped += h->dropped;
        t.hub.channels += h->channels;
        t.hub.subscriptions += h->subscriptions;
    }
    return t;
}

static void clients(struct buf *out, const struct eio_server_stats *c)
{
    const char *const websocket[] = {"transport", "websocket", NULL}, *const polling[] = {"transport", "polling", NULL};
    // One that probes for its upgrade has both for a moment, and counts as the one it will be.
    size_t ws = c->websockets < c->clients ? c->websockets : c->clients;
    prom_family(out, "headway_realtime_clients", PROM_GAUGE, "Connected Engine.IO clients.");
    prom_sample_u64(out, "headway_realtime_clients", websocket, ws);
    prom_sample_u64(out, "headway_realtime_clients", polling, c->clients - ws);
    prom_counter(out, "headway_realtime_clients_opened_total", "Clients that came.", c->opened);
    prom_counter(out, "headway_realtime_slow_closes_total",
                 "Clients closed because they took less than they were sent.", c->slow_consumers);
    prom_counter(out, "headway_realtime_sent_bytes_total", "Bytes of messages handed to the clients' connections.",
                 c->sent_bytes);
    prom_counter(out, "headway_realtime_compression_input_bytes_total",
                 "Bytes of messages that were compressed, before.", c->raw_bytes);
    prom_counter(out, "headway_realtime_compression_output_bytes_total",
                 "Bytes of messages that were compressed, after.", c->packed_bytes);
}

static void events(struct buf *out, const struct hub_stats *h, uint64_t published, const struct fanout_stats *f)
{
    const char *const recovered[] = {"outcome", "recovered", NULL}, *const too_late[] = {"outcome", "snapshot", NULL};
    prom_gauge(out, "headway_realtime_channels", "Channels that somebody subscribed to, on each thread.",
               (double)h->channels);
    prom_gauge(out, "headway_realtime_subscriptions", "Subscriptions of all clients.", (double)h->subscriptions);
    prom_counter(out, "headway_realtime_published_total", "Events published.", published);
    prom_counter(out, "headway_realtime_delivered_total", "Events put into a client's outbox.", h->delivered);
    prom_counter(out, "headway_realtime_conflated_total", "State events replaced by a newer one before they were sent.",
                 h->conflated);
    prom_counter(out, "headway_realtime_dropped_total", "Events given up with a client that was closed as slow.",
                 h->dropped);
    prom_family(out, "headway_realtime_recoveries_total", PROM_COUNTER,
                "Subscriptions that said where they were: what was missed was there, or the present state had to do.");
    prom_sample_u64(out, "headway_realtime_recoveries_total", recovered, f->recovered);
    prom_sample_u64(out, "headway_realtime_recoveries_total", too_late, f->recoveries - f->recovered);
    prom_counter(out, "headway_realtime_crossed_total", "Events handed to another thread, one for each thread.",
                 f->crossed);
    prom_counter(out, "headway_realtime_publisher_waits_total",
                 "Times that publishing waited for a thread to catch up.", f->waits);
}

static void threads(struct buf *out, const struct io_thread_stats *stats, int n)
{
    prom_family(out, "headway_realtime_thread_clients", PROM_GAUGE, "Clients that each I/O thread carries.");
    for (int k = 0; k < n; k++) {
        char thread[16];
        snprintf(thread, sizeof thread, "%d", k);
        prom_sample_u64(out, "headway_realtime_thread_clients", (const char *const[]){"thread", thread, NULL},
                        stats[k].clients.clients);
    }
}

static void lag(struct buf *out, const struct io_thread_stats *stats, int n)
{
    prom_family(out, "headway_loop_iteration_seconds", PROM_HISTOGRAM,
                "How long a turn of an event loop took, for which everything else on it had to wait.");
    for (int k = 0; k < n; k++) {
        char thread[16];
        snprintf(thread, sizeof thread, "%d", k);
        prom_histogram_write(out, "headway_loop_iteration_seconds", (const char *const[]){"thread", thread, NULL},
                             &stats[k].lag);
    }
}

// ---- the call ------------------------------------------------------------------------------------------------------

struct scrape {
    struct request *req; // a reference
    const struct metrics *m;
    struct store_metrics store;
    bool read; // `store` is known
};

static const struct moment *last_moment(const struct metrics *m)
{
    const struct recent *r = machine_recent(monitor_thread_machine(m->monitor));
    return recent_count(r) ? recent_at(r, recent_count(r) - 1) : NULL;
}

static void answer(void *ctx, const struct io_thread_stats *stats, int n, const struct fanout_stats *f)
{
    struct scrape *s = ctx;
    struct totals t = add_up(stats, n);
    struct buf out = BUF_INIT;
    process(&out, s->m);
    http_stats_write(http_server_stats(s->m->http), &out);
    clients(&out, &t.clients);
    events(&out, &t.hub, n ? stats[0].hub.published : 0, f); // the first hub is given everything
    threads(&out, stats, n);
    lag(&out, stats, n);
    store_metrics_write(s->m->store, s->read ? &s->store : NULL, &out);
    host_metrics_write(last_moment(s->m), &out);
    periodic_metrics(s->m->periodic, &out);
    archival_metrics(s->m->archival, &out);
    request_reply_text(s->req, 200, PROMETHEUS_CONTENT_TYPE, &out);
    request_unref(s->req);
    store_metrics_release(&s->store);
    free(s);
}

static int read_store(struct store_tx *tx, void *ctx, struct err *e)
{
    struct scrape *s = ctx;
    return store_metrics_read(tx, &s->store, e);
}

// A database that doesn't answer is a reading as well: the scrape goes on without it.
static void store_is_read(void *ctx, int rc, const struct err *e)
{
    (void)e;
    struct scrape *s = ctx;
    s->read = rc == 0;
    io_threads_stats(s->m->io, answer, s);
}

static void metrics_get(struct request *req, void *ctx)
{
    struct metrics *m = ctx;
    struct scrape *s = mem_zalloc(sizeof *s);
    s->req = request_ref(req);
    s->m = m;
    store_read(m->store, read_store, store_is_read, s);
}

static const struct route routes[] = {{"GET", "/metrics", metrics_get}};

void metrics_routes(struct router *r, struct metrics *m)
{
    router_add(r, routes, sizeof routes / sizeof *routes, m);
}
