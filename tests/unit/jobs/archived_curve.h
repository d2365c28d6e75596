// A training's curve in the store, its archival as a task of a schedule, and what a reader finds of it.
#ifndef HW_TESTS_ARCHIVED_CURVE_H
#define HW_TESTS_ARCHIVED_CURVE_H

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

static inline int task(struct schedule_run *run, void *store, struct err *e)
{
    (void)store;
    return archival_task(run, archival, e);
}

static inline void begin(struct fixture *f, struct schedule_task *t)
{
    fixture_init_with(f, t, "daily 02:00 UTC", task);
    archival = archival_new(f->store, 30);
}

static inline void end(struct fixture *f)
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

static inline void write_it(struct fixture *f, store_fn fn, struct one *o)
{
    struct err e = {0};
    if (store_write_wait(f->store, fn, o, &e) != 0) fail_msg("%s", e.message);
}

static inline void read_it(struct fixture *f, store_fn fn, struct one *o)
{
    struct err e = {0};
    if (store_read_wait(f->store, fn, o, &e) != 0) fail_msg("%s", e.message);
}

static inline int make_training(struct store_tx *tx, void *ctx, struct err *e)
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
static inline int put(struct store_tx *tx, void *ctx, struct err *e)
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

static inline int cut(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return metric_rows_cut(tx, o->key, o->layer, o->from, e);
}

static inline int read_all(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return get_training_metrics(tx, o->id, o->archived, &o->got, e);
}

static inline int read_points(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    const struct metric_query q = {.to_step = INT64_MAX, .layer = o->layer, .max_points = o->max_points};
    return metric_rows_query(tx, o->id, &q, &o->got, e);
}

static inline int read_range(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    const struct metric_query q = {.from_step = o->from, .to_step = o->to, .layer = METRIC_LAYER_ANY, .limit = o->rows};
    return metric_rows_query(tx, o->id, &q, &o->got, e);
}

static inline int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    int rc = metric_archive_find(tx, o->at, &o->stretch, e);
    for (int i = 0; !rc && i < o->stretch.n; i++) {
        int64_t n = metric_archive_copy(tx, o->at, &o->stretch, i, e);
        if (n < 0) rc = (int)n;
    }
    return rc;
}

static inline int forget(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_archive_forget(tx, ((struct one *)ctx)->at, e);
}

static inline int delete_copied(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    for (int i = 0; i < o->stretch.n; i++) {
        int64_t n = metric_archive_delete(tx, o->at, &o->stretch, i, e);
        if (n < 0) return (int)n;
        o->rows += n;
    }
    return 0;
}

static inline int ages(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    return get_metric_count_by_age(tx, o->at, &o->ages, e);
}

// The steps there are: [from, to], each once, in order.
static inline void check_steps(struct fixture *f, const struct one *o, bool archived, int64_t from, int64_t to)
{
    struct one r = {.id = o->id, .archived = archived};
    read_it(f, read_all, &r);
    assert_int_equal(r.got.n, to - from + 1);
    for (int64_t i = 0; i < r.got.n; i++) assert_int_equal(r.got.rows[i].step, from + i);
    metric_rows_release(&r.got);
}

static inline double loss_at(struct fixture *f, const struct one *o, int64_t step)
{
    struct one r = {.id = o->id, .archived = true};
    double loss = (double)NAN;
    read_it(f, read_all, &r);
    for (int64_t i = 0; i < r.got.n; i++)
        if (r.got.rows[i].step == step) loss = r.got.rows[i].loss;
    metric_rows_release(&r.got);
    return loss;
}

static inline int64_t result(struct fixture *f, const char *key)
{
    json_t *r = json_read(slice_str(fixture_view(f).last_result), NULL);
    assert_non_null(json_object_get(r, key));
    int64_t v = json_integer_value(json_object_get(r, key));
    json_decref(r);
    return v;
}

static inline int64_t run_with(struct fixture *f, const char *argument)
{
    struct err e = {0};
    if (schedule_run_with(f->s, "work", argument, &e) != 0) fail_msg("%s", e.message);
    fixture_settle(f);
    if (fixture_view(f).last_error) fail_msg("%s", fixture_view(f).last_error);
    return result(f, "rows");
}

static inline int64_t run_it(struct fixture *f)
{
    return run_with(f, NULL);
}

static inline int64_t restore_it(struct fixture *f, const char *training_id)
{
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    archival_to_restore(training_id, argument);
    return run_with(f, argument);
}

static inline struct one make_rows(struct fixture *f, int64_t old, int64_t recent)
{
    struct one o = {.id = "trn_a", .layer = METRIC_LAYER_ALL, .from = 1, .to = old, .at = f->wall - 31 * DAY};
    write_it(f, make_training, &o);
    write_it(f, put, &o);
    o.from = old + 1, o.to = old + recent, o.at = f->wall - 29 * DAY;
    write_it(f, put, &o);
    return o;
}

// ---- somebody who reads meanwhile -----------------------------------------------------------------------------------

struct watcher {
    struct fixture *f;
    pthread_t thread;
    atomic_bool stop;
    atomic_int looks, wrong;
    int64_t n;
};

static inline void *watch(void *arg)
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

// ---- rows and blocks ------------------------------------------------------------------------------------------------

struct number {
    const char *sql;
    int64_t n;
};

static inline int ask_number(struct store_tx *tx, void *ctx, struct err *e)
{
    struct number *q = ctx;
    struct sql_stmt *st = sql_begin(tx, q->sql, e);
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e);
    q->n = rc == 1 ? sql_i64(st, 0) : -1;
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static inline int64_t number(struct fixture *f, const char *sql)
{
    struct number q = {.sql = sql};
    struct err e = {0};
    if (store_read_wait(f->store, ask_number, &q, &e) != 0) fail_msg("%s", e.message);
    return q.n;
}

static inline int64_t in_rows(struct fixture *f)
{
    return number(f, "SELECT COUNT(*) FROM training_metrics_archive");
}

static inline int64_t in_blocks(struct fixture *f)
{
    return number(f, "SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) FROM training_metric_blocks");
}

// A run that finds nothing to move: how many rows it has packed.
static inline int64_t pack_it(struct fixture *f)
{
    f->wall += 10 * SECOND;
    assert_int_equal(run_it(f), 0);
    return result(f, "packed");
}

static inline struct metric_rows all_of(struct fixture *f)
{
    struct one r = {.id = "trn_a", .archived = true};
    read_it(f, read_all, &r);
    return r.got;
}

static inline void check_same(struct fixture *f, struct metric_rows *wanted)
{
    struct metric_rows got = all_of(f);
    assert_int_equal(got.n, wanted->n);
    for (int64_t i = 0; i < got.n; i++) assert_true(metric_row_same(&got.rows[i], &wanted->rows[i]));
    metric_rows_release(&got);
}

static inline void check_counts(struct fixture *f, int64_t live, int64_t archived)
{
    struct one o = {.at = f->wall};
    read_it(f, ages, &o);
    int64_t sums[2] = {0};
    for (int i = 0; i < METRIC_AGES; i++) sums[0] += o.ages.live[i], sums[1] += o.ages.archived[i];
    assert_int_equal(sums[0], live);
    assert_int_equal(sums[1], archived);
}

#endif
