// jobs/{id}/progress, jobs/{id}/logs and jobs/{id}/resources.
#include <string.h>

#include "events/emitter_internal.h"

static int64_t job(struct emitter *em, const struct ev_job *p, const struct ev_failure *f, const char *event,
                   enum msg_class cls)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "job_id", p->job_id);
    jw_kstr(w, "kind", p->kind);
    jw_kstr(w, "status", p->status);
    if (strcmp(event, "job:status_changed") == 0) jw_kstr(w, "previous", p->previous); // the others change none
    jw_kstr(w, "phase", p->phase);
    if (p->phase_count > 0) {
        jw_ki64(w, "phase_index", p->phase_index);
        jw_ki64(w, "phase_count", p->phase_count);
    } else {
        jw_knull(w, "phase_index");
        jw_knull(w, "phase_count");
    }
    jw_kf64(w, "progress", f ? f->progress : p->progress);
    emitter_count(w, "done", p->done);
    emitter_count(w, "total", p->total);
    jw_kstr(w, "unit", p->unit);
    jw_kf64(w, "rate", p->rate);
    jw_kf64(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
    if (f) {
        jw_kstr(w, "error_type", f->error_type);
        jw_kstr(w, "error_message", f->error_message);
        emitter_json(w, "suggested_retry_params", f->suggested_retry_params);
        jw_kbool(w, "retry_available", f->retry_available);
    }
    jw_obj_end(w);
    return emitter_send(em, "jobs", p->job_id, "progress", event, cls);
}

int64_t emit_job_progress(struct emitter *em, const struct ev_job *p)
{
    return job(em, p, NULL, "job:progress", MSG_STATE);
}

int64_t emit_job_status_changed(struct emitter *em, const struct ev_job *p)
{
    return job(em, p, NULL, "job:status_changed", MSG_LIFECYCLE);
}

int64_t emit_job_completed(struct emitter *em, const struct ev_job *p)
{
    return job(em, p, NULL, "job:completed", MSG_LIFECYCLE);
}

int64_t emit_job_failed(struct emitter *em, const struct ev_job *p, const struct ev_failure *f)
{
    return job(em, p, f, "job:failed", MSG_LIFECYCLE);
}

int64_t emit_job_logs(struct emitter *em, const char *job_id, const struct ev_log_line *lines, int n)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "job_id", job_id);
    jw_key(w, "lines");
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        jw_obj(w);
        jw_ki64(w, "seq", lines[i].seq);
        jw_ktime(w, "ts", lines[i].ts_us);
        jw_kstr(w, "stream", lines[i].stream);
        jw_key(w, "text");
        jw_slice(w, lines[i].text);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_obj_end(w);
    return emitter_send(em, "jobs", job_id, "logs", "log:lines", MSG_LIFECYCLE);
}

int64_t emit_job_resources(struct emitter *em, const char *job_id, struct slice body)
{
    buf_clear(&em->body);
    buf_add_slice(&em->body, body);
    return emitter_send(em, "jobs", job_id, "resources", "job:resources", MSG_STATE);
}
