// Old metrics move to the archive and back, and at no moment does anybody who looks miss a row or see one twice.
#include "archived_curve.h"

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
