// What a transaction made of one job: the row, and what there is to tell about it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/errors.h"
#include "jobs/queue_internal.h"
#include "store/rollups_table.h"

void set_text(char **text, const char *value)
{
    char *copy = value ? mem_strdup(value) : NULL; // `value` may be a part of the old text
    free(*text);
    *text = copy;
}

struct change *change_new(struct list *changes)
{
    struct change *c = mem_zalloc(sizeof *c);
    job_row_init(&c->job);
    c->learning_rate = c->reported = (double)NAN;
    list_init(&c->node);
    list_push_back(changes, &c->node);
    return c;
}

int change_read(struct store_tx *tx, struct list *changes, const char *job_id, struct change **out, struct err *e)
{
    struct job_row r;
    int rc = job_row_get(tx, job_id, &r, e);
    if (rc) return rc;
    *out = change_new(changes);
    (*out)->job = r;
    return 0;
}

void change_free(struct change *c)
{
    if (!c) return;
    job_row_release(&c->job);
    for (int i = 0; i < c->n_logs; i++) free(c->logs[i].text);
    free(c->logs);
    free(c->events);
    for (int i = 0; i < c->n_checkpoints; i++) checkpoint_row_release(&c->checkpoints[i]);
    free(c->checkpoints);
    metric_batch_release(&c->metrics);
    free(c->resources);
    if (c->entity == ENTITY_TRAINING) training_row_release(&c->training);
    if (c->entity == ENTITY_EXTRACTION) extraction_row_release(&c->extraction);
    if (c->entity == ENTITY_DATASET) dataset_row_release(&c->dataset);
    if (c->entity == ENTITY_MODEL) model_row_release(&c->model);
    free(c->layers);
    free(c);
}

int change_write_metrics(struct store_tx *tx, struct change *c, struct err *e)
{
    if (c->metrics.n == 0) return 0;
    int rc = metric_batch_put(tx, c->training.key, &c->metrics, e);
    if (!rc) rc = rollups_update(tx, c->training.key, &c->metrics, NULL, e);
    c->metrics.n = 0;
    return rc;
}

void changes_free(struct list *changes)
{
    LIST_EACH(it, next, changes)
    {
        list_remove(it);
        change_free(LIST_ITEM(it, struct change, node));
    }
}

// Room is kept in powers of two, so an array grows when its length is one (or none).
void *grow_array(void *items, int n, size_t size)
{
    if (n & (n - 1)) return items;
    return mem_realloc_array(items, n ? (size_t)n * 2 : 1, size);
}

void change_log(struct change *c, int64_t ts_us, const char *stream, struct slice text)
{
    c->logs = grow_array(c->logs, c->n_logs, sizeof *c->logs);
    struct change_log *l = &c->logs[c->n_logs++];
    *l = (struct change_log){.seq = ++c->job.log_seq, .ts_us = ts_us, .text = mem_strndup(text.p, text.n), .n = text.n};
    snprintf(l->stream, sizeof l->stream, "%s", stream);
}

enum job_status row_status(const struct job_row *r)
{
    enum job_status s = JOB_FAILED;
    // The table's CHECK admits known names only.
    if (r->status) job_status_from_name(r->status, &s);
    return s;
}

int change_apply(struct change *c, enum job_event ev, struct err *e)
{
    enum job_status before = row_status(&c->job);
    struct job_state s = {before, c->job.attempt, c->job.max_attempts, c->job.lease_until != 0};
    int rc = job_apply(&s, ev, e);
    if (rc || (s.status == before && s.attempt == c->job.attempt)) return rc;
    if (!c->status_changed) snprintf(c->previous, sizeof c->previous, "%s", c->job.status);
    c->status_changed = true;
    c->job.attempt = s.attempt;
    set_text(&c->job.status, job_status_name(s.status));
    change_event(c, "status", c->job.status, NULL);
    return 0;
}

int change_return(struct change *c, struct err *e)
{
    // The machine's own way back to the queue is late, lost, next attempt. This attempt never began, so it keeps its
    // number.
    int attempt = c->job.attempt, max_attempts = c->job.max_attempts, n_events = c->n_events;
    c->job.max_attempts = attempt + 1;
    int rc = change_apply(c, JOB_EV_LATE, e);
    if (!rc) rc = change_apply(c, JOB_EV_LOST, e);
    c->job.attempt = attempt;
    c->job.max_attempts = max_attempts;
    c->n_events = n_events; // that it was late and lost is only how it came back
    if (!rc) change_event(c, "status", c->job.status, "the worker that took it never began it");
    return rc;
}

static void forget_pace(struct job_row *r)
{
    r->rate = r->eta_seconds = r->eta_low = r->eta_high = (double)NAN;
}

void change_forget_pace(struct change *c)
{
    forget_pace(&c->job);
}

// Nobody holds it any more.
static void let_go(struct job_row *r)
{
    r->lease_until = 0;
    r->worker_id[0] = 0;
    set_text(&r->host, NULL);
    r->pid = -1;
    forget_pace(r);
}

static bool asked(const struct job_row *r, const char *control)
{
    return r->control && strcmp(r->control, control) == 0;
}

int change_freeze(struct change *c, struct err *e)
{
    int rc = change_apply(c, JOB_EV_PAUSED, e);
    if (rc || row_status(&c->job) != JOB_PAUSED) return rc;
    forget_pace(&c->job);
    if (asked(&c->job, "pause")) set_text(&c->job.control, NULL);
    return 0;
}

int change_pause(struct change *c, int64_t now, struct err *e)
{
    int rc = change_freeze(c, e);
    if (rc || row_status(&c->job) != JOB_PAUSED) return rc;
    let_go(&c->job); // the lease's token stays: a batch that is sent again still proves whose it is
    c->job.updated_at = now;
    // Asked for while it was still on its way to this place: it goes on at once.
    return c->job.control ? change_resume(c, now, e) : 0;
}

int change_resume(struct change *c, int64_t now, struct err *e)
{
    int rc = change_apply(c, JOB_EV_RESUMED, e);
    if (rc) return rc;
    if (asked(&c->job, "resume")) set_text(&c->job.control, NULL);
    c->job.updated_at = now;
    if (row_status(&c->job) != JOB_QUEUED) return 0;
    c->job.last_report_at = 0;
    set_text(&c->job.lease, NULL);
    return 0;
}

// A pause is not undone by the loss of the worker that should have carried it out.
static int queued_again(struct change *c, int64_t now, struct err *e)
{
    c->job.updated_at = now;
    if (asked(&c->job, "resume")) set_text(&c->job.control, NULL);
    return asked(&c->job, "pause") ? change_pause(c, now, e) : 0;
}

int change_unclaim(struct change *c, int64_t now, struct err *e)
{
    let_go(&c->job);
    c->job.last_report_at = 0;
    set_text(&c->job.lease, NULL);
    return queued_again(c, now, e);
}

int change_requeue(struct change *c, int64_t now, struct err *e)
{
    struct job_row *r = &c->job;
    // queued_at stays: the job keeps its place among those of its priority.
    let_go(r);
    r->started_at = r->last_report_at = 0;
    r->done = r->total = -1;
    r->phase_index = r->phase_count = 0;
    r->phase_from = r->phase_to = (double)NAN;
    r->progress = r->determinate ? 0 : (double)NAN;
    char **texts[] = {&r->lease,  &r->phase,      &r->unit,          &r->message,
                      &r->result, &r->error_type, &r->error_message, &r->error_params};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) set_text(texts[i], NULL);
    return queued_again(c, now, e);
}

void change_end(struct change *c, int64_t now)
{
    // The lease's token stays: a batch that is sent again still proves whose it is.
    c->job.lease_until = 0;
    c->job.finished_at = c->job.updated_at = now;
    forget_pace(&c->job);
    set_text(&c->job.control, NULL);
}

void change_fail(struct change *c, const char *type, const char *message)
{
    struct job_row *r = &c->job;
    set_text(&r->error_type, type);
    set_text(&r->error_message, message);
    set_text(&r->suggested_retry_params, r->error_params);
    if (r->error_params) return;
    json_t *spec = json_read_object(slice_str(r->spec), NULL);
    json_t *suggestion = spec ? job_suggest_retry(type, spec) : NULL;
    char *text = json_to_text(suggestion);
    set_text(&r->suggested_retry_params, text);
    free(text);
    json_decref(suggestion);
    json_decref(spec);
}

int change_commit(struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    c->job.updated_at = now;
    int rc = change_store_logs(tx, c, e); // first: it counts in the row
    if (!rc) rc = change_store_events(tx, c, now, e);
    if (!rc) rc = job_row_update(tx, &c->job, e);
    if (!rc && c->entity == ENTITY_NONE) rc = entity_load(tx, c, e);
    if (!rc) rc = entity_store(tx, c, now, e);
    return rc;
}
