// Extractions: /extractions. They are made by POST /models/{id}/extractions.
#include "api/entity.h"
#include "jobs/job_json.h"

static void init(void *row)
{
    extraction_row_init(row);
}

static void release(void *row)
{
    extraction_row_release(row);
}

static int get(struct store_tx *tx, const char *id, void *row, struct err *e)
{
    return extraction_row_get(tx, id, row, e);
}

static int list(struct store_tx *tx, const struct request *req, const struct page *p, void **rows, int *n, bool *more,
                struct err *e)
{
    struct extraction_row *got = NULL;
    int rc = extraction_rows_list(tx, request_query(req, "model_id"), p, &got, n, more, e);
    *rows = got;
    return rc;
}

static void free_rows(void *rows, int n)
{
    extraction_rows_free(rows, n);
}

static void json(struct jw *w, const void *row)
{
    extraction_json(w, row);
}

static const char *place(const void *row, int64_t *created_at)
{
    const struct extraction_row *x = row;
    *created_at = x->created_at;
    return x->id;
}

static const struct entity_type extraction_type = {
    .row_size = sizeof(struct extraction_row),
    .init = init,
    .release = release,
    .get = get,
    .list = list,
    .free_rows = free_rows,
    .json = json,
    .place = place,
};

static void extractions_list(struct request *req, void *ctx)
{
    entity_list(ctx, req, &extraction_type);
}

static void extractions_get(struct request *req, void *ctx)
{
    entity_get(ctx, req, &extraction_type);
}

void extractions_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"GET", "/api/v1/extractions", extractions_list},
        {"GET", "/api/v1/extractions/{id}", extractions_get},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
