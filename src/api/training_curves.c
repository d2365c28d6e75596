// GET /trainings/curves?ids=a,b,c: one metric's curve of each of many trainings, in a few points, for the small
// pictures of a table. One call a screenful, instead of one a row.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "base/mem.h"
#include "jobs/job_json.h"
#include "store/metrics_table.h"

enum { IDS_MAX = 100, POINTS_MAX = 200 };

struct curves {
    struct request *req; // a reference
    char *ids;
    int64_t max_points;
    size_t metric; // the offset in metric_row
    const char *name;
    struct buf body;
};

static const struct {
    const char *name;
    size_t at;
} metrics[] = {
#define X(name) {#name, offsetof(struct metric_row, name)},
    METRIC_COLUMNS(X)
#undef X
};

static double value_of(const struct curves *c, const struct metric_row *r)
{
    return *(const double *)((const char *)r + c->metric);
}

// The rows that were chosen keep the extremes of every metric; of this one alone, so many suffice.
static void write_points(const struct curves *c, const struct metric_rows *m, struct jw *w, bool steps)
{
    int64_t most = c->max_points, groups = most / 2 > 0 ? most / 2 : 1;
    jw_key(w, steps ? "steps" : "values");
    jw_arr(w);
    for (int64_t g = 0; g < (m->n <= most ? m->n : groups); g++) {
        int64_t from = m->n <= most ? g : g * m->n / groups, to = m->n <= most ? g + 1 : (g + 1) * m->n / groups;
        int64_t low = from, high = from;
        for (int64_t i = from; i < to; i++) {
            double v = value_of(c, &m->rows[i]);
            if (isnan(v)) continue; // a stretch without any value keeps one row, and is a gap
            if (!(value_of(c, &m->rows[low]) <= v)) low = i;
            if (!(value_of(c, &m->rows[high]) >= v)) high = i;
        }
        const int64_t pick[] = {low < high ? low : high, low < high ? high : low};
        for (int k = 0; k < (low == high ? 1 : 2); k++) {
            if (steps)
                jw_i64(w, m->rows[pick[k]].step);
            else
                jw_f32(w, (float)value_of(c, &m->rows[pick[k]]));
        }
    }
    jw_arr_end(w);
}

static int read_curve(struct curves *c, struct store_tx *tx, const char *id, struct jw *w, struct err *e)
{
    const struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL, .max_points = c->max_points};
    struct metric_rows rows;
    int rc = metric_rows_query(tx, id, &q, &rows, e);
    if (rc == HW_ENOTFOUND) { // it was deleted meanwhile, perhaps: the others are told
        err_clear(e);
        return 0;
    }
    if (rc) return rc;
    jw_obj(w);
    jw_kstr(w, "training_id", id);
    write_points(c, &rows, w, true);
    write_points(c, &rows, w, false);
    jw_obj_end(w);
    metric_rows_release(&rows);
    return 0;
}

static int read_curves(struct store_tx *tx, void *ctx, struct err *e)
{
    struct curves *c = ctx;
    struct slice rest = slice_str(c->ids);
    struct jw w;
    int rc = 0;
    buf_clear(&c->body);
    jw_init(&w, &c->body);
    jw_obj(&w);
    jw_kstr(&w, "metric", c->name);
    jw_key(&w, "items");
    jw_arr(&w);
    while (rest.n && !rc) {
        struct slice one = slice_cut(&rest, ',');
        char *id = mem_printf("%.*s", SLICE_FMT(one));
        if (*id) rc = read_curve(c, tx, id, &w, e);
        free(id);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return rc;
}

static void answer(void *ctx, int rc, const struct err *e)
{
    struct curves *c = ctx;
    struct request *req = c->req;
    if (rc < 0)
        request_reply_error(req, e);
    else
        request_reply(req, 200, &c->body);
    buf_release(&c->body);
    free(c->ids);
    request_unref(req); // c goes with it
}

static int read_query(const struct request *req, struct curves *c, struct err *e)
{
    const char *ids = request_query(req, "ids"), *name = request_query(req, "metric");
    size_t n = 1;
    int rc = request_query_i64(req, "max_points", 48, 2, POINTS_MAX, &c->max_points, e);
    if (rc) return rc;
    if (!ids || !*ids) return err_field(e, HW_EVALIDATION, "ids", "ids is missing: training ids, separated by commas");
    for (const char *p = ids; *p; p++) n += *p == ',';
    if (n > IDS_MAX) return err_field(e, HW_EVALIDATION, "ids", "ids names %zu trainings; %d at most", n, IDS_MAX);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (strcmp(metrics[i].name, name && *name ? name : "loss") != 0) continue;
        c->name = metrics[i].name;
        c->metric = metrics[i].at;
        c->ids = mem_strdup(ids);
        return 0;
    }
    return err_field(e, HW_EVALIDATION, "metric", "there is no metric \"%.40s\"", name);
}

void training_curves_get(struct request *req, void *ctx)
{
    struct resources *api = ctx;
    struct err e = {0};
    struct curves *c = request_alloc(req, sizeof *c);
    int rc = read_query(req, c, &e);
    if (rc) {
        request_reply_error(req, &e);
        return;
    }
    c->req = request_ref(req);
    store_read(api->store, read_curves, answer, c);
}
