// models/{id}/extraction and datasets/{id}/progress.
#include "events/emitter_internal.h"

static void failure(struct jw *w, const struct ev_failure *f)
{
    jw_kstr(w, "error_type", f->error_type);
    jw_kstr(w, "error_message", f->error_message);
    emitter_json(w, "suggested_retry_params", f->suggested_retry_params);
    jw_kbool(w, "retry_available", f->retry_available);
}

static int64_t extraction(struct emitter *em, const struct ev_extraction_progress *p, const char *event,
                          enum msg_class cls)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "model_id", p->model_id);
    jw_kstr(w, "extraction_id", p->extraction_id);
    jw_kstr(w, "phase", p->phase);
    jw_kf64(w, "progress", p->progress);
    emitter_count(w, "samples_processed", p->samples_processed);
    emitter_count(w, "samples_total", p->samples_total);
    jw_kf64(w, "samples_per_second", p->samples_per_second);
    jw_kf64(w, "eta_seconds", p->eta_seconds);
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
    jw_kf64(w, "progress", f->progress);
    failure(w, f);
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
    jw_kf64(w, "progress", f ? f->progress : p->progress);
    emitter_count(w, "done", p->done);
    emitter_count(w, "total", p->total);
    jw_kstr(w, "unit", p->unit);
    jw_kf64(w, "rate", p->rate);
    jw_kf64(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
    if (f) failure(w, f);
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
