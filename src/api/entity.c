#include "api/entity.h"

#include <stdlib.h>
#include <string.h>

#include "api/inspect.h"
#include "base/mem.h"
#include "net/loop.h"

// ---- one ----------------------------------------------------------------------------------------------------------

struct one {
    struct resource_op op;
    const struct entity_type *type;
    void *row; // the request's memory
};

static void write_one(struct resource_op *op, struct jw *w)
{
    struct one *o = (struct one *)op;
    o->type->json(w, o->row);
}

static void release_one(struct resource_op *op)
{
    struct one *o = (struct one *)op;
    o->type->release(o->row);
}

static int read_one(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct one *o = (struct one *)op;
    return o->type->get(tx, request_param(op->req, "id"), o->row, e);
}

static void one_init(struct one *o, const struct entity_type *t)
{
    o->type = t;
    o->row = request_alloc(o->op.req, t->row_size);
    t->init(o->row);
    o->op.write = write_one;
    o->op.release = release_one;
}

void entity_get(struct resources *api, struct request *req, const struct entity_type *t)
{
    struct one *o = op_new(api, req, sizeof *o);
    one_init(o, t);
    o->op.read = read_one;
    op_read(&o->op);
}

// ---- many ---------------------------------------------------------------------------------------------------------

struct many {
    struct resource_op op;
    const struct entity_type *type;
    struct page page;
    void *rows;
    int n;
    bool more;
};

static int read_many(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct many *m = (struct many *)op;
    return m->type->list(tx, op->req, &m->page, &m->rows, &m->n, &m->more, e);
}

static const void *row_at(const struct many *m, int i)
{
    return (const char *)m->rows + (size_t)i * m->type->row_size;
}

static void write_many(struct resource_op *op, struct jw *w)
{
    const struct many *m = (struct many *)op;
    op_list_begin(w);
    for (int i = 0; i < m->n; i++) m->type->json(w, row_at(m, i));
    int64_t created_at = 0;
    const char *id = m->n ? m->type->place(row_at(m, m->n - 1), &created_at) : "";
    op_list_end(w, m->more, created_at, id);
}

static void release_many(struct resource_op *op)
{
    struct many *m = (struct many *)op;
    m->type->free_rows(m->rows, m->n);
}

void entity_list(struct resources *api, struct request *req, const struct entity_type *t)
{
    struct page page;
    if (!op_page(req, &page)) return;
    struct many *m = op_new(api, req, sizeof *m);
    m->type = t;
    m->page = page;
    m->op.read = read_many;
    m->op.write = write_many;
    m->op.release = release_many;
    op_read(&m->op);
}

// ---- importing ----------------------------------------------------------------------------------------------------

struct import {
    struct one one; // op and row
    const json_t *body;
    const char *name;
    char *path; // heap, until the row takes it
    struct err e;
};

// On a pool thread.
static void import_work(void *arg)
{
    struct import *im = arg;
    const struct entity_type *t = im->one.type;
    json_t *v = inspect_path(im->one.op.api->task_program, t->inspect, im->path, &im->e);
    if (!v) return;
    t->fill(im->one.row, im->path, im->name, im->body, v, &im->e);
    im->path = NULL;
    json_decref(v);
}

static int insert_imported(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct one *o = (struct one *)op;
    return o->type->insert(tx, o->row, e);
}

static void import_done(void *arg)
{
    struct import *im = arg;
    free(im->path);
    im->path = NULL;
    if (im->e.code)
        op_answer(&im->one.op, &im->e);
    else
        op_write(&im->one.op);
}

// The body's `path`, which must be absolute and exist. NULL with the field named.
static char *real_path(const json_t *body, struct err *e)
{
    const char *path;
    if (json_get_str(body, "path", NULL, &path, e) != 0) return NULL;
    if (!path || path[0] != '/') {
        err_field(e, HW_EVALIDATION, "path", "path must be an absolute path on the server's host");
        return NULL;
    }
    char *real = realpath(path, NULL);
    if (!real) err_field(e, HW_EVALIDATION, "path", "%s can't be found on the server's host", path);
    return real;
}

void entity_import(struct resources *api, struct request *req, const struct entity_type *t)
{
    struct err e = {0};
    const json_t *body = request_json(req, &e);
    const char *name = NULL;
    char *path = NULL;
    if (!body || json_get_str(body, "name", NULL, &name, &e) != 0 || !(path = real_path(body, &e))) {
        request_reply_error(req, &e);
        return;
    }
    struct import *im = op_new(api, req, sizeof *im);
    one_init(&im->one, t);
    const char *slash = strrchr(path, '/');
    im->body = body;
    im->path = path;
    im->name = name;
    if (!name) { // the file's own name, in the request's memory
        char *copy = request_alloc(req, strlen(slash) + 1);
        im->name = strcpy(copy, slash[1] ? slash + 1 : "/");
    }
    im->one.op.read = insert_imported;
    im->one.op.status = 201;
    loop_work(request_loop(req), import_work, import_done, im);
}
