// What is removed of the histories by age, and what stays.
#include "schedule_fixture.h"

#include "base/json.h"
#include "jobs/maintenance_history.h"
#include "store/history_table.h"
#include "store/system_history_table.h"

static int remove_snapshots(struct schedule_run *run, void *store, struct err *e)
{
    return maintenance_progress_history(run, &(struct history_retention){store, 90}, e);
}

static int remove_minutes(struct schedule_run *run, void *store, struct err *e)
{
    return maintenance_system_history(run, &(struct history_retention){store, SYSTEM_HISTORY_RETENTION_DAYS}, e);
}

struct many {
    int64_t first, step;
    int n;
    int64_t left; // of a count
};

static int put_snapshots(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct many *m = ctx;
    char type[] = "training";
    int rc = 0;
    for (int i = 0; i < m->n && !rc; i++) {
        struct history_row h = {.entity_type = type, .entity_id = "trn_a", .timestamp = m->first + i * m->step};
        rc = history_row_insert(tx, &h, e);
    }
    return rc;
}

static int count_snapshots(struct store_tx *tx, void *ctx, struct err *e)
{
    struct many *m = ctx;
    struct history_row *rows;
    int n;
    struct history_query q = {.entity_type = "training", .entity_id = "trn_a", .end = INT64_MAX, .limit = 100000};
    int rc = history_rows_list(tx, &q, &rows, &n, e);
    m->left = n;
    history_rows_free(rows, n);
    return rc;
}

static int put_minutes(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct many *m = ctx;
    static const char *const hosts[] = {"a", "b"};
    int rc = 0;
    for (int i = 0; i < 2 * m->n && !rc; i++) {
        char host[2], readings[] = "{}";
        snprintf(host, sizeof host, "%s", hosts[i % 2]);
        struct system_minute row = {m->first + i / 2 * m->step, host, 30, readings};
        rc = system_minute_put(tx, &row, e);
    }
    return rc;
}

static void count_minute(void *ctx, int64_t time, int64_t samples, struct slice readings)
{
    struct many *m = ctx;
    (void)time, (void)samples, (void)readings;
    m->left++;
}

static int count_minutes(struct store_tx *tx, void *ctx, struct err *e)
{
    return system_minutes_each(tx, "", 0, INT64_MAX, count_minute, ctx, e);
}

static void run_it(struct fixture *f)
{
    struct err e = {0};
    if (schedule_run_now(f->s, "work", &e) != 0) fail_msg("%s", e.message);
    fixture_settle(f);
    if (fixture_view(f).last_error) fail_msg("%s", fixture_view(f).last_error);
}

static int64_t removed(struct fixture *f)
{
    json_t *r = json_read(slice_str(fixture_view(f).last_result), NULL);
    int64_t v = json_integer_value(json_object_get(r, "removed"));
    json_decref(r);
    return v;
}

static void snapshots_of_more_than_so_many_days_ago_go(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "monthly 1 03:50 UTC", remove_snapshots);
    struct many m = {.first = f.wall - 93 * DAY, .step = HOUR, .n = 93 * 24};
    assert_int_equal(store_write_wait(f.store, put_snapshots, &m, NULL), 0);
    run_it(&f);
    assert_int_equal(removed(&f), 3 * 24);
    assert_int_equal(store_read_wait(f.store, count_snapshots, &m, NULL), 0);
    assert_int_equal(m.left, 90 * 24);
    run_it(&f);
    assert_int_equal(removed(&f), 0);
    fixture_release(&f);
}

static void minutes_of_more_than_30_days_ago_go_whatever_the_host(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 03:20 UTC", remove_minutes);
    struct many m = {.first = f.wall - 31 * DAY, .step = 10 * MINUTE, .n = 31 * 144};
    assert_int_equal(store_write_wait(f.store, put_minutes, &m, NULL), 0);
    run_it(&f);
    assert_int_equal(removed(&f), 2 * 144);
    m.left = 0;
    assert_int_equal(store_read_wait(f.store, count_minutes, &m, NULL), 0);
    assert_int_equal(m.left, 2 * 30 * 144);
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_of_more_than_so_many_days_ago_go),
        cmocka_unit_test(minutes_of_more_than_30_days_ago_go_whatever_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
