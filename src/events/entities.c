// models/{id}/progress, models/{id}/extraction and datasets/{id}/progress.
#include "events/emitter_internal.h"

static int64_t model(struct emitter *em, const struct ev_model_progress *p, const struct ev_failure *f,
                     const char *event, enum msg_class cls)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "model_id", p->model_id);
    jw_kstr(w, "status", p->status);
    reading_percent(w, "progress", f ? f->progress : p->progress);
    emitter_count(w, "bytes_done", p->bytes_done);
    emitter_count(w, "bytes_total", p->bytes_total);
    reading_rate(w, "bytes_per_second", p->bytes_per_second);
    jw_kstr(w, "file", p->file);
    emitter_count(w, "file_index", p->file_index);
    emitter_count(w, "file_count", p->file_count);
    reading_eta(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
    if (f) emitter_failure(w, f);
    jw_obj_end(w);
    return emitter_send(em, "models", p->model_id, "progress", event, cls);
}

int64_t emit_model_progress(struct emitter *em, const struct ev_model_progress *p)
{
    return model(em, p, NULL, "model:progress", MSG_STATE);
}

int64_t emit_model_completed(struct emitter *em, const struct ev_model_progress *p)
{
    return model(em, p, NULL, "model:completed", MSG_LIFECYCLE);
}

int64_t emit_model_failed(struct emitter *em, const struct ev_model_progress *p, const struct ev_failure *f)
{
    return model(em, p, f, "model:failed", MSG_LIFECYCLE);
}

static int64_t extraction(struct emitter *em, const struct ev_extraction_progress *p, const char *event,
                          enum msg_class cls)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "model_id", p->model_id);
    jw_kstr(w, "extraction_id", p->extraction_id);
    jw_kstr(w, "phase", p->phase);
    reading_percent(w, "progress", p->progress);
    emitter_count(w, "samples_processed", p->samples_processed);
    emitter_count(w, "samples_total", p->samples_total);
    reading_rate(w, "samples_per_second", p->samples_per_second);
    reading_eta(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
    jw_obj_end(w);
    return emitter_send(em, "models", p->model_id, "extraction", event, cls);
}

int64_t emit_extraction_progress(struct emitter *em, const struct ev_extraction_progress *p)
{
    return extraction(em, p, "extraction:progress", MSG_STATE);
}

int64_t emit_extraction_completed(struct emitter *em, const struct ev_extraction_progress *p)
{
    return extraction(em, p, "extraction:completed", MSG_LIFECYCLE);
}

int64_t emit_extraction_failed(struct emitter *em, const char *model_id, const char *extraction_id,
                               const struct ev_failure *f)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "model_id", model_id);
    jw_kstr(w, "extraction_id", extraction_id);
    reading_percent(w, "progress", f->progress);
    emitter_failure(w, f);
    jw_obj_end(w);
    return emitter_send(em, "models", model_id, "extraction", "extraction:failed", MSG_LIFECYCLE);
}

static int64_t dataset(struct emitter *em, const struct ev_dataset_progress *p, const struct ev_failure *f,
                       const char *event, enum msg_class cls)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "dataset_id", p->dataset_id);
    jw_kstr(w, "operation", p->operation);
    jw_kstr(w, "phase", p->phase);
    reading_percent(w, "progress", f ? f->progress : p->progress);
    emitter_count(w, "done", p->done);
    emitter_count(w, "total", p->total);
    jw_kstr(w, "unit", p->unit);
    reading_rate(w, "rate", p->rate);
    reading_eta(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
    if (f) emitter_failure(w, f);
    jw_obj_end(w);
    return emitter_send(em, "datasets", p->dataset_id, "progress", event, cls);
}

int64_t emit_dataset_progress(struct emitter *em, const struct ev_dataset_progress *p)
{
    return dataset(em, p, NULL, "dataset:progress", MSG_STATE);
}

int64_t emit_dataset_completed(struct emitter *em, const struct ev_dataset_progress *p)
{
    return dataset(em, p, NULL, "dataset:completed", MSG_LIFECYCLE);
}

int64_t emit_dataset_failed(struct emitter *em, const struct ev_dataset_progress *p, const struct ev_failure *f)
{
    return dataset(em, p, f, "dataset:failed", MSG_LIFECYCLE);
}

int64_t emit_model_deleted(struct emitter *em, const char *model_id, const char *job_id)
{
    return emitter_deleted(em, "models", "model_id", model_id, "model:deleted", job_id);
}

int64_t emit_dataset_deleted(struct emitter *em, const char *dataset_id, const char *job_id)
{
    return emitter_deleted(em, "datasets", "dataset_id", dataset_id, "dataset:deleted", job_id);
}
