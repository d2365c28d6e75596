#include "jobs/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "jobs/schedule_internal.h"

// The wall clock may be set while we wait for a time of day: nobody tells, so it is looked at.
static const int64_t LOOK_US = 30 * 1000000LL;

int64_t schedule_now(const struct schedule *s)
{
    return s->config.now_us ? s->config.now_us(s->config.ctx) : clock_now_us();
}

int64_t schedule_mono(const struct schedule *s)
{
    return s->config.mono_us ? s->config.mono_us(s->config.ctx) : clock_mono_us();
}

bool schedule_stopping(struct schedule *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

// ---- what is due ---------------------------------------------------------------------------------------------------

// A task that never ran counts from when it was first heard of, so that its first time may be missed as well.
static int64_t last_of(const struct scheduled_task_row *r)
{
    return r->last_started_at ? r->last_started_at : r->created_at;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

// From what the database knows. The stored next run counts where the clock is behind the last run: each restart would
// put off the one that is computed.
static int64_t next_at_start(const struct schedule_spec *spec, const struct scheduled_task_row *r, int64_t now)
{
    int64_t next = schedule_next(spec, last_of(r), now);
    return last_of(r) > now && r->next_run_at && r->next_run_at < next ? r->next_run_at : next;
}

static void set_due_at_start(const struct schedule *s, struct schedule_entry *it, int64_t now)
{
    it->due_at = it->row.next_run_at;
    if (it->spec.kind == SCHEDULE_EVERY)
        it->due_at = schedule_mono(s) + clamp(it->row.next_run_at - now, 0, it->spec.period_us);
}

static void set_due_after(struct schedule_entry *it, const struct schedule_run *run)
{
    it->due_at = it->row.next_run_at;
    if (it->spec.kind == SCHEDULE_EVERY) it->due_at += run->started_mono - run->started_at;
}

static int put_copy(struct store_tx *tx, void *ctx, struct err *e)
{
    return scheduled_task_row_put(tx, ctx, e);
}

static void free_copy(void *ctx, int rc, const struct err *e)
{
    // Not written: a restart works it out from the last run, if somewhat later.
    (void)rc, (void)e;
    scheduled_task_row_release(ctx);
    free(ctx);
}

static void keep_row(const struct schedule *s, const struct schedule_entry *it)
{
    struct scheduled_task_row *copy = mem_alloc(sizeof *copy);
    scheduled_task_row_copy(copy, &it->row);
    store_write(s->config.store, put_copy, free_copy, copy);
}

// How long until it is due; nothing or less: it is.
static int64_t due_in(const struct schedule *s, struct schedule_entry *it)
{
    if (it->spec.kind == SCHEDULE_EVERY) return it->due_at - schedule_mono(s);
    int64_t now = schedule_now(s), last = last_of(&it->row);
    if (last > now) { // the clock was set back: what it was to wait for may be very far now
        int64_t next = schedule_next(&it->spec, last, now);
        if (next < it->due_at) {
            it->due_at = it->row.next_run_at = next;
            keep_row(s, it);
        }
    }
    return it->due_at - now;
}

// ---- runs ----------------------------------------------------------------------------------------------------------

static void tell(const struct schedule *s, const struct schedule_run *run)
{
    const struct schedule_config *c = &s->config;
    if (!c->ended || run->cut_off) return;
    c->ended(c->ctx, run->row.name, run->row.last_duration_seconds, buf_slice(&run->result),
             run->rc ? &run->err : NULL);
}

static void take_over(struct schedule_entry *it, struct schedule_run *run)
{
    scheduled_task_row_release(&it->row);
    it->row = run->row;
    it->running = NULL;
    if (!run->cut_off) set_due_after(it, run);
}

// After its row was taken over.
static void run_free(struct schedule_run *run)
{
    buf_release(&run->result);
    free(run->argument);
    free(run);
}

void schedule_run_ended(void *arg)
{
    struct schedule_run *run = arg;
    struct schedule *s = run->s;
    if (!s->joined) pthread_join(run->thread, NULL);
    take_over(run->entry, run);
    tell(s, run);
    run_free(run);
    schedule_tick(s);
}

static int start(struct schedule *s, struct schedule_entry *it, const char *argument, struct err *e)
{
    struct schedule_run *run = mem_zalloc(sizeof *run);
    run->s = s;
    run->entry = it;
    run->argument = argument ? mem_strdup(argument) : NULL;
    run->started_at = schedule_now(s);
    run->started_mono = schedule_mono(s);
    it->row.running_since = run->started_at;
    scheduled_task_row_copy(&run->row, &it->row);
    it->running = run;
    int rc = schedule_run_begin(run, e);
    if (!rc) return 0;
    take_over(it, run);
    tell(s, run);
    run_free(run);
    return rc;
}

void schedule_tick(struct schedule *s)
{
    int64_t soonest = LOOK_US;
    if (!s->loaded || schedule_stopping(s)) return;
    for (size_t i = 0; i < s->n; i++) {
        struct schedule_entry *it = &s->entries[i];
        if (!it->task->run || it->running) continue;
        int64_t in = due_in(s, it);
        // A run that couldn't be started has failed: it is told, and due at its next time.
        if (in <= 0)
            (void)start(s, it, NULL, NULL);
        else if (in < soonest)
            soonest = in;
    }
    s->config.arm(s->config.ctx, soonest);
}

int schedule_run_now(struct schedule *s, const char *name, struct err *e)
{
    return schedule_run_with(s, name, NULL, e);
}

int schedule_run_with(struct schedule *s, const char *name, const char *argument, struct err *e)
{
    size_t i;
    if (!schedule_find(s, name, &i)) return err_set(e, HW_ENOTFOUND, "there is no scheduled task %.60s", name);
    struct schedule_entry *it = &s->entries[i];
    if (!it->task->run) return err_set(e, HW_ECONFLICT, "%s runs by itself, %s", name, it->spec_text);
    if (it->running) return err_set(e, HW_ECONFLICT, "%s is running", name);
    if (!s->loaded || schedule_stopping(s))
        return err_set(e, HW_EUNAVAILABLE, "the schedule %s", s->loaded ? "is stopping" : "has not started yet");
    return start(s, it, argument, e);
}

// ---- starting and stopping -----------------------------------------------------------------------------------------

struct load {
    struct schedule *s;
    int64_t now;
    struct scheduled_task_row *rows;
    schedule_done_fn done;
    void *ctx;
};

// What the server's end did to a run that it met.
static void settle(struct scheduled_task_row *r)
{
    if (!r->running_since) return;
    if (r->interruptions++ > 0) r->last_started_at = r->running_since;
    r->running_since = 0;
}

static int load_one(struct load *l, size_t i, struct store_tx *tx, struct err *e)
{
    struct schedule_entry *it = &l->s->entries[i];
    struct scheduled_task_row *r = &l->rows[i];
    struct err unknown = {0};
    scheduled_task_row_release(r); // of an earlier run that gave way (store.h)
    int rc = scheduled_task_row_get(tx, it->task->name, r, &unknown);
    if (rc == HW_ENOTFOUND) {
        memcpy(r->name, it->row.name, sizeof r->name);
        r->created_at = l->now;
    } else if (rc) {
        if (e) *e = unknown;
        return rc;
    }
    settle(r);
    r->next_run_at = next_at_start(&it->spec, r, l->now);
    return scheduled_task_row_put(tx, r, e);
}

static int load(struct store_tx *tx, void *ctx, struct err *e)
{
    struct load *l = ctx;
    int rc = 0;
    for (size_t i = 0; i < l->s->n && !rc; i++)
        if (l->s->entries[i].task->run) rc = load_one(l, i, tx, e);
    return rc;
}

static void loaded(void *ctx, int rc, const struct err *e)
{
    struct load *l = ctx;
    struct schedule *s = l->s;
    for (size_t i = 0; i < s->n; i++) {
        struct schedule_entry *it = &s->entries[i];
        if (!rc && it->task->run) {
            scheduled_task_row_release(&it->row);
            it->row = l->rows[i];
            set_due_at_start(s, it, l->now);
        } else {
            scheduled_task_row_release(&l->rows[i]);
        }
    }
    s->loaded = rc == 0;
    schedule_done_fn done = l->done;
    void *done_ctx = l->ctx;
    free(l->rows);
    free(l);
    if (done) done(done_ctx, rc, e);
    schedule_tick(s);
}

void schedule_start(struct schedule *s, schedule_done_fn done, void *ctx)
{
    struct load *l = mem_zalloc(sizeof *l);
    *l = (struct load){.s = s, .now = schedule_now(s), .done = done, .ctx = ctx};
    l->rows = mem_array(s->n ? s->n : 1, sizeof *l->rows);
    for (size_t i = 0; i < s->n; i++) scheduled_task_row_init(&l->rows[i]);
    store_write(s->config.store, load, loaded, l);
}

static int add(struct schedule *s, const struct schedule_task *task, struct err *e)
{
    size_t twice;
    if (schedule_find(s, task->name, &twice)) return err_set(e, HW_EVALIDATION, "there are two tasks %s", task->name);
    struct schedule_entry *it = &s->entries[s->n++];
    it->task = task;
    scheduled_task_row_init(&it->row);
    if (strlen(task->name) >= sizeof it->row.name)
        return err_set(e, HW_EVALIDATION, "the task's name %s is too long", task->name);
    memcpy(it->row.name, task->name, strlen(task->name));
    int rc = schedule_parse(slice_str(task->spec), &it->spec, e);
    if (rc)
        err_prefix(e, "%s", task->name);
    else
        schedule_format(&it->spec, it->spec_text);
    return rc;
}

int schedule_new(struct schedule **out, const struct schedule_config *config, const struct schedule_task *tasks,
                 size_t n, struct err *e)
{
    struct schedule *s = mem_zalloc(sizeof *s);
    s->config = *config;
    s->entries = mem_array(n ? n : 1, sizeof *s->entries);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) rc = add(s, &tasks[i], e);
    if (rc)
        schedule_free(s);
    else
        *out = s;
    return rc;
}

void schedule_stop(struct schedule *s)
{
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

void schedule_join(struct schedule *s)
{
    if (!s || s->joined) return;
    schedule_stop(s);
    for (size_t i = 0; i < s->n; i++)
        if (s->entries[i].running) pthread_join(s->entries[i].running->thread, NULL);
    s->joined = true;
}

void schedule_free(struct schedule *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) scheduled_task_row_release(&s->entries[i].row);
    free(s->entries);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

// ---- looking -------------------------------------------------------------------------------------------------------

size_t schedule_count(const struct schedule *s)
{
    return s->n;
}

bool schedule_find(const struct schedule *s, const char *name, size_t *i)
{
    for (*i = 0; *i < s->n; (*i)++)
        if (strcmp(s->entries[*i].task->name, name) == 0) return true;
    return false;
}

// When it is due on the wall clock, if that isn't set meanwhile.
static int64_t next_run_at(const struct schedule *s, const struct schedule_entry *it)
{
    int64_t now = schedule_now(s);
    if (!s->loaded) return 0;
    if (it->running) return schedule_next(&it->spec, it->running->started_at, now);
    return it->spec.kind == SCHEDULE_EVERY ? now + (it->due_at - schedule_mono(s)) : it->due_at;
}

void schedule_view(const struct schedule *s, size_t i, struct schedule_view *v)
{
    const struct schedule_entry *it = &s->entries[i];
    const struct scheduled_task_row *r = &it->row;
    bool every = it->spec.kind == SCHEDULE_EVERY;
    *v = (struct schedule_view){
        .name = it->task->name,
        .description = it->task->description,
        .spec = it->spec_text,
        .timezone = every          ? NULL
                    : it->spec.utc ? "UTC"
                                   : "local",
    };
    if (!it->task->run) {
        struct schedule_observation seen = {.last_duration_seconds = (double)NAN};
        it->task->observe(it->task->ctx, &seen);
        v->last_started_at = seen.last_started_at;
        v->last_duration_seconds = seen.last_duration_seconds;
        v->next_run_at = seen.next_run_at;
        v->last_success_at = seen.last_started_at;
        v->runs = seen.runs;
        return;
    }
    v->running = it->running != NULL;
    v->last_started_at = it->running ? it->running->started_at : r->last_started_at;
    v->last_duration_seconds = r->last_duration_seconds;
    v->last_result = r->last_result;
    v->last_error = r->last_error;
    v->last_success_at = r->last_success_at;
    v->next_run_at = next_run_at(s, it);
    v->runs = r->runs;
    v->failures = r->failures;
}
