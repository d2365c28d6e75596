// Models: /models (imported from disk, or downloaded), /models/{id}/extractions.
#include "api/entity.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jobs/described.h"
#include "jobs/job_json.h"

static void init(void *row)
{
    model_row_init(row);
}

static void release(void *row)
{
    model_row_release(row);
}

static int get(struct store_tx *tx, const char *id, void *row, struct err *e)
{
    return model_row_get(tx, id, row, e);
}

static int list(struct store_tx *tx, const struct request *req, const struct page *p, void **rows, int *n, bool *more,
                struct err *e)
{
    (void)req;
    struct model_row *got = NULL;
    int rc = model_rows_list(tx, p, &got, n, more, e);
    *rows = got;
    return rc;
}

static void free_rows(void *rows, int n)
{
    model_rows_free(rows, n);
}

static void json(struct jw *w, const void *row)
{
    model_json(w, row);
}

static const char *place(const void *row, int64_t *created_at)
{
    const struct model_row *m = row;
    *created_at = m->created_at;
    return m->id;
}

static int fill(void *row, char *path, const char *name, const json_t *body, const json_t *d, struct err *e)
{
    (void)body, (void)e;
    struct model_row *m = row;
    id_new("mdl", m->id);
    m->path = path;
    m->name = mem_strdup(name);
    m->status = mem_strdup("ready");
    model_describe(m, d);
    m->created_at = m->updated_at = clock_now_us();
    return 0;
}

static int insert(struct store_tx *tx, const void *row, struct err *e)
{
    return model_row_insert(tx, row, e);
}

static void download(const void *row, struct entity_download *out)
{
    const struct model_row *m = row;
    *out = (struct entity_download){.status = m->status, .job_id = m->job_id};
}

static const struct entity_type model_type = {
    sizeof(struct model_row),
    init,
    release,
    get,
    list,
    free_rows,
    json,
    place,
    "model",
    fill,
    insert,
    "model",
    download,
    model_row_delete,
};

static void models_create(struct request *req, void *ctx)
{
    if (!submit_download(ctx, req, "download_model")) entity_import(ctx, req, &model_type);
}

static void models_list(struct request *req, void *ctx)
{
    entity_list(ctx, req, &model_type);
}

static void models_get(struct request *req, void *ctx)
{
    entity_get(ctx, req, &model_type);
}

static void models_delete(struct request *req, void *ctx)
{
    entity_remove_download(ctx, req, &model_type);
}

static void extractions_create(struct request *req, void *ctx)
{
    submit_with_id(ctx, req, "extract", "model_id", false);
}

void models_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/models", models_create},
        {"GET", "/api/v1/models", models_list},
        {"GET", "/api/v1/models/{id}", models_get},
        {"DELETE", "/api/v1/models/{id}", models_delete},
        {"POST", "/api/v1/models/{id}/extractions", extractions_create},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
