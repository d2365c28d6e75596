#include "server/periodic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/prometheus.h"
#include "jobs/archival.h"
#include "jobs/maintenance.h"
#include "jobs/maintenance_history.h"
#include "jobs/schedule.h"
#include "jobs/training_removal.h"
#include "net/loop.h"
#include "server/monitor_thread.h"
#include "store/training_removal.h"

enum { TASKS_MAX = 16 };

struct periodic {
    struct loop *loop;
    struct store *store;
    struct loop_timer timer;
    struct schedule *schedule;
    char monitor_spec[48];
    bool removal_asked; // and not begun yet
    struct history_retention progress_history, system_history;
    struct schedule_task tasks[TASKS_MAX];
};

// ---- the tasks -----------------------------------------------------------------------------------------------------

// The monitor keeps to its own thread: a driver may block it for seconds, and it may read ten times a second.
static void observe_monitor(void *ctx, struct schedule_observation *seen)
{
    struct monitor_reading r = monitor_thread_last(ctx);
    if (r.count == 0) return;
    seen->last_started_at = r.started_at;
    seen->next_run_at = r.next_at;
    seen->last_duration_seconds = (double)r.took_us / 1e6;
    seen->runs = r.count;
}

// Times of day are the machine's own: they mean "when few people work".
static size_t fill_table(struct periodic *p, struct store *store, struct archival *archival,
                         struct monitor_thread *monitor)
{
    const struct schedule_task rows[] = {
        {"system_monitor", "Reads processors, memory, disks, network and GPUs.", p->monitor_spec, NULL, observe_monitor,
         monitor},
        {"database_maintenance", "Moves the database's write-ahead log into it and refreshes the planner's statistics.",
         "daily 02:30", maintenance_database, NULL, store},
        {"worker_retention", "Removes workers not heard from for 30 days that hold no job.", "daily 03:10",
         maintenance_workers, NULL, store},
        {"output_sweep", "Removes what failed jobs have left half written on this host.", "daily 03:20",
         maintenance_outputs, NULL, store},
        {"job_log_retention", "Removes the logs of jobs that ended more than 90 days ago.", "monthly 1 03:30",
         maintenance_job_logs, NULL, store},
        {"progress_retention", "Removes snapshots of progress older than PROGRESS_HISTORY_RETENTION_DAYS.",
         "monthly 1 03:50", maintenance_progress_history, NULL, &p->progress_history},
        {"system_retention", "Removes what the machine did more than 30 days ago.", "daily 03:20",
         maintenance_system_history, NULL, &p->system_history},
        {"curve_sums", "Sums up curves that aren't, so that they are read as fast as short ones.", "daily 01:30",
         maintenance_curves, NULL, store},
        {ARCHIVAL_TASK, "Moves metrics that are older than TRAINING_METRIC_ARCHIVE_DAYS to the archive.", "daily 02:00",
         archival_task, NULL, archival},
        {TRAINING_REMOVAL_TASK, "Removes what is left in the database of trainings that were deleted.", "daily 02:20",
         training_removal_task, NULL, store},
    };
    size_t n = sizeof rows / sizeof *rows;
    _Static_assert(sizeof rows / sizeof *rows <= TASKS_MAX, "the table of tasks is too short");
    for (size_t i = 0; i < n; i++) p->tasks[i] = rows[i];
    return n;
}

// ---- on the loop ---------------------------------------------------------------------------------------------------

static void arm(void *ctx, int64_t delay_us)
{
    struct periodic *p = ctx;
    loop_timer_start(p->loop, &p->timer, (delay_us + 999) / 1000);
}

static void due(struct loop_timer *t)
{
    struct periodic *p = t->ctx;
    schedule_tick(p->schedule);
}

// One that runs may have looked already; one that can't be started now is, at the latest, at its time of day.
static void run_removal(struct periodic *p)
{
    if (p->removal_asked && schedule_run_now(p->schedule, TRAINING_REMOVAL_TASK, NULL) == 0) p->removal_asked = false;
}

void periodic_ask_removal(struct periodic *p)
{
    p->removal_asked = true;
    run_removal(p);
}

static void ended(void *ctx, const char *name, double seconds, struct slice result, const struct err *e)
{
    if (e)
        log_error("schedule", "%s failed after %.3f s: %s (%.*s)", name, seconds, e->message, SLICE_FMT(result));
    else
        log_info("schedule", "%s: %.3f s, %.*s", name, seconds, SLICE_FMT(result));
    if (strcmp(name, TRAINING_REMOVAL_TASK) == 0) run_removal(ctx);
}

// What the server's end has cut off. Its time of day makes up for a look that fails.
static int look_for_deleted(struct store_tx *tx, void *ctx, struct err *e)
{
    struct training_removal first;
    (void)ctx;
    return training_removal_next(tx, 0, &first, e);
}

static void looked_for_deleted(void *ctx, int rc, const struct err *e)
{
    (void)e;
    if (rc == 0) periodic_ask_removal(ctx);
}

static void started(void *ctx, int rc, const struct err *e)
{
    struct periodic *p = ctx;
    if (rc)
        log_error("schedule", "periodic tasks won't run: %s", e->message);
    else
        store_read(p->store, look_for_deleted, looked_for_deleted, p);
}

int periodic_new(struct periodic **out, struct loop *l, struct store *store, struct archival *archival,
                 struct monitor_thread *monitor, double monitor_interval_seconds, int64_t history_retention_days,
                 struct err *e)
{
    struct periodic *p = mem_zalloc(sizeof *p);
    p->loop = l;
    p->store = store;
    loop_timer_init(&p->timer, due, p);
    snprintf(p->monitor_spec, sizeof p->monitor_spec, "every %.10g seconds", monitor_interval_seconds);
    p->progress_history = (struct history_retention){store, history_retention_days};
    p->system_history = (struct history_retention){store, SYSTEM_HISTORY_RETENTION_DAYS};
    size_t n = fill_table(p, store, archival, monitor);
    const struct schedule_config config = {
        .store = store, .arm = arm, .post = loop_poster, .poster = l, .ended = ended, .ctx = p};
    int rc = schedule_new(&p->schedule, &config, p->tasks, n, e);
    if (rc)
        free(p);
    else
        *out = p;
    return rc;
}

struct schedule *periodic_schedule(struct periodic *p)
{
    return p->schedule;
}

void periodic_start(struct periodic *p)
{
    schedule_start(p->schedule, started, p);
}

void periodic_stop(struct periodic *p)
{
    if (!p) return;
    schedule_stop(p->schedule);
    loop_timer_stop(p->loop, &p->timer);
}

void periodic_join(struct periodic *p)
{
    if (p) schedule_join(p->schedule);
}

void periodic_free(struct periodic *p)
{
    if (!p) return;
    schedule_free(p->schedule);
    free(p);
}

// ---- metrics -------------------------------------------------------------------------------------------------------

void periodic_metrics(struct periodic *p, struct buf *out)
{
    const char *const runs = "headway_scheduled_task_runs_total";
    const char *const success = "headway_scheduled_task_last_success_timestamp_seconds";
    struct schedule_view v;
    prom_family(out, runs, PROM_COUNTER,
                "Runs of periodic tasks that came to their end, those of earlier servers included.");
    for (size_t i = 0; i < schedule_count(p->schedule); i++) {
        schedule_view(p->schedule, i, &v);
        const char *const well[] = {"task", v.name, "outcome", "success", NULL};
        const char *const badly[] = {"task", v.name, "outcome", "failure", NULL};
        prom_sample_u64(out, runs, well, (uint64_t)(v.runs - v.failures));
        prom_sample_u64(out, runs, badly, (uint64_t)v.failures);
    }
    prom_family(out, success, PROM_GAUGE, "When a periodic task last ended well, in seconds since 1970.");
    for (size_t i = 0; i < schedule_count(p->schedule); i++) {
        schedule_view(p->schedule, i, &v);
        const char *const task[] = {"task", v.name, NULL};
        if (v.last_success_at) prom_sample(out, success, task, (double)v.last_success_at / 1e6);
    }
}
