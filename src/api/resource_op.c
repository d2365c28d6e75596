#include "api/resources.h"

void *op_new(struct resources *api, struct request *req, size_t size)
{
    struct resource_op *op = request_alloc(req, size);
    op->api = api;
    op->req = request_ref(req);
    return op;
}

void op_answer(struct resource_op *op, const struct err *e)
{
    struct request *req = op->req;
    if (e) {
        request_reply_error(req, e);
    } else {
        struct buf body = BUF_INIT;
        struct jw w;
        jw_init(&w, &body);
        op->write(op, &w);
        request_reply(req, op->status ? op->status : 200, &body);
        buf_release(&body);
    }
    if (op->release) op->release(op);
    request_unref(req); // the op's memory goes with it
}

static int run(struct store_tx *tx, void *ctx, struct err *e)
{
    struct resource_op *op = ctx;
    return op->read ? op->read(op, tx, e) : 0;
}

static void done(void *ctx, int rc, const struct err *e)
{
    op_answer(ctx, rc < 0 ? e : NULL);
}

void op_read(struct resource_op *op)
{
    store_read(op->api->store, run, done, op);
}

void op_write(struct resource_op *op)
{
    store_write(op->api->store, run, done, op);
}

bool op_page(struct request *req, struct page *p)
{
    struct err e = {0};
    int64_t limit;
    const char *cursor = request_query(req, "cursor");
    *p = (struct page){0};
    int rc = request_query_i64(req, "limit", 50, 1, 500, &limit, &e);
    if (!rc) rc = page_cursor_parse(slice_str(cursor ? cursor : ""), p, &e);
    if (rc) {
        request_reply_error(req, &e);
        return false;
    }
    p->limit = (int)limit;
    return true;
}

void op_list_begin(struct jw *w)
{
    jw_obj(w);
    jw_key(w, "items");
    jw_arr(w);
}

void op_list_end(struct jw *w, bool more, int64_t last_created_at, const char *last_id)
{
    char cursor[PAGE_CURSOR_SIZE];
    jw_arr_end(w);
    if (more) page_cursor_format(last_created_at, last_id, cursor);
    jw_kstr(w, "next_cursor", more ? cursor : NULL);
    jw_obj_end(w);
}
