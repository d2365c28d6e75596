// Old metrics move to the archive and back, and at no moment does anybody who looks miss a row or see one twice.
#include "schedule_fixture.h"

#include "base/json.h"
#include "jobs/archival.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/trainings_table.h"

static struct archival *archival; // the task's; one test at a time

static int task(struct schedule_run *run, void *store, struct err *e)
{
    (void)store;
    return archival_task(run, archival, e);
}

static void begin(struct fixture *f, struct schedule_task *t)
{
    fixture_init_with(f, t, "daily 02:00 UTC", task);
    archival = archival_new(f->store, 30);
}

static void end(struct fixture *f)
{
    fixture_release(f);
    archival_free(archival);
}

// ---- what is written and read ---------------------------------------------------------------------------------------

struct one {
    const char *id;
    int64_t key, at; // time of the rows
    int layer;
    int64_t from, to;
    double loss;
    bool archived;
    int64_t max_points;
    struct metric_rows got;
    struct metric_stretch stretch;
    int64_t rows;
    struct metric_ages ages;
};

static void write_it(struct fixture *f, store_fn fn, struct one *o)
{
    struct err e = {0};
    if (store_write_wait(f->store, fn, o, &e) != 0) fail_msg("%s", e.message);
}

static void read_it(struct fixture *f, store_fn fn, struct one *o)
{
    struct err e = {0};
    if (store_read_wait(f->store, fn, o, &e) != 0) fail_msg("%s", e.message);
}

static int make_training(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct training_row row;
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "%s", o->id);
    row.status = mem_strdup("running");
    row.created_at = 1;
    int rc = training_row_insert(tx, &row, e);
    o->key = row.key;
    training_row_release(&row);
    return rc;
}

// The steps [from, to], as a report would.
static int put(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct metric_batch batch = {0};
    for (int64_t step = o->from; step <= o->to; step++) {
        struct metric_row r;
        metric_row_init(&r);
        r.step = step, r.layer_idx = o->layer, r.timestamp = o->at;
        r.loss = o->loss + (double)(step * 7919 % 1000);
        metric_batch_add(&batch, &r);
    }
    int rc = metric_batch_put(tx, o->key, &batch, e);
    if (!rc) rc = rollups_update(tx, o->key, &batch, NULL, e);
    metric_batch_release(&batch);
    return rc;
}

static int cut(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return metric_rows_cut(tx, o->key, o->layer, o->from, e);
}

static int read_all(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return get_training_metrics(tx, o->id, o->archived, &o->got, e);
}

static int read_points(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    const struct metric_query q = {.to_step = INT64_MAX, .layer = o->layer, .max_points = o->max_points};
    return metric_rows_query(tx, o->id, &q, &o->got, e);
}

static int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    int rc = metric_archive_find(tx, o->at, &o->stretch, e);
    for (int i = 0; !rc && i < o->stretch.n; i++) {
        int64_t n = metric_archive_copy(tx, o->at, &o->stretch, i, e);
        if (n < 0) rc = (int)n;
    }
    return rc;
}

static int delete_copied(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    for (int i = 0; i < o->stretch.n; i++) {
        int64_t n = metric_archive_delete(tx, o->at, &o->stretch, i, e);
        if (n < 0) return (int)n;
        o->rows += n;
    }
    return 0;
}

static int ages(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return get_metric_count_by_age(tx, o->at, &o->ages, e);
}

// The steps there are: [from, to], each once, in order.
static void check_steps(struct fixture *f, const struct one *o, bool archived, int64_t from, int64_t to)
{
    struct one r = {.id = o->id, .archived = archived};
    read_it(f, read_all, &r);
    assert_int_equal(r.got.n, to - from + 1);
    for (int64_t i = 0; i < r.got.n; i++) assert_int_equal(r.got.rows[i].step, from + i);
    metric_rows_release(&r.got);
}

static double loss_at(struct fixture *f, const struct one *o, int64_t step)
{
    struct one r = {.id = o->id, .archived = true};
    double loss = (double)NAN;
    read_it(f, read_all, &r);
    for (int64_t i = 0; i < r.got.n; i++)
        if (r.got.rows[i].step == step) loss = r.got.rows[i].loss;
    metric_rows_release(&r.got);
    return loss;
}

static int64_t result(struct fixture *f, const char *key)
{
    json_t *r = json_read(slice_str(fixture_view(f).last_result), NULL);
    assert_non_null(json_object_get(r, key));
    int64_t v = json_integer_value(json_object_get(r, key));
    json_decref(r);
    return v;
}

static int64_t run_with(struct fixture *f, const char *argument)
{
    struct err e = {0};
    if (schedule_run_with(f->s, "work", argument, &e) != 0) fail_msg("%s", e.message);
    fixture_settle(f);
    if (fixture_view(f).last_error) fail_msg("%s", fixture_view(f).last_error);
    return result(f, "rows");
}

static int64_t run_it(struct fixture *f)
{
    return run_with(f, NULL);
}

static int64_t restore_it(struct fixture *f, const char *training_id)
{
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_restore(training_id, argument);
    return run_with(f, argument);
}

static struct one make_rows(struct fixture *f, int64_t old, int64_t recent)
{
    struct one o = {.id = "trn_a", .layer = METRIC_LAYER_ALL, .from = 1, .to = old, .at = f->wall - 31 * DAY};
    write_it(f, make_training, &o);
    write_it(f, put, &o);
    o.from = old + 1, o.to = old + recent, o.at = f->wall - 29 * DAY;
    write_it(f, put, &o);
    return o;
}

// ---- tests ----------------------------------------------------------------------------------------------------------

static void archival_moves_50_old_of_100_and_leaves_50_recent(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 50, 50);
    check_steps(&f, &o, false, 1, 100);
    assert_int_equal(run_it(&f), 50);
    check_steps(&f, &o, false, 51, 100);
    check_steps(&f, &o, true, 1, 100);
    assert_int_equal(run_it(&f), 0);
    o.at = f.wall;
    read_it(&f, ages, &o);
    assert_int_equal(o.ages.live[2], 50);
    assert_int_equal(o.ages.archived[3], 50);
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_archive(29, argument);
    f.wall += 10 * SECOND;
    assert_int_equal(run_with(&f, argument), 50);
    check_steps(&f, &o, true, 1, 100);
    struct one none = {.id = "trn_a"};
    read_it(&f, read_all, &none);
    assert_int_equal(none.got.n, 0);
    metric_rows_release(&none.got);
    assert_int_equal(archival_stats(archival).archived, 100);
    end(&f);
}

static void a_server_that_died_between_copying_and_deleting_leaves_every_row_once(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 3000, 10);
    o.at = f.wall - 30 * DAY;
    write_it(&f, copy, &o);
    assert_true(o.stretch.n > 1);
    check_steps(&f, &o, true, 1, 3010);
    check_steps(&f, &o, false, 1, 3010);
    assert_int_equal(run_it(&f), 3000);
    check_steps(&f, &o, true, 1, 3010);
    check_steps(&f, &o, false, 3001, 3010);
    end(&f);
}

static void a_row_written_again_while_it_is_moved_is_not_lost(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 100, 10);
    struct one again = o;
    o.at = f.wall - 30 * DAY;
    write_it(&f, copy, &o);
    again.from = again.to = 40, again.loss = 5e6, again.at = f.wall - 40 * DAY;
    write_it(&f, put, &again);
    write_it(&f, delete_copied, &o);
    assert_int_equal(o.rows, 99);
    check_steps(&f, &o, true, 1, 110);
    assert_true(loss_at(&f, &o, 40) > 4e6);
    assert_int_equal(run_it(&f), 1);
    check_steps(&f, &o, true, 1, 110);
    assert_true(loss_at(&f, &o, 40) > 4e6);
    // And one that is in the archive already: the new one counts.
    again.from = again.to = 50, again.at = f.wall;
    write_it(&f, put, &again);
    check_steps(&f, &o, true, 1, 110);
    assert_true(loss_at(&f, &o, 50) > 4e6);
    end(&f);
}

static void never_again_25_a_resume_before_archived_rows_makes_them_void_for_good(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 500, 100), again = o;
    assert_int_equal(run_it(&f), 500);
    again.from = 200;
    write_it(&f, cut, &again);
    check_steps(&f, &o, true, 1, 200);
    // The new attempt's rows, with a worker's clock that is wrong: old at once.
    again.from = 201, again.to = 300, again.loss = 5e6, again.at = f.wall - 50 * DAY;
    write_it(&f, put, &again);
    check_steps(&f, &o, true, 1, 300);
    assert_int_equal(run_it(&f), 100);
    assert_int_equal(result(&f, "purged"), 300);
    check_steps(&f, &o, true, 1, 300);
    assert_true(loss_at(&f, &o, 250) > 4e6);
    again.from = 301, again.to = 700, again.at = f.wall;
    write_it(&f, put, &again);
    check_steps(&f, &o, true, 1, 700);
    end(&f);
}

static void what_is_brought_back_stays_until_it_is_old_again(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 777, 10);
    assert_int_equal(run_it(&f), 777);
    for (int round = 0; round < 2; round++) {
        int64_t n = round ? 787 : 777;
        assert_int_equal(restore_it(&f, round ? NULL : "trn_a"), n);
        check_steps(&f, &o, false, 1, 787);
        check_steps(&f, &o, true, 1, 787);
        assert_int_equal(run_it(&f), 0);
        check_steps(&f, &o, false, 1, 787);
        f.wall += 2 * HOUR; // nobody reads what was there before any more
        assert_int_equal(run_it(&f), 0);
        assert_int_equal(result(&f, "purged"), n);
        check_steps(&f, &o, false, 1, 787);
        f.wall += 31 * DAY;
        assert_int_equal(run_it(&f), 787);
        check_steps(&f, &o, true, 1, 787);
    }
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_restore("trn_none", argument);
    assert_int_equal(schedule_run_with(f.s, "work", argument, NULL), 0);
    fixture_settle(&f);
    assert_string_equal(fixture_view(&f).last_error, "there is no training trn_none");
    end(&f);
}

struct watcher {
    struct fixture *f;
    pthread_t thread;
    atomic_bool stop;
    atomic_int looks, wrong;
    int64_t n;
};

static void *watch(void *arg)
{
    struct watcher *w = arg;
    while (!w->stop) {
        struct one r = {.id = "trn_a", .archived = true};
        bool good = store_read_wait(w->f->store, read_all, &r, NULL) == 0 && r.got.n == w->n;
        for (int64_t i = 0; good && i < r.got.n; i++) good = r.got.rows[i].step == i + 1;
        w->wrong += !good;
        w->looks++;
        metric_rows_release(&r.got);
    }
    return NULL;
}

static void nobody_who_reads_during_a_move_misses_a_row_or_sees_one_twice(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    (void)make_rows(&f, 9000, 100);
    struct watcher w[2] = {{.f = &f, .n = 9100}, {.f = &f, .n = 9100}};
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&w[i].thread, NULL, watch, &w[i]), 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(run_it(&f), 9000 + (round ? 100 : 0));
        assert_int_equal(restore_it(&f, NULL), 9000 + (round ? 100 : 0));
        f.wall += 40 * DAY;
    }
    for (int i = 0; i < 2; i++) {
        w[i].stop = true;
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].wrong, 0);
        assert_true(w[i].looks > 10);
    }
    end(&f);
}

static void a_chart_is_the_same_after_its_rows_have_moved(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one before = make_rows(&f, 5000, 5000);
    before.max_points = 300;
    read_it(&f, read_points, &before);
    assert_true(before.got.n > 100 && before.got.n <= 300);
    assert_int_equal(run_it(&f), 5000);
    struct one after = before;
    read_it(&f, read_points, &after);
    assert_int_equal(after.got.n, before.got.n);
    for (int64_t i = 0; i < after.got.n; i++) {
        assert_int_equal(after.got.rows[i].step, before.got.rows[i].step);
        assert_true(after.got.rows[i].loss == before.got.rows[i].loss);
    }
    metric_rows_release(&before.got);
    metric_rows_release(&after.got);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archival_moves_50_old_of_100_and_leaves_50_recent),
        cmocka_unit_test(a_server_that_died_between_copying_and_deleting_leaves_every_row_once),
        cmocka_unit_test(a_row_written_again_while_it_is_moved_is_not_lost),
        cmocka_unit_test(never_again_25_a_resume_before_archived_rows_makes_them_void_for_good),
        cmocka_unit_test(what_is_brought_back_stays_until_it_is_old_again),
        cmocka_unit_test(nobody_who_reads_during_a_move_misses_a_row_or_sees_one_twice),
        cmocka_unit_test(a_chart_is_the_same_after_its_rows_have_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
