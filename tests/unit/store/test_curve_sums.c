// Curves of many trainings, summed up together: each as it is read alone, wherever its rows lie.
#include "store/packing.h"

#include <math.h>

#include "base/mem.h"
#include "store/curve_sums.h"
#include "store/metric_archive.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/trainings_table.h"

enum { OLD = 1000, NEW = 1000000 };

// ---- what is written -----------------------------------------------------------------------------------------------

struct writing {
    const char *id;
    int64_t from, to; // steps, the second not included
    int layer;
    int64_t at; // time
    double (*loss)(int64_t step);
    bool no_sums;
};

static int make(struct store_tx *tx, void *ctx, struct err *e)
{
    struct training_row row;
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "%s", (const char *)ctx);
    row.status = mem_strdup("running");
    row.created_at = 1;
    int rc = training_row_insert(tx, &row, e);
    training_row_release(&row);
    return rc;
}

static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct writing *w = ctx;
    struct metric_batch batch = {0};
    int64_t key;
    int rc = training_key_get(tx, w->id, &key, e);
    for (int64_t step = w->from; step < w->to; step++) {
        struct metric_row r;
        metric_row_init(&r);
        r.step = step, r.layer_idx = w->layer, r.timestamp = w->at;
        r.loss = w->loss(step);
        r.grad_norm = (double)step;
        metric_batch_add(&batch, &r);
    }
    if (!rc) rc = metric_batch_put(tx, key, &batch, e);
    if (!rc && !w->no_sums) rc = rollups_update(tx, key, &batch, NULL, e);
    metric_batch_release(&batch);
    return rc;
}

static int cut(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct writing *w = ctx;
    int64_t key;
    int rc = training_key_get(tx, w->id, &key, e);
    return rc ? rc : metric_rows_cut(tx, key, w->layer, w->from, e);
}

static void write_it(struct temp_store *t, store_fn fn, void *ctx)
{
    struct err e = {0};
    if (store_write_wait(t->s, fn, ctx, &e) != 0) fail_msg("%s", e.message);
}

static double some(int64_t step)
{
    return (double)((step * 7919 + 13) % 10007);
}

static double other(int64_t step)
{
    return some(step) - 0.5;
}

static double third(int64_t step)
{
    return some(step) - 20000;
}

// What is left of these, the last of each step.
static double again(int64_t step)
{
    return step == 102 || step == 106 ? other(step) : step == 103 ? third(step) : some(step);
}

static double none(int64_t step)
{
    (void)step;
    return (double)NAN;
}

static double odd(int64_t step)
{
    return step % 2 ? some(step) : step % 10 ? (double)NAN : (double)INFINITY;
}

static void put_it(struct temp_store *t, struct writing w)
{
    write_it(t, put, &w);
}

static void make_it(struct temp_store *t, const char *id)
{
    char name[24];
    snprintf(name, sizeof name, "%s", id);
    write_it(t, make, name);
}

// ---- the archive ---------------------------------------------------------------------------------------------------

static int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    struct metric_stretch *s = ctx;
    int rc = metric_archive_find(tx, NEW, s, e);
    for (int i = 0; !rc && i < s->n; i++) rc = metric_archive_copy(tx, NEW, s, i, e) < 0 ? HW_EINTERNAL : 0;
    return rc;
}

static int delete_copied(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct metric_stretch *s = ctx;
    for (int i = 0; i < s->n; i++)
        if (metric_archive_delete(tx, NEW, s, i, e) < 0) return HW_EINTERNAL;
    return 0;
}

// What is older than NEW.
static void archive_all(struct temp_store *t)
{
    struct metric_stretch s = {0};
    do {
        write_it(t, copy, &s);
        write_it(t, delete_copied, &s);
    } while (s.more);
}

// ---- what is read --------------------------------------------------------------------------------------------------

struct expected {
    const char *id;
    int64_t rows;  // -1: there is no such training
    double lowest; // NaN: no value
    int64_t lowest_at;
};

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

// An error, since this runs on the store's thread.
static int differs(struct err *e, const char *id, int64_t want, const char *what)
{
    return err_set(e, HW_EINTERNAL, "%s, %lld wanted: %s", id, (long long)want, what);
}

// Against every row, read alone.
static int check_rows(struct store_tx *tx, struct curve_sums *c, int64_t want, struct err *e)
{
    const struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    struct metric_rows rows;
    struct metric_summaries *s = &c->s;
    int rc = metric_rows_query(tx, c->training_id, &q, &rows, e);
    if (rc) return rc;
    int64_t at = 0;
    for (size_t i = 0; !rc && i < s->n; i++) {
        double low = (double)NAN, high = (double)NAN;
        int64_t low_at = -1, end = at + s->list[i].rows;
        if (end > rows.n || rows.rows[at].step != s->list[i].first_step ||
            rows.rows[end - 1].step != s->list[i].last_step)
            rc = differs(e, c->training_id, want, "a summary has other rows");
        for (; !rc && at < end; at++) {
            double v = rows.rows[at].loss;
            if (!isfinite(v)) continue;
            if (!(v >= low)) low = v, low_at = rows.rows[at].step;
            if (!(v <= high)) high = v;
        }
        if (rc) break;
        const struct metric_extremes *m = metric_summaries_of(s, i, i + 1, 0);
        if (m ? !same(m->lowest, low) || !same(m->highest, high) || m->lowest_at != low_at : !isnan(low))
            rc = differs(e, c->training_id, want, "a summary has other extremes");
    }
    if (!rc && at != rows.n) rc = differs(e, c->training_id, want, "rows are missing at the end");
    metric_rows_release(&rows);
    return rc;
}

struct checking {
    const struct expected *expected;
    size_t n;
};

static int check_wanting(struct store_tx *tx, const struct checking *c, int64_t want, struct err *e)
{
    struct curve_sums *curves = mem_array(c->n, sizeof *curves);
    for (size_t i = 0; i < c->n; i++) curves[i].training_id = c->expected[i].id;
    int rc = curve_sums_read(tx, curves, c->n, want, e);
    if (rc) {
        free(curves);
        return rc;
    }
    for (size_t i = 0; !rc && i < c->n; i++) {
        const struct expected *x = &c->expected[i];
        struct metric_summaries *s = &curves[i].s;
        const struct metric_extremes *m = metric_summaries_of(s, 0, s->n, 0);
        if (curves[i].found != (x->rows >= 0))
            rc = differs(e, x->id, want, "whether it is there");
        else if (metric_summaries_rows(s, 0, s->n) != (x->rows < 0 ? 0 : x->rows))
            rc = differs(e, x->id, want, "another number of rows");
        else if (isnan(x->lowest) ? m && m->lowest_at >= 0
                                  : !m || m->lowest != x->lowest || m->lowest_at != x->lowest_at)
            rc = differs(e, x->id, want, "another lowest loss");
        else if (x->rows >= 0)
            rc = check_rows(tx, &curves[i], want, e);
    }
    curve_sums_release(curves, c->n);
    free(curves);
    return rc;
}

static int check_all(struct store_tx *tx, void *ctx, struct err *e)
{
    static const int64_t wants[] = {1, 2, 24, 100, 5000};
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof wants / sizeof *wants; i++) rc = check_wanting(tx, ctx, wants[i], e);
    return rc;
}

static void check(struct temp_store *t, const struct expected *expected, size_t n)
{
    struct checking c = {expected, n};
    struct err e = {0};
    if (store_read_wait(t->s, check_all, &c, &e) != 0) fail_msg("%s", e.message);
}

#define CHECK(t, expected) check(t, expected, sizeof(expected) / sizeof *(expected))

static double lowest(double (*loss)(int64_t), int64_t from, int64_t to, int64_t *at)
{
    double low = (double)NAN;
    for (int64_t step = from; step < to; step++)
        if (isfinite(loss(step)) && !(loss(step) >= low)) low = loss(step), *at = step;
    return low;
}

static struct expected expect(const char *id, double (*loss)(int64_t), int64_t from, int64_t to)
{
    struct expected x = {.id = id, .rows = to - from};
    x.lowest = lowest(loss, from, to, &x.lowest_at);
    return x;
}

static void each_of_many_is_as_if_it_were_read_alone(void **state)
{
    (void)state;
    struct temp_store t;
    static const char *const ids[] = {"trn_empty", "trn_live",  "trn_few", "trn_moved", "trn_packed",
                                      "trn_both",  "trn_blank", "trn_odd", "trn_layer", "trn_layers"};
    temp_store_init(&t);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) make_it(&t, ids[i]);
    put_it(&t, (struct writing){"trn_packed", 0, 1234, METRIC_LAYER_ALL, OLD, some, false});
    put_it(&t, (struct writing){"trn_both", 0, 777, METRIC_LAYER_ALL, OLD, some, false});
    archive_all(&t);
    pack_all(&t);
    put_it(&t, (struct writing){"trn_moved", 0, 1111, METRIC_LAYER_ALL, OLD, some, false});
    put_it(&t, (struct writing){"trn_both", 777, 1555, METRIC_LAYER_ALL, OLD, some, false});
    archive_all(&t);
    put_it(&t, (struct writing){"trn_both", 1555, 2003, METRIC_LAYER_ALL, NEW, some, false});
    put_it(&t, (struct writing){"trn_live", 0, 3457, METRIC_LAYER_ALL, NEW, some, false});
    put_it(&t, (struct writing){"trn_few", 5, 9, METRIC_LAYER_ALL, NEW, some, false});
    put_it(&t, (struct writing){"trn_blank", 0, 345, METRIC_LAYER_ALL, NEW, none, false});
    put_it(&t, (struct writing){"trn_odd", 0, 543, METRIC_LAYER_ALL, NEW, odd, false});
    put_it(&t, (struct writing){"trn_layer", 0, 321, 7, NEW, some, false});
    put_it(&t, (struct writing){"trn_layers", 0, 99, 0, NEW, other, false});
    put_it(&t, (struct writing){"trn_layers", 0, 55, METRIC_LAYER_ALL, NEW, some, false});
    const struct expected wanted[] = {
        {"trn_empty", 0, (double)NAN, 0},   expect("trn_live", some, 0, 3457),  expect("trn_few", some, 5, 9),
        {"trn_nobody", -1, (double)NAN, 0}, expect("trn_moved", some, 0, 1111), expect("trn_packed", some, 0, 1234),
        expect("trn_both", some, 0, 2003),  {"trn_blank", 345, (double)NAN, 0}, expect("trn_odd", odd, 0, 543),
        expect("trn_layer", some, 0, 321),  expect("trn_layers", some, 0, 55),  expect("trn_few", some, 5, 9),
    };
    CHECK(&t, wanted);
    temp_store_release(&t);
}

static void rows_behind_the_last_sum_are_found_in_every_place(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    // Nine rows are in no sum: they are packed, then archived, then live, some of them written again.
    make_it(&t, "trn_tail");
    make_it(&t, "trn_again");
    put_it(&t, (struct writing){"trn_tail", 0, 104, METRIC_LAYER_ALL, OLD, some, true});
    put_it(&t, (struct writing){"trn_again", 0, 109, METRIC_LAYER_ALL, OLD, some, false});
    archive_all(&t);
    pack_all(&t);
    put_it(&t, (struct writing){"trn_tail", 104, 107, METRIC_LAYER_ALL, OLD, some, true});
    put_it(&t, (struct writing){"trn_again", 102, 104, METRIC_LAYER_ALL, OLD, other, false});
    archive_all(&t);
    put_it(&t, (struct writing){"trn_tail", 107, 109, METRIC_LAYER_ALL, NEW, some, false});
    put_it(&t, (struct writing){"trn_again", 103, 104, METRIC_LAYER_ALL, NEW, third, false});
    put_it(&t, (struct writing){"trn_again", 106, 107, METRIC_LAYER_ALL, NEW, other, false});
    const struct expected wanted[] = {expect("trn_tail", some, 0, 109), expect("trn_again", again, 0, 109)};
    CHECK(&t, wanted);
    temp_store_release(&t);
}

static void what_a_cut_has_made_void_is_left_out(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    static const char *const ids[] = {"trn_moved", "trn_packed", "trn_live", "trn_all"};
    for (size_t i = 0; i < 4; i++) make_it(&t, ids[i]);
    put_it(&t, (struct writing){"trn_packed", 0, 500, METRIC_LAYER_ALL, OLD, some, false});
    put_it(&t, (struct writing){"trn_all", 0, 300, METRIC_LAYER_ALL, OLD, some, false});
    archive_all(&t);
    pack_all(&t);
    put_it(&t, (struct writing){"trn_moved", 0, 500, METRIC_LAYER_ALL, OLD, some, false});
    archive_all(&t);
    put_it(&t, (struct writing){"trn_live", 0, 500, METRIC_LAYER_ALL, NEW, some, false});
    for (size_t i = 0; i < 3; i++) write_it(&t, cut, &(struct writing){.id = ids[i], .from = 233, .layer = -1});
    write_it(&t, cut, &(struct writing){.id = "trn_all", .from = -1, .layer = -1});
    const struct expected wanted[] = {expect("trn_moved", some, 0, 234),
                                      expect("trn_packed", some, 0, 234),
                                      expect("trn_live", some, 0, 234),
                                      {"trn_all", 0, (double)NAN, 0}};
    CHECK(&t, wanted);
    temp_store_release(&t);
}

// As of an older database.
static void a_curve_without_sums_is_read_whole(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    static const char *const ids[] = {"trn_live", "trn_moved", "trn_packed", "trn_summed"};
    for (size_t i = 0; i < 4; i++) make_it(&t, ids[i]);
    put_it(&t, (struct writing){"trn_packed", 0, 30000, METRIC_LAYER_ALL, OLD, some, true});
    archive_all(&t);
    pack_all(&t);
    put_it(&t, (struct writing){"trn_moved", 0, 3000, METRIC_LAYER_ALL, OLD, some, true});
    archive_all(&t);
    put_it(&t, (struct writing){"trn_live", 0, 3000, METRIC_LAYER_ALL, NEW, some, true});
    put_it(&t, (struct writing){"trn_summed", 0, 3000, METRIC_LAYER_ALL, NEW, some, false});
    const struct expected wanted[] = {expect("trn_live", some, 0, 3000), expect("trn_moved", some, 0, 3000),
                                      expect("trn_packed", some, 0, 30000), expect("trn_summed", some, 0, 3000)};
    CHECK(&t, wanted);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_many_is_as_if_it_were_read_alone),
        cmocka_unit_test(rows_behind_the_last_sum_are_found_in_every_place),
        cmocka_unit_test(what_a_cut_has_made_void_is_left_out),
        cmocka_unit_test(a_curve_without_sums_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
