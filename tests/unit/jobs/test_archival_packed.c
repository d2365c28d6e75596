// Archived rows are packed by a later run, and whoever reads the curve, cuts it or brings it back sees no difference.
#include "archived_curve.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_moved_is_packed_by_a_later_run_and_reads_the_same),
        cmocka_unit_test(of_a_curve_that_goes_on_only_whole_blocks_are_packed),
        cmocka_unit_test(a_chart_is_the_same_after_its_rows_were_packed),
        cmocka_unit_test(a_step_that_is_written_again_hides_the_one_in_its_block),
        cmocka_unit_test(never_again_25_a_resume_amid_a_block_makes_the_rest_of_it_void_for_good),
        cmocka_unit_test(what_was_packed_is_brought_back),
        cmocka_unit_test(rows_over_a_block_are_brought_back_with_it),
        cmocka_unit_test(nobody_who_reads_while_rows_are_packed_and_brought_back_misses_one),
        cmocka_unit_test(a_damaged_block_is_named_and_keeps_nothing_else_from_moving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
