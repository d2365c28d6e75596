// Old metrics move to the archive and back, and at no moment does anybody who looks miss a row or see one twice.
#include "schedule_fixture.h"

#include "base/json.h"
#include "jobs/archival.h"
#include "store/metric_batch.h"
#include "store/metric_block.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/sql.h"
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
    bool no_sums;
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
    if (!rc && !o->no_sums) rc = rollups_update(tx, o->key, &batch, NULL, e);
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

static int read_range(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    const struct metric_query q = {.from_step = o->from, .to_step = o->to, .layer = METRIC_LAYER_ANY, .limit = o->rows};
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

static int forget(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_archive_forget(tx, ((struct one *)ctx)->at, e);
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

// ---- blocks ---------------------------------------------------------------------------------------------------------

struct number {
    const char *sql;
    int64_t n;
};

static int ask_number(struct store_tx *tx, void *ctx, struct err *e)
{
    struct number *q = ctx;
    struct sql_stmt *st = sql_begin(tx, q->sql, e);
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e);
    q->n = rc == 1 ? sql_i64(st, 0) : -1;
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct number q = {.sql = sql};
    struct err e = {0};
    if (store_read_wait(f->store, ask_number, &q, &e) != 0) fail_msg("%s", e.message);
    return q.n;
}

static int64_t in_rows(struct fixture *f)
{
    return number(f, "SELECT COUNT(*) FROM training_metrics_archive");
}

static int64_t in_blocks(struct fixture *f)
{
    return number(f, "SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) FROM training_metric_blocks");
}

// A run that finds nothing to move: how many rows it has packed.
static int64_t pack_it(struct fixture *f)
{
    f->wall += 10 * SECOND;
    assert_int_equal(run_it(f), 0);
    return result(f, "packed");
}

static struct metric_rows all_of(struct fixture *f)
{
    struct one r = {.id = "trn_a", .archived = true};
    read_it(f, read_all, &r);
    return r.got;
}

static void check_same(struct fixture *f, struct metric_rows *wanted)
{
    struct metric_rows got = all_of(f);
    assert_int_equal(got.n, wanted->n);
    for (int64_t i = 0; i < got.n; i++) assert_true(metric_row_same(&got.rows[i], &wanted->rows[i]));
    metric_rows_release(&got);
}

static void check_counts(struct fixture *f, int64_t live, int64_t archived)
{
    struct one o = {.at = f->wall};
    read_it(f, ages, &o);
    int64_t sums[2] = {0};
    for (int i = 0; i < METRIC_AGES; i++) sums[0] += o.ages.live[i], sums[1] += o.ages.archived[i];
    assert_int_equal(sums[0], live);
    assert_int_equal(sums[1], archived);
}

static void what_was_moved_is_packed_by_a_later_run_and_reads_the_same(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1300, 0);
    struct metric_rows before = all_of(&f);
    assert_int_equal(run_it(&f), 1300);
    assert_int_equal(result(&f, "packed"), 0);
    assert_int_equal(in_rows(&f), 1300);
    assert_int_equal(pack_it(&f), 1300);
    assert_int_equal(in_rows(&f), 0);
    assert_int_equal(in_blocks(&f), 1300);
    assert_int_equal(number(&f, "SELECT COUNT(*) FROM training_metric_blocks"), 3);
    check_same(&f, &before);
    check_steps(&f, &o, true, 1, 1300);
    o.at = f.wall;
    read_it(&f, ages, &o);
    assert_int_equal(o.ages.archived[3], 1300);
    check_counts(&f, 0, 1300);
    assert_int_equal(pack_it(&f), 0);
    metric_rows_release(&before);
    end(&f);
}

static void of_a_curve_that_goes_on_only_whole_blocks_are_packed(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1300, 40);
    assert_int_equal(run_it(&f), 1300);
    assert_int_equal(pack_it(&f), 1024);
    assert_int_equal(in_rows(&f), 276);
    check_steps(&f, &o, true, 1, 1340);
    check_counts(&f, 40, 1300);
    f.wall += 10 * DAY; // the rest
    assert_int_equal(run_it(&f), 40);
    assert_int_equal(pack_it(&f), 316);
    check_steps(&f, &o, true, 1, 1340);
    // Too few for a block stay rows.
    o.from = 1341, o.to = 1371, o.at = f.wall - 40 * DAY;
    write_it(&f, put, &o);
    assert_int_equal(run_it(&f), 31);
    assert_int_equal(pack_it(&f), 0);
    check_steps(&f, &o, true, 1, 1371);
    end(&f);
}

static void a_chart_is_the_same_after_its_rows_were_packed(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one before = make_rows(&f, 5000, 5000);
    before.max_points = 300;
    read_it(&f, read_points, &before);
    assert_int_equal(run_it(&f), 5000);
    assert_int_equal(pack_it(&f), 9 * 512);
    struct one after = before;
    read_it(&f, read_points, &after);
    assert_int_equal(after.got.n, before.got.n);
    for (int64_t i = 0; i < after.got.n; i++) assert_true(metric_row_same(&after.got.rows[i], &before.got.rows[i]));
    metric_rows_release(&before.got);
    metric_rows_release(&after.got);
    end(&f);
}

static void a_step_that_is_written_again_hides_the_one_in_its_block(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1000, 0), again = o;
    assert_int_equal(run_it(&f), 1000);
    assert_int_equal(pack_it(&f), 1000);
    again.from = 400, again.to = 499, again.loss = 5e6, again.at = f.wall - 40 * DAY;
    write_it(&f, put, &again);
    check_steps(&f, &o, true, 1, 1000);
    assert_true(loss_at(&f, &o, 450) > 4e6 && loss_at(&f, &o, 399) < 1e6);
    check_counts(&f, 100, 900);
    struct metric_rows wanted = all_of(&f);
    assert_int_equal(run_it(&f), 100);
    assert_int_equal(in_rows(&f), 100);
    check_same(&f, &wanted);
    check_counts(&f, 0, 1000);
    assert_int_equal(pack_it(&f), 100);
    assert_int_equal(in_rows(&f), 0);
    assert_int_equal(in_blocks(&f), 1000);
    check_same(&f, &wanted);
    check_counts(&f, 0, 1000);
    metric_rows_release(&wanted);
    end(&f);
}

static void never_again_25_a_resume_amid_a_block_makes_the_rest_of_it_void_for_good(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1200, 0), again = o;
    assert_int_equal(run_it(&f), 1200);
    assert_int_equal(pack_it(&f), 1200);
    again.from = 200;
    write_it(&f, cut, &again);
    check_steps(&f, &o, true, 1, 200);
    check_counts(&f, 0, 200);
    again.from = 201, again.to = 300, again.loss = 5e6, again.at = f.wall - 50 * DAY;
    write_it(&f, put, &again);
    check_steps(&f, &o, true, 1, 300);
    assert_int_equal(run_it(&f), 100);
    assert_int_equal(result(&f, "purged"), 1000);
    assert_int_equal(in_blocks(&f), 200);
    check_steps(&f, &o, true, 1, 300);
    assert_true(loss_at(&f, &o, 250) > 4e6 && loss_at(&f, &o, 200) < 1e6);
    assert_int_equal(number(&f, "SELECT COUNT(*) FROM training_metric_cuts"), 0);
    assert_int_equal(pack_it(&f), 100);
    check_steps(&f, &o, true, 1, 300);
    end(&f);
}

static void what_was_packed_is_brought_back(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 777, 0);
    struct metric_rows wanted = all_of(&f);
    assert_int_equal(run_it(&f), 777);
    assert_int_equal(pack_it(&f), 777);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(restore_it(&f, round ? NULL : "trn_a"), 777);
        check_steps(&f, &o, false, 1, 777);
        check_same(&f, &wanted);
        assert_int_equal(in_blocks(&f), 777);
        f.wall += 2 * HOUR;
        assert_int_equal(run_it(&f), 0);
        assert_int_equal(result(&f, "purged"), 777);
        assert_int_equal(in_blocks(&f), 0);
        check_steps(&f, &o, false, 1, 777);
        f.wall += 31 * DAY;
        assert_int_equal(run_it(&f), 777);
        assert_int_equal(pack_it(&f), 777);
        check_same(&f, &wanted);
    }
    metric_rows_release(&wanted);
    end(&f);
}

static void rows_over_a_block_are_brought_back_with_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1000, 0), again = o;
    assert_int_equal(run_it(&f), 1000);
    assert_int_equal(pack_it(&f), 1000);
    again.from = 400, again.to = 499, again.loss = 5e6, again.at = f.wall - 40 * DAY;
    write_it(&f, put, &again);
    again.from = 1001, again.to = 1005;
    write_it(&f, put, &again);
    struct metric_rows wanted = all_of(&f);
    assert_int_equal(run_it(&f), 105);
    assert_int_equal(restore_it(&f, "trn_a"), 1005);
    check_steps(&f, &o, false, 1, 1005);
    check_same(&f, &wanted);
    f.wall += 2 * HOUR;
    assert_int_equal(run_it(&f), 0);
    assert_int_equal(result(&f, "purged"), 1105);
    assert_int_equal(in_rows(&f) + in_blocks(&f), 0);
    check_same(&f, &wanted);
    metric_rows_release(&wanted);
    end(&f);
}

static void nobody_who_reads_while_rows_are_packed_and_brought_back_misses_one(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    (void)make_rows(&f, 9100, 0);
    struct watcher w[2] = {{.f = &f, .n = 9100}, {.f = &f, .n = 9100}};
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&w[i].thread, NULL, watch, &w[i]), 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(run_it(&f), 9100);
        assert_int_equal(pack_it(&f), 9100);
        assert_int_equal(restore_it(&f, NULL), 9100);
        f.wall += 2 * HOUR;
        assert_int_equal(run_it(&f), 0);
        assert_int_equal(result(&f, "purged"), 9100);
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

static int break_block(struct store_tx *tx, void *ctx, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "UPDATE training_metric_blocks SET data = ?1 WHERE first_step = 513", e);
    (void)ctx;
    if (!st) return HW_EINTERNAL;
    sql_bind_blob(st, 1, SLICE_LIT("\1\0damaged\377"));
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static void a_damaged_block_is_named_and_keeps_nothing_else_from_moving(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_rows(&f, 1500, 0), r = {.id = "trn_a", .archived = true};
    struct err e = {0};
    assert_int_equal(run_it(&f), 1500);
    assert_int_equal(pack_it(&f), 1500);
    write_it(&f, break_block, &o);
    const char *wanted =
        "the archived metrics of training trn_a, layer -1, steps 513 to 1024, are damaged: its checksum is wrong";
    assert_int_equal(store_read_wait(f.store, read_all, &r, &e), HW_EIO);
    assert_string_equal(e.message, wanted);
    // Rows that lie in it can't be packed; all else can.
    o.no_sums = true;
    o.from = 600, o.to = 700, o.at = f.wall - 40 * DAY;
    write_it(&f, put, &o);
    o.from = 1400, o.to = 1500;
    write_it(&f, put, &o);
    assert_int_equal(run_it(&f), 202);
    o.from = 2000, o.to = 2099;
    write_it(&f, put, &o);
    f.wall += 10 * SECOND;
    assert_int_equal(schedule_run_with(f.s, "work", NULL, NULL), 0);
    fixture_settle(&f);
    assert_string_equal(fixture_view(&f).last_error, wanted);
    assert_int_equal(number(&f, "SELECT COUNT(*) FROM training_metrics"), 0);
    assert_int_equal(in_rows(&f), 201);
    // Void, it goes without being read.
    o.from = 512;
    write_it(&f, cut, &o);
    f.wall += 10 * SECOND;
    assert_int_equal(run_it(&f), 0);
    check_steps(&f, &o, true, 1, 512);
    end(&f);
}

// ---- anything in any order ------------------------------------------------------------------------------------------

enum { WORLD_STEPS = 1700, WORLD_LAYERS = 2 };

struct world {
    struct fixture f;
    struct one o;
    uint64_t seed;
    struct {
        bool there;
        int64_t at;
        double loss;
    } truth[WORLD_LAYERS][WORLD_STEPS + 1];
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return w->seed % below;
}

static void world_put(struct world *w)
{
    struct one o = w->o;
    o.layer = (int)draw(w, WORLD_LAYERS);
    o.from = 1 + (int64_t)draw(w, WORLD_STEPS);
    o.to = o.from + (int64_t)draw(w, draw(w, 3) ? 700 : 10);
    if (o.to > WORLD_STEPS) o.to = WORLD_STEPS;
    o.at = w->f.wall - (int64_t)draw(w, 60) * DAY;
    o.loss = (double)draw(w, 1000) * 1e4 / 3;
    write_it(&w->f, put, &o);
    for (int64_t step = o.from; step <= o.to; step++) {
        w->truth[o.layer][step].there = true;
        w->truth[o.layer][step].at = o.at;
        w->truth[o.layer][step].loss = o.loss + (double)(step * 7919 % 1000);
    }
}

static void world_cut(struct world *w)
{
    struct one o = w->o;
    o.layer = (int)draw(w, WORLD_LAYERS);
    o.from = (int64_t)draw(w, WORLD_STEPS);
    write_it(&w->f, cut, &o);
    for (int64_t step = o.from + 1; step <= WORLD_STEPS; step++) w->truth[o.layer][step].there = false;
}

// As far as a server came that was killed then.
static int restore_some(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    int layer = -2;
    int64_t step = 0, n = 1;
    int rc = metric_restore_begin(tx, o->key, o->at, e);
    for (int64_t i = 0; !rc && n > 0 && i < o->rows; i++) {
        n = metric_restore_copy(tx, o->key, &layer, &step, e);
        if (n < 0) rc = (int)n;
    }
    return rc;
}

// A part of it, page by page.
static void world_page(struct world *w)
{
    struct one o = w->o;
    o.from = (int64_t)draw(w, WORLD_STEPS);
    o.to = o.from + (int64_t)draw(w, 1000);
    o.rows = 50 + (int64_t)draw(w, 400);
    int64_t step = o.from, wanted = 0, seen = 0;
    for (; step <= o.to && step <= WORLD_STEPS; step++) wanted += w->truth[0][step].there + w->truth[1][step].there;
    for (bool more = true; more;) {
        read_it(&w->f, read_range, &o);
        for (int64_t i = 0; i < o.got.n; i++) {
            const struct metric_row *r = &o.got.rows[i];
            assert_true(r->step >= o.from && r->step <= o.to && w->truth[r->layer_idx][r->step].there);
            assert_true(r->loss == w->truth[r->layer_idx][r->step].loss);
        }
        assert_true(o.got.n <= o.rows);
        seen += o.got.n;
        more = o.got.more_after >= 0;
        o.from = o.got.more_after + 1;
        metric_rows_release(&o.got);
    }
    assert_int_equal(seen, wanted);
}

static void world_check(struct world *w)
{
    world_page(w);
    struct metric_rows got = all_of(&w->f);
    int64_t n = 0, all = 0;
    for (int64_t step = 1; step <= WORLD_STEPS; step++) {
        for (int layer = 0; layer < WORLD_LAYERS; layer++) {
            if (!w->truth[layer][step].there) continue;
            all++;
            assert_true(n < got.n);
            const struct metric_row *r = &got.rows[n++];
            if (r->step != step || r->layer_idx != layer || r->timestamp != w->truth[layer][step].at ||
                r->loss != w->truth[layer][step].loss)
                fail_msg("step %lld of layer %d isn't what it was", (long long)step, layer);
        }
    }
    assert_int_equal(n, got.n);
    metric_rows_release(&got);
    struct one ages_now = {.at = w->f.wall}, some = w->o;
    read_it(&w->f, ages, &ages_now);
    for (int i = 0; i < METRIC_AGES; i++) all -= ages_now.ages.live[i] + ages_now.ages.archived[i];
    assert_int_equal(all, 0);
    some.layer = (int)draw(w, WORLD_LAYERS);
    some.max_points = 40;
    read_it(&w->f, read_points, &some);
    for (int64_t i = 0; i < some.got.n; i++) {
        const struct metric_row *r = &some.got.rows[i];
        assert_true(w->truth[some.layer][r->step].there && r->loss == w->truth[some.layer][r->step].loss);
    }
    metric_rows_release(&some.got);
}

static void world_turn(struct world *w)
{
    struct one o = w->o;
    w->f.wall += (int64_t)(1 + draw(w, 40)) * SECOND;
    switch (draw(w, 16)) {
    case 0:
    case 1:
    case 2: world_put(w); break;
    case 3:
        if (draw(w, 2)) world_cut(w);
        break;
    case 4: // copied, and killed
        o.at = w->f.wall - 30 * DAY;
        write_it(&w->f, forget, &o); // as a run does first
        write_it(&w->f, copy, &o);
        if (draw(w, 2)) write_it(&w->f, delete_copied, &o);
        break;
    case 5:
        o.at = w->f.wall;
        o.rows = (int64_t)draw(w, 30);
        write_it(&w->f, restore_some, &o);
        break;
    case 6:
        if (draw(w, 2)) (void)restore_it(&w->f, draw(w, 2) ? "trn_a" : NULL);
        break;
    case 7: w->f.wall += (int64_t)draw(w, 3) * HOUR; break;
    case 8: w->f.wall += (int64_t)draw(w, 40) * DAY; break;
    default: (void)run_it(&w->f); break;
    }
}

static void whatever_happens_in_whatever_order_the_curve_stays_what_was_written(void **state)
{
    (void)state;
    const char *seed = getenv("HEADWAY_ARCHIVAL_SEED");
    struct schedule_task t;
    int64_t most_packed = 0;
    struct world *w = mem_zalloc(sizeof *w);
    w->seed = 88172645463325252ULL + (uint64_t)(seed ? atoll(seed) : 0);
    begin(&w->f, &t);
    w->o = (struct one){.id = "trn_a"};
    write_it(&w->f, make_training, &w->o);
    for (int i = 0; i < 400; i++) {
        world_turn(w);
        world_check(w);
        int64_t packed = in_blocks(&w->f);
        if (packed > most_packed) most_packed = packed;
    }
    assert_true(most_packed > WORLD_STEPS / 2);
    end(&w->f);
    free(w);
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
        cmocka_unit_test(what_was_moved_is_packed_by_a_later_run_and_reads_the_same),
        cmocka_unit_test(of_a_curve_that_goes_on_only_whole_blocks_are_packed),
        cmocka_unit_test(a_chart_is_the_same_after_its_rows_were_packed),
        cmocka_unit_test(a_step_that_is_written_again_hides_the_one_in_its_block),
        cmocka_unit_test(never_again_25_a_resume_amid_a_block_makes_the_rest_of_it_void_for_good),
        cmocka_unit_test(what_was_packed_is_brought_back),
        cmocka_unit_test(rows_over_a_block_are_brought_back_with_it),
        cmocka_unit_test(nobody_who_reads_while_rows_are_packed_and_brought_back_misses_one),
        cmocka_unit_test(a_damaged_block_is_named_and_keeps_nothing_else_from_moving),
        cmocka_unit_test(whatever_happens_in_whatever_order_the_curve_stays_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
