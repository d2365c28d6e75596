// trainings/{id}/progress and trainings/{id}/checkpoints.
#include "events/emitter_internal.h"

static int64_t send(struct emitter *em, const char *training_id, const char *event, enum msg_class cls)
{
    jw_obj_end(&em->w);
    return emitter_send(em, "trainings", training_id, "progress", event, cls);
}

int64_t emit_training_created(struct emitter *em, const char *training_id, struct slice training_json)
{
    buf_clear(&em->body);
    buf_add_slice(&em->body, training_json);
    return emitter_send(em, "trainings", training_id, "progress", "training:created", MSG_LIFECYCLE);
}

int64_t emit_training_progress(struct emitter *em, const struct ev_training_progress *p)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "training_id", p->training_id);
    emitter_count(w, "current_step", p->current_step);
    emitter_count(w, "total_steps", p->total_steps);
    reading_percent(w, "progress", p->progress);
    reading_measure(w, "loss", p->loss);
    reading_measure(w, "l0_sparsity", p->l0_sparsity);
    reading_measure(w, "l1_sparsity", p->l1_sparsity);
    reading_measure(w, "dead_neurons", p->dead_neurons);
    reading_measure(w, "explained_variance", p->explained_variance);
    reading_measure(w, "learning_rate", p->learning_rate);
    reading_measure(w, "grad_norm", p->grad_norm);
    reading_rate(w, "samples_per_second", p->samples_per_second);
    reading_eta(w, "eta_seconds", p->eta_seconds);
    reading_eta(w, "eta_low", p->eta_low);
    reading_eta(w, "eta_high", p->eta_high);
    jw_key(w, "layers");
    jw_arr(w);
    for (int i = 0; i < p->n_layers; i++) {
        const struct ev_layer *l = &p->layers[i];
        jw_obj(w);
        jw_ki64(w, "layer_idx", l->layer_idx);
        reading_measure(w, "loss", l->loss);
        reading_measure(w, "l0_sparsity", l->l0_sparsity);
        reading_measure(w, "dead_neurons", l->dead_neurons);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    return send(em, p->training_id, "training:progress", MSG_STATE);
}

int64_t emit_training_status_changed(struct emitter *em, const char *training_id, const char *status,
                                     const char *previous, int64_t current_step, double progress)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "training_id", training_id);
    jw_kstr(w, "status", status);
    jw_kstr(w, "previous", previous);
    emitter_count(w, "current_step", current_step);
    reading_percent(w, "progress", progress);
    return send(em, training_id, "training:status_changed", MSG_LIFECYCLE);
}

int64_t emit_training_completed(struct emitter *em, const char *training_id, double final_loss, double duration_seconds)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "training_id", training_id);
    jw_ki64(w, "progress", 100);
    jw_kf64(w, "final_loss", final_loss); // a result, not a reading: every digit
    reading_duration(w, "duration_seconds", duration_seconds);
    return send(em, training_id, "training:completed", MSG_LIFECYCLE);
}

int64_t emit_training_failed(struct emitter *em, const char *training_id, const struct ev_failure *f)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "training_id", training_id);
    reading_percent(w, "progress", f->progress);
    jw_kstr(w, "error_type", f->error_type);
    jw_kstr(w, "error_message", f->error_message);
    emitter_json(w, "suggested_retry_params", f->suggested_retry_params);
    return send(em, training_id, "training:failed", MSG_LIFECYCLE);
}

int64_t emit_training_deleted(struct emitter *em, const char *training_id, const char *job_id)
{
    return emitter_deleted(em, "trainings", "training_id", training_id, "training:deleted", job_id);
}

int64_t emit_checkpoint_created(struct emitter *em, const struct ev_checkpoint *c)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "training_id", c->training_id);
    jw_kstr(w, "checkpoint_id", c->checkpoint_id);
    emitter_count(w, "step", c->step);
    jw_kf64(w, "loss", c->loss);
    jw_kbool(w, "is_best", c->is_best);
    jw_kstr(w, "storage_path", c->storage_path);
    emitter_count(w, "size_bytes", c->size_bytes);
    jw_obj_end(w);
    return emitter_send(em, "trainings", c->training_id, "checkpoints", "checkpoint:created", MSG_LIFECYCLE);
}
