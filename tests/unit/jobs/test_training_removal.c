// A training that was deleted is found by nobody, and all that other tables have of it goes, whatever comes between.
#include "schedule_fixture.h"

#include "base/json.h"
#include "jobs/archival.h"
#include "jobs/progress_history.h"
#include "jobs/training_removal.h"
#include "store/history_table.h"
#include "store/metric_batch.h"
#include "store/metrics_table.h"
#include "store/rollups_table.h"
#include "store/sql.h"
#include "store/training_removal.h"
#include "store/trainings_table.h"

static struct archival *archival; // one test at a time

// One task for all: to archive, to bring back, or to remove.
static int task(struct schedule_run *run, void *store, struct err *e)
{
    return schedule_run_argument(run) ? archival_task(run, archival, e) : training_removal_task(run, store, e);
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

// ---- a training with rows in every table ----------------------------------------------------------------------------

struct one {
    const char *id;
    int64_t key, rows, old, at;
};

static int put_rows(struct store_tx *tx, const struct one *o, int layer, struct err *e)
{
    struct metric_batch batch = {0};
    for (int64_t step = 1; step <= o->rows; step++) {
        struct metric_row r;
        metric_row_init(&r);
        r.step = step, r.layer_idx = layer, r.loss = (double)step;
        r.timestamp = step <= o->old ? o->at - 40 * DAY : o->at;
        metric_batch_add(&batch, &r);
    }
    int rc = metric_batch_put(tx, o->key, &batch, e);
    if (!rc) rc = rollups_update(tx, o->key, &batch, NULL, e);
    metric_batch_release(&batch);
    return rc;
}

static int put_rest(struct store_tx *tx, const struct one *o, struct err *e)
{
    struct run_times times;
    int rc = 0;
    run_times_init(&times);
    for (int i = 0; !rc && i < 120; i++) {
        struct checkpoint_row c;
        checkpoint_row_init(&c);
        id_new("ckp", c.id);
        snprintf(c.training_id, sizeof c.training_id, "%s", o->id);
        c.step = i;
        c.created_at = 1;
        c.storage_path = mem_strdup("/nowhere");
        rc = checkpoint_row_put(tx, &c, e);
        checkpoint_row_release(&c);
        const struct progress_snapshot s = {.entity_type = "training",
                                            .entity_id = o->id,
                                            .job_id = "job_a",
                                            .attempt = 1,
                                            .status = "running",
                                            .timestamp = o->at + i / 2, // two at the same time
                                            .progress = (double)i,
                                            .done = -1,
                                            .total = -1,
                                            .rate = (double)NAN,
                                            .times = &times};
        if (!rc) rc = store_progress_snapshot(tx, &s, e);
    }
    return rc;
}

static int make(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct training_row row;
    training_row_init(&row);
    snprintf(row.id, sizeof row.id, "%s", o->id);
    row.status = mem_strdup("completed");
    row.created_at = 1;
    int rc = training_row_insert(tx, &row, e);
    o->key = row.key;
    training_row_release(&row);
    if (!rc && o->rows) rc = put_rows(tx, o, METRIC_LAYER_ALL, e);
    if (!rc && o->rows) rc = put_rows(tx, o, 3, e);
    return rc || !o->rows ? rc : put_rest(tx, o, e);
}

static int run_sql(struct store_tx *tx, void *ctx, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, ctx, e);
    if (!st) return HW_EINTERNAL;
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int delete_it(struct store_tx *tx, void *ctx, struct err *e)
{
    return training_row_delete(tx, ((struct one *)ctx)->id, 1, e);
}

static int copy_back(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct one *o = ctx;
    int layer = -2, rc;
    int64_t step = 0, n = 0;
    rc = metric_restore_begin(tx, o->key, 1, e);
    if (!rc) n = metric_restore_copy(tx, o->key, &layer, &step, e);
    if (!rc && n) rc = err_set(e, HW_EINTERNAL, "rows of a deleted training were brought back");
    return rc;
}

static void write_it(struct fixture *f, store_fn fn, void *ctx)
{
    struct err e = {0};
    if (store_write_wait(f->store, fn, ctx, &e) != 0) fail_msg("%s", e.message);
}

static void run_as(struct fixture *f, const char *argument)
{
    struct err e = {0};
    if (schedule_run_with(f->s, "work", argument, &e) != 0) fail_msg("%s", e.message);
    fixture_settle(f);
    if (fixture_view(f).last_error) fail_msg("%s", fixture_view(f).last_error);
}

// What an archival run forgets when it has no sense any more.
static void put_notes(struct fixture *f, const struct one *o)
{
    char text[300];
    snprintf(text, sizeof text,
             "INSERT INTO training_metric_cuts (training_id, layer_idx, step) VALUES (%lld, 3, 390)"
             " ON CONFLICT DO NOTHING",
             (long long)o->key);
    write_it(f, run_sql, text);
    snprintf(text, sizeof text,
             "INSERT INTO training_metric_restores (training_id, restored_at, complete) VALUES (%lld, 1, 0)"
             " ON CONFLICT DO NOTHING",
             (long long)o->key);
    write_it(f, run_sql, text);
    // Of a layer that has nothing else, so that nobody looks into it.
    snprintf(text, sizeof text,
             "INSERT INTO training_metric_blocks (training_id, layer_idx, last_step, first_step, rows, min_timestamp,"
             " max_timestamp, data) VALUES (%lld, 9, 512, 1, 512, 1, 1, '') ON CONFLICT DO NOTHING",
             (long long)o->key);
    write_it(f, run_sql, text);
}

// Archived, brought back in part, cut: it has rows in all tables.
static struct one make_one(struct fixture *f, const char *id)
{
    struct one o = {.id = id, .rows = 700, .old = 400, .at = f->wall};
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    write_it(f, make, &o);
    archival_to_archive(30, argument);
    run_as(f, argument);
    put_notes(f, &o);
    return o;
}

// ---- what is left --------------------------------------------------------------------------------------------------

static const char *const by_key[] = {"training_metrics",        "training_metrics_archive", "training_metric_blocks",
                                     "training_metric_rollups", "training_metric_cuts",     "training_metric_restores"};
enum { BY_KEY = sizeof by_key / sizeof *by_key, LEFT = BY_KEY + 2 };

struct left {
    const struct one *o;
    int64_t n[LEFT], notes;
};

static int count_one(struct store_tx *tx, const char *text, int64_t *n, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, text, e);
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e);
    if (rc == 1) *n = sql_i64(st, 0);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static int count_left(struct store_tx *tx, void *ctx, struct err *e)
{
    struct left *l = ctx;
    char text[200];
    int rc = count_one(tx, "SELECT COUNT(*) FROM deleted_trainings", &l->notes, e);
    for (size_t i = 0; !rc && i < BY_KEY; i++) {
        snprintf(text, sizeof text, "SELECT COUNT(*) FROM %s WHERE training_id = %lld", by_key[i],
                 (long long)l->o->key);
        rc = count_one(tx, text, &l->n[i], e);
    }
    snprintf(text, sizeof text, "SELECT COUNT(*) FROM checkpoints WHERE training_id = '%s'", l->o->id);
    if (!rc) rc = count_one(tx, text, &l->n[BY_KEY], e);
    snprintf(text, sizeof text, "SELECT COUNT(*) FROM progress_history WHERE entity_id = '%s'", l->o->id);
    return rc ? rc : count_one(tx, text, &l->n[BY_KEY + 1], e);
}

static struct left left_of(struct fixture *f, const struct one *o)
{
    struct left l = {.o = o};
    struct err e = {0};
    if (store_read_wait(f->store, count_left, &l, &e) != 0) fail_msg("%s", e.message);
    return l;
}

static void assert_all_of(struct fixture *f, const struct one *o)
{
    struct left l = left_of(f, o);
    for (int i = 0; i < LEFT; i++) assert_true(l.n[i] > 0);
}

static void assert_nothing_of(struct fixture *f, const struct one *o)
{
    struct left l = left_of(f, o);
    for (int i = 0; i < LEFT; i++) assert_int_equal(l.n[i], 0);
    assert_int_equal(l.notes, 0);
}

static int64_t result(struct fixture *f, const char *key)
{
    json_t *r = json_read(slice_str(fixture_view(f).last_result), NULL);
    assert_non_null(json_object_get(r, key));
    int64_t v = json_integer_value(json_object_get(r, key));
    json_decref(r);
    return v;
}

// ---- tests ----------------------------------------------------------------------------------------------------------

static void all_that_a_deleted_training_had_goes_and_nothing_of_another(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_one(&f, "trn_a"), other = make_one(&f, "trn_b");
    put_notes(&f, &o);
    struct left before = left_of(&f, &o), others = left_of(&f, &other);
    assert_all_of(&f, &o);
    assert_all_of(&f, &other);
    write_it(&f, delete_it, &o);
    assert_all_of(&f, &o);
    run_as(&f, NULL);
    assert_nothing_of(&f, &o);
    struct left after = left_of(&f, &other);
    int64_t sum = 0;
    for (int i = 0; i < LEFT; i++) {
        assert_int_equal(after.n[i], others.n[i]);
        sum += before.n[i];
    }
    assert_int_equal(result(&f, "trainings"), 1);
    assert_int_equal(result(&f, "rows"), sum);
    assert_true(result(&f, "slices") >= 7); // no table's rows with another's
    run_as(&f, NULL);
    assert_int_equal(result(&f, "trainings"), 0);
    end(&f);
}

static int find_none(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct training_row *rows;
    int64_t key;
    int n;
    bool more;
    const struct page first = {.limit = 10};
    assert_int_equal(training_key_get(tx, o->id, &key, e), HW_ENOTFOUND);
    assert_int_equal(training_row_delete(tx, o->id, 1, e), HW_ENOTFOUND);
    assert_int_equal(training_rows_list(tx, &first, &rows, &n, &more, e), 0);
    assert_int_equal(n, 0);
    training_rows_free(rows, n);
    struct history_row *history;
    struct history_query q = {.entity_type = "training", .entity_id = o->id, .end = INT64_MAX, .limit = 10};
    assert_int_equal(get_progress_history(tx, &q, &history, &n, e), HW_ENOTFOUND);
    q.entity_type = NULL;
    assert_int_equal(get_progress_history(tx, &q, &history, &n, e), HW_ENOTFOUND);
    struct comparison c;
    assert_int_equal(compare_progress_patterns(tx, (const char *const[]){o->id}, 1, &c, e), HW_ENOTFOUND);
    struct metric_ages ages;
    assert_int_equal(get_metric_count_by_age(tx, o->at, &ages, e), 0);
    for (int i = 0; i < METRIC_AGES; i++) {
        assert_int_equal(ages.live[i], 0);
        assert_int_equal(ages.archived[i], 0);
    }
    err_clear(e);
    return 0;
}

static void nobody_finds_it_while_its_rows_are_still_there(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_one(&f, "trn_a");
    write_it(&f, delete_it, &o);
    write_it(&f, find_none, &o);
    assert_all_of(&f, &o);
    // Nor is it moved, or brought back.
    struct left before = left_of(&f, &o);
    char argument[ARCHIVAL_ARGUMENT_SIZE];
    f.wall += 60 * DAY;
    archival_to_archive(30, argument);
    run_as(&f, argument);
    archival_to_restore(NULL, argument);
    run_as(&f, argument);
    write_it(&f, copy_back, &o); // by a run that had found it before
    struct left after = left_of(&f, &o);
    assert_int_equal(after.n[0], before.n[0]);
    run_as(&f, NULL);
    assert_nothing_of(&f, &o);
    end(&f);
}

// The removal, cut off after so many of its steps, and the database opened again.
struct part {
    int steps, tables; // at most, of the first so many
};

static int some_steps(struct store_tx *tx, void *ctx, struct err *e)
{
    struct part *part = ctx;
    struct training_removal r = {0};
    int rc = training_removal_next(tx, 0, &r, e);
    for (int table = 0; !rc && part->steps > 0 && table < part->tables; table++) {
        training_removal_begin_table(&r);
        int more = 1;
        while (more == 1 && part->steps-- > 0) more = training_removal_rows(tx, &r, table, e);
        rc = more < 0 ? more : 0;
    }
    return rc;
}

static void what_was_cut_off_is_gone_on_with_by_the_next_server(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    static const int cut_after[] = {1, 12, 30, 60};
    for (size_t i = 0; i < sizeof cut_after / sizeof *cut_after; i++) {
        struct one o = make_one(&f, "trn_a");
        struct part part = {cut_after[i], training_removal_tables()};
        write_it(&f, delete_it, &o);
        write_it(&f, some_steps, &part);
        assert_int_equal(left_of(&f, &o).notes, 1);
        fixture_shut(&f);
        fixture_open(&f, &t);
        archival_free(archival);
        archival = archival_new(f.store, 30);
        run_as(&f, NULL);
        assert_nothing_of(&f, &o);
    }
    end(&f);
}

// A row that is written after its table was emptied keeps the note.
static int finish_it(struct store_tx *tx, void *ctx, struct err *e)
{
    struct training_removal r;
    int rc = training_removal_next(tx, 0, &r, e);
    return rc ? rc : training_removal_finish(tx, &r, ctx, e);
}

static void the_note_stays_as_long_as_anything_is_left(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one o = make_one(&f, "trn_a");
    write_it(&f, delete_it, &o);
    for (int table = 0; table < training_removal_tables(); table++) {
        bool over = true;
        write_it(&f, finish_it, &over);
        assert_false(over);
        struct part part = {10000, table + 1};
        write_it(&f, some_steps, &part);
    }
    bool over = false;
    write_it(&f, finish_it, &over);
    assert_true(over);
    assert_nothing_of(&f, &o);
    end(&f);
}

static void a_key_is_not_given_again_while_there_is_a_note_of_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    begin(&f, &t);
    struct one a = {.id = "trn_a"}, b = {.id = "trn_b"}, c = {.id = "trn_c"};
    write_it(&f, make, &a);
    write_it(&f, delete_it, &a);
    write_it(&f, make, &b);
    assert_true(b.key > a.key);
    // As after a copy or a restore, where keys are counted from the greatest training's.
    char notes[200];
    snprintf(notes, sizeof notes,
             "INSERT INTO deleted_trainings (key, id, deleted_at) VALUES (%lld, 'trn_x', 1), (%lld, 'trn_y', 1)",
             (long long)b.key + 1, (long long)b.key + 2);
    write_it(&f, run_sql, notes);
    write_it(&f, make, &c);
    assert_int_equal(c.key, b.key + 3);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_deleted_training_had_goes_and_nothing_of_another),
        cmocka_unit_test(nobody_finds_it_while_its_rows_are_still_there),
        cmocka_unit_test(what_was_cut_off_is_gone_on_with_by_the_next_server),
        cmocka_unit_test(the_note_stays_as_long_as_anything_is_left),
        cmocka_unit_test(a_key_is_not_given_again_while_there_is_a_note_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
