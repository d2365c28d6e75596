// Rows that come together: in any order, places given twice, and rows that replace others wherever these lie.
#include "store/in_store.h"

#include <math.h>

#include "base/mem.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/trainings_table.h"

static const int64_t MONTH_US = 31 * 86400LL * 1000000;

static int64_t training_make(struct store_tx *tx, struct err *e)
{
    struct training_row row;
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "trn_a");
    row.status = mem_strdup("running");
    row.created_at = 1;
    assert_int_equal(training_row_insert(tx, &row, e), 0);
    int64_t key = row.key;
    training_row_release(&row);
    return key;
}

static void run(void (*body)(struct store_tx *tx, struct err *e))
{
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, body);
    temp_store_release(&t);
}

static void add(struct metric_batch *b, int64_t step, int layer, double loss)
{
    struct metric_row r;
    metric_row_init(&r);
    r.step = step, r.layer_idx = layer, r.timestamp = step, r.loss = loss;
    metric_batch_add(b, &r);
}

static void put(struct store_tx *tx, int64_t key, struct metric_batch *b)
{
    struct err e = {0};
    if (metric_batch_put(tx, key, b, &e) != 0) fail_msg("%s", e.message);
    metric_batch_release(b);
}

static struct metric_rows read_layer(struct store_tx *tx, int layer)
{
    const struct metric_query q = {.to_step = INT64_MAX, .layer = layer};
    struct metric_rows got;
    struct err e = {0};
    if (metric_rows_query(tx, "trn_a", &q, &got, &e) != 0) fail_msg("%s", e.message);
    return got;
}

static void any_order(struct store_tx *tx, struct err *e)
{
    int64_t key = training_make(tx, e);
    struct metric_batch b = {0};
    for (int i = 0; i < 3000; i++) {
        add(&b, 7919 * i % 3000, 1, 7919 * i % 3000);
        add(&b, i, 2, i);
    }
    add(&b, 5, 1, -1);
    add(&b, 5, 1, -2);
    put(tx, key, &b);
    for (int layer = 1; layer <= 2; layer++) {
        struct metric_rows got = read_layer(tx, layer);
        assert_int_equal(got.n, 3000);
        for (int64_t i = 0; i < got.n; i++) {
            assert_int_equal(got.rows[i].step, i);
            assert_true(got.rows[i].loss == (layer == 1 && i == 5 ? -2.0 : (double)i));
        }
        metric_rows_release(&got);
    }
}

static void of_a_place_that_is_given_twice_the_last_row_counts(void **state)
{
    (void)state;
    run(any_order);
}

static void replace(struct store_tx *tx, struct err *e)
{
    int64_t key = training_make(tx, e);
    struct metric_batch b = {0};
    for (int64_t step = 0; step < 100; step++) {
        add(&b, step, 1, 1);
        b.rows[b.n - 1].timestamp = step * MONTH_US; // one to a month
        add(&b, step, 2, 1);
    }
    put(tx, key, &b);
    for (int64_t step = 10; step < 60; step += 2) add(&b, step, 1, 2);
    put(tx, key, &b);
    struct metric_rows got = read_layer(tx, 1);
    assert_int_equal(got.n, 100);
    for (int64_t i = 0; i < got.n; i++) {
        bool again = i >= 10 && i < 60 && i % 2 == 0;
        assert_true(got.rows[i].loss == (again ? 2 : 1));
        assert_int_equal(got.rows[i].timestamp, again ? i : i * MONTH_US);
    }
    metric_rows_release(&got);
    got = read_layer(tx, 2);
    assert_int_equal(got.n, 100);
    for (int64_t i = 0; i < got.n; i++) assert_true(got.rows[i].loss == 1);
    metric_rows_release(&got);
}

static void rows_between_those_that_are_replaced_stay(void **state)
{
    (void)state;
    run(replace);
}

static void every_value(struct store_tx *tx, struct err *e)
{
    int64_t key = training_make(tx, e);
    struct metric_batch b = {0};
    struct metric_row r;
    double v = 0.1;
    char extra[] = "{\"ü\":1.5}";
    metric_row_init(&r);
    r.step = INT64_MAX - 1, r.layer_idx = METRIC_LAYER_ALL, r.timestamp = 1700000000000001;
#define X(name) r.name = v *= -3;
    METRIC_COLUMNS(X)
#undef X
    r.grad_norm = (double)INFINITY, r.l1_sparsity = -(double)INFINITY;
    r.extra = extra;
    metric_batch_add(&b, &r);
    add(&b, 1, METRIC_LAYER_ALL, (double)NAN);
    put(tx, key, &b);
    struct metric_rows got = read_layer(tx, METRIC_LAYER_ALL);
    assert_int_equal(got.n, 2);
#define X(name) assert_true(isnan(got.rows[0].name));
    METRIC_COLUMNS(X)
#undef X
    assert_null(got.rows[0].extra);
    assert_int_equal(got.rows[1].step, r.step);
    assert_int_equal(got.rows[1].timestamp, r.timestamp);
#define X(name) assert_true(got.rows[1].name == r.name);
    METRIC_COLUMNS(X)
#undef X
    assert_string_equal(got.rows[1].extra, extra);
    metric_rows_release(&got);
}

static void values_come_back_as_they_were_put(void **state)
{
    (void)state;
    run(every_value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_place_that_is_given_twice_the_last_row_counts),
        cmocka_unit_test(rows_between_those_that_are_replaced_stay),
        cmocka_unit_test(values_come_back_as_they_were_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
