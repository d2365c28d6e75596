#include "server/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/dashboard_files.h"
#include "api/emit.h"
#include "api/health.h"
#include "api/maintenance.h"
#include "api/resources.h"
#include "api/schedule.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "events/emitter.h"
#include "http/http_server.h"
#include "http/origin.h"
#include "http/router.h"
#include "http/static_site.h"
#include "jobs/archival.h"
#include "jobs/queue.h"
#include "net/loop.h"
#include "server/data_lock.h"
#include "server/io_threads.h"
#include "server/local_worker.h"
#include "server/machines.h"
#include "server/metrics.h"
#include "server/monitor_thread.h"
#include "server/periodic.h"
#include "server/settings_api.h"
#include "server/system_recorder.h"
#include "server/system_source.h"
#include "store/store.h"

enum { STOP_DEADLINE_MS = 10000, FORGET_EVERY_MS = 60000 };

struct app {
    struct loop *loop;
    const struct settings *settings; // borrowed
    struct store *store;
    int data_lock;
    struct bus *bus;
    struct emitter *emitter;
    struct queue *queue;
    struct loop_timer queue_timer;
    struct router *router;
    struct origin_policy *policy;
    struct http_server *http;
    struct io_threads *io;
    struct static_site *site;
    struct monitor_thread *monitor;
    struct machines *machines;
    struct loop_timer forget_timer; // machines that are gone
    struct system_recorder recorder;
    struct archival *archival;
    struct periodic *periodic;
    struct local_worker *worker;
    struct resources resources;
    struct system_source system_source;
    struct system_provider system_provider;
    struct health health;
    struct metrics metrics;
    struct maintenance_api maintenance;
    char instance[ID_SIZE];
    char url[300];
    bool ready, stopping;
    int stops_pending;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

// ---- parts --------------------------------------------------------------------------------------------------------

static void arm_queue(void *ctx, int64_t delay_us)
{
    struct app *a = ctx;
    loop_timer_start(a->loop, &a->queue_timer, (delay_us + 999) / 1000);
}

static void queue_due(struct loop_timer *t)
{
    struct app *a = t->ctx;
    queue_tick(a->queue);
}

static void queue_started(void *ctx, int rc, const struct err *e)
{
    struct app *a = ctx;
    a->ready = rc == 0;
    if (rc) log_error("server", "the queue can't start: %s", e->message);
}

static bool is_ready(void *ctx, struct jw *reasons)
{
    struct app *a = ctx;
    if (a->stopping) jw_str(reasons, "the server is stopping");
    if (!a->ready) jw_str(reasons, "the queue has not started yet");
    return a->ready && !a->stopping;
}

static int open_store(struct app *a, struct err *e)
{
    int rc = file_mkdirs(a->settings->data, e);
    if (!rc) rc = data_lock_take(a->settings->data, a->url, &a->data_lock, e);
    const struct store_options o = {(int)a->settings->pool_size, (int)a->settings->max_overflow};
    if (!rc) rc = store_open_with(&a->store, a->settings->database_url, &o, e);
    if (!rc) store_set_poster(a->store, loop_poster, a->loop);
    return rc;
}

// At the first, the tenth, the hundredth: what keeps failing doesn't fill the log.
static void event_lost(void *ctx, int code, int64_t lost)
{
    (void)ctx;
    int64_t step = 1;
    while (step < lost) step *= 10;
    if (step == lost)
        log_error("events", "an event of a job could not be published: %s (%lld so far)", err_name(code),
                  (long long)lost);
}

static void make_core(struct app *a)
{
    a->bus = bus_memory_new(BUS_LIMITS_DEFAULT);
    a->emitter = emitter_new(a->bus);
    loop_timer_init(&a->queue_timer, queue_due, a);
    const struct queue_config config = {
        .store = a->store,
        .emitter = a->emitter,
        .lease_us = a->settings->lease_seconds * 1000000,
        .stall_grace_us = 2 * a->settings->lease_seconds * 1000000,
        .history = {(double)a->settings->history_step_percent, a->settings->history_interval_seconds * 1000000},
        .arm = arm_queue,
        .lost_event = event_lost,
        .ctx = a,
    };
    a->queue = queue_new(&config);
    queue_start(a->queue, queue_started, a);
}

static int make_policy(struct app *a, struct err *e)
{
    a->policy = origin_policy_new(slice_str(a->settings->allowed_origins), "HEADWAY_ALLOWED_ORIGINS", e);
    if (!a->policy) return e->code ? e->code : HW_EVALIDATION;
    struct slice hosts = slice_str(a->settings->allowed_hosts);
    while (hosts.n) {
        struct slice one = slice_trim(slice_cut(&hosts, ','));
        if (one.n) origin_policy_add_host(a->policy, one);
    }
    return 0;
}

static int listen_http(struct app *a, struct err *e)
{
    a->router = router_new();
    a->http = http_server_new(a->loop, a->router, a->policy, HTTP_SERVER_LIMITS_DEFAULT);
    int rc = http_server_listen(a->http, a->settings->listen, e);
    if (rc) return rc;
    // What people and the local worker call us: any address means this host.
    struct slice host = slice_str(a->settings->listen);
    while (host.n && host.p[host.n - 1] != ':') host.n--;
    if (host.n) host.n--;
    if (host.n == 0 || slice_is(host, "0.0.0.0") || slice_is(host, "[::]")) host = SLICE_LIT("127.0.0.1");
    snprintf(a->url, sizeof a->url, "http://%.*s:%u", SLICE_FMT(host), http_server_port(a->http));
    return 0;
}

struct listing {
    void (*add)(void *to, const char *host, int64_t pgid, const char *job_id);
    void *to;
};

// A job is the process group of the process that its worker started.
static void list_job(void *ctx, const struct queue_running *job)
{
    struct listing *l = ctx;
    if (job->pid > 0) l->add(l->to, job->host, job->pid, job->job_id);
}

static void each_job(void *ctx, void (*add)(void *to, const char *host, int64_t pgid, const char *job_id), void *to)
{
    struct app *a = ctx;
    struct listing l = {add, to};
    queue_each_running(a->queue, list_job, &l);
}

static void forget_machines(struct loop_timer *t)
{
    struct app *a = t->ctx;
    machines_forget(a->machines, clock_mono_us());
}

static int start_monitor(struct app *a, struct err *e)
{
    const struct sampler_options o = {.nvml_path = a->settings->nvml_library};
    const struct monitor_jobs jobs = {each_job, a};
    a->recorder = (struct system_recorder){.store = a->store};
    const struct monitor_minutes minutes = {system_recorder_keep, &a->recorder};
    int rc = monitor_thread_start(&a->monitor, a->loop, a->emitter, &o, jobs, minutes,
                                  a->settings->monitor_interval_seconds, e);
    if (rc) return rc;
    const struct machines_config config = {a->emitter, monitor_thread_machine(a->monitor), jobs, minutes,
                                           (int64_t)(a->settings->monitor_interval_seconds * 1e6)};
    a->machines = machines_new(&config);
    loop_timer_init(&a->forget_timer, forget_machines, a);
    loop_timer_repeat(a->loop, &a->forget_timer, FORGET_EVERY_MS);
    return 0;
}

static int start_periodic(struct app *a, struct err *e)
{
    a->archival = archival_new(a->store, a->settings->archive_days);
    int rc = periodic_new(&a->periodic, a->loop, a->store, a->archival, a->monitor,
                          a->settings->monitor_interval_seconds, a->settings->history_retention_days, e);
    if (!rc) periodic_start(a->periodic);
    return rc;
}

static int start_io(struct app *a, struct err *e)
{
    struct sessions_config config = SESSIONS_CONFIG_DEFAULT;
    config.sio.eio.deflate_threshold = (size_t)a->settings->compression_threshold;
    config.batch_interval_ms = (uint32_t)a->settings->batch_interval_ms;
    int n = a->settings->io_threads ? (int)a->settings->io_threads : io_threads_default();
    return io_threads_start(&a->io, n, a->loop, a->bus, &config, e);
}

static void ask_removal(void *ctx)
{
    periodic_ask_removal(((struct app *)ctx)->periodic);
}

static void make_routes(struct app *a)
{
    a->resources = (struct resources){
        .store = a->store,
        .queue = a->queue,
        .emitter = a->emitter,
        .data_dir = a->settings->data,
        .task_program = a->settings->task_program,
        .hub = a->settings->hub,
        .system = &a->system_provider,
        .removal = ask_removal,
        .removal_ctx = a,
    };
    a->system_source =
        (struct system_source){a->bus, a->machines, (int64_t)(a->settings->monitor_interval_seconds * 1e6)};
    a->system_provider = system_source_provider(&a->system_source);
    a->health = (struct health){
        .instance = a->instance, .started_at_us = clock_now_us(), .ready = is_ready, .ctx = a, .store = a->store};
    io_threads_routes(a->io, a->router);
    resources_register(&a->resources, a->router);
    system_routes(a->router, &a->resources);
    health_routes(a->router, &a->health);
    settings_routes(a->router, a->settings);
    schedule_routes(a->router, periodic_schedule(a->periodic));
    a->maintenance = (struct maintenance_api){a->store, periodic_schedule(a->periodic), a->archival};
    maintenance_routes(a->router, &a->maintenance);
    a->metrics = (struct metrics){.http = a->http,
                                  .io = a->io,
                                  .store = a->store,
                                  .monitor = a->monitor,
                                  .periodic = a->periodic,
                                  .archival = a->archival,
                                  .started_at_us = a->health.started_at_us};
    metrics_routes(a->router, &a->metrics);
    emit_routes(a->router, a->emitter);
    a->site = dashboard_site_new();
    static_site_routes(a->router, a->site);
}

static int start_worker(struct app *a, struct err *e)
{
    if (a->settings->no_worker) return 0;
    const struct local_worker_options o = {.server_url = a->url,
                                           .data_dir = a->settings->data,
                                           .slots = a->settings->slots,
                                           .queues = a->settings->queues,
                                           .task_program = a->settings->task_program,
                                           .nvml_library = a->settings->nvml_library,
                                           .monitor_interval_seconds = a->settings->monitor_interval_seconds};
    return local_worker_start(&a->worker, a->loop, &o, e);
}

int app_new(struct app **out, struct loop *l, const struct settings *s, struct err *e)
{
    struct app *a = mem_zalloc(sizeof *a);
    a->loop = l;
    a->settings = s;
    a->data_lock = -1;
    id_new("srv", a->instance);
    // Listening comes first: a port that is taken should leave no trace in the data folder.
    int rc = make_policy(a, e);
    if (!rc) rc = listen_http(a, e);
    if (!rc) rc = open_store(a, e);
    if (!rc) {
        make_core(a);
        rc = start_io(a, e);
    }
    if (!rc) rc = start_monitor(a, e);
    if (!rc) rc = start_periodic(a, e);
    if (!rc) {
        make_routes(a);
        rc = start_worker(a, e);
    }
    *out = a;
    return rc;
}

const char *app_url(const struct app *a)
{
    return a->url;
}

// ---- stopping -----------------------------------------------------------------------------------------------------

static void http_stopped(void *ctx)
{
    struct app *a = ctx;
    queue_stop(a->queue);
    monitor_thread_stop(a->monitor);
    loop_timer_stop(a->loop, &a->forget_timer);
    a->stopped(a->stopped_ctx);
}

// The worker's last reports are in: now the doors are closed.
static void worker_stopped(void *ctx)
{
    struct app *a = ctx;
    io_threads_stop(a->io);
    http_server_stop(a->http, STOP_DEADLINE_MS, http_stopped, a);
}

void app_stop(struct app *a, void (*done)(void *ctx), void *ctx)
{
    if (a->stopping) return;
    a->stopping = true;
    a->stopped = done;
    a->stopped_ctx = ctx;
    periodic_stop(a->periodic);
    if (a->worker)
        local_worker_stop(a->worker, worker_stopped, a);
    else
        worker_stopped(a);
}

void app_close_store(struct app *a)
{
    monitor_thread_stop(a->monitor);
    io_threads_join(a->io);
    periodic_join(a->periodic);
    if (a->store) store_close(a->store);
    a->store = NULL;
    if (a->data_lock >= 0) close(a->data_lock);
    a->data_lock = -1;
}

void app_free(struct app *a)
{
    if (!a) return;
    http_server_free(a->http);
    if (a->queue) queue_free(a->queue);
    local_worker_free(a->worker);
    machines_free(a->machines);
    monitor_thread_free(a->monitor);
    periodic_free(a->periodic);
    archival_free(a->archival);
    emitter_free(a->emitter);
    io_threads_free(a->io);
    if (a->bus) a->bus->ops->free(a->bus);
    router_free(a->router);
    static_site_free(a->site);
    origin_policy_free(a->policy);
    free(a);
}
