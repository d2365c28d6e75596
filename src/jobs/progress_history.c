#include "jobs/progress_history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "jobs/state.h"
#include "store/models_table.h"
#include "store/training_removal.h"
#include "store/trainings_table.h"

// ---- storing -------------------------------------------------------------------------------------------------------

static void count(struct jw *w, const char *key, int64_t n)
{
    if (n >= 0) jw_ki64(w, key, n);
}

static void write_used(const struct usage_means *u, struct jw *w)
{
    if (isnan(u->cpu_percent) && isnan(u->rss_bytes) && isnan(u->gpu_memory_bytes)) return;
    jw_key(w, "usage");
    jw_obj(w);
    if (!isnan(u->cpu_percent)) jw_kfixed(w, "cpu_percent", u->cpu_percent, 1);
    if (!isnan(u->rss_bytes)) jw_kfixed(w, "rss_bytes", u->rss_bytes, 0);
    if (!isnan(u->gpu_memory_bytes)) jw_kfixed(w, "gpu_memory_bytes", u->gpu_memory_bytes, 0);
    jw_obj_end(w);
}

static void write_metrics(const struct progress_snapshot *s, struct jw *w)
{
    jw_obj(w);
    jw_kstr(w, "job_id", s->job_id); // first: the table finds a job's by it
    jw_ki64(w, "attempt", s->attempt);
    jw_kstr(w, "status", s->status);
    if (s->phase) jw_kstr(w, "phase", s->phase);
    if (s->error_type) jw_kstr(w, "error_type", s->error_type);
    count(w, "done", s->done);
    count(w, "total", s->total);
    if (s->unit) jw_kstr(w, "unit", s->unit);
    if (!isnan(s->rate)) jw_ksig(w, "rate", s->rate, 4);
    if (s->training) {
        count(w, "step", s->step);
        count(w, "total_steps", s->total_steps);
        jw_kf64(w, "loss", s->loss);
        jw_kf64(w, "l0_sparsity", s->l0_sparsity);
    }
    write_used(&s->used, w);
    run_times_write(s->times, w);
    jw_obj_end(w);
}

int store_progress_snapshot(struct store_tx *tx, const struct progress_snapshot *s, struct err *e)
{
    struct buf metrics = BUF_INIT;
    struct jw w;
    jw_init(&w, &metrics);
    write_metrics(s, &w);
    buf_cstr(&metrics); // ends the text
    char *type = mem_strdup(s->entity_type);
    struct history_row row = {.entity_type = type,
                              .timestamp = s->timestamp,
                              .progress = s->progress,
                              .metrics = metrics.p,
                              .created_at = s->timestamp};
    snprintf(row.entity_id, sizeof row.entity_id, "%s", s->entity_id);
    int rc = history_row_insert(tx, &row, e);
    free(type);
    buf_release(&metrics);
    return rc;
}

static void member(const json_t *obj, const char *key, char *out, size_t size)
{
    const char *v = json_string_value(json_object_get(obj, key));
    snprintf(out, size, "%s", v ? v : "");
}

bool snapshot_run_read(const struct history_row *row, struct snapshot_run *out)
{
    *out = (struct snapshot_run){0};
    json_t *m = row->metrics ? json_read_object(slice_str(row->metrics), NULL) : NULL;
    member(m, "job_id", out->job_id, sizeof out->job_id);
    member(m, "status", out->status, sizeof out->status);
    member(m, "phase", out->phase, sizeof out->phase);
    out->attempt = (int)json_integer_value(json_object_get(m, "attempt"));
    run_times_read(&out->times, m);
    json_decref(m);
    return out->job_id[0] && out->attempt > 0;
}

// ---- finding -------------------------------------------------------------------------------------------------------

// Whose history an id leads to.
struct place {
    char entity_type[ID_SIZE], entity_id[ID_SIZE];
    char job_id[ID_SIZE]; // "": all of the entity's
};

// What a training that was deleted has left is nobody's any more.
static int is_deleted(struct store_tx *tx, const char *type, const char *id, bool *deleted, struct err *e)
{
    *deleted = false;
    return strcmp(type, "training") == 0 ? training_is_noted(tx, id, deleted, e) : 0;
}

static int place_of_job(struct store_tx *tx, const char *id, struct place *p, struct err *e)
{
    struct job_row job;
    bool deleted = false;
    int rc = job_row_get(tx, id, &job, e);
    if (rc) return rc;
    bool own = !job.entity_type || !job.entity_id[0];
    if (!own) rc = is_deleted(tx, job.entity_type, job.entity_id, &deleted, e);
    own |= deleted;
    snprintf(p->entity_type, sizeof p->entity_type, "%s", own ? "job" : job.entity_type);
    snprintf(p->entity_id, sizeof p->entity_id, "%s", own ? job.id : job.entity_id);
    snprintf(p->job_id, sizeof p->job_id, "%s", job.id);
    job_row_release(&job);
    return rc;
}

// 0: there is an entity of that type and id. HW_ENOTFOUND.
static int find_entity(struct store_tx *tx, const char *type, const char *id, struct err *e)
{
    struct training_row t;
    struct extraction_row x;
    struct dataset_row d;
    struct model_row m;
    int rc;
    if (strcmp(type, "training") == 0) {
        rc = training_row_get(tx, id, &t, e);
        if (!rc) training_row_release(&t);
    } else if (strcmp(type, "extraction") == 0) {
        rc = extraction_row_get(tx, id, &x, e);
        if (!rc) extraction_row_release(&x);
    } else if (strcmp(type, "model") == 0) {
        rc = model_row_get(tx, id, &m, e);
        if (!rc) model_row_release(&m);
    } else {
        rc = dataset_row_get(tx, id, &d, e);
        if (!rc) dataset_row_release(&d);
    }
    return rc;
}

// Where nothing was recorded yet, the entity itself tells that the id is good.
static int place_of_entity(struct store_tx *tx, const char *type, const char *id, struct place *p, struct err *e)
{
    static const char *const types[] = {"training", "extraction", "dataset", "model"};
    snprintf(p->entity_id, sizeof p->entity_id, "%s", id);
    int rc = type ? 0 : history_entity_type(tx, id, p->entity_type, e);
    if (type) snprintf(p->entity_type, sizeof p->entity_type, "%s", type);
    bool deleted = false;
    if (!rc) rc = is_deleted(tx, p->entity_type, id, &deleted, e);
    if (!rc && deleted) return err_set(e, HW_ENOTFOUND, "there is no training %.60s", id);
    if (rc && rc != HW_ENOTFOUND) return rc;
    struct history_row row;
    if (type) rc = history_row_newest(tx, type, id, NULL, &row, e);
    if (type && rc == 0) history_row_release(&row);
    for (size_t i = 0; rc == HW_ENOTFOUND && i < sizeof types / sizeof *types; i++) {
        if (type && strcmp(type, types[i]) != 0) continue;
        err_clear(e);
        rc = find_entity(tx, types[i], id, e);
        if (rc == 0) snprintf(p->entity_type, sizeof p->entity_type, "%s", types[i]);
    }
    if (rc != HW_ENOTFOUND) return rc;
    return err_set(e, HW_ENOTFOUND, "there is no %s %.60s", type ? type : "entity or job", id);
}

static int place_of(struct store_tx *tx, const char *type, const char *id, struct place *p, struct err *e)
{
    *p = (struct place){0};
    if (!type || strcmp(type, "job") == 0) {
        int rc = place_of_job(tx, id, p, e);
        if (rc != HW_ENOTFOUND || type) return rc;
        err_clear(e);
    }
    return place_of_entity(tx, type, id, p, e);
}

int get_progress_history(struct store_tx *tx, const struct history_query *q, struct history_row **rows, int *n,
                         struct err *e)
{
    struct place p;
    *rows = NULL, *n = 0;
    int rc = place_of(tx, q->entity_type, q->entity_id, &p, e);
    if (rc) return rc;
    struct history_query of = *q;
    of.entity_type = p.entity_type;
    of.entity_id = p.entity_id;
    if (p.job_id[0]) of.job_id = p.job_id;
    return history_rows_list(tx, &of, rows, n, e);
}

// ---- comparing -----------------------------------------------------------------------------------------------------

enum { ROWS_MAX = 10000 };

static int attempt_of(const struct history_row *row)
{
    struct snapshot_run s;
    return snapshot_run_read(row, &s) ? s.attempt : 0;
}

// When the attempt's first snapshot was taken.
static int begin_of(struct store_tx *tx, const struct place *p, struct compare_run *r, struct err *e)
{
    struct history_row *rows;
    int n;
    struct history_query q = {.entity_type = p->entity_type,
                              .entity_id = p->entity_id,
                              .job_id = r->job_id,
                              .start = INT64_MIN,
                              .end = INT64_MAX,
                              .after_us = INT64_MIN,
                              .limit = ROWS_MAX};
    int rc = history_rows_list(tx, &q, &rows, &n, e);
    if (rc) return rc;
    for (int i = 0; i < n && r->first_at == 0; i++)
        if (attempt_of(&rows[i]) == r->attempt) r->first_at = rows[i].timestamp;
    history_rows_free(rows, n);
    return 0;
}

// Its name, and how it is now, if that is still the attempt which the snapshot is of.
static int note_job(struct store_tx *tx, struct compare_run *r, struct err *e)
{
    struct job_row job;
    enum job_status s;
    int rc = job_row_get(tx, r->job_id, &job, e);
    if (rc == HW_ENOTFOUND) {
        err_clear(e);
        return 0;
    }
    if (rc) return rc;
    bool ended = job_status_from_name(r->status, &s) && job_is_final(s);
    snprintf(r->name, sizeof r->name, "%s", job.name);
    snprintf(r->kind, sizeof r->kind, "%s", job.kind);
    if (!ended && job.attempt == r->attempt) {
        snprintf(r->status, sizeof r->status, "%s", job.status);
        if (!isnan(job.progress)) r->progress = job.progress; // snapshots are rare
    }
    job_row_release(&job);
    return 0;
}

static int read_run(struct store_tx *tx, const char *id, struct compare_run *r, struct err *e)
{
    struct place p;
    struct history_row row;
    struct snapshot_run s;
    int rc = place_of(tx, NULL, id, &p, e);
    if (rc) return rc;
    snprintf(r->id, sizeof r->id, "%s", id);
    snprintf(r->entity_type, sizeof r->entity_type, "%s", p.entity_type);
    snprintf(r->entity_id, sizeof r->entity_id, "%s", p.entity_id);
    snprintf(r->job_id, sizeof r->job_id, "%s", p.job_id);
    run_times_init(&r->times);
    r->progress = (double)NAN;
    rc = history_row_newest(tx, p.entity_type, p.entity_id, p.job_id[0] ? p.job_id : NULL, &row, e);
    if (rc == HW_ENOTFOUND) {
        err_clear(e);
        return r->job_id[0] ? note_job(tx, r, e) : 0;
    }
    if (rc) return rc;
    r->last_at = row.timestamp;
    r->progress = row.progress;
    bool known = snapshot_run_read(&row, &s);
    history_row_release(&row);
    if (!known) return 0;
    memcpy(r->job_id, s.job_id, sizeof r->job_id);
    memcpy(r->status, s.status, sizeof r->status);
    r->attempt = s.attempt;
    r->times = s.times;
    rc = begin_of(tx, &p, r, e);
    return rc ? rc : note_job(tx, r, e);
}

int compare_progress_patterns(struct store_tx *tx, const char *const *entity_ids, int n, struct comparison *out,
                              struct err *e)
{
    int rc = 0;
    *out = (struct comparison){.n = n};
    for (int i = 0; i < n && !rc; i++) rc = read_run(tx, entity_ids[i], &out->runs[i], e);
    if (!rc) compare_runs(out);
    return rc;
}
