// A run of a periodic task, on a thread of its own: marked in the database, done, and its outcome written.
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "jobs/schedule_internal.h"

// ---- what a task may ask -------------------------------------------------------------------------------------------

bool schedule_run_stopping(struct schedule_run *run)
{
    return schedule_stopping(run->s);
}

bool schedule_run_pause(struct schedule_run *run, int64_t us)
{
    struct schedule *s = run->s;
    int64_t at = clock_mono_us() + us; // real time, whatever the schedule's clocks say
    struct timespec until = {.tv_sec = at / 1000000, .tv_nsec = (at % 1000000) * 1000};
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT) {
    }
    bool go_on = !s->stopping;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

struct jw *schedule_run_result(struct schedule_run *run)
{
    return &run->writer;
}

int64_t schedule_run_started_at(const struct schedule_run *run)
{
    return run->started_at;
}

const char *schedule_run_argument(const struct schedule_run *run)
{
    return run->argument;
}

// ---- the thread ----------------------------------------------------------------------------------------------------

static int put_row(struct store_tx *tx, void *ctx, struct err *e)
{
    struct schedule_run *run = ctx;
    return scheduled_task_row_put(tx, &run->row, e);
}

// When it is due again: what its own length made it miss is left out where it is an interval, and one run where it is
// a time of day.
static int64_t next_after(const struct schedule_run *run, int64_t took)
{
    const struct schedule_spec *spec = &run->entry->spec;
    if (spec->kind != SCHEDULE_EVERY) return schedule_next(spec, run->started_at, schedule_now(run->s));
    return run->started_at + spec->period_us * (took / spec->period_us + 1);
}

static void set_text(char **at, const char *text)
{
    free(*at);
    *at = text ? mem_strdup(text) : NULL;
}

static void write_outcome(struct schedule_run *run, int64_t took)
{
    struct scheduled_task_row *r = &run->row;
    r->running_since = 0;
    if (run->cut_off) return;
    r->interruptions = 0;
    r->last_started_at = run->started_at;
    r->last_duration_seconds = (double)took / 1e6;
    r->next_run_at = next_after(run, took);
    r->runs++;
    r->failures += run->rc != 0;
    if (run->rc == 0) r->last_success_at = run->started_at + took;
    set_text(&r->last_result, buf_cstr(&run->result));
    set_text(&r->last_error, run->rc ? run->err.message : NULL);
}

static void *run_main(void *arg)
{
    struct schedule_run *run = arg;
    struct schedule *s = run->s;
    struct err e = {0};
    // The mark comes first: without it a run that takes the server down would leave no trace.
    run->rc = store_write_wait(s->config.store, put_row, run, &run->err);
    jw_obj(&run->writer);
    if (!run->rc) run->rc = run->entry->task->run(run, run->entry->task->ctx, &run->err);
    jw_obj_end(&run->writer);
    run->cut_off = run->rc == HW_ECANCELLED && schedule_stopping(s);
    int64_t took = schedule_mono(s) - run->started_mono;
    write_outcome(run, took);
    int rc = store_write_wait(s->config.store, put_row, run, &e);
    if (rc && run->rc == 0) {
        // Done, but the database doesn't know: a failure like any other.
        run->rc = rc;
        run->err = e;
        run->row.failures++;
        set_text(&run->row.last_error, e.message);
    }
    s->config.post(s->config.poster, schedule_run_ended, run);
    return NULL;
}

int schedule_run_begin(struct schedule_run *run, struct err *e)
{
    jw_init(&run->writer, &run->result);
    int sys = pthread_create(&run->thread, NULL, run_main, run);
    if (!sys) return 0;
    run->rc = err_sys(&run->err, sys, "can't start a thread for it");
    if (e) *e = run->err;
    buf_add_str(&run->result, "{}");
    write_outcome(run, 0);
    return run->rc;
}
