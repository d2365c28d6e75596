#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/claimer.h"
#include "worker/leftovers.h"
#include "worker/machine_reporter.h"
#include "worker/mailbox.h"
#include "worker/predecessor.h"
#include "worker/reporter.h"
#include "worker/resources.h"
#include "worker/running.h"
#include "worker/shipment.h"
#include "worker/slots.h"
#include "worker/spool.h"

enum { TICK_MS = 40, DRAIN_MS = 5000, LEFTOVERS_MS = 10000 };
// While the server is away each batch is a file: what a job says is gathered for as long.
static const int64_t AWAY_GATHER_US = 1000000;
// Of a job that has nothing to say: a cancel comes in the answer to a report, and is to be heard within a second or so.
static const int64_t HEARTBEAT_US = 1000000;

// Reports of all jobs go one way. While the server takes them, one job's flood of output must not hold up the reports
// that keep the others' leases: beyond this backlog, which the spool has room for in memory, the tasks wait in their
// writes.
enum { BACKLOG_BYTES = 3 << 20 };

// A worker that stood still, or whose reports aren't taken, may have lost its leases without knowing.
static const int64_t STOOD_STILL_US = 1000000;

struct worker {
    const struct worker_options *o;
    struct slots *slots;
    struct queue_names queues;
    struct spool *spool;
    struct reporter *reporter;
    struct claimer *claimer;
    struct machine_reporter *machine;
    struct resources *resources;
    struct oom_watch oom;
    char *scratch, *groups; // folders: the jobs' parameters; their process groups, for the next worker
    struct mailbox mail;
    _Atomic int64_t lease_us; // as the claimer's thread was told
    struct list running;
    uint64_t next_batch;
    bool stopping, spool_warned;
    int64_t ticked_us; // monotonic
};

// ---- from the other threads ---------------------------------------------------------------------------------------

// What the worker before this one had still to say must reach the server first: with the registration its jobs are
// taken for lost, and the end of one may lie in the spool. Nothing of ours is in there before we are registered.
static bool may_register(void *ctx)
{
    struct worker *w = ctx;
    return spool_empty(w->spool);
}

static void on_registered(void *ctx, const struct registered *r)
{
    struct worker *w = ctx;
    atomic_store(&w->lease_us, (int64_t)(r->lease_seconds * 1e6));
    struct err e;
    if (predecessor_write(w->o->data_dir, r->worker_id, &e) != 0)
        log_warn("worker", "a worker that follows this one can't tell the server so: %s", e.message);
    log_info("worker", "registered as %s; lease %.0f s", r->worker_id, r->lease_seconds);
    machine_reporter_registered(w->machine, r->worker_id, r->server_host, r->machine_interval_seconds);
}

static void on_claimed(void *ctx, const char *worker_id, const json_t *job)
{
    struct worker *w = ctx;
    mailbox_put_job(&w->mail, worker_id, job);
}

static void on_control(void *ctx, const char *job_id, const char *lease, const char *control)
{
    struct worker *w = ctx;
    mailbox_put_verdict(&w->mail, MAIL_CONTROL, job_id, lease, control);
}

static void on_lost(void *ctx, const char *job_id, const char *lease)
{
    struct worker *w = ctx;
    mailbox_put_verdict(&w->mail, MAIL_LOST, job_id, lease, "");
}

static void on_unknown(void *ctx, const char *worker_id)
{
    struct worker *w = ctx;
    mailbox_put_unknown(&w->mail, worker_id);
}

// ---- main thread --------------------------------------------------------------------------------------------------

// Into the spool, if anything is in it.
static void send(struct worker *w, struct shipment *s)
{
    struct buf body;
    struct err e;
    char worker_id[SHIPMENT_ID_SIZE];
    memcpy(worker_id, s->worker_id, sizeof worker_id);
    if (!shipment_end(s, &body)) return;
    if (spool_push(w->spool, worker_id, &body, &e) != 0 && !w->spool_warned) {
        log_error("worker", "reports can't be spooled on disk and stay in memory: %s", e.message);
        w->spool_warned = true;
    }
}

// Everything that job has to say.
static void load(struct worker *w, struct shipment *s, struct running *r, int64_t now)
{
    if (batches_empty(&r->events.batches)) return;
    struct buf events;
    while (batches_take(&r->events.batches, &events)) {
        if (r->stop != STOP_LEASE_LOST && r->lease[0]) {
            if (!shipment_takes(s, r->worker_id, r->job_id)) {
                send(w, s);
                shipment_begin(s, r->worker_id, (int64_t)w->next_batch++);
            }
            shipment_add(s, r->job_id, r->attempt, r->lease, buf_slice(&events));
        }
        buf_release(&events);
    }
    r->reported_us = now;
}

static void ship(struct worker *w, struct running *r, int64_t now)
{
    struct shipment s = {0};
    load(w, &s, r, now);
    send(w, &s);
}

// As soon as all together have so much to say that it is worth a batch.
static void ship_much(struct worker *w, int64_t now)
{
    size_t bytes = 0;
    struct shipment s = {0};
    LIST_EACH(node, next, &w->running) bytes += batches_bytes(&LIST_ITEM(node, struct running, node)->events.batches);
    if (bytes < BATCH_BYTES) return;
    LIST_EACH(node, next, &w->running) load(w, &s, LIST_ITEM(node, struct running, node), now);
    send(w, &s);
}

static void finish(struct worker *w, struct running *r, int64_t now)
{
    ship(w, r, now);
    leftovers_forget(w->groups, r->job_id, r->attempt);
    slots_give(w->slots, r->resource_class);
    running_free(r);
}

// A job that can't even be started is reported as any failure, with the reason.
static void report_not_started(struct running *r, const struct err *e)
{
    batches_clear(&r->events.batches);
    running_add_failure(r,
                        e->code == HW_EUNAVAILABLE ? "WORKER_LOST"
                        : e->code == HW_ENOTFOUND  ? "NOT_FOUND"
                        : e->code == HW_EDISKFULL  ? "DISK_FULL"
                                                   : "UNKNOWN",
                        e->message);
    buf_add_str(batches_next(&r->events.batches), "{\"type\":\"exited\",\"code\":126}");
}

static void start_job(struct worker *w, const char *worker_id, const json_t *job, int64_t now)
{
    struct err e = {0};
    struct running *r;
    if (list_empty(&w->running)) oom_watch_begin(&w->oom); // nobody has looked while there was nothing to look for
    const char *program = w->stopping ? NULL : w->o->task_program;
    int rc = running_start(&r, program, w->scratch, worker_id, job, &e);
    r->oom = &w->oom;
    list_push_back(&w->running, &r->node);
    if (rc) {
        log_error("worker", "job %s can't be started: %s", r->job_id, e.message);
        report_not_started(r, &e);
        finish(w, r, now);
        return;
    }
    log_info("worker", "job %s started, pid %d", r->job_id, (int)r->child.pid);
    if (leftovers_note(w->groups, r->job_id, r->attempt, r->child.pid, &e) != 0)
        log_warn("worker", "job %s: a worker that follows this one couldn't end it: %s", r->job_id, e.message);
    resources_follow(w->resources, r->child.pid);
    ship(w, r, now);
}

// Under that lease: an earlier attempt of the same job may still be on its way out.
static struct running *find(struct worker *w, const char *job_id, const char *lease)
{
    LIST_EACH(node, next, &w->running)
    {
        struct running *r = LIST_ITEM(node, struct running, node);
        if (strcmp(r->job_id, job_id) == 0 && strcmp(r->lease, lease) == 0) return r;
    }
    return NULL;
}

static void lose(struct running *r, int64_t now)
{
    if (r->stop != STOP_LEASE_LOST) log_warn("worker", "job %s isn't ours any more: stopping its task", r->job_id);
    running_stop(r, STOP_LEASE_LOST, now);
}

static void lose_all_of(struct worker *w, const char *worker_id, int64_t now)
{
    LIST_EACH(node, next, &w->running)
    {
        struct running *r = LIST_ITEM(node, struct running, node);
        if (strcmp(r->worker_id, worker_id) == 0) lose(r, now);
    }
}

static void handle_mail(struct worker *w, const struct mail *m, int64_t now)
{
    struct running *r = m->what == MAIL_CONTROL || m->what == MAIL_LOST ? find(w, m->job_id, m->lease) : NULL;
    if (m->what == MAIL_JOB) start_job(w, m->worker_id, m->job, now);
    if (m->what == MAIL_UNKNOWN) lose_all_of(w, m->worker_id, now);
    if (m->what == MAIL_LOST && r) lose(r, now);
    if (m->what == MAIL_CONTROL && r) running_control(r, m->control, now);
}

static void read_mail(struct worker *w, int64_t now)
{
    struct list got;
    mailbox_take(&w->mail, &got);
    LIST_EACH(node, next, &got)
    {
        struct mail *m = LIST_ITEM(node, struct mail, node);
        handle_mail(w, m, now);
        mail_free(m);
    }
}

// Every 40 ms: stops that are due, progress that is due, what the jobs use of the machine, heartbeats for jobs that
// have been quiet, and what there is goes out.
static void tick(struct worker *w, int64_t now)
{
    w->ticked_us = now;
    int64_t third = atomic_load(&w->lease_us) / 3, heartbeat_us = third < HEARTBEAT_US ? third : HEARTBEAT_US;
    bool heard = !reporter_away(w->reporter); // else heartbeats would only fill the spool
    struct shipment shipment = {0};
    bool measured = !list_empty(&w->running) && resources_measure(w->resources, now);
    if (measured) oom_watch_look(&w->oom);
    LIST_EACH(node, next, &w->running)
    {
        struct running *r = LIST_ITEM(node, struct running, node);
        running_tick(r, now);
        if (measured) running_add_resources(r, w->resources);
        if (heard && batches_empty(&r->events.batches) && now - r->reported_us >= heartbeat_us)
            running_add_heartbeat(r);
        if (heard || now - r->reported_us >= AWAY_GATHER_US) load(w, &shipment, r, now);
    }
    send(w, &shipment);
}

struct watched {
    struct running *job;
    int *fd;
};

static void serve_child(const struct watched *it, short revents, int64_t now)
{
    if (!it->job || revents == 0) return;
    if (it->fd == &it->job->child.pidfd) return; // after the pipes
    (void)running_read(it->job, it->fd, now);
}

static int wait_and_serve(struct worker *w, int timeout_ms, bool *stop_asked)
{
    size_t n = 2;
    LIST_EACH(node, next, &w->running) n += 4;
    struct pollfd *fds = mem_array(n, sizeof *fds);
    struct watched *who = mem_array(n, sizeof *who);
    fds[0] = (struct pollfd){.fd = w->mail.wake_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = w->stopping ? -1 : w->o->stop_fd, .events = POLLIN};
    size_t at = 2;
    // Then the tasks wait in their writes until the server has caught up.
    bool full = spool_full(w->spool) || (!reporter_away(w->reporter) && spool_bytes(w->spool) > BACKLOG_BYTES);
    LIST_EACH(node, next, &w->running)
    {
        struct running *r = LIST_ITEM(node, struct running, node);
        int *each[] = {&r->child.wire_fd, &r->child.out_fd, &r->child.err_fd, &r->child.pidfd};
        for (size_t i = 0; i < 4; i++) {
            fds[at] = (struct pollfd){.fd = full && i < 3 ? -1 : *each[i], .events = POLLIN};
            who[at++] = (struct watched){r, each[i]};
        }
    }
    int rc = poll(fds, n, timeout_ms);
    int64_t now = clock_mono_us();
    if (rc > 0) {
        for (size_t i = 2; i < n; i++) serve_child(&who[i], fds[i].revents, now);
        ship_much(w, now);
        for (size_t i = 2; i < n; i++) {
            if (fds[i].revents == 0 || who[i].fd != &who[i].job->child.pidfd) continue;
            resources_forget(w->resources, who[i].job->child.pid);
            who[i].job->unsure = reporter_away(w->reporter) || now - w->ticked_us > STOOD_STILL_US;
            running_end(who[i].job, now);
            log_info("worker", "job %s ended", who[i].job->job_id);
            finish(w, who[i].job, now);
        }
        if (fds[0].revents) read_mail(w, now);
        if (fds[1].revents) *stop_asked = true;
    }
    free(fds);
    free(who);
    return rc < 0 && errno != EINTR ? -errno : 0;
}

// No more jobs are taken; what was claimed and not begun is told of, what runs is asked to stop.
static void leave(struct worker *w, int64_t now)
{
    w->stopping = true;
    claimer_stop(w->claimer);
    w->claimer = NULL;
    read_mail(w, now);
    LIST_EACH(node, next, &w->running)
    running_stop(LIST_ITEM(node, struct running, node), STOP_SHUTDOWN, now);
}

// Without a loop nobody would read from the tasks or reap them.
static void abandon(struct worker *w)
{
    LIST_EACH(node, next, &w->running)
    {
        struct running *r = LIST_ITEM(node, struct running, node);
        r->killed = true;
        child_signal(&r->child, SIGKILL);
        running_end(r, clock_mono_us());
        finish(w, r, clock_mono_us());
    }
}

static int loop(struct worker *w, struct err *e)
{
    int64_t next_tick = clock_mono_us();
    for (;;) {
        int64_t now = clock_mono_us();
        if (now >= next_tick) {
            tick(w, now);
            next_tick = now + TICK_MS * 1000;
        }
        if (w->stopping && list_empty(&w->running)) return 0;
        bool stop_asked = false;
        // With nothing running there is nothing to tick for: sleep until somebody calls.
        int timeout = list_empty(&w->running) ? -1 : (int)((next_tick - now) / 1000) + 1;
        int rc = wait_and_serve(w, timeout, &stop_asked);
        if (rc) return err_sys(e, -rc, "poll");
        if (stop_asked) leave(w, clock_mono_us());
    }
}

// One worker a data folder: a second one would share its spool and its slots. The lock tells a server who is there.
static int take_lock(const struct worker_options *o, int *fd, struct err *e)
{
    char *path = file_join(o->data_dir, "worker.lock"), *says = mem_printf("%ld\n%s\n", (long)getpid(), o->server_url);
    int rc = lockfile_take(path, says, fd, e);
    if (rc == HW_ECONFLICT) err_set(e, rc, "another worker runs on %s", o->data_dir);
    free(path);
    free(says);
    return rc;
}

static int start(struct worker *w, struct err *e)
{
    struct leftovers_ended ended;
    char before[WORKER_ID_SIZE];
    predecessor_read(w->o->data_dir, before);
    int rc = slots_new(&w->slots, w->o->slots, e);
    if (!rc) rc = leftovers_end(w->groups, LEFTOVERS_MS, &ended, e);
    if (!rc) rc = queue_names_parse(slice_str(w->o->queues ? w->o->queues : QUEUE_DEFAULT), &w->queues, e);
    char *spool_dir = file_join(w->o->data_dir, "spool");
    // Parameters of the jobs of a worker that died lie there.
    if (!rc) rc = file_remove_tree(w->scratch, e);
    if (!rc) rc = file_mkdirs(w->scratch, e);
    if (!rc) rc = spool_open(&w->spool, spool_dir, SPOOL_LIMITS_DEFAULT, e);
    free(spool_dir);
    if (!rc) rc = mailbox_open(&w->mail, e);
    w->resources = resources_new(w->o->nvml_library, w->o->monitor_interval_seconds);
    oom_watch_init(&w->oom, "/proc", "");
    if (!rc)
        rc = reporter_start(&w->reporter, w->o->server_url, w->spool,
                            (struct reporter_events){on_control, on_lost, on_unknown, w}, e);
    w->machine = machine_reporter_new(w->o->server_url, w->o->host_name, w->o->nvml_library);
    if (!rc)
        rc = claimer_start(&w->claimer, w->o->server_url, machine_reporter_host(w->machine), w->slots, &w->queues,
                           before, (struct claimer_events){may_register, on_registered, on_claimed, w}, e);
    return rc;
}

int worker_run(const struct worker_options *o, struct err *e)
{
    struct worker w = {.o = o, .lease_us = 15 * 1000000LL, .next_batch = 1};
    int lock_fd = -1;
    mailbox_init(&w.mail);
    list_init(&w.running);
    w.scratch = file_join(o->data_dir, "scratch");
    w.groups = file_join(o->data_dir, "running");
    int rc = file_mkdirs(o->data_dir, e);
    if (!rc) rc = take_lock(o, &lock_fd, e);
    if (!rc) rc = start(&w, e);
    if (!rc) rc = loop(&w, e);
    claimer_stop(w.claimer);
    if (rc) abandon(&w);
    reporter_stop(w.reporter, DRAIN_MS);
    spool_close(w.spool);
    slots_free(w.slots);
    if (w.resources) oom_watch_release(&w.oom);
    resources_free(w.resources);
    machine_reporter_free(w.machine);
    mailbox_release(&w.mail);
    if (lock_fd >= 0) close(lock_fd);
    free(w.scratch);
    free(w.groups);
    return rc;
}
