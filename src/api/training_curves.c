// GET /trainings/curves?ids=a,b,c: one metric's curve of each of many trainings, in a few points, for the small
// pictures of a table. One call a screenful, instead of one a row.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "base/mem.h"
#include "jobs/job_json.h"
#include "store/curve_sums.h"
#include "store/metrics_table.h"

enum { IDS_MAX = 100, POINTS_MAX = 200 };

struct curves {
    struct request *req; // a reference
    char *ids;
    int64_t max_points;
    int metric; // its place in METRIC_COLUMNS
    struct buf body;
};

static const char *const metrics[] = {
#define X(name) #name,
    METRIC_COLUMNS(X)
#undef X
};

static void write_point(struct jw *w, int64_t step, double value, bool steps)
{
    if (steps)
        jw_i64(w, step);
    else
        jw_f32(w, (float)value);
}

// Each stretch by its lowest value and its highest, in the order of their steps. Infinities are neither.
static void write_points(const struct curves *c, struct metric_summaries *s, struct jw *w, bool steps)
{
    // Every row, where they are few enough.
    bool all = metric_summaries_rows(s, 0, s->n) <= c->max_points;
    size_t most = (size_t)c->max_points / 2, stretches = all || s->n < most ? s->n : most;
    jw_key(w, steps ? "steps" : "values");
    jw_arr(w);
    for (size_t i = 0; i < stretches; i++) {
        size_t from = i * s->n / stretches, to = (i + 1) * s->n / stretches;
        const struct metric_extremes *m = metric_summaries_of(s, from, to, c->metric);
        if (!m || m->lowest_at < 0) {
            write_point(w, s->list[from].first_step, (double)NAN, steps); // without any value it is a gap
            continue;
        }
        bool low_first = m->lowest_at <= m->highest_at;
        write_point(w, low_first ? m->lowest_at : m->highest_at, low_first ? m->lowest : m->highest, steps);
        if (m->lowest_at == m->highest_at) continue;
        write_point(w, low_first ? m->highest_at : m->lowest_at, low_first ? m->highest : m->lowest, steps);
    }
    jw_arr_end(w);
}

static void write_curves(struct curves *c, struct curve_sums *curves, size_t n)
{
    struct jw w;
    jw_init(&w, &c->body);
    jw_obj(&w);
    jw_kstr(&w, "metric", metrics[c->metric]);
    jw_key(&w, "items");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        if (!curves[i].found) continue; // it was deleted meanwhile, perhaps: the others are told
        jw_obj(&w);
        jw_kstr(&w, "training_id", curves[i].training_id);
        write_points(c, &curves[i].s, &w, true);
        write_points(c, &curves[i].s, &w, false);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
}

static int read_curves(struct store_tx *tx, void *ctx, struct err *e)
{
    struct curves *c = ctx;
    struct curve_sums curves[IDS_MAX];
    char *ids[IDS_MAX];
    size_t n = 0;
    for (struct slice rest = slice_str(c->ids); rest.n;) {
        struct slice one = slice_cut(&rest, ',');
        if (!one.n) continue;
        ids[n] = mem_strndup(one.p, one.n);
        curves[n].training_id = ids[n];
        n++;
    }
    buf_clear(&c->body);
    int rc = curve_sums_read(tx, curves, n, c->max_points / 2, e);
    if (!rc) {
        write_curves(c, curves, n);
        curve_sums_release(curves, n);
    }
    for (size_t i = 0; i < n; i++) free(ids[i]);
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
        if (strcmp(metrics[i], name && *name ? name : "loss") != 0) continue;
        c->metric = (int)i;
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
