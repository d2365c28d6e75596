// The worker's side: /workers, claim (a long poll), report; what it tells of its machine is in api/worker_machine.c.
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "api/system.h"
#include "jobs/kinds.h"
#include "jobs/queue.h"
#include "jobs/queue_names.h"

static const int64_t POLL_SECONDS = 20;
enum { PARAMS_MAX = 64 << 10 }; // of an attached job

static int read_slots(const json_t *body, struct queue_slots *slots, struct err *e)
{
    const json_t *v = json_object_get(body, "slots");
    int64_t n[3];
    static const char *const names[] = {"gpu", "cpu", "io"};
    if (v && !json_is_object(v))
        return err_field(e, HW_EVALIDATION, "slots", "slots must be an object like {\"cpu\":1}");
    for (int i = 0; i < 3; i++) {
        int rc = json_get_i64(v, names[i], 0, 0, 1024, &n[i], e);
        if (rc) return rc;
    }
    *slots = (struct queue_slots){.gpu = (int)n[0], .cpu = (int)n[1], .io = (int)n[2]};
    return 0;
}

// ["default","long"]; `out` is filled, and named by *slots, only if it is there.
static int read_queues(const json_t *body, struct queue_names *out, struct queue_slots *slots, struct err *e)
{
    const json_t *v = json_object_get(body, "queues");
    size_t i;
    json_t *name;
    struct buf list = BUF_INIT;
    if (!v || json_is_null(v)) return 0;
    if (!json_is_array(v)) return err_field(e, HW_EVALIDATION, "queues", "queues must be a list like [\"default\"]");
    json_array_foreach((json_t *)(uintptr_t)v, i, name)
    {
        // Checked by itself: a comma inside a name would make two of it.
        struct slice text = slice_of(json_string_value(name), json_string_length(name));
        buf_add_str(&list, i ? "," : "");
        if (queue_name_ok(text))
            buf_add_slice(&list, text);
        else
            buf_add_char(&list, '?');
    }
    int rc = queue_names_parse(buf_slice(&list), out, e);
    buf_release(&list);
    slots->queues = out;
    return rc;
}

// ---- registering --------------------------------------------------------------------------------------------------

struct registration {
    struct resources *api;
    struct request *req;
};

// A worker that isn't on the server's host is to report its own (api/worker_machine.c).
static void write_server(struct jw *w, const struct system_provider *system)
{
    jw_kstr(w, "host", system->host(system->ctx));
    jw_kf64(w, "machine_interval_seconds", (double)system->interval_us / 1e6);
}

static void registered(void *ctx, int rc, const struct err *e, const char *worker_id, int64_t lease_us)
{
    struct registration *r = ctx; // the request's
    struct request *req = r->req;
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        jw_obj(&w);
        jw_kstr(&w, "id", worker_id);
        jw_kf64(&w, "lease_seconds", (double)lease_us / 1e6);
        jw_ki64(&w, "poll_seconds", POLL_SECONDS);
        if (r->api->system) write_server(&w, r->api->system);
        jw_obj_end(&w);
        request_reply(req, 201, &body);
        buf_release(&body);
    }
    request_unref(req);
}

static void workers_create(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    const char *host = NULL, *version = NULL, *replaces = NULL;
    int64_t pid = 0;
    struct queue_slots slots = {0};
    struct queue_names queues;
    const json_t *body = request_json(req, &e);
    int rc = body ? json_get_str(body, "host", "", &host, &e) : e.code;
    if (!rc) rc = json_get_str(body, "version", "", &version, &e);
    if (!rc) rc = json_get_str(body, "replaces", NULL, &replaces, &e);
    if (!rc) rc = json_get_i64(body, "pid", 0, 0, 1 << 30, &pid, &e);
    if (!rc) rc = read_slots(body, &slots, &e);
    if (!rc) rc = read_queues(body, &queues, &slots, &e);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    struct registration *r = request_alloc(req, sizeof *r);
    *r = (struct registration){api, request_ref(req)};
    queue_register_worker(api->queue, host, pid, version, slots, replaces, registered, r);
}

// ---- attaching ----------------------------------------------------------------------------------------------------

static void attached(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed, int64_t lease_us)
{
    struct request *req = ctx;
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        jw_obj(&w);
        jw_kstr(&w, "job_id", job->id);
        jw_ki64(&w, "attempt", job->attempt);
        jw_kstr(&w, "lease", job->lease);
        jw_kf64(&w, "lease_seconds", (double)lease_us / 1e6);
        jw_obj_end(&w);
        request_reply(req, existed ? 200 : 201, &body);
        buf_release(&body);
    }
    request_unref(req);
}

static int read_attachment(const json_t *body, struct queue_attachment *a, struct err *e)
{
    int rc = json_get_str(body, "kind", NULL, &a->kind, e);
    if (!rc) rc = json_get_str(body, "name", NULL, &a->name, e);
    if (!rc) rc = json_get_str(body, "resource_class", "cpu", &a->resource_class, e);
    if (!rc) rc = json_get_str(body, "idempotency_key", NULL, &a->idempotency_key, e);
    if (!rc) rc = json_get_i64(body, "pid", 0, 0, 1 << 30, &a->pid, e);
    if (rc) return rc;
    const json_t *params = json_object_get(body, "params");
    const char *class = a->resource_class;
    if (!a->kind || strcmp(a->kind, "command") != 0)
        return err_field(e, HW_EVALIDATION, "kind", "kind must be \"command\"; other kinds are submitted to a queue");
    if (strcmp(class, "cpu") != 0 && strcmp(class, "gpu") != 0 && strcmp(class, "io") != 0)
        return err_field(e, HW_EVALIDATION, "resource_class", "resource_class must be cpu, gpu or io");
    if (a->name && strlen(a->name) > 200) return err_field(e, HW_EVALIDATION, "name", "name has more than 200 bytes");
    if (a->idempotency_key && (!*a->idempotency_key || strlen(a->idempotency_key) > 200))
        return err_field(e, HW_EVALIDATION, "idempotency_key", "idempotency_key must have 1 to 200 bytes");
    if (params && !json_is_object(params)) return err_field(e, HW_EVALIDATION, "params", "params must be an object");
    return 0;
}

static void workers_attach(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    struct queue_attachment a = {0};
    const json_t *body = request_json(req, &e);
    if (!body || read_attachment(body, &a, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    char *params = json_to_text(json_object_get(body, "params"));
    a.params = slice_str(params);
    if (a.params.n > PARAMS_MAX) { // each event about the job carries them
        request_fail(req, HW_EVALIDATION, "params", "params have more than %d bytes", PARAMS_MAX);
        free(params);
        return;
    }
    queue_attach(api->queue, request_param(req, "id"), &a, attached, request_ref(req));
    free(params);
}

// ---- claiming -----------------------------------------------------------------------------------------------------

struct claim {
    struct resources *api;
    struct request *req;
    struct queue_claim *handle;
};

static void write_claimed(struct jw *w, const struct job_row *job)
{
    jw_obj(w);
    jw_kstr(w, "job_id", job->id);
    jw_ki64(w, "attempt", job->attempt);
    jw_kstr(w, "lease", job->lease);
    jw_kstr(w, "kind", job->kind);
    jw_kstr(w, "resource_class", job->resource_class);
    jw_kraw(w, "spec", slice_str(job->spec ? job->spec : "{}"));
    jw_kstr(w, "output_dir", job->output_dir);
    const struct job_kind *kind = job_kind_find(job->kind);
    jw_kstr(w, "pause", kind && kind->checkpoints ? "checkpoint" : "freeze");
    jw_kf64(w, "time_limit_seconds", job->time_limit_seconds);
    jw_obj_end(w);
}

static void claimed(void *ctx, int rc, const struct err *e, const struct job_row *jobs, int n)
{
    struct claim *c = ctx;
    struct request *req = c->req;
    request_on_gone(req, NULL, NULL);
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        jw_obj(&w);
        jw_key(&w, "jobs");
        jw_arr(&w);
        for (int i = 0; i < n; i++) write_claimed(&w, &jobs[i]);
        jw_arr_end(&w);
        jw_obj_end(&w);
        request_reply(req, 200, &body);
        buf_release(&body);
    }
    request_unref(req);
}

// The worker went away: what was claimed for it goes back to the queue.
static void claimer_gone(struct request *req, void *ctx)
{
    struct claim *c = ctx;
    queue_claim_abandon(c->api->queue, c->handle);
    request_unref(req);
}

static void workers_claim(struct request *req, void *ctx)
{
    struct err e = {0};
    struct queue_slots slots = {0};
    struct queue_names queues;
    double wait = 0;
    const json_t *body = request_json(req, &e);
    int rc = body ? read_slots(body, &slots, &e) : e.code;
    if (!rc) rc = read_queues(body, &queues, &slots, &e);
    if (!rc) rc = json_get_f64(body, "wait_seconds", (double)POLL_SECONDS, 0, 60, &wait, &e);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    struct claim *c = request_alloc(req, sizeof *c);
    c->api = ctx;
    c->req = request_ref(req);
    c->handle = queue_claim(c->api->queue, request_param(req, "id"), slots, (int64_t)(wait * 1e6), claimed, c);
    request_on_gone(req, claimer_gone, c);
}

// ---- reporting ----------------------------------------------------------------------------------------------------

static void reported(void *ctx, int rc, const struct err *e, struct slice answer)
{
    struct request *req = ctx;
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        buf_add_slice(&body, answer);
        request_reply(req, 200, &body);
        buf_release(&body);
    }
    request_unref(req);
}

static void workers_report(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    queue_report(api->queue, request_param(req, "id"), request_body(req), reported, request_ref(req));
}

void workers_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/workers", workers_create},
        {"POST", "/api/v1/workers/{id}/jobs", workers_attach},
        {"POST", "/api/v1/workers/{id}/claim", workers_claim},
        {"POST", "/api/v1/workers/{id}/report", workers_report},
        {"POST", "/api/v1/workers/{id}/machine", worker_machine_report},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
