// Datasets: /datasets (imported from disk, or downloaded), /datasets/{id}/tokenize.
#include <stdlib.h>

#include "api/entity.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jobs/described.h"
#include "jobs/job_json.h"

static void init(void *row)
{
    dataset_row_init(row);
}

static void release(void *row)
{
    dataset_row_release(row);
}

static int get(struct store_tx *tx, const char *id, void *row, struct err *e)
{
    return dataset_row_get(tx, id, row, e);
}

static int list(struct store_tx *tx, const struct request *req, const struct page *p, void **rows, int *n, bool *more,
                struct err *e)
{
    (void)req;
    struct dataset_row *got = NULL;
    int rc = dataset_rows_list(tx, p, &got, n, more, e);
    *rows = got;
    return rc;
}

static void free_rows(void *rows, int n)
{
    dataset_rows_free(rows, n);
}

static void json(struct jw *w, const void *row)
{
    dataset_json(w, row);
}

static const char *place(const void *row, int64_t *created_at)
{
    const struct dataset_row *d = row;
    *created_at = d->created_at;
    return d->id;
}

static int fill(void *row, char *path, const char *name, const json_t *body, const json_t *d, struct err *e)
{
    struct dataset_row *r = row;
    const char *given;
    r->path = path;
    int rc = json_get_str(body, "text_field", NULL, &given, e);
    if (rc) return rc;
    id_new("dst", r->id);
    r->name = mem_strdup(name);
    r->status = mem_strdup("ready");
    dataset_describe(r, d);
    if (given) {
        free(r->text_field);
        r->text_field = mem_strdup(given);
    }
    r->created_at = r->updated_at = clock_now_us();
    return 0;
}

static int insert(struct store_tx *tx, const void *row, struct err *e)
{
    return dataset_row_insert(tx, row, e);
}

static void download(const void *row, struct entity_download *out)
{
    const struct dataset_row *d = row;
    *out = (struct entity_download){.status = d->status, .job_id = d->download_job_id};
}

static const struct entity_type dataset_type = {
    sizeof(struct dataset_row),
    init,
    release,
    get,
    list,
    free_rows,
    json,
    place,
    "dataset",
    fill,
    insert,
    "dataset",
    download,
    dataset_row_delete,
};

static void datasets_create(struct request *req, void *ctx)
{
    if (!submit_download(ctx, req, "download_dataset")) entity_import(ctx, req, &dataset_type);
}

static void datasets_list(struct request *req, void *ctx)
{
    entity_list(ctx, req, &dataset_type);
}

static void datasets_get(struct request *req, void *ctx)
{
    entity_get(ctx, req, &dataset_type);
}

static void datasets_delete(struct request *req, void *ctx)
{
    entity_remove_download(ctx, req, &dataset_type);
}

static void datasets_tokenize(struct request *req, void *ctx)
{
    submit_with_id(ctx, req, "tokenize", "dataset_id", true);
}

void datasets_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"POST", "/api/v1/datasets", datasets_create},
        {"GET", "/api/v1/datasets", datasets_list},
        {"GET", "/api/v1/datasets/{id}", datasets_get},
        {"DELETE", "/api/v1/datasets/{id}", datasets_delete},
        {"POST", "/api/v1/datasets/{id}/tokenize", datasets_tokenize},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
