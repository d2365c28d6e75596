// Events of what a job is for, each kind its own: a training, an extraction, a dataset, a model. On the loop's thread.
#include "jobs/queue_entity_publish.h"

#include <math.h>
#include <string.h>

#include "jobs/job_json.h"
#include "jobs/progress_download.h"

// ---- trainings ----------------------------------------------------------------------------------------------------

static void training_progress(struct queue *q, const struct change *c, double progress)
{
    const struct training_row *t = &c->training;
    struct ev_training_progress p = {.training_id = t->id,
                                     .current_step = t->current_step,
                                     .total_steps = t->total_steps,
                                     .progress = progress,
                                     .loss = t->loss,
                                     .l0_sparsity = t->l0_sparsity,
                                     .l1_sparsity = t->l1_sparsity,
                                     .dead_neurons = t->dead_neurons,
                                     .explained_variance = t->explained_variance,
                                     .learning_rate = c->learning_rate,
                                     .grad_norm = t->grad_norm,
                                     .samples_per_second = t->samples_per_second,
                                     .eta_seconds = c->job.eta_seconds,
                                     .eta_low = c->job.eta_low,
                                     .eta_high = c->job.eta_high,
                                     .layers = c->layers,
                                     .n_layers = c->n_layers};
    queue_sent(q, emit_training_progress(q->cfg.emitter, &p));
}

void entity_publish_created(struct queue *q, const struct change *c)
{
    const struct training_row *t = &c->training;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    training_json(&w, t);
    queue_sent(q, emit_training_created(q->cfg.emitter, t->id, buf_slice(&b)));
    buf_release(&b);
}

void queue_entity_deleted(struct queue *q, const char *type, const char *id, const char *job_id)
{
    struct emitter *em = q->cfg.emitter;
    if (strcmp(type, "training") == 0) queue_sent(q, emit_training_deleted(em, id, job_id));
    if (strcmp(type, "model") == 0) queue_sent(q, emit_model_deleted(em, id, job_id));
    if (strcmp(type, "dataset") == 0) queue_sent(q, emit_dataset_deleted(em, id, job_id));
}

void entity_publish_checkpoints(struct queue *q, const struct change *c)
{
    for (int i = 0; i < c->n_checkpoints; i++) {
        const struct checkpoint_row *k = &c->checkpoints[i];
        struct ev_checkpoint p = {.training_id = k->training_id,
                                  .checkpoint_id = k->id,
                                  .storage_path = k->storage_path,
                                  .step = k->step,
                                  .size_bytes = k->size_bytes,
                                  .loss = k->loss,
                                  .is_best = k->is_best};
        queue_sent(q, emit_checkpoint_created(q->cfg.emitter, &p));
    }
}

static void training_status(struct queue *q, const struct change *c)
{
    const struct training_row *t = &c->training;
    enum job_status s = row_status(&c->job);
    if (c->created && !c->job.retry_of[0]) {
        entity_publish_created(q, c);
        return;
    }
    queue_sent(q, emit_training_status_changed(q->cfg.emitter, t->id, c->job.status,
                                               c->previous[0] ? c->previous : NULL, t->current_step, t->progress));
    if (s == JOB_COMPLETED)
        queue_sent(q, emit_training_completed(q->cfg.emitter, t->id, t->final_loss, t->duration_seconds));
    if (s == JOB_FAILED) {
        struct ev_failure f = change_failure(c);
        f.progress = t->progress;
        queue_sent(q, emit_training_failed(q->cfg.emitter, t->id, &f));
    }
}

// ---- extractions, datasets, models --------------------------------------------------------------------------------

static struct ev_extraction_progress extraction_payload(const struct change *c)
{
    const struct job_row *r = &c->job;
    bool samples = r->unit && strcmp(r->unit, "samples") == 0;
    return (struct ev_extraction_progress){.model_id = c->extraction.model_id,
                                           .extraction_id = c->extraction.id,
                                           .phase = r->phase,
                                           .message = r->message,
                                           .progress = r->progress,
                                           .samples_per_second = samples ? r->rate : (double)NAN,
                                           .eta_seconds = r->eta_seconds,
                                           .samples_processed = samples ? r->done : -1,
                                           .samples_total = samples ? r->total : -1};
}

static void extraction_status(struct queue *q, const struct change *c)
{
    const struct extraction_row *x = &c->extraction;
    enum job_status s = row_status(&c->job);
    struct ev_extraction_progress p = extraction_payload(c);
    struct ev_failure f = change_failure(c);
    if (s == JOB_COMPLETED)
        queue_sent(q, emit_extraction_completed(q->cfg.emitter, &p));
    else if (s == JOB_FAILED || s == JOB_CANCELLED)
        queue_sent(q, emit_extraction_failed(q->cfg.emitter, x->model_id, x->id, &f));
    else
        queue_sent(q, emit_extraction_progress(q->cfg.emitter, &p));
}

static struct ev_dataset_progress dataset_payload(const struct change *c)
{
    const struct job_row *r = &c->job;
    return (struct ev_dataset_progress){.dataset_id = c->dataset.id,
                                        .operation = strcmp(r->kind, "tokenize") == 0 ? "tokenize" : "download",
                                        .phase = r->phase,
                                        .unit = r->unit,
                                        .message = r->message,
                                        .progress = r->progress,
                                        .rate = r->rate,
                                        .eta_seconds = r->eta_seconds,
                                        .done = r->done,
                                        .total = r->total};
}

static void dataset_status(struct queue *q, const struct change *c)
{
    enum job_status s = row_status(&c->job);
    struct ev_dataset_progress p = dataset_payload(c);
    struct ev_failure f = change_failure(c);
    if (s == JOB_COMPLETED)
        queue_sent(q, emit_dataset_completed(q->cfg.emitter, &p));
    else if (s == JOB_FAILED || s == JOB_CANCELLED)
        queue_sent(q, emit_dataset_failed(q->cfg.emitter, &p, &f));
    else
        queue_sent(q, emit_dataset_progress(q->cfg.emitter, &p));
}

static struct ev_model_progress model_payload(const struct change *c)
{
    const struct job_row *r = &c->job;
    bool bytes = r->unit && strcmp(r->unit, "bytes") == 0;
    struct ev_model_progress p = {.model_id = c->model.id,
                                  .status = c->model.status,
                                  .message = r->message,
                                  .progress = r->progress,
                                  .bytes_per_second = bytes ? r->rate : (double)NAN,
                                  .eta_seconds = r->eta_seconds,
                                  .bytes_done = bytes ? r->done : -1,
                                  .bytes_total = bytes ? r->total : -1,
                                  .file_index = -1,
                                  .file_count = -1};
    p.file = download_message_file(r->message, &p.file_index, &p.file_count);
    return p;
}

static void model_status(struct queue *q, const struct change *c)
{
    enum job_status s = row_status(&c->job);
    struct ev_model_progress p = model_payload(c);
    struct ev_failure f = change_failure(c);
    if (s == JOB_COMPLETED)
        queue_sent(q, emit_model_completed(q->cfg.emitter, &p));
    else if (s == JOB_FAILED || s == JOB_CANCELLED)
        queue_sent(q, emit_model_failed(q->cfg.emitter, &p, &f));
    else
        queue_sent(q, emit_model_progress(q->cfg.emitter, &p));
}

// ---- whichever it is ----------------------------------------------------------------------------------------------

void entity_publish_progress(struct queue *q, const struct change *c, double progress)
{
    if (c->entity == ENTITY_TRAINING) training_progress(q, c, progress);
    if (c->entity == ENTITY_EXTRACTION) {
        struct ev_extraction_progress x = extraction_payload(c);
        x.progress = progress;
        queue_sent(q, emit_extraction_progress(q->cfg.emitter, &x));
    }
    if (c->entity == ENTITY_DATASET) {
        struct ev_dataset_progress d = dataset_payload(c);
        d.progress = progress;
        queue_sent(q, emit_dataset_progress(q->cfg.emitter, &d));
    }
    if (c->entity == ENTITY_MODEL) {
        struct ev_model_progress m = model_payload(c);
        m.progress = progress;
        m.status = "downloading";
        queue_sent(q, emit_model_progress(q->cfg.emitter, &m));
    }
}

void entity_publish_status(struct queue *q, const struct change *c)
{
    if (c->entity == ENTITY_TRAINING) training_status(q, c);
    if (c->entity == ENTITY_EXTRACTION) extraction_status(q, c);
    if (c->entity == ENTITY_DATASET) dataset_status(q, c);
    if (c->entity == ENTITY_MODEL) model_status(q, c);
}
