// Trainings: /trainings, their metrics and checkpoints.
#include <string.h>

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

static void trainings_list(struct request *req, void *ctx)
{
    entity_list(ctx, req, &training_type);
}

static void trainings_get(struct request *req, void *ctx)
{
    entity_get(ctx, req, &training_type);
}

// ---- metrics ------------------------------------------------------------------------------------------------------

struct metrics {
    struct resource_op op;
    struct metric_query query;
    struct metric_rows rows;
};

static int read_metrics(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct metrics *m = (struct metrics *)op;
    return metric_rows_query(tx, request_param(op->req, "id"), &m->query, &m->rows, e);
}

static void write_metrics(struct resource_op *op, struct jw *w)
{
    const struct metrics *m = (struct metrics *)op;
    jw_obj(w);
    jw_kstr(w, "training_id", request_param(op->req, "id"));
    jw_key(w, "items");
    jw_arr(w);
    for (int64_t i = 0; i < m->rows.n; i++) metric_json(w, &m->rows.rows[i]);
    jw_arr_end(w);
    jw_obj_end(w);
}

static void release_metrics(struct resource_op *op)
{
    metric_rows_release(&((struct metrics *)op)->rows);
}

// "all" (the rows over all layers), "*" (every row), or a layer's number.
static int layer_of(const struct request *req, int *layer, struct err *e)
{
    const char *text = request_query(req, "layer");
    int64_t n;
    *layer = METRIC_LAYER_ALL;
    if (!text || strcmp(text, "all") == 0) return 0;
    *layer = METRIC_LAYER_ANY;
    if (strcmp(text, "*") == 0) return 0;
    int rc = request_query_i64(req, "layer", 0, 0, 100000, &n, e);
    *layer = (int)n;
    return rc;
}

static void trainings_metrics(struct request *req, void *ctx)
{
    struct err e = {0};
    struct metric_query q = {0};
    const int64_t far = 1LL << 53;
    int rc = request_query_i64(req, "from_step", 0, 0, far, &q.from_step, &e);
    if (!rc) rc = request_query_i64(req, "to_step", far, 0, far, &q.to_step, &e);
    if (!rc) rc = request_query_i64(req, "max_points", 0, 0, 1000000, &q.max_points, &e);
    if (!rc) rc = layer_of(req, &q.layer, &e);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    struct metrics *m = op_new(ctx, req, sizeof *m);
    m->query = q;
    m->op.read = read_metrics;
    m->op.write = write_metrics;
    m->op.release = release_metrics;
    op_read(&m->op);
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
        {"GET", "/api/v1/trainings/{id}", trainings_get},
        {"GET", "/api/v1/trainings/{id}/metrics", trainings_metrics},
        {"GET", "/api/v1/trainings/{id}/checkpoints", trainings_checkpoints},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
