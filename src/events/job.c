// jobs/{id}/progress, jobs/{id}/logs and jobs/{id}/resources.
#include <stdio.h>
#include <string.h>

#include "events/emitter_internal.h"

// `previous`: a member of its own; NULL: there is none.
static void progress_members(struct jw *w, const struct ev_progress *p, const char *const *previous, double progress)
{
    jw_kstr(w, "status", p->status);
    if (previous) jw_kstr(w, "previous", *previous);
    jw_kstr(w, "phase", p->phase);
    emitter_count(w, "phase_index", p->phase_count > 0 ? p->phase_index : -1);
    emitter_count(w, "phase_count", p->phase_count > 0 ? p->phase_count : -1);
    reading_percent(w, "progress", progress);
    emitter_count(w, "done", p->done);
    emitter_count(w, "total", p->total);
    jw_kstr(w, "unit", p->unit);
    reading_rate(w, "rate", p->rate);
    reading_eta(w, "eta_seconds", p->eta_seconds);
    jw_kstr(w, "message", p->message);
}

int64_t emit_progress(struct emitter *em, const char *entity_type, const char *entity_id, const struct ev_progress *p)
{
    char id[64], entity[64], event[80];
    if (strlen(entity_type) > 40) return HW_EINVALID;
    snprintf(id, sizeof id, "%s_id", entity_type);
    snprintf(entity, sizeof entity, "%ss", entity_type);
    snprintf(event, sizeof event, "%s:progress", entity_type);
    struct jw *w = emitter_begin(em);
    jw_kstr(w, id, entity_id);
    progress_members(w, p, NULL, p->progress);
    jw_obj_end(w);
    return emitter_send(em, entity, entity_id, "progress", event, MSG_STATE);
}

static int64_t job(struct emitter *em, const struct ev_job *p, const struct ev_failure *f, const char *event,
                   enum msg_class cls)
{
    bool change = strcmp(event, "job:status_changed") == 0; // the others change none
    struct jw *w = emitter_begin(em);
    jw_kstr(w, "job_id", p->job_id);
    jw_kstr(w, "kind", p->kind);
    progress_members(w, &p->at, change ? &p->previous : NULL, f ? f->progress : p->at.progress);
    if (f) emitter_failure(w, f);
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
