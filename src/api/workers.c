// The worker's side: /workers, claim (a long poll), report.
#include <stdlib.h>

#include "api/resources.h"
#include "jobs/kinds.h"
#include "jobs/queue.h"

static const int64_t POLL_SECONDS = 20;

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
    *slots = (struct queue_slots){(int)n[0], (int)n[1], (int)n[2]};
    return 0;
}

// ---- registering --------------------------------------------------------------------------------------------------

static void registered(void *ctx, int rc, const struct err *e, const char *worker_id, int64_t lease_us)
{
    struct request *req = ctx;
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
    const char *host = NULL, *version = NULL;
    int64_t pid = 0;
    struct queue_slots slots = {0};
    const json_t *body = request_json(req, &e);
    int rc = body ? json_get_str(body, "host", "", &host, &e) : e.code;
    if (!rc) rc = json_get_str(body, "version", "", &version, &e);
    if (!rc) rc = json_get_i64(body, "pid", 0, 0, 1 << 30, &pid, &e);
    if (!rc) rc = read_slots(body, &slots, &e);
    if (rc)
        request_reply_error(req, &e);
    else
        queue_register_worker(api->queue, host, pid, version, slots, registered, request_ref(req));
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
    double wait = 0;
    const json_t *body = request_json(req, &e);
    int rc = body ? read_slots(body, &slots, &e) : e.code;
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
    struct err e = {0};
    // Parsed anew: the queue works on it from another thread, and the request's own copy stays here.
    json_t *body = json_read_object(request_body(req), &e);
    if (body)
        queue_report(api->queue, request_param(req, "id"), body, reported, request_ref(req));
    else
        request_reply_error(req, &e);
}

void workers_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/workers", workers_create},
        {"POST", "/api/v1/workers/{id}/claim", workers_claim},
        {"POST", "/api/v1/workers/{id}/report", workers_report},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
