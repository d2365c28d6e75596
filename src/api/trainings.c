// Trainings: /trainings, their metrics and checkpoints.
#include "api/entity.h"
#include "base/clock.h"
#include "jobs/job_json.h"
#include "jobs/queue.h"
#include "jobs/state.h"
#include "store/training_removal.h"

static void init(void *row)
{
    training_row_init(row);
}

static void release(void *row)
{
    training_row_release(row);
}

static int get(struct store_tx *tx, const char *id, void *row, struct err *e)
{
    return training_row_get(tx, id, row, e);
}

static int list(struct store_tx *tx, const struct request *req, const struct page *p, void **rows, int *n, bool *more,
                struct err *e)
{
    (void)req;
    struct training_row *got = NULL;
    int rc = training_rows_list(tx, p, &got, n, more, e);
    *rows = got;
    return rc;
}

static void free_rows(void *rows, int n)
{
    training_rows_free(rows, n);
}

static void json(struct jw *w, const void *row)
{
    training_json(w, row);
}

static const char *place(const void *row, int64_t *created_at)
{
    const struct training_row *t = row;
    *created_at = t->created_at;
    return t->id;
}

static const struct entity_type training_type = {
    .row_size = sizeof(struct training_row),
    .init = init,
    .release = release,
    .get = get,
    .list = list,
    .free_rows = free_rows,
    .json = json,
    .place = place,
};

static void trainings_create(struct request *req, void *ctx)
{
    struct err e = {0};
    const json_t *body = request_json(req, &e);
    if (body)
        submit_job(ctx, req, "train_sae", body, false);
    else
        request_reply_error(req, &e);
}

static void trainings_estimate(struct request *req, void *ctx)
{
    struct err e = {0};
    const json_t *body = request_json(req, &e);
    if (body)
        submit_estimate(ctx, req, "train_sae", body);
    else
        request_reply_error(req, &e);
}

static void trainings_list(struct request *req, void *ctx)
{
    entity_list(ctx, req, &training_type);
}

static void trainings_get(struct request *req, void *ctx)
{
    entity_get(ctx, req, &training_type);
}

// ---- checkpoints --------------------------------------------------------------------------------------------------

struct checkpoints {
    struct resource_op op;
    struct checkpoint_row *rows;
    int n;
};

static int read_checkpoints(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct checkpoints *c = (struct checkpoints *)op;
    struct training_row training; // so that an unknown training is 404, not an empty list
    training_row_init(&training);
    int rc = training_row_get(tx, request_param(op->req, "id"), &training, e);
    training_row_release(&training);
    return rc ? rc : checkpoint_rows_list(tx, request_param(op->req, "id"), &c->rows, &c->n, e);
}

static void write_checkpoints(struct resource_op *op, struct jw *w)
{
    const struct checkpoints *c = (struct checkpoints *)op;
    op_list_begin(w);
    for (int i = 0; i < c->n; i++) checkpoint_json(w, &c->rows[i]);
    op_list_end(w, false, 0, "");
}

static void release_checkpoints(struct resource_op *op)
{
    struct checkpoints *c = (struct checkpoints *)op;
    checkpoint_rows_free(c->rows, c->n);
}

static void trainings_checkpoints(struct request *req, void *ctx)
{
    struct checkpoints *c = op_new(ctx, req, sizeof *c);
    c->op.read = read_checkpoints;
    c->op.write = write_checkpoints;
    c->op.release = release_checkpoints;
    op_read(&c->op);
}

// ---- deleting -----------------------------------------------------------------------------------------------------

struct deletion {
    struct resource_op op;
    struct training_row training;
};

// Its job may still write to it. One whose job is gone is as its own row says.
static int refuse_at_work(struct store_tx *tx, const struct training_row *t, struct err *e)
{
    struct job_row job;
    enum job_status s = JOB_FAILED;
    bool known = job_status_from_name(t->status, &s);
    int rc = t->job_id[0] ? job_row_get(tx, t->job_id, &job, e) : HW_ENOTFOUND;
    if (rc && rc != HW_ENOTFOUND) return rc;
    if (rc == 0) {
        known = job_status_from_name(job.status, &s);
        job_row_release(&job);
    }
    if (rc) err_clear(e);
    if (!known || job_is_final(s)) return 0;
    return err_set(e, HW_ECONFLICT, "the training %s is %s: cancel its job %s first", t->id, job_status_name(s),
                   t->job_id);
}

static int delete_training(struct store_tx *tx, void *ctx, struct err *e)
{
    struct deletion *d = ctx;
    const char *id = request_param(d->op.req, "id");
    training_row_release(&d->training); // the transaction may be run again
    training_row_init(&d->training);
    int rc = training_row_get(tx, id, &d->training, e);
    if (!rc) rc = refuse_at_work(tx, &d->training, e);
    return rc ? rc : training_row_delete(tx, id, clock_now_us(), e);
}

static void write_deleted(struct resource_op *op, struct jw *w)
{
    const struct training_row *t = &((struct deletion *)op)->training;
    jw_obj(w);
    jw_kstr(w, "id", t->id);
    jw_kstr(w, "files_kept", t->output_path);
    jw_obj_end(w);
}

static void release_deletion(struct resource_op *op)
{
    training_row_release(&((struct deletion *)op)->training);
}

// Commit, publish, answer; what is left in other tables goes after that.
static void deleted(void *ctx, int rc, const struct err *e)
{
    struct deletion *d = ctx;
    struct resources *api = d->op.api;
    if (!rc) queue_entity_deleted(api->queue, "training", d->training.id, d->training.job_id);
    op_answer(&d->op, rc ? e : NULL);
    if (!rc && api->removal) api->removal(api->removal_ctx);
}

static void trainings_delete(struct request *req, void *ctx)
{
    struct deletion *d = op_new(ctx, req, sizeof *d);
    training_row_init(&d->training);
    d->op.write = write_deleted;
    d->op.release = release_deletion;
    store_write(d->op.api->store, delete_training, deleted, d);
}

void trainings_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/trainings", trainings_create},
        {"GET", "/api/v1/trainings", trainings_list},
        {"POST", "/api/v1/trainings/estimate", trainings_estimate},
        {"GET", "/api/v1/trainings/curves", training_curves_get},
        {"GET", "/api/v1/trainings/{id}", trainings_get},
        {"DELETE", "/api/v1/trainings/{id}", trainings_delete},
        {"GET", "/api/v1/trainings/{id}/metrics", training_metrics_get},
        {"GET", "/api/v1/trainings/{id}/checkpoints", trainings_checkpoints},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
