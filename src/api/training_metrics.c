// GET /trainings/{id}/metrics: a curve, or so much of it as an answer may hold.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/metric_formats.h"
#include "api/resources.h"
#include "base/mem.h"

// So many rows are some tens of megabytes of JSON at most, and a second of a reader's time.
enum { ROWS_MAX = 100000 };
static const int64_t FAR = 1LL << 53;

struct metrics {
    struct request *req; // a reference
    struct metric_query query;
    enum metric_format format;
    int64_t more_after;
    struct buf body;
};

// Read and written on the reader's thread: on the loop, a large answer would hold up everybody else's.
static int read_metrics(struct store_tx *tx, void *ctx, struct err *e)
{
    struct metrics *m = ctx;
    struct metric_rows rows;
    const char *id = request_param(m->req, "id");
    buf_clear(&m->body);
    int rc = metric_rows_query(tx, id, &m->query, &rows, e);
    if (rc) return rc;
    rc = metric_rows_write(&m->body, m->format, id, &rows, e);
    m->more_after = rows.more_after;
    metric_rows_release(&rows);
    return rc;
}

// Where the rest is, for formats that can't say it (RFC 8288).
static void add_link(struct metrics *m)
{
    static const char *const kept[] = {"layer", "to_step", "include_archived", "format", "limit"};
    char value[400];
    int n = snprintf(value, sizeof value, "<%s?since_step=%lld", request_path(m->req), (long long)m->more_after);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *text = request_query(m->req, kept[i]); // checked: digits and known words, "*" among them
        if (text && *text) n += snprintf(value + n, sizeof value - (size_t)n, "&%s=%.24s", kept[i], text);
    }
    snprintf(value + n, sizeof value - (size_t)n, ">; rel=\"next\"");
    request_add_header(m->req, "Link", value);
}

static void answer(void *ctx, int rc, const struct err *e)
{
    struct metrics *m = ctx;
    struct request *req = m->req;
    if (rc < 0) {
        request_reply_error(req, e);
    } else {
        if (m->more_after >= 0) add_link(m);
        request_reply_text(req, 200, metric_format_type(m->format), &m->body);
    }
    buf_release(&m->body);
    request_unref(req); // m goes with it
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

static int format_of(const struct request *req, enum metric_format *format, struct err *e)
{
    static const char *const names[] = {[METRIC_JSON] = "json", [METRIC_CSV] = "csv", [METRIC_BINARY] = "binary"};
    const char *text = request_query(req, "format");
    *format = METRIC_JSON;
    if (!text || !*text) return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *format = (enum metric_format)i;
        return 0;
    }
    return err_field(e, HW_EVALIDATION, "format", "format is json, csv or binary");
}

static int read_query(const struct request *req, struct metric_query *q, struct err *e)
{
    int64_t since;
    bool archived;
    int rc = request_query_i64(req, "from_step", 0, 0, FAR, &q->from_step, e);
    if (!rc) rc = request_query_i64(req, "since_step", -1, -1, FAR, &since, e);
    if (!rc) rc = request_query_i64(req, "to_step", FAR, 0, FAR, &q->to_step, e);
    if (!rc) rc = request_query_i64(req, "max_points", 0, 0, 1000000, &q->max_points, e);
    if (!rc) rc = request_query_i64(req, "limit", ROWS_MAX, 1, ROWS_MAX, &q->limit, e);
    if (!rc) rc = request_query_bool(req, "include_archived", true, &archived, e);
    if (!rc) rc = layer_of(req, &q->layer, e);
    if (rc) return rc;
    if (since >= q->from_step) q->from_step = since + 1;
    q->live_only = !archived;
    return 0;
}

void training_metrics_get(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    struct metrics *m = request_alloc(req, sizeof *m);
    int rc = read_query(req, &m->query, &e);
    if (!rc) rc = format_of(req, &m->format, &e);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    m->req = request_ref(req);
    store_read(api->store, read_metrics, answer, m);
}
