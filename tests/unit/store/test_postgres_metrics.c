// The table of metrics on PostgreSQL: partitions by month, one row for one step whatever month each was written in.
#include "store/temp_store.h"

#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/trainings_table.h"

static const int64_t HOUR_US = 3600000000;
// 2026-11-15, 2026-12-15, 2027-02-15, 12:00 UTC
static const int64_t NOVEMBER = 1794744000000000, DECEMBER = 1797336000000000, FEBRUARY = 1802692800000000;

static int64_t number(const struct temp_store *t, const char *sql)
{
    char *text = postgres_ask(t->url, sql);
    int64_t n = atoll(text);
    free(text);
    return n;
}

static void make_partitions(const struct temp_store *t, int64_t now, int64_t wanted)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT make_metric_partitions(%lld)", (long long)now);
    assert_int_equal(number(t, sql), wanted);
}

static void assert_partitions(const struct temp_store *t, const char *wanted)
{
    char *names =
        postgres_ask(t->url, "SELECT string_agg(substr(c.relname, 18), ' ' ORDER BY c.relname) FROM pg_inherits"
                             " JOIN pg_class AS c ON c.oid = inhrelid"
                             " WHERE inhparent = 'training_metrics'::regclass");
    assert_string_equal(names, wanted);
    free(names);
}

// As if it were a new database on that day.
static void forget_partitions(const struct temp_store *t)
{
    postgres_do(t->url, "DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT inhrelid::regclass FROM pg_inherits"
                        " WHERE inhparent = 'training_metrics'::regclass AND inhrelid::regclass::text !~ 'other' LOOP"
                        " EXECUTE format('DROP TABLE %s', part); END LOOP; END $$");
}

struct put {
    int64_t step, timestamp;
    double loss;
};

static int put_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct put *p = ctx;
    struct metric_row r;
    metric_row_init(&r);
    r.step = p->step;
    r.layer_idx = 3;
    r.timestamp = p->timestamp;
    r.loss = p->loss;
    struct metric_batch one = {&r, 1, 1};
    return metric_batch_put(tx, 1, &one, e);
}

static void put(struct temp_store *t, int64_t step, int64_t timestamp, double loss)
{
    struct put p = {step, timestamp, loss};
    struct err e = {0};
    if (store_write_wait(t->s, put_tx, &p, &e) != 0) fail_msg("%s", e.message);
}

static void months_are_made_ahead_and_empty_ones_dropped(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    forget_partitions(&t);
    make_partitions(&t, NOVEMBER, 4);
    make_partitions(&t, NOVEMBER, 0);
    assert_partitions(&t, "2026_10 2026_11 2026_12 2027_01 other");
    make_partitions(&t, NOVEMBER + 15 * 24 * HOUR_US, 0); // the 30th
    make_partitions(&t, DECEMBER, 1);
    assert_partitions(&t, "2026_11 2026_12 2027_01 2027_02 other");
    put(&t, 1, NOVEMBER, 1);
    put(&t, 2, FEBRUARY, 1);
    make_partitions(&t, FEBRUARY, 2);
    assert_partitions(&t, "2026_11 2027_01 2027_02 2027_03 2027_04 other"); // one with rows stays
    temp_store_release(&t);
}

static void bounds_of_a_month_are_its_first_and_last_moment(void **state)
{
    (void)state;
    struct temp_store t;
    const int64_t begin = 1793491200000000, end = 1796083200000000; // of November 2026
    temp_store_init(&t);
    forget_partitions(&t);
    make_partitions(&t, NOVEMBER, 4);
    put(&t, 1, begin - 1, 1);
    put(&t, 2, begin, 2);
    put(&t, 3, end - 1, 3);
    put(&t, 4, end, 4);
    assert_int_equal(number(&t, "SELECT SUM(step) FROM training_metrics_2026_11"), 5);
    assert_int_equal(number(&t, "SELECT SUM(step) FROM training_metrics_2026_10"), 1);
    assert_int_equal(number(&t, "SELECT SUM(step) FROM training_metrics_2026_12"), 4);
    temp_store_release(&t);
}

static void rows_of_a_month_without_a_partition_wait_for_it(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    forget_partitions(&t);
    put(&t, 1, NOVEMBER, 1);
    put(&t, 2, DECEMBER, 2);
    put(&t, 3, 1, 3); // 1970
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM training_metrics_other"), 3);
    make_partitions(&t, NOVEMBER, 4);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM training_metrics_2026_11"), 1);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM training_metrics_2026_12"), 1);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM training_metrics_other"), 1);
    temp_store_release(&t);
}

static void never_again_25_a_step_written_again_in_another_month_replaces_the_row(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    forget_partitions(&t);
    make_partitions(&t, NOVEMBER, 4);
    put(&t, 7, NOVEMBER, 1);
    put(&t, 7, DECEMBER, 2); // later
    put(&t, 7, 1, 3);        // a clock that is wrong
    put(&t, 7, FEBRUARY, 4);
    put(&t, 7, NOVEMBER, 5);
    put(&t, 8, NOVEMBER, 6);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM training_metrics"), 2);
    assert_int_equal(number(&t, "SELECT loss FROM training_metrics WHERE step = 7"), 5);
    temp_store_release(&t);
}

static int maintain(struct temp_store *t)
{
    struct store_maintenance m;
    return store_maintain(t->s, &m, NULL);
}

static void maintenance_makes_them_too(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'training_metrics'::regclass"), 5);
    forget_partitions(&t);
    assert_int_equal(maintain(&t), 0);
    assert_int_equal(number(&t, "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'training_metrics'::regclass"), 5);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_are_made_ahead_and_empty_ones_dropped),
        cmocka_unit_test(bounds_of_a_month_are_its_first_and_last_moment),
        cmocka_unit_test(rows_of_a_month_without_a_partition_wait_for_it),
        cmocka_unit_test(never_again_25_a_step_written_again_in_another_month_replaces_the_row),
        cmocka_unit_test(maintenance_makes_them_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
