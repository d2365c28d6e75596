// What a training has of metrics and checkpoints: one row for one step.
#include "store/in_store.h"

#include <math.h>

#include "base/mem.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/trainings_table.h"

static int64_t training_make(struct store_tx *tx, const char *id, struct err *e)
{
    struct training_row t;
    training_row_init(&t);
    snprintf(t.id, sizeof t.id, "%s", id);
    t.status = mem_strdup("queued");
    t.created_at = 1;
    assert_int_equal(training_row_insert(tx, &t, e), 0);
    int64_t key = t.key;
    training_row_release(&t);
    return key;
}

static void metric_put(struct store_tx *tx, int64_t key, int layer, int64_t step, double loss, struct err *e)
{
    struct metric_row m;
    metric_row_init(&m);
    m.layer_idx = layer;
    m.step = step;
    m.timestamp = step * 10;
    m.loss = loss;
    struct metric_batch one = {&m, 1, 1};
    assert_int_equal(metric_batch_put(tx, key, &one, e), 0);
}

static void metrics(struct store_tx *tx, struct err *e)
{
    int64_t a = training_make(tx, "trn_a", e), b = training_make(tx, "trn_b", e);
    struct metric_rows got;
    assert_int_not_equal(a, b);
    for (int64_t step = 1; step <= 1000; step++) {
        metric_put(tx, a, METRIC_LAYER_ALL, step, (double)step, e);
        metric_put(tx, a, 2, step, step == 500 ? 1e6 : 1.0, e);
        metric_put(tx, b, 0, step, 5, e);
    }
    struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 1000);
    for (int64_t i = 0; i < got.n; i++) assert_int_equal(got.rows[i].step, i + 1);
    assert_true(isnan(got.rows[0].grad_norm));
    metric_rows_release(&got);

    q = (struct metric_query){.from_step = 10, .to_step = 20, .layer = 2};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 11);
    assert_int_equal(got.rows[10].step, 20);
    metric_rows_release(&got);

    q = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY, .max_points = 50};
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_true(got.n <= 100 && got.n > 20);
    int spikes = 0;
    for (int64_t i = 0; i < got.n; i++) {
        spikes += got.rows[i].loss == 1e6;
        if (i) assert_true(got.rows[i].step >= got.rows[i - 1].step);
    }
    assert_int_equal(spikes, 1);
    metric_rows_release(&got);

    // Trained with one layer: its rows are the whole's.
    q = (struct metric_query){.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    assert_int_equal(metric_rows_query(tx, "trn_b", &q, &got, e), 0);
    assert_int_equal(got.n, 1000);
    metric_rows_release(&got);
    assert_int_equal(metric_rows_query(tx, "trn_c", &q, &got, e), HW_ENOTFOUND);
}

static void metrics_come_in_step_order_by_layer_and_range(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, metrics);
    temp_store_release(&t);
}

static void replace(struct store_tx *tx, struct err *e)
{
    int64_t key = training_make(tx, "trn_a", e);
    struct metric_rows got;
    struct metric_query q = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ALL};
    for (int64_t step = 10; step <= 50; step += 10) metric_put(tx, key, METRIC_LAYER_ALL, step, 1, e);
    metric_put(tx, key, METRIC_LAYER_ALL, 30, 2, e);
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 5);
    assert_true(got.rows[2].loss == 2);
    metric_rows_release(&got);
    assert_int_equal(metric_rows_cut(tx, key, METRIC_LAYER_ALL, 20, e), 0);
    assert_int_equal(metric_rows_query(tx, "trn_a", &q, &got, e), 0);
    assert_int_equal(got.n, 2);
    metric_rows_release(&got);
}

static void never_again_25_writing_a_step_again_replaces_it(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, replace);
    temp_store_release(&t);
}

static void checkpoints(struct store_tx *tx, struct err *e)
{
    struct checkpoint_row k, *rows;
    char first_id[ID_SIZE];
    int n;
    for (int i = 0; i < 2; i++) {
        checkpoint_row_init(&k);
        snprintf(k.id, sizeof k.id, "ckp_%d", i);
        snprintf(k.training_id, sizeof k.training_id, "trn_a");
        k.step = 500;
        k.layer_idx = 2;
        k.storage_path = mem_strdup(i ? "/second" : "/first");
        k.created_at = 1;
        assert_int_equal(checkpoint_row_put(tx, &k, e), 0);
        if (i == 0) memcpy(first_id, k.id, sizeof first_id);
        assert_string_equal(k.id, first_id);
        checkpoint_row_release(&k);
    }
    assert_int_equal(checkpoint_rows_list(tx, "trn_a", &rows, &n, e), 0);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].storage_path, "/second");
    checkpoint_rows_free(rows, n);
}

static void a_checkpoint_of_the_same_step_replaces_the_one_before(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, checkpoints);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_come_in_step_order_by_layer_and_range),
        cmocka_unit_test(never_again_25_writing_a_step_again_replaces_it),
        cmocka_unit_test(a_checkpoint_of_the_same_step_replaces_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
