// Jobs: /jobs, their control and their logs.
#include <string.h>

#include "api/resources.h"
#include "jobs/job_json.h"
#include "jobs/kinds.h"
#include "jobs/log_page.h"
#include "jobs/queue.h"
#include "jobs/state.h"

// ---- submitting ---------------------------------------------------------------------------------------------------

// {"kind", "params", …}: the kind's parameters and the ids it works on stand in `params`; the rest is about the job.
static void jobs_create(struct request *req, void *ctx)
{
    struct err e = {0};
    const char *kind = NULL;
    const json_t *body = request_json(req, &e);
    const json_t *params = body ? json_object_get(body, "params") : NULL;
    int rc = body ? json_get_str(body, "kind", NULL, &kind, &e) : e.code;
    if (!rc && !kind) rc = err_field(&e, HW_EVALIDATION, "kind", "kind is missing");
    if (!rc && params && !json_is_object(params))
        rc = err_field(&e, HW_EVALIDATION, "params", "params must be an object");
    json_t *flat = params ? json_copy((json_t *)(uintptr_t)params) : json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        if (strcmp(key, "kind") != 0 && strcmp(key, "params") != 0) json_object_set(flat, key, value);
    }
    if (rc)
        request_reply_error(req, &e);
    else
        submit_job(ctx, req, kind, flat, true);
    json_decref(flat);
}

// ---- reading ------------------------------------------------------------------------------------------------------

struct job_get {
    struct resource_op op;
    struct job_row row;
};

static int read_job(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    return job_row_get(tx, request_param(op->req, "id"), &((struct job_get *)op)->row, e);
}

static void write_job(struct jw *w, const struct resources *api, const struct job_row *row)
{
    char text[160];
    job_json(w, row, queue_status_text(api->queue, row, text, sizeof text));
}

static void write_got(struct resource_op *op, struct jw *w)
{
    write_job(w, op->api, &((struct job_get *)op)->row);
}

static void release_got(struct resource_op *op)
{
    job_row_release(&((struct job_get *)op)->row);
}

static void jobs_get(struct request *req, void *ctx)
{
    struct job_get *g = op_new(ctx, req, sizeof *g);
    job_row_init(&g->row);
    g->op.read = read_job;
    g->op.write = write_got;
    g->op.release = release_got;
    op_read(&g->op);
}

struct job_list {
    struct resource_op op;
    struct page page;
    struct job_filter filter;
    struct job_row *rows;
    int n;
    bool more;
};

static int read_jobs(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct job_list *l = (struct job_list *)op;
    return job_rows_list(tx, &l->filter, &l->page, &l->rows, &l->n, &l->more, e);
}

static void write_jobs(struct resource_op *op, struct jw *w)
{
    const struct job_list *l = (struct job_list *)op;
    op_list_begin(w);
    for (int i = 0; i < l->n; i++) write_job(w, op->api, &l->rows[i]);
    const struct job_row *last = l->n ? &l->rows[l->n - 1] : NULL;
    op_list_end(w, l->more, last ? last->created_at : 0, last ? last->id : "");
}

static void release_jobs(struct resource_op *op)
{
    struct job_list *l = (struct job_list *)op;
    job_rows_free(l->rows, l->n);
}

static void jobs_list(struct request *req, void *ctx)
{
    struct page page;
    enum job_status ignored;
    const char *status = request_query(req, "status");
    if (status && *status && !job_status_from_name(status, &ignored)) {
        request_fail(req, HW_EVALIDATION, "status", "there is no status \"%s\"", status);
        return;
    }
    if (!op_page(req, &page)) return;
    struct job_list *l = op_new(ctx, req, sizeof *l);
    l->page = page;
    l->filter = (struct job_filter){.kind = request_query(req, "kind"), .status = status};
    l->op.read = read_jobs;
    l->op.write = write_jobs;
    l->op.release = release_jobs;
    op_read(&l->op);
}

// ---- control ------------------------------------------------------------------------------------------------------

struct control {
    struct resources *api;
    struct request *req;
    int status; // of a success
};

static void controlled(void *ctx, int rc, const struct err *e, const struct job_row *job)
{
    struct control *c = ctx;
    struct request *req = c->req;
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        write_job(&w, c->api, job);
        request_reply(req, c->status, &body);
        buf_release(&body);
    }
    request_unref(req);
}

static struct control *control_new(struct resources *api, struct request *req, int status)
{
    struct control *c = request_alloc(req, sizeof *c);
    *c = (struct control){api, request_ref(req), status};
    return c;
}

static void jobs_cancel(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    queue_cancel(api->queue, request_param(req, "id"), controlled, control_new(api, req, 202));
}

static void jobs_pause(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    queue_pause(api->queue, request_param(req, "id"), controlled, control_new(api, req, 202));
}

static void jobs_resume(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    queue_resume(api->queue, request_param(req, "id"), controlled, control_new(api, req, 202));
}

static void jobs_stop(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    queue_stop_early(api->queue, request_param(req, "id"), controlled, control_new(api, req, 202));
}

// A retry reads the job first: changed parameters are checked, by themselves and with the others, before anything is
// queued.
struct retry {
    struct resources *api;
    struct request *req;
    const json_t *changed; // the request's; NULL: none
    bool resume;
};

static int check_changed(struct retry *r, struct store_tx *tx, const struct job_row *row, struct err *e)
{
    const struct job_kind *kind = job_kind_find(row->kind);
    int rc = kind ? job_kind_check_changes(kind, r->changed, e) : 0;
    if (rc || !kind || !row->params) return rc;
    json_t *params = json_read_object(slice_str(row->params), e), *changed = json_deep_copy(r->changed);
    if (!params) {
        json_decref(changed);
        return e->code;
    }
    json_object_update(params, changed);
    rc = submit_would_take(r->api, tx, row->kind, params, e);
    json_decref(changed);
    json_decref(params);
    return rc;
}

static int check_retry(struct store_tx *tx, void *ctx, struct err *e)
{
    struct retry *r = ctx;
    struct job_row row;
    job_row_init(&row);
    int rc = job_row_get(tx, request_param(r->req, "id"), &row, e);
    if (!rc && r->changed) rc = check_changed(r, tx, &row, e);
    job_row_release(&row);
    return rc;
}

static void retry_checked(void *ctx, int rc, const struct err *e)
{
    struct retry *r = ctx;
    if (rc < 0)
        request_reply_error(r->req, e);
    else
        queue_retry(r->api->queue, request_param(r->req, "id"), r->changed, r->resume, controlled,
                    control_new(r->api, r->req, 201));
    request_unref(r->req);
}

static void jobs_retry(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    const json_t *body = request_json(req, &e);
    const json_t *changed = body ? json_object_get(body, "params") : NULL;
    if (body && changed && !json_is_object(changed))
        err_field(&e, HW_EVALIDATION, "params", "params must be an object");
    bool resume = false;
    if (body && !e.code) (void)json_get_bool(body, "resume", false, &resume, &e);
    if (e.code) {
        request_reply_error(req, &e);
        return;
    }
    struct retry *r = request_alloc(req, sizeof *r);
    *r = (struct retry){api, request_ref(req), changed, resume};
    store_read(api->store, check_retry, retry_checked, r);
}

static void jobs_dismiss(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    bool undo = false;
    const json_t *body = request_json(req, &e);
    if (!body || json_get_bool(body, "undo", false, &undo, &e) != 0)
        request_reply_error(req, &e);
    else
        queue_dismiss(api->queue, request_param(req, "id"), undo, controlled, control_new(api, req, 200));
}

// ---- logs ---------------------------------------------------------------------------------------------------------

struct logs {
    struct resource_op op;
    struct log_query query;
    struct log_page page;
};

static int read_logs(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct logs *l = (struct logs *)op;
    return log_page_read(tx, request_param(op->req, "id"), &l->query, &l->page, e);
}

static void write_logs(struct resource_op *op, struct jw *w)
{
    const struct log_page *p = &((struct logs *)op)->page;
    op_list_begin(w);
    for (int i = 0; i < p->n; i++) job_log_json(w, &p->rows[i]);
    jw_arr_end(w);
    jw_ki64(w, "next_after", p->after);
    jw_key(w, "next_before");
    if (p->before)
        jw_i64(w, p->before);
    else
        jw_null(w);
    jw_obj_end(w);
}

static void release_logs(struct resource_op *op)
{
    log_page_release(&((struct logs *)op)->page);
}

// after, limit: forward. before, limit: the newest before a line. tail: the newest of all.
static int read_log_query(const struct request *req, struct log_query *q, struct err *e)
{
    const int64_t most = 1LL << 53;
    int64_t limit, tail;
    q->stream = request_query(req, "stream");
    int rc = request_query_i64(req, "after", 0, 0, most, &q->after, e);
    if (!rc) rc = request_query_i64(req, "before", 0, 1, most, &q->before, e);
    if (!rc) rc = request_query_i64(req, "limit", 500, 1, 5000, &limit, e);
    if (!rc) rc = request_query_i64(req, "tail", 0, 1, 5000, &tail, e);
    if (rc) return rc;
    if (q->stream && strcmp(q->stream, "stdout") != 0 && strcmp(q->stream, "stderr") != 0 &&
        strcmp(q->stream, "log") != 0)
        return err_field(e, HW_EVALIDATION, "stream", "stream must be stdout, stderr or log");
    if ((q->before || tail) && request_query(req, "after"))
        return err_field(e, HW_EVALIDATION, "after", "after goes forward; it can't be asked together with %s",
                         tail ? "tail" : "before");
    if (tail && q->before)
        return err_field(e, HW_EVALIDATION, "tail",
                         "tail is the end of the log; before asks for what lies before a line");
    q->limit = (int)(tail ? tail : limit);
    if (tail) q->before = INT64_MAX;
    return 0;
}

static void jobs_logs(struct request *req, void *ctx)
{
    struct err e = {0};
    struct log_query query;
    if (read_log_query(req, &query, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    struct logs *l = op_new(ctx, req, sizeof *l);
    l->query = query;
    l->op.read = read_logs;
    l->op.write = write_logs;
    l->op.release = release_logs;
    op_read(&l->op);
}

void jobs_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/jobs", jobs_create},
        {"GET", "/api/v1/jobs", jobs_list},
        {"GET", "/api/v1/jobs/{id}", jobs_get},
        {"POST", "/api/v1/jobs/{id}/cancel", jobs_cancel},
        {"POST", "/api/v1/jobs/{id}/pause", jobs_pause},
        {"POST", "/api/v1/jobs/{id}/resume", jobs_resume},
        {"POST", "/api/v1/jobs/{id}/stop", jobs_stop},
        {"POST", "/api/v1/jobs/{id}/retry", jobs_retry},
        {"POST", "/api/v1/jobs/{id}/dismiss", jobs_dismiss},
        {"GET", "/api/v1/jobs/{id}/logs", jobs_logs},
        {"GET", "/api/v1/jobs/{id}/timeline", job_timeline_get},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
