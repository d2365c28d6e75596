// What is kept of the machine for long: minutes, their minimum, mean and maximum, and the steps that are made of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "monitor/minute.h"
#include "monitor/recent.h"
#include "monitor/system_series.h"

#define SECOND 1000000LL
#define HOUR   (3600 * SECOND)

static const int64_t noon = 1795003200LL * SECOND; // a whole minute

// Nothing known but the processor; a GPU if gpu isn't negative.
static struct moment *moment(int64_t at_us, double cpu, int gpu, double utilization)
{
    struct moment *m = mem_zalloc(sizeof *m + sizeof m->gpus[0]);
    m->at_us = at_us;
    for (int i = 0; i < MACHINE_READINGS; i++) m->v[i] = (float)NAN;
    m->v[0] = (float)cpu;
    if (gpu < 0) return m;
    m->n_gpus = 1;
    m->gpus[0] = (struct gpu_moment){gpu, {(float)utilization, (float)NAN, (float)NAN, (float)NAN}};
    return m;
}

static bool put(struct minute *m, int64_t at_us, double cpu, struct minute *finished)
{
    struct moment *one = moment(at_us, cpu, -1, 0);
    bool ended = minute_add(m, one, finished);
    free(one);
    return ended;
}

// ---- samples -------------------------------------------------------------------------------------------------------

static void what_could_not_be_read_is_not_zero(void **state)
{
    (void)state;
    struct sample s;
    sample_init(&s);
    s.cpu.percent = some_f64(12.5);
    s.memory.used = some_u64(8ULL << 30);
    struct moment *m = moment_new(&s, 5);
    assert_int_equal(m->at_us, 5);
    assert_float_equal(m->v[0], 12.5, 0);
    assert_float_equal(m->v[1], 8589934592.0, 0);
    for (int i = 2; i < MACHINE_READINGS; i++) assert_true(isnan(m->v[i]));
    assert_int_equal(m->n_gpus, 0);
    free(m);
    sample_release(&s);
}

// ---- minutes -------------------------------------------------------------------------------------------------------

static void a_minute_ends_with_the_first_moment_of_the_next(void **state)
{
    (void)state;
    struct minute m = {0}, f = {0};
    assert_false(put(&m, noon + 10 * SECOND, 10, &f));
    assert_false(put(&m, noon + 40 * SECOND, 40, &f));
    assert_false(put(&m, noon + 59 * SECOND, 40, &f));
    assert_true(put(&m, noon + 60 * SECOND, 99, &f));
    assert_int_equal(f.begin_us, noon);
    assert_int_equal(f.stats.samples, 3);
    assert_float_equal(f.stats.v[0].min, 10, 0);
    assert_float_equal(f.stats.v[0].sum / f.stats.v[0].n, 30, 1e-9);
    assert_float_equal(f.stats.v[0].max, 40, 0);
    assert_float_equal(f.stats.v[1].n, 0, 0);
    minute_release(&f);
    minute_release(&m);
}

static void a_minute_without_readings_is_none(void **state)
{
    (void)state;
    struct minute m = {0}, f = {0};
    assert_false(put(&m, noon, (double)NAN, &f));
    assert_false(put(&m, noon + 60 * SECOND, 5, &f));     // the one before had nothing
    assert_true(put(&m, noon + 10 * 60 * SECOND, 5, &f)); // nine minutes in which nobody looked
    assert_int_equal(f.begin_us, noon + 60 * SECOND);
    assert_int_equal(f.stats.samples, 1);
    minute_release(&f);
    minute_release(&m);
}

static void readings_that_failed_count_for_no_mean(void **state)
{
    (void)state;
    struct minute m = {0}, f = {0};
    assert_false(put(&m, noon, 80, &f));
    assert_false(put(&m, noon + 2 * SECOND, (double)NAN, &f));
    assert_true(put(&m, noon + 60 * SECOND, 0, &f));
    assert_int_equal(f.stats.samples, 2);
    assert_float_equal(f.stats.v[0].sum / f.stats.v[0].n, 80, 1e-9);
    assert_float_equal(f.stats.v[0].min, 80, 0);
    minute_release(&f);
    minute_release(&m);
}

static void a_clock_set_back_ends_a_minute_too(void **state)
{
    (void)state;
    struct minute m = {0}, f = {0};
    assert_false(put(&m, noon + 30 * SECOND, 80, &f));
    assert_true(put(&m, noon - HOUR, 20, &f));
    assert_int_equal(f.begin_us, noon);
    minute_release(&f);
    assert_false(put(&m, noon - HOUR + SECOND, 30, &f));
    assert_true(put(&m, noon - HOUR + 60 * SECOND, 30, &f));
    assert_int_equal(f.begin_us, noon - HOUR);
    assert_int_equal(f.stats.samples, 2);
    minute_release(&f);
    minute_release(&m);
}

// ---- statistics ----------------------------------------------------------------------------------------------------

static json_t *written(const struct reading_stats *s, bool brief)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    reading_stats_write(s, brief, &w);
    jw_obj_end(&w);
    json_t *obj = json_read_object(buf_slice(&b), NULL);
    buf_release(&b);
    assert_non_null(obj);
    return obj;
}

static void each_gpu_is_told_by_its_id(void **state)
{
    (void)state;
    struct reading_stats s = {0};
    for (int gpu = 3; gpu >= 0; gpu--) {
        struct moment *m = moment(noon, 1, gpu, gpu * 10);
        reading_stats_add(&s, m);
        free(m);
    }
    json_t *obj = written(&s, true);
    json_t *gpus = json_object_get(obj, "gpus");
    assert_int_equal(json_array_size(gpus), 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *g = json_array_get(gpus, i);
        assert_int_equal(json_integer_value(json_object_get(g, "gpu_id")), i);
        assert_float_equal(json_number_value(json_array_get(json_object_get(g, "utilization"), 1)), (double)i * 10, 0);
        assert_null(json_object_get(g, "temperature"));
    }
    json_decref(obj);
    reading_stats_release(&s);
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    struct reading_stats s = {0}, back = {0};
    struct moment *a = moment(noon, 10.04, 0, 5), *b = moment(noon, 20.06, 0, 7);
    reading_stats_add(&s, a);
    reading_stats_add(&s, b);
    free(a);
    free(b);
    json_t *obj = written(&s, true);
    assert_null(json_object_get(obj, "memory_used"));
    reading_stats_read(&back, obj, 2);
    json_decref(obj);
    assert_int_equal(back.samples, 2);
    assert_float_equal(back.v[0].min, 10, 1e-6); // to a tenth
    assert_float_equal(back.v[0].max, 20.1, 1e-6);
    assert_float_equal(back.v[0].sum / back.v[0].n, 15.05, 0.06);
    assert_float_equal(back.v[1].n, 0, 0);
    assert_int_equal(back.n_gpus, 1);
    obj = written(&back, false);
    assert_true(json_is_null(json_object_get(obj, "memory_used")));
    json_decref(obj);
    reading_stats_release(&s);
    reading_stats_release(&back);
}

static void what_is_not_sound_is_left_out(void **state)
{
    (void)state;
    struct reading_stats s = {0};
    json_t *obj = json_read_object(
        SLICE_LIT("{\"cpu_percent\":[1,\"x\",3],\"memory_used\":7,\"swap_used\":[1,2],\"gpus\":[1,{\"gpu_id\":-1},"
                  "{\"gpu_id\":100000,\"utilization\":[1,2,3]},{\"utilization\":[1,2,3]}]}"),
        NULL);
    reading_stats_read(&s, obj, 30);
    assert_false(reading_stats_any(&s));
    assert_int_equal(s.n_gpus, 0);
    reading_stats_read(&s, NULL, 30);
    json_decref(obj);
    reading_stats_release(&s);
}

static void means_are_weighted_by_how_often_was_looked(void **state)
{
    (void)state;
    struct reading_stats a = {0}, b = {0};
    struct moment *low = moment(noon, 10, -1, 0), *high = moment(noon, 90, -1, 0);
    for (int i = 0; i < 3; i++) reading_stats_add(&a, low);
    reading_stats_add(&b, high);
    reading_stats_merge(&a, &b);
    assert_float_equal(a.v[0].sum / a.v[0].n, 30, 1e-9);
    assert_float_equal(a.v[0].max, 90, 0);
    free(low);
    free(high);
    reading_stats_release(&a);
    reading_stats_release(&b);
}

// ---- the last hour -------------------------------------------------------------------------------------------------

static void what_is_too_old_or_too_much_goes_oldest_first(void **state)
{
    (void)state;
    struct recent *r = recent_new(HOUR, 1000);
    for (int i = 0; i < 5000; i++) recent_add(r, moment(noon + i * 10 * SECOND, i, -1, 0));
    assert_int_equal(recent_count(r), 361); // an hour, both ends
    assert_float_equal(recent_at(r, 360)->v[0], 4999, 0);
    for (int i = 0; i < 5000; i++) recent_add(r, moment(noon + 50000 * SECOND + i, i, -1, 0));
    assert_int_equal(recent_count(r), 1000);
    assert_float_equal(recent_at(r, 0)->v[0], 4000, 0);
    recent_add(r, moment(noon, 7, -1, 0)); // the clock was set back
    assert_int_equal(recent_count(r), 1000);
    recent_free(r);
    recent_free(NULL);
}

// ---- steps ---------------------------------------------------------------------------------------------------------

static void steps_begin_at_their_multiples_and_gaps_stay_gaps(void **state)
{
    (void)state;
    struct system_series s;
    assert_true(system_series_init(&s, noon + 90 * SECOND, noon + 1000 * SECOND, 300 * SECOND));
    struct reading_stats minute = {0};
    struct moment *m = moment(noon, 50, -1, 0);
    reading_stats_add(&minute, m);
    free(m);
    system_series_add_minute(&s, noon - 60 * SECOND, &minute); // before
    system_series_add_minute(&s, noon, &minute);
    system_series_add_minute(&s, noon + 240 * SECOND, &minute);
    system_series_add_minute(&s, noon + 1020 * SECOND, &minute); // behind
    m = moment(noon + 900 * SECOND, 10, -1, 0);
    system_series_add_moment(&s, m);
    free(m);
    m = moment(noon + 1000 * SECOND, 10, -1, 0); // the end isn't part of it
    system_series_add_moment(&s, m);
    free(m);
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    system_series_write(&s, &w);
    json_t *items = json_read(buf_slice(&b), NULL);
    assert_int_equal(json_array_size(items), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 0), "ts")), "2026-11-18T12:00:00.000Z");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 0), "samples")), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "ts")), "2026-11-18T12:15:00.000Z");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 1), "samples")), 1);
    json_decref(items);
    buf_release(&b);
    reading_stats_release(&minute);
    system_series_release(&s);
}

static void a_month_in_seconds_is_too_much(void **state)
{
    (void)state;
    struct system_series s;
    assert_false(system_series_init(&s, noon, noon + 720 * HOUR, 60 * SECOND));
    assert_true(system_series_init(&s, noon, noon + 720 * HOUR, 600 * SECOND));
    assert_int_equal(s.n, 720 * 6);
    system_series_release(&s);
}

static void the_step_is_one_that_a_person_would_choose(void **state)
{
    (void)state;
    assert_int_equal(system_series_step(HOUR, 2 * SECOND, 500), 10 * SECOND);
    assert_int_equal(system_series_step(60 * SECOND, 2 * SECOND, 500), 2 * SECOND);
    assert_int_equal(system_series_step(5 * HOUR, 60 * SECOND, 500), 60 * SECOND);
    assert_int_equal(system_series_step(720 * HOUR, 60 * SECOND, 500), 7200 * SECOND);
    assert_int_equal(system_series_step(87600 * HOUR, 60 * SECOND, 500), 86400 * SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_not_be_read_is_not_zero),
        cmocka_unit_test(a_minute_ends_with_the_first_moment_of_the_next),
        cmocka_unit_test(a_minute_without_readings_is_none),
        cmocka_unit_test(readings_that_failed_count_for_no_mean),
        cmocka_unit_test(a_clock_set_back_ends_a_minute_too),
        cmocka_unit_test(each_gpu_is_told_by_its_id),
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(what_is_not_sound_is_left_out),
        cmocka_unit_test(means_are_weighted_by_how_often_was_looked),
        cmocka_unit_test(what_is_too_old_or_too_much_goes_oldest_first),
        cmocka_unit_test(steps_begin_at_their_multiples_and_gaps_stay_gaps),
        cmocka_unit_test(a_month_in_seconds_is_too_much),
        cmocka_unit_test(the_step_is_one_that_a_person_would_choose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
