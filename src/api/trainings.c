// Trainings: /trainings, their metrics and checkpoints.
#include "api/entity.h"
#include "jobs/job_json.h"

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

void trainings_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/trainings", trainings_create},
        {"GET", "/api/v1/trainings", trainings_list},
        {"POST", "/api/v1/trainings/estimate", trainings_estimate},
        {"GET", "/api/v1/trainings/curves", training_curves_get},
        {"GET", "/api/v1/trainings/{id}", trainings_get},
        {"GET", "/api/v1/trainings/{id}/metrics", training_metrics_get},
        {"GET", "/api/v1/trainings/{id}/checkpoints", trainings_checkpoints},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
