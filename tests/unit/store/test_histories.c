// The tables of the histories: which rows are found, and by which way.
#include "store/temp_store.h"

#include "base/buf.h"
#include "store/history_table.h"
#include "store/sql.h"
#include "store/system_history_table.h"

static void in_store(struct temp_store *t, store_fn fn)
{
    struct err e = {0};
    if (store_write_wait(t->s, fn, NULL, &e) != 0) fail_msg("%s", e.message);
}

static int put(struct store_tx *tx, const char *type, const char *id, int64_t at, const char *metrics, struct err *e)
{
    char kind[ID_SIZE], text[200];
    struct history_row h = {.entity_type = kind, .timestamp = at, .progress = (double)at, .created_at = at};
    snprintf(kind, sizeof kind, "%s", type);
    snprintf(h.entity_id, sizeof h.entity_id, "%s", id);
    snprintf(text, sizeof text, "%s", metrics);
    h.metrics = *text ? text : NULL;
    return history_row_insert(tx, &h, e);
}

// ---- snapshots of progress -----------------------------------------------------------------------------------------

static int snapshots(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct history_row *rows, last;
    int n;
    char type[ID_SIZE];
    for (int64_t i = 1; i <= 6; i++)
        assert_int_equal(put(tx, "training", "trn_a", i / 2 * 10,
                             i < 4 ? "{\"job_id\":\"job_1\",\"attempt\":1}" : "{\"job_id\":\"job_10\",\"attempt\":1}",
                             e),
                         0);
    assert_int_equal(put(tx, "training", "trn_b", 10, "", e), 0);
    assert_int_equal(put(tx, "job", "job_2", 10, "{\"job_id\":\"job_2\"}", e), 0);

    // A page goes on behind its last row, though several have one time.
    struct history_query q = {.entity_type = "training", .entity_id = "trn_a", .end = INT64_MAX, .limit = 4};
    assert_int_equal(history_rows_list(tx, &q, &rows, &n, e), 0);
    assert_int_equal(n, 4);
    q.after_us = rows[2].timestamp, q.after_id = rows[2].id;
    int64_t next = rows[3].id;
    history_rows_free(rows, n);
    assert_int_equal(history_rows_list(tx, &q, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].id, next);
    history_rows_free(rows, n);

    // Of one job, and of none whose id only begins so.
    q = (struct history_query){
        .entity_type = "training", .entity_id = "trn_a", .job_id = "job_1", .end = INT64_MAX, .limit = 100};
    assert_int_equal(history_rows_list(tx, &q, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    history_rows_free(rows, n);

    // The one written last, though a clock was set back.
    assert_int_equal(put(tx, "training", "trn_a", 5, "{\"job_id\":\"job_10\",\"attempt\":2}", e), 0);
    assert_int_equal(history_row_newest(tx, "training", "trn_a", NULL, &last, e), 0);
    assert_int_equal(last.timestamp, 5);
    history_row_release(&last);
    assert_int_equal(history_row_newest(tx, "training", "trn_a", "job_1", &last, e), 0);
    assert_int_equal(last.timestamp, 10);
    history_row_release(&last);
    assert_int_equal(history_row_newest(tx, "training", "trn_b", "job_1", &last, e), HW_ENOTFOUND);
    assert_int_equal(history_row_newest(tx, "dataset", "trn_a", NULL, &last, e), HW_ENOTFOUND);

    assert_int_equal(history_entity_type(tx, "trn_b", type, e), 0);
    assert_string_equal(type, "training");
    assert_int_equal(history_entity_type(tx, "trn_c", type, e), HW_ENOTFOUND);
    assert_int_equal(history_rows_move(tx, "job_2", "training", "trn_c", e), 0);
    assert_int_equal(history_entity_type(tx, "trn_c", type, e), 0);
    assert_int_equal(history_entity_type(tx, "job_2", type, e), HW_ENOTFOUND);
    return 0;
}

static void snapshots_are_found_by_entity_job_and_time(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, snapshots);
    temp_store_release(&t);
}

// ---- the machine's minutes -----------------------------------------------------------------------------------------

static void note(void *ctx, int64_t time, int64_t samples, struct slice readings)
{
    buf_addf(ctx, "%lld %lld %.*s;", (long long)time, (long long)samples, SLICE_FMT(readings));
}

static int put_minute(struct store_tx *tx, int64_t time, const char *host, int64_t samples, const char *text,
                      struct err *e)
{
    char name[8], readings[16];
    snprintf(name, sizeof name, "%s", host);
    snprintf(readings, sizeof readings, "%s", text);
    return system_minute_put(tx, &(struct system_minute){time, name, samples, readings}, e);
}

static int minutes(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct buf b = BUF_INIT;
    assert_int_equal(put_minute(tx, 120, "a", 30, "{}", e), 0);
    assert_int_equal(put_minute(tx, 60, "a", 30, "{\"x\":1}", e), 0);
    assert_int_equal(put_minute(tx, 60, "b", 3, "{}", e), 0);
    assert_int_equal(put_minute(tx, 60, "a", 4, "{\"x\":2}", e), 0);   // again, with less
    assert_int_equal(put_minute(tx, 120, "a", 31, "{\"x\":3}", e), 0); // again, with more
    assert_int_equal(system_minutes_each(tx, "a", 60, 121, note, &b, e), 0);
    assert_string_equal(buf_cstr(&b), "60 30 {\"x\":1};120 31 {\"x\":3};");
    buf_clear(&b);
    assert_int_equal(system_minutes_each(tx, "", 0, 120, note, &b, e), 0);
    assert_string_equal(buf_cstr(&b), "60 30 {\"x\":1};60 3 {};");
    buf_release(&b);
    return 0;
}

static void a_minute_that_comes_again_keeps_the_fuller_row(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, minutes);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_are_found_by_entity_job_and_time),
        cmocka_unit_test(a_minute_that_comes_again_keeps_the_fuller_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
