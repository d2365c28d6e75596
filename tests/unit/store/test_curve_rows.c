// The rows of a curve, wherever they lie: any stretch, in any order, by one reader that keeps its place.
#include "store/packing.h"

#include "store/curve_rows.h"
#include "store/sql.h"

enum { STEPS = 4000, KEY = 7, LAYER = 2 };

static uint64_t seed = 88172645463325252ULL;

static int64_t draw(int64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed % (uint64_t)below);
}

// What a step's row has, as the last that was written of it; 0: there is none.
static double truth[STEPS];

struct writing {
    const char *table;
    int64_t from, to, every;
    double value;
};

static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct writing *w = ctx;
    char text[200];
    int rc = 0;
    snprintf(text, sizeof text,
             "INSERT INTO %s (training_id, layer_idx, step, timestamp, loss) VALUES (?1, ?2, ?3, 1, ?4)", w->table);
    for (int64_t step = w->from; !rc && step < w->to; step += w->every) {
        struct sql_stmt *st = sql_begin(tx, text, e);
        if (!st) return HW_EINTERNAL;
        sql_bind_i64(st, 1, KEY);
        sql_bind_i64(st, 2, LAYER);
        sql_bind_i64(st, 3, step);
        sql_bind_f64(st, 4, w->value);
        truth[step] = w->value;
        rc = sql_exec_later(st, e);
    }
    return rc;
}

static void write_rows(struct temp_store *t, struct writing w)
{
    struct err e = {0};
    if (store_write_wait(t->s, put, &w, &e) != 0) fail_msg("%s", e.message);
}

// What is wrong with a stretch: 0, or an error, since this runs on the store's thread.
static int check_stretch(struct curve_rows *c, int64_t after, int64_t to, int64_t limit, struct err *e)
{
    struct metric_row r;
    int64_t step = after + 1, seen = 0;
    bool good = true;
    int rc = curve_rows_begin(c, after, to, limit, e);
    while (!rc && good && (rc = curve_rows_next(c, &r, e)) == 1) {
        rc = 0;
        while (step < STEPS && truth[step] == 0) step++;
        good = step < STEPS && r.step == step && r.layer_idx == LAYER && r.loss == truth[step] && !r.extra;
        step++;
        seen++;
    }
    curve_rows_end(c);
    while (step < STEPS && step <= to && truth[step] == 0) step++;
    if (rc || (good && (seen == limit || step > to || step >= STEPS))) return rc;
    return err_set(e, HW_EINTERNAL, "behind %lld up to %lld, at most %lld: step %lld isn't as it was written",
                   (long long)after, (long long)to, (long long)limit, (long long)step);
}

static int check_all(struct store_tx *tx, void *ctx, struct err *e)
{
    struct curve_rows c;
    (void)ctx;
    curve_rows_init(&c, tx, KEY, LAYER, false);
    int rc = check_stretch(&c, -1, INT64_MAX, INT64_MAX, e);
    // Where nothing is, and up to where the first block begins.
    if (!rc) rc = check_stretch(&c, 50, 60, INT64_MAX, e);
    if (!rc) rc = check_stretch(&c, 50, 100, INT64_MAX, e);
    for (int i = 0; !rc && i < 3000; i++) {
        int64_t after = draw(STEPS + 100) - 1, length = i % 3 ? 1 : draw(900);
        rc = check_stretch(&c, after, after + length, i % 7 ? INT64_MAX : 1 + draw(20), e);
    }
    curve_rows_release(&c);
    return rc;
}

static void check(struct temp_store *t)
{
    struct err e = {0};
    if (store_read_wait(t->s, check_all, NULL, &e) != 0) fail_msg("%s", e.message);
}

static void any_stretch_in_any_order_has_each_step_once(void **state)
{
    (void)state;
    struct temp_store t;
    const char *const live = "training_metrics", *const rows = "training_metrics_archive";
    temp_store_init(&t);
    // With gaps between the steps.
    write_rows(&t, (struct writing){rows, 100, 1200, 1, 1});
    write_rows(&t, (struct writing){rows, 1300, 2500, 3, 2});
    write_rows(&t, (struct writing){rows, 3000, 3040, 1, 3});
    check(&t);
    pack_all(&t);
    check(&t);
    // Over them, between them and behind them.
    write_rows(&t, (struct writing){rows, 90, 700, 9, 4});
    write_rows(&t, (struct writing){live, 95, 3100, 23, 5});
    check(&t);
    pack_all(&t);
    check(&t);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_stretch_in_any_order_has_each_step_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
