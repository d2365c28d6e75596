// Where a run's time went: by tenths of its progress and by phases.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "jobs/run_times.h"

static void time_is_spread_over_the_way_that_it_was_spent_on(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    run_times_add(&t, 10, 5, 25, "");
    assert_float_equal(t.seconds, 10, 1e-9);
    assert_float_equal(t.tenths[0], 2.5, 1e-9);
    assert_float_equal(t.tenths[1], 5, 1e-9);
    assert_float_equal(t.tenths[2], 2.5, 1e-9);
    run_times_add(&t, 7, 25, 25, ""); // it stood there
    assert_float_equal(t.tenths[2], 9.5, 1e-9);
    assert_float_equal(t.start, 5, 0);
    assert_float_equal(t.reached, 25, 0);
}

static void the_end_lies_in_the_last_tenth(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    run_times_add(&t, 1, 99, 100, "");
    run_times_add(&t, 1, 100, 100, "");
    assert_float_equal(t.tenths[9], 2, 1e-9);
}

static void time_before_a_percentage_is_known_counts_in_no_tenth(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    run_times_add(&t, 30, (double)NAN, (double)NAN, "loading");
    assert_true(isnan(t.start));
    run_times_add(&t, 30, (double)NAN, 60, "loading"); // from a checkpoint
    run_times_add(&t, 4, 60, 70, "training");
    assert_float_equal(t.seconds, 64, 1e-9);
    assert_float_equal(t.start, 60, 0);
    for (int i = 0; i < 6; i++) assert_float_equal(t.tenths[i], 0, 0);
    assert_float_equal(t.tenths[6], 4, 1e-9);
    assert_float_equal(run_times_phase(&t, "loading"), 60, 1e-9);
    assert_float_equal(run_times_phase(&t, "training"), 4, 1e-9);
    assert_true(isnan(run_times_phase(&t, "saving")));
}

static void between_two_percentages_only_what_was_gone_through_counts(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    run_times_add(&t, 10, 0, 50, "");
    run_times_add(&t, 6, 50, 53, ""); // and no further
    assert_float_equal(run_times_between(&t, 0, 50), 10, 1e-9);
    assert_float_equal(run_times_between(&t, 25, 50), 5, 1e-9);
    assert_float_equal(run_times_between(&t, 50, 53), 6, 1e-9);
    assert_float_equal(run_times_between(&t, 50, 51.5), 3, 1e-9);
    assert_true(isnan(run_times_between(&t, 0, 54)));
    assert_float_equal(run_times_progress_at(&t, 0), 0, 1e-9);
    assert_float_equal(run_times_progress_at(&t, 5), 25, 1e-9);
    assert_float_equal(run_times_progress_at(&t, 13), 51.5, 1e-9);
    assert_float_equal(run_times_progress_at(&t, 16), 53, 1e-9);
    assert_true(isnan(run_times_progress_at(&t, 17)));
}

static void what_is_to_do_is_that_of_the_widest_phase(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    run_times_work(&t, &(struct run_work){"loading", "bytes", 3, 10, 10});
    run_times_work(&t, &(struct run_work){"extracting", "samples", 5, 64, 80});
    run_times_work(&t, &(struct run_work){"saving", "", 0, -1, 10});
    run_times_work(&t, &(struct run_work){"saving", "files", 1, 2, 10});
    assert_string_equal(t.work.unit, "samples");
    assert_int_equal(t.work.total, 64);
    assert_int_equal(t.work.done, 64); // the last of it was never said, but saving began
}

static void any_number_of_phases_takes_the_room_of_a_few(void **state)
{
    (void)state;
    struct run_times t;
    run_times_init(&t);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "epoch %d", i);
        run_times_add(&t, 1, i / 10.0, (i + 1) / 10.0, name);
    }
    assert_int_equal(t.n_phases, RUN_PHASES);
    assert_float_equal(run_times_phase(&t, "epoch 0"), 1, 0);
    assert_float_equal(run_times_phase(&t, "other"), 1000 - (RUN_PHASES - 1), 1e-9);
    assert_float_equal(run_times_between(&t, 0, 100), 1000, 1e-6);
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    struct run_times t, back;
    struct buf b = BUF_INIT;
    struct jw w;
    run_times_init(&t);
    run_times_add(&t, 12.5, 10, 35, "a \"name\"");
    run_times_add(&t, 1.25, 35, 35, "other one");
    run_times_work(&t, &(struct run_work){"a \"name\"", "steps", 7, 70, 100});
    jw_init(&w, &b);
    jw_obj(&w);
    run_times_write(&t, &w);
    jw_obj_end(&w);
    json_t *obj = json_read_object(buf_slice(&b), NULL);
    assert_non_null(obj);
    run_times_read(&back, obj);
    json_decref(obj);
    buf_release(&b);
    assert_float_equal(back.seconds, 13.75, 1e-9);
    assert_float_equal(back.start, 10, 0);
    assert_float_equal(back.reached, 35, 0);
    for (int i = 0; i < RUN_TENTHS; i++) assert_float_equal(back.tenths[i], t.tenths[i], 1e-3);
    assert_int_equal(back.n_phases, 2);
    assert_float_equal(run_times_phase(&back, "a \"name\""), 12.5, 1e-9);
    assert_int_equal(back.work.total, 70);
    assert_string_equal(back.work.unit, "steps");
}

static void what_others_wrote_is_taken_as_far_as_it_is_sound(void **state)
{
    (void)state;
    struct run_times t;
    json_t *obj =
        json_read_object(SLICE_LIT("{\"elapsed_seconds\":\"x\",\"tenths\":{\"a\":1},\"phases\":[1,{\"name\":2},"
                                   "{\"name\":\"p\",\"seconds\":\"no\"}],\"work\":[3],\"reached\":null}"),
                         NULL);
    assert_non_null(obj);
    run_times_read(&t, obj);
    json_decref(obj);
    assert_float_equal(t.seconds, 0, 0);
    assert_true(isnan(t.reached));
    assert_int_equal(t.n_phases, 1);
    assert_int_equal(t.work.total, -1);
    run_times_read(&t, NULL);
    assert_true(isnan(t.start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_spread_over_the_way_that_it_was_spent_on),
        cmocka_unit_test(the_end_lies_in_the_last_tenth),
        cmocka_unit_test(time_before_a_percentage_is_known_counts_in_no_tenth),
        cmocka_unit_test(between_two_percentages_only_what_was_gone_through_counts),
        cmocka_unit_test(what_is_to_do_is_that_of_the_widest_phase),
        cmocka_unit_test(any_number_of_phases_takes_the_room_of_a_few),
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(what_others_wrote_is_taken_as_far_as_it_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
