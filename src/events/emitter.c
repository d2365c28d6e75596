#include "events/emitter.h"

#include <stdlib.h>

#include "base/mem.h"
#include "bus/bus.h"
#include "events/emitter_internal.h"

struct emitter *emitter_new(struct bus *bus)
{
    struct emitter *em = mem_zalloc(sizeof *em);
    em->bus = bus;
    return em;
}

void emitter_free(struct emitter *em)
{
    if (!em) return;
    buf_release(&em->body);
    free(em);
}

int64_t emit_raw(struct emitter *em, struct slice channel, struct slice event, struct slice body, enum msg_class cls)
{
    return em->bus->ops->publish(em->bus, channel, event, body, cls);
}

int64_t emitter_send(struct emitter *em, const char *entity, const char *id, const char *type, const char *event,
                     enum msg_class cls)
{
    // Longer than a channel may be: what doesn't fit is refused as a channel name by the bus, never cut to another
    // name.
    char channel[256];
    int n = snprintf(channel, sizeof channel, "%s/%s/%s", entity, id ? id : "", type);
    if (n < 0 || (size_t)n >= sizeof channel) return HW_EINVALID;
    return emit_raw(em, slice_of(channel, (size_t)n), slice_str(event), buf_slice(&em->body), cls);
}

int64_t emitter_deleted(struct emitter *em, const char *entity, const char *id_key, const char *id, const char *event,
                        const char *job_id)
{
    struct jw *w = emitter_begin(em);
    jw_kstr(w, id_key, id);
    jw_kstr(w, "job_id", job_id && *job_id ? job_id : NULL);
    jw_obj_end(w);
    int64_t seq = emitter_send(em, entity, id, "progress", event, MSG_STATE);
    if (seq < 0) return seq;
    return emit_raw(em, SLICE_LIT("operations"), slice_str(event), buf_slice(&em->body), MSG_LIFECYCLE);
}

struct jw *emitter_begin(struct emitter *em)
{
    buf_clear(&em->body);
    jw_init(&em->w, &em->body);
    jw_obj(&em->w);
    return &em->w;
}

void emitter_count(struct jw *w, const char *key, int64_t v)
{
    if (v < 0)
        jw_knull(w, key);
    else
        jw_ki64(w, key, v);
}

void emitter_json(struct jw *w, const char *key, struct slice json)
{
    if (json.n)
        jw_kraw(w, key, json);
    else
        jw_knull(w, key);
}

void emitter_failure(struct jw *w, const struct ev_failure *f)
{
    jw_kstr(w, "error_type", f->error_type);
    jw_kstr(w, "error_message", f->error_message);
    emitter_json(w, "suggested_retry_params", f->suggested_retry_params);
    jw_kbool(w, "retry_available", f->retry_available);
}

// ---- operations, system: bodies that others wrote ------------------------------------------------------------------

// Not state messages: `operations` is one channel for all jobs, and the newest event of one job doesn't replace
// another's.
static int64_t operation(struct emitter *em, struct slice event, struct slice job_json)
{
    return emit_raw(em, SLICE_LIT("operations"), event, job_json, MSG_LIFECYCLE);
}

int64_t emit_operation_created(struct emitter *em, struct slice job_json)
{
    return operation(em, SLICE_LIT("operation:created"), job_json);
}

int64_t emit_operation_updated(struct emitter *em, struct slice job_json)
{
    return operation(em, SLICE_LIT("operation:updated"), job_json);
}

int64_t emit_operation_finished(struct emitter *em, struct slice job_json)
{
    return operation(em, SLICE_LIT("operation:finished"), job_json);
}

int64_t emit_system_metrics(struct emitter *em, const char *kind, struct slice body)
{
    char channel[64];
    int n = snprintf(channel, sizeof channel, "system/%s", kind);
    if (n < 0 || (size_t)n >= sizeof channel) return HW_EINVALID;
    return emit_raw(em, slice_of(channel, (size_t)n), SLICE_LIT("system:metrics"), body, MSG_STATE);
}

int64_t emit_cpu_metrics(struct emitter *em, struct slice body)
{
    return emit_system_metrics(em, "cpu", body);
}

int64_t emit_memory_metrics(struct emitter *em, struct slice body)
{
    return emit_system_metrics(em, "memory", body);
}

int64_t emit_disk_metrics(struct emitter *em, struct slice body)
{
    return emit_system_metrics(em, "disk", body);
}

int64_t emit_network_metrics(struct emitter *em, struct slice body)
{
    return emit_system_metrics(em, "network", body);
}

int64_t emit_gpu_metrics(struct emitter *em, int gpu_id, struct slice body)
{
    char kind[32];
    snprintf(kind, sizeof kind, "gpu/%d", gpu_id);
    return emit_system_metrics(em, kind, body);
}

int64_t emit_host_metrics(struct emitter *em, const char *host, const char *kind, struct slice body)
{
    char channel[BUS_CHANNEL_MAX + 1];
    int n = snprintf(channel, sizeof channel, "hosts/%s/%s", host, kind);
    if (n < 0 || (size_t)n >= sizeof channel) return HW_EINVALID;
    return emit_raw(em, slice_of(channel, (size_t)n), SLICE_LIT("system:metrics"), body, MSG_STATE);
}
