// Snapshots of running jobs, written in the transaction of the report that causes them. What is needed to decide and to
// count is in memory with the rest of `live`; after a restart of the server, and after a pause that ended the process,
// it is made again from the newest snapshot, once.
//
// A pause ends one stretch of running and a resume begins the next: both leave a snapshot, so that the time between is
// in no count, and a server that starts again knows up to when it had counted.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "jobs/progress_history.h"
#include "jobs/queue_internal.h"

static bool has_entity(const struct job_row *r)
{
    return r->entity_type && r->entity_id[0];
}

static const char *type_of(const struct job_row *r)
{
    return has_entity(r) ? r->entity_type : "job";
}

static const char *id_of(const struct job_row *r)
{
    return has_entity(r) ? r->entity_id : r->id;
}

// ---- what the database knows ---------------------------------------------------------------------------------------

static void init(struct live_history *h, const struct job_row *r, const struct usage *used)
{
    *h = (struct live_history){.loaded = true, .percent = (double)NAN, .last = {.percent = (double)NAN}};
    h->used = usage_mark(used);
    h->under_job = !has_entity(r);
    run_times_init(&h->times);
}

// Whether it ran when that snapshot was taken.
static bool ran(const char *status)
{
    enum job_status s;
    return job_status_from_name(status, &s) && (s == JOB_RUNNING || s == JOB_STALLED || s == JOB_CANCELLING);
}

static int load(struct live_history *h, struct store_tx *tx, const struct live *l, const struct job_row *r, int64_t now,
                int64_t mono, struct err *e)
{
    struct history_row row;
    struct snapshot_run s;
    init(h, r, &l->usage);
    int rc = history_row_newest(tx, type_of(r), id_of(r), r->id, &row, e);
    if (rc == HW_ENOTFOUND && r->attached && has_entity(r)) {
        // It has turned out to be a training just now.
        err_clear(e);
        rc = history_row_newest(tx, "job", r->id, r->id, &row, e);
        h->under_job = rc == 0;
    }
    if (rc == HW_ENOTFOUND) {
        err_clear(e);
        return 0;
    }
    if (rc) return rc;
    if (snapshot_run_read(&row, &s) && s.attempt == l->attempt) {
        // The wall clock is all that goes on while no server runs; set back, it tells nothing.
        int64_t ago = now > row.timestamp ? now - row.timestamp : 0;
        h->last = (struct history_last){true, row.progress, mono - ago};
        h->times = s.times;
        h->runs = ran(s.status);
        h->counted_us = h->last.at_us;
        h->percent = row.progress;
        memcpy(h->phase, s.phase, sizeof h->phase);
    }
    history_row_release(&row);
    return 0;
}

// ---- counting ------------------------------------------------------------------------------------------------------

static struct run_work work_now(const struct progress *p)
{
    struct run_work k = {.done = p->done, .total = p->total, .span = p->to - p->from};
    snprintf(k.phase, sizeof k.phase, "%s", p->phase);
    snprintf(k.unit, sizeof k.unit, "%s", p->unit);
    return k;
}

// What has passed since the last count was spent on the way from where it was then to `percent`, in the phase of then.
static void count_time(struct live_history *h, const struct progress *p, double percent, int64_t mono)
{
    double seconds = h->runs && mono > h->counted_us ? (double)(mono - h->counted_us) / 1e6 : 0;
    struct run_work work = work_now(p);
    if (h->runs) run_times_add(&h->times, seconds, h->percent, percent, h->phase);
    run_times_work(&h->times, &work);
    h->counted_us = mono;
    h->percent = percent;
    snprintf(h->phase, sizeof h->phase, "%s", p->phase);
}

// How far the job itself has come. One that ended early, with less than there was to do, counts as complete and has
// still not gone that way.
static double own_percent(const struct change *c, const struct progress *p)
{
    bool early = row_status(&c->job) == JOB_COMPLETED && p->total >= 0 && p->done < p->total;
    return early ? c->reported : p->percent;
}

// The training's row is brought up to the job when the change is committed, which is later.
static int64_t step_of(const struct change *c, const struct progress *p)
{
    const struct training_row *t = &c->training;
    if (c->entity != ENTITY_TRAINING) return -1;
    if (c->job.attached) return attached_counts_steps(&c->job) ? p->done : t->current_step;
    if (t->total_steps < 0 || p->total <= 0) return t->current_step;
    return (int64_t)((double)p->done * (double)t->total_steps / (double)p->total);
}

// ---- writing -------------------------------------------------------------------------------------------------------

static int write(struct live_history *h, struct store_tx *tx, const struct change *c, const struct live *l,
                 const char *status, int64_t now, int64_t mono, struct err *e)
{
    const struct job_row *r = &c->job;
    const struct progress *p = &l->progress;
    bool training = c->entity == ENTITY_TRAINING;
    struct progress_snapshot s = {.entity_type = type_of(r),
                                  .entity_id = id_of(r),
                                  .timestamp = now,
                                  .progress = p->percent,
                                  .job_id = r->id,
                                  .attempt = l->attempt,
                                  .status = status,
                                  .phase = p->phase[0] ? p->phase : NULL,
                                  .error_type = strcmp(status, "failed") == 0 ? r->error_type : NULL,
                                  .done = p->phase[0] || p->total >= 0 || p->done > 0 ? p->done : -1,
                                  .total = p->total,
                                  .unit = p->unit[0] ? p->unit : NULL,
                                  .rate = h->runs ? rate_value(&p->rate) : (double)NAN,
                                  .training = training,
                                  .step = step_of(c, p),
                                  .total_steps = training ? c->training.total_steps : -1,
                                  .loss = training ? c->training.loss : (double)NAN,
                                  .l0_sparsity = training ? c->training.l0_sparsity : (double)NAN,
                                  .used = usage_since(&l->usage, &h->used),
                                  .times = &h->times};
    int rc = store_progress_snapshot(tx, &s, e);
    h->used = usage_mark(&l->usage);
    h->last = (struct history_last){true, p->percent, mono};
    return rc;
}

// ---- when ----------------------------------------------------------------------------------------------------------

int history_report(struct queue *q, struct store_tx *tx, const struct change *c, struct live *l, int64_t now,
                   int64_t mono, struct err *e)
{
    struct live_history *h = &l->history;
    const struct job_row *r = &c->job;
    enum job_status s = row_status(r);
    bool again = r->attempt != l->attempt; // this attempt failed, and the next one is queued
    bool over = again || job_is_final(s);
    bool runs = !over && r->started_at && (s == JOB_RUNNING || s == JOB_STALLED || s == JOB_CANCELLING);
    // Nothing has begun yet; or it is paused, and was before.
    if (!over && !runs && !h->runs && (h->loaded || s == JOB_STARTING || !c->status_changed)) return 0;
    int rc = h->loaded ? 0 : load(h, tx, l, r, now, mono, e);
    // A program that turned out to be a training takes along what it left as a job.
    if (!rc && h->under_job && has_entity(r)) rc = history_rows_move(tx, r->id, type_of(r), id_of(r), e);
    h->under_job = !has_entity(r);
    if (rc) return rc;

    enum history_moment moment = HISTORY_GOES_ON;
    if (runs && !h->runs) moment = HISTORY_BEGINS;
    if (over || (!runs && h->runs)) moment = HISTORY_ENDS;
    if (!runs && !over && moment != HISTORY_ENDS) return 0; // paused, and known to be
    bool first = moment == HISTORY_BEGINS && !h->last.any;
    double percent = own_percent(c, &l->progress);
    if (first) h->awaits = r->resume && !(percent > 0);
    if (h->awaits && percent > 0) h->awaits = false, moment = moment == HISTORY_ENDS ? moment : HISTORY_BEGINS;
    count_time(h, &l->progress, h->awaits ? (double)NAN : percent, mono);
    if (moment == HISTORY_BEGINS && !h->awaits) run_times_add(&h->times, 0, percent, percent, "");
    const char *status = again             ? job_status_name(JOB_FAILED)
                         : s == JOB_QUEUED ? job_status_name(JOB_PAUSED)
                                           : r->status;
    bool due = history_due(&q->cfg.history, &h->last, moment, l->progress.percent, mono);
    if (due && (!h->awaits || moment == HISTORY_ENDS)) rc = write(h, tx, c, l, status, now, mono, e);
    h->runs = runs;
    return rc;
}

int history_end(struct queue *q, struct store_tx *tx, const struct change *c, const char *status, int64_t now,
                struct err *e)
{
    const struct job_row *r = &c->job;
    if (!r->started_at) return 0; // it never began
    struct live *l = live_get(q, r);
    struct live_history *h = &l->history;
    int64_t mono = queue_mono(q);
    struct change of = {.job = *r}; // a look at it with its entity: the change itself loads that when it is committed
    int rc = h->loaded ? 0 : load(h, tx, l, r, now, mono, e);
    if (!rc) rc = entity_load(tx, &of, e);
    if (rc) return rc;
    // It ran until it was last heard of, for all that is known.
    int64_t silent = r->last_report_at && now > r->last_report_at ? now - r->last_report_at : 0;
    count_time(h, &l->progress, l->progress.percent, mono - silent > h->counted_us ? mono - silent : h->counted_us);
    rc = write(h, tx, &of, l, status, now, mono, e);
    live_drop(q, r->id);
    if (of.entity == ENTITY_TRAINING) training_row_release(&of.training);
    if (of.entity == ENTITY_EXTRACTION) extraction_row_release(&of.extraction);
    if (of.entity == ENTITY_DATASET) dataset_row_release(&of.dataset);
    return rc;
}
