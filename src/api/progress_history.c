// The history of progress: /progress-history and its comparison.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "jobs/progress_history.h"
#include "jobs/queue.h"

// A curve fits one page: that of a run whose snapshots were taken at each percent.
enum { LIMIT_DEFAULT = 500, LIMIT_MAX = 500 };

// ---- GET /progress-history -----------------------------------------------------------------------------------------

struct listing {
    struct resource_op op;
    struct history_query query;
    struct history_row *rows;
    int n;
};

static int read_listing(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct listing *l = (struct listing *)op;
    struct history_query q = l->query;
    q.limit++;
    return get_progress_history(tx, &q, &l->rows, &l->n, e);
}

static void write_row(struct jw *w, const struct history_row *r)
{
    jw_obj(w);
    jw_ki64(w, "id", r->id);
    jw_kstr(w, "entity_type", r->entity_type);
    jw_kstr(w, "entity_id", r->entity_id);
    jw_ktime(w, "timestamp", r->timestamp);
    jw_kpercent(w, "progress", r->progress);
    if (r->metrics)
        jw_kraw(w, "metrics", slice_str(r->metrics));
    else
        jw_knull(w, "metrics");
    jw_ktime(w, "created_at", r->created_at);
    jw_obj_end(w);
}

static void write_listing(struct resource_op *op, struct jw *w)
{
    const struct listing *l = (struct listing *)op;
    int n = l->n > l->query.limit ? l->query.limit : l->n;
    char last[ID_SIZE] = "";
    struct history_rule rule = queue_history_rule(op->api->queue);
    jw_obj(w);
    jw_key(w, "rule");
    jw_obj(w);
    jw_kf64(w, "step_percent", rule.step_percent);
    jw_kf64(w, "interval_seconds", (double)rule.interval_us / 1e6);
    jw_obj_end(w);
    jw_key(w, "items");
    jw_arr(w);
    for (int i = 0; i < n; i++) write_row(w, &l->rows[i]);
    if (n) snprintf(last, sizeof last, "%" PRId64, l->rows[n - 1].id);
    op_list_end(w, l->n > n, n ? l->rows[n - 1].timestamp : 0, last);
}

static void release_listing(struct resource_op *op)
{
    struct listing *l = (struct listing *)op;
    history_rows_free(l->rows, l->n);
}

static int read_query(const struct request *req, struct history_query *q, struct err *e)
{
    struct page after = {0};
    int64_t limit = 0;
    const char *cursor = request_query(req, "cursor");
    *q = (struct history_query){.entity_type = request_query(req, "entity_type"),
                                .entity_id = request_query(req, "entity_id")};
    if (!q->entity_id || !*q->entity_id)
        return err_field(e, HW_EVALIDATION, "entity_id", "entity_id is missing: whose history is asked for?");
    if (q->entity_type && !*q->entity_type) q->entity_type = NULL;
    int rc = request_query_i64(req, "limit", LIMIT_DEFAULT, 1, LIMIT_MAX, &limit, e);
    if (!rc) rc = request_query_time(req, "start_time", 0, &q->start, e);
    if (!rc) rc = request_query_time(req, "end_time", INT64_MAX, &q->end, e);
    if (!rc && q->start > q->end) rc = err_field(e, HW_EVALIDATION, "end_time", "end_time lies before start_time");
    if (!rc) rc = page_cursor_parse(slice_str(cursor ? cursor : ""), &after, e);
    q->limit = (int)limit;
    q->after_us = after.before_us;
    q->after_id = after.before_id[0] ? strtoll(after.before_id, NULL, 10) : 0;
    return rc;
}

static void progress_history_list(struct request *req, void *ctx)
{
    struct history_query q;
    struct err e = {0};
    if (read_query(req, &q, &e) != 0) {
        request_reply_error(req, &e);
        return;
    }
    struct listing *l = op_new(ctx, req, sizeof *l);
    l->query = q;
    l->op.read = read_listing;
    l->op.write = write_listing;
    l->op.release = release_listing;
    op_read(&l->op);
}

// ---- GET /progress-history/compare ---------------------------------------------------------------------------------

struct compare {
    struct resource_op op;
    char ids[COMPARE_MAX][ID_SIZE];
    int n;
    struct comparison found;
};

static int read_compare(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct compare *c = (struct compare *)op;
    const char *ids[COMPARE_MAX];
    for (int i = 0; i < c->n; i++) ids[i] = c->ids[i];
    return compare_progress_patterns(tx, ids, c->n, &c->found, e);
}

static void write_compare(struct resource_op *op, struct jw *w)
{
    compare_write(&((struct compare *)op)->found, w);
}

static int refuse_ids(struct err *e, const char *why)
{
    return err_field(e, HW_EVALIDATION, "entity_ids", "%s; accepted are 2 to %d ids, separated by commas", why,
                     COMPARE_MAX);
}

static int read_ids(const char *text, struct compare *c, struct err *e)
{
    struct slice rest = slice_str(text ? text : "");
    while (rest.n) {
        struct slice id = slice_trim(slice_cut(&rest, ','));
        if (id.n == 0 || id.n >= ID_SIZE) return refuse_ids(e, "entity_ids has an id that is empty or too long");
        if (c->n == COMPARE_MAX) return refuse_ids(e, "entity_ids has too many");
        for (int i = 0; i < c->n; i++)
            if (slice_is(id, c->ids[i])) return refuse_ids(e, "entity_ids names one twice");
        snprintf(c->ids[c->n++], ID_SIZE, "%.*s", SLICE_FMT(id));
    }
    return c->n < 2 ? refuse_ids(e, "entity_ids has fewer than two") : 0;
}

static void progress_history_compare(struct request *req, void *ctx)
{
    struct compare *c = op_new(ctx, req, sizeof *c);
    struct err e = {0};
    c->op.read = read_compare;
    c->op.write = write_compare;
    if (read_ids(request_query(req, "entity_ids"), c, &e) != 0)
        op_answer(&c->op, &e);
    else
        op_read(&c->op);
}

void progress_history_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {
        {"GET", "/api/v1/progress-history", progress_history_list},
        {"GET", "/api/v1/progress-history/compare", progress_history_compare},
    };
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
