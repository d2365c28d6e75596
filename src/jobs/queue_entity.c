// What a job is for — a training, an extraction, a dataset, a model — follows it: its row is written in the job's own
// transaction.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/described.h"
#include "jobs/queue_internal.h"

static enum change_entity entity_of(const struct job_row *r)
{
    const char *type = r->entity_type;
    if (!type || !r->entity_id[0]) return ENTITY_NONE;
    if (strcmp(type, "training") == 0) return ENTITY_TRAINING;
    if (strcmp(type, "extraction") == 0) return ENTITY_EXTRACTION;
    if (strcmp(type, "model") == 0) return ENTITY_MODEL;
    return strcmp(type, "dataset") == 0 ? ENTITY_DATASET : ENTITY_NONE;
}

// A dataset has jobs of two sorts, and a place for each.
static bool downloads(const struct job_row *r)
{
    return strcmp(r->kind, "download_model") == 0 || strcmp(r->kind, "download_dataset") == 0;
}

static int load(struct store_tx *tx, struct change *c, struct err *e)
{
    enum change_entity kind = entity_of(&c->job);
    int rc = 0;
    if (kind == ENTITY_TRAINING) rc = training_row_get(tx, c->job.entity_id, &c->training, e);
    if (kind == ENTITY_EXTRACTION) rc = extraction_row_get(tx, c->job.entity_id, &c->extraction, e);
    if (kind == ENTITY_DATASET) rc = dataset_row_get(tx, c->job.entity_id, &c->dataset, e);
    if (kind == ENTITY_MODEL) rc = model_row_get(tx, c->job.entity_id, &c->model, e);
    if (!rc) c->entity = kind;
    return rc;
}

static char *job_field(struct change *c)
{
    return c->entity == ENTITY_TRAINING     ? c->training.job_id
           : c->entity == ENTITY_EXTRACTION ? c->extraction.job_id
           : c->entity == ENTITY_MODEL      ? c->model.job_id
           : downloads(&c->job)             ? c->dataset.download_job_id
                                            : c->dataset.tokenize_job_id;
}

static void unload(struct change *c)
{
    if (c->entity == ENTITY_TRAINING) training_row_release(&c->training);
    if (c->entity == ENTITY_EXTRACTION) extraction_row_release(&c->extraction);
    if (c->entity == ENTITY_DATASET) dataset_row_release(&c->dataset);
    if (c->entity == ENTITY_MODEL) model_row_release(&c->model);
    c->entity = ENTITY_NONE;
}

int entity_check(struct store_tx *tx, const struct job_row *job, struct err *e)
{
    struct change c = {.job = *job}; // its texts stay the job's
    int rc = load(tx, &c, e);
    if (!rc) unload(&c);
    return rc;
}

int entity_load(struct store_tx *tx, struct change *c, struct err *e)
{
    int rc = load(tx, c, e);
    // A job outlives what it was for, and what it was for may belong to a later job: then it has nothing to say about
    // it.
    if (rc == HW_ENOTFOUND) return 0;
    if (rc == 0 && c->entity != ENTITY_NONE && strcmp(job_field(c), c->job.id) != 0) unload(c);
    return rc;
}

// Another job that hasn't ended holds the entity: two at once would write over each other.
static int refuse_second(struct store_tx *tx, struct change *c, struct err *e)
{
    const char *other = job_field(c);
    struct job_row r;
    if (!*other || strcmp(other, c->job.id) == 0) return 0;
    int rc = job_row_get(tx, other, &r, e);
    if (rc) return rc == HW_ENOTFOUND ? 0 : rc;
    if (!job_is_final(row_status(&r)))
        rc = err_set(e, HW_ECONFLICT, "job %s is at work on the %s %s", r.id, c->job.entity_type, c->job.entity_id);
    job_row_release(&r);
    return rc;
}

static void number(const json_t *spec, const char *key, double *out)
{
    const json_t *v = json_object_get(spec, key);
    if (json_is_number(v)) *out = json_number_value(v);
}

static void count(const json_t *spec, const char *key, int64_t *out)
{
    const json_t *v = json_object_get(spec, key);
    if (json_is_integer(v) && json_integer_value(v) >= 0) *out = json_integer_value(v);
}

static void text(const json_t *obj, const char *key, char **out)
{
    const char *v = json_string_value(json_object_get(obj, key));
    if (v) set_text(out, v);
}

// A retry may have changed what the training's row shows.
static void training_again(struct training_row *t, const struct job_row *job)
{
    json_t *spec = json_read_object(slice_str(job->spec), NULL);
    number(spec, "learning_rate", &t->learning_rate);
    number(spec, "l1_coefficient", &t->l1_coefficient);
    count(spec, "batch_size", &t->batch_size);
    count(spec, "total_steps", &t->total_steps);
    count(spec, "n_features", &t->n_features);
    count(spec, "k", &t->k);
    json_decref(spec);
    if (job->retry_of[0] || job->auto_retries > 0) set_text(&t->params, job->params);
}

// As one is before its job has done anything.
static void forget(struct change *c)
{
    struct training_row *t = &c->training;
    struct extraction_row *x = &c->extraction;
    if (c->entity == ENTITY_TRAINING) {
        t->progress = 0;
        t->current_step = 0;
        t->loss = t->l0_sparsity = t->l1_sparsity = t->explained_variance = t->dead_neurons = (double)NAN;
        t->grad_norm = t->samples_per_second = t->eta_seconds = t->final_loss = t->duration_seconds = (double)NAN;
        t->started_at = t->finished_at = 0;
        set_text(&t->result, NULL);
    }
    if (c->entity == ENTITY_EXTRACTION) {
        x->rows = x->vectors = x->width = x->size_bytes = -1;
        x->finished_at = 0;
    }
}

int entity_attach(struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    if (entity_of(&c->job) == ENTITY_NONE) return 0;
    int rc = load(tx, c, e);
    if (!rc) rc = refuse_second(tx, c, e);
    if (rc) return rc;
    snprintf(job_field(c), ID_SIZE, "%s", c->job.id);
    forget(c);
    if (c->entity == ENTITY_TRAINING) training_again(&c->training, &c->job);
    return entity_store(tx, c, now, e);
}

// ---- following the job --------------------------------------------------------------------------------------------

// The job counts the steps of all layers together, the training's own parameter counts those of one.
static int64_t steps_of(const struct training_row *t, const struct job_row *job)
{
    if (job->done < 0) return 0;
    if (job->total <= 0 || t->total_steps <= 0) return job->done;
    // Multiplied first: 194 of 300 over 300 steps is 194, which the other order makes 193.99….
    return (int64_t)((double)job->done * (double)t->total_steps / (double)job->total);
}

static int store_training(struct store_tx *tx, struct change *c, enum job_status s, const json_t *result, int64_t now,
                          struct err *e)
{
    struct training_row *t = &c->training;
    const struct job_row *job = &c->job;
    if (s == JOB_QUEUED && job->started_at == 0) forget(c); // not one that goes on after a pause
    if (s == JOB_QUEUED && job->auto_retries > 0) training_again(t, job);
    set_text(&t->status, job->status);
    set_text(&t->error_type, job->error_type);
    set_text(&t->error_message, job->error_message);
    set_text(&t->result, job->result);
    if (!isnan(job->progress)) t->progress = job->progress;
    if (job->attached)
        attached_training_steps(t, job);
    else if (job->done >= 0)
        t->current_step = steps_of(t, job);
    if (s == JOB_COMPLETED && t->total_steps >= 0 && !job->attached) t->current_step = t->total_steps;
    t->eta_seconds = job->eta_seconds;
    t->started_at = job->started_at;
    t->finished_at = job->finished_at;
    t->updated_at = now;
    if (s == JOB_COMPLETED) {
        t->final_loss = t->loss;
        count(result, "steps", &t->current_step); // fewer, if it was asked to finish early
        number(result, "final_loss", &t->final_loss);
        text(result, "output_path", &t->output_path);
    }
    if (job_is_final(s) && t->started_at) t->duration_seconds = (double)(t->finished_at - t->started_at) / 1e6;
    return training_row_update(tx, t, e);
}

static int store_extraction(struct store_tx *tx, struct change *c, enum job_status s, const json_t *result, int64_t now,
                            struct err *e)
{
    struct extraction_row *x = &c->extraction;
    set_text(&x->status, c->job.status);
    set_text(&x->error_type, c->job.error_type);
    set_text(&x->error_message, c->job.error_message);
    x->progress = c->job.progress;
    x->finished_at = c->job.finished_at;
    x->updated_at = now;
    if (s == JOB_COMPLETED) {
        count(result, "rows", &x->rows);
        count(result, "vectors", &x->vectors);
        count(result, "width", &x->width);
        count(result, "size_bytes", &x->size_bytes);
        text(result, "activations_path", &x->activations_path);
    }
    return extraction_row_update(tx, x, e);
}

// downloading, as long as a job is at it; then what came of it.
static const char *download_status(enum job_status s)
{
    if (!job_is_final(s)) return "downloading";
    return s == JOB_COMPLETED ? "ready" : s == JOB_CANCELLED ? "cancelled" : "failed";
}

static int store_model(struct store_tx *tx, struct change *c, enum job_status s, const json_t *result, int64_t now,
                       struct err *e)
{
    struct model_row *m = &c->model;
    set_text(&m->status, download_status(s));
    set_text(&m->error_type, c->job.error_type);
    set_text(&m->error_message, c->job.error_message);
    m->updated_at = now;
    if (s == JOB_COMPLETED) {
        text(result, "path", &m->path);
        text(result, "commit", &m->commit_id);
        model_describe(m, json_object_get(result, "model"));
    }
    return model_row_update(tx, m, e);
}

static int store_downloaded(struct store_tx *tx, struct change *c, enum job_status s, const json_t *result, int64_t now,
                            struct err *e)
{
    struct dataset_row *d = &c->dataset;
    set_text(&d->status, download_status(s));
    set_text(&d->error_type, c->job.error_type);
    set_text(&d->error_message, c->job.error_message);
    d->updated_at = now;
    if (s == JOB_COMPLETED) {
        text(result, "path", &d->path);
        text(result, "commit", &d->commit_id);
        text(result, "split", &d->split);
        dataset_describe(d, json_object_get(result, "dataset"));
    }
    return dataset_row_update(tx, d, e);
}

static int store_dataset(struct store_tx *tx, struct change *c, enum job_status s, const json_t *result, int64_t now,
                         struct err *e)
{
    struct dataset_row *d = &c->dataset;
    // Tokens of an earlier run are replaced as a whole or not at all: they stay good when a later run doesn't get
    // there.
    const char *before = d->tokens_path ? "tokenized" : s == JOB_FAILED ? "failed" : "ready";
    if (s == JOB_COMPLETED) {
        count(result, "documents", &d->documents);
        count(result, "tokens", &d->tokens);
        count(result, "vocab_size", &d->vocab_size);
        text(result, "tokens_path", &d->tokens_path);
    }
    set_text(&d->status, !job_is_final(s) ? "tokenizing" : s == JOB_COMPLETED ? "tokenized" : before);
    d->updated_at = now;
    return dataset_row_update(tx, d, e);
}

int entity_store(struct store_tx *tx, struct change *c, int64_t now, struct err *e)
{
    if (c->entity == ENTITY_NONE) return 0;
    enum job_status s = row_status(&c->job);
    json_t *result = c->job.result ? json_read_object(slice_str(c->job.result), NULL) : NULL;
    int rc = c->entity == ENTITY_TRAINING     ? store_training(tx, c, s, result, now, e)
             : c->entity == ENTITY_EXTRACTION ? store_extraction(tx, c, s, result, now, e)
             : c->entity == ENTITY_MODEL      ? store_model(tx, c, s, result, now, e)
             : downloads(&c->job)             ? store_downloaded(tx, c, s, result, now, e)
                                              : store_dataset(tx, c, s, result, now, e);
    json_decref(result);
    return rc;
}
