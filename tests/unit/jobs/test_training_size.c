// What a training will take, and what is suggested where that is too much.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/training_size.h"

static const double MIB = 1024.0 * 1024.0;

static const struct training_size usual = {
    .topk = true,
    .width = 128,
    .n_features = 1024,
    .k = 32,
    .batch_size = 1024,
    .total_steps = 1500,
    .log_every = 10,
    .checkpoint_every = 500,
    .n_layers = 1,
    .threads = 2,
};

static struct training_room room(double memory, double disk)
{
    return (struct training_room){memory, disk};
}

static void memory_grows_with_what_needs_it(void **state)
{
    (void)state;
    struct training_size s = usual;
    // Weights, moments and gradient, 4 bytes each: 16 x 2 x 128 x 1024 bytes are 4 MiB, and the rest is less than that.
    assert_true(training_allocates(&s) > 4 * MIB && training_allocates(&s) < 8 * MIB);
    assert_true(training_memory(&s) > training_allocates(&s));
    double before = training_allocates(&s);
    s.n_layers = 3;
    double layer = (training_allocates(&s) - before) / 2;
    assert_true(layer > 4 * MIB && layer < 4.1 * MIB);
    s = usual, s.batch_size = 8192;
    assert_true(training_allocates(&s) > before + 7168 * (128 * 8 + 32 * 12));
    // A standard autoencoder may have all of its features active.
    s = usual, s.topk = false;
    assert_true(training_allocates(&s) > before + 1024 * 900.0 * 12);
}

static void checkpoints_are_counted_with_the_last(void **state)
{
    (void)state;
    struct training_size s = usual;
    assert_int_equal(training_checkpoints(&s), 3);
    s.total_steps = 1501;
    assert_int_equal(training_checkpoints(&s), 4);
    s.total_steps = 7;
    assert_int_equal(training_checkpoints(&s), 1);
}

static void disk_is_checkpoints_result_and_curves(void **state)
{
    (void)state;
    struct training_size s = usual;
    s.total_steps = 300, s.checkpoint_every = 200;
    // What a run of this shape wrote: two checkpoints of 3,169,881 bytes, and a result of a third of that.
    double wrote = 2 * 3169881.0 + 1056000;
    assert_true(fabs(training_disk(&s) - wrote) < 0.02 * wrote);
    double before = training_disk(&s);
    s.log_every = 1;
    double rows = (302 - 32) * 2;
    assert_true(training_disk(&s) > before + rows * 100 && training_disk(&s) < before + rows * 250);
    s = usual, s.n_layers = 4;
    assert_true(training_disk(&s) > 3.9 * training_disk(&usual) && training_disk(&s) < 4.1 * training_disk(&usual));
}

static void nothing_is_suggested_where_it_fits(void **state)
{
    (void)state;
    struct training_room r = room(1024 * MIB, 1024 * MIB), unknown = room(INFINITY, INFINITY);
    assert_true(training_fits(&usual, &r));
    assert_null(training_suggest(&usual, &r).field);
    assert_true(training_fits(&usual, &unknown));
}

// Whatever is suggested fits, and hardly more of it would.
static void assert_suggested(const struct training_size *s, struct training_room r, const char *field)
{
    assert_false(training_fits(s, &r));
    struct training_suggestion g = training_suggest(s, &r);
    assert_non_null(g.field);
    assert_string_equal(g.field, field);
    struct training_size t = *s;
    if (strcmp(field, "batch_size") == 0) t.batch_size = g.value;
    if (strcmp(field, "n_features") == 0) t.n_features = g.value;
    if (strcmp(field, "layers") == 0) t.n_layers = (int)g.value;
    if (strcmp(field, "checkpoint_every") == 0) t.checkpoint_every = g.value;
    assert_true(training_fits(&t, &r));
    if (strcmp(field, "batch_size") == 0) t.batch_size *= 2;
    if (strcmp(field, "n_features") == 0) t.n_features += t.n_features / 8 + 1;
    if (strcmp(field, "layers") == 0) t.n_layers++;
    if (strcmp(field, "checkpoint_every") == 0) t.checkpoint_every /= 3;
    assert_false(training_fits(&t, &r));
}

static void a_smaller_batch_is_suggested_first(void **state)
{
    (void)state;
    struct training_size s = usual;
    s.width = 768, s.batch_size = 65536;
    struct training_size small = s;
    small.batch_size = 16384;
    assert_suggested(&s, room(training_memory(&small) / 0.94, 1e15), "batch_size");
    assert_int_equal(training_suggest(&s, &(struct training_room){training_memory(&small) / 0.94, 1e15}).value, 16384);
}

static void then_fewer_layers_then_features(void **state)
{
    (void)state;
    struct training_size s = usual;
    s.n_layers = 8, s.n_features = 65536, s.batch_size = 16;
    struct training_size three = s;
    three.n_layers = 3;
    assert_suggested(&s, room(training_memory(&three) / 0.94, 1e15), "layers");
    s.n_layers = 1;
    assert_suggested(&s, room(200 * MIB, 1e15), "n_features");
    // Never fewer features than are to be active at once.
    s.k = 60000;
    assert_null(training_suggest(&s, &(struct training_room){200 * MIB, 1e15}).field);
}

static void a_full_disk_wants_fewer_checkpoints(void **state)
{
    (void)state;
    struct training_size s = usual;
    s.total_steps = 100000, s.checkpoint_every = 10;
    assert_suggested(&s, room(1e15, 2000 * MIB), "checkpoint_every");
    assert_int_equal(training_suggest(&s, &(struct training_room){1e15, 2000 * MIB}).value, 200);
    // Where one checkpoint alone is too much, it is the autoencoder that is too large.
    s.checkpoint_every = s.total_steps, s.log_every = s.total_steps;
    assert_suggested(&s, room(1e15, 3 * MIB), "n_features");
    assert_null(training_suggest(&s, &(struct training_room){1e15, 1000}).field);
}

static void time_is_what_like_runs_took(void **state)
{
    (void)state;
    struct training_time t;
    // 1,500 steps of 1,024 samples.
    const struct training_pace one = {1024, 1024, 100000, 15};
    assert_true(training_time(&usual, &one, 1, &t));
    assert_int_equal(t.runs, 1);
    assert_true(fabs(t.low - 15.36 * 0.8) < 1e-9 && fabs(t.high - 15.36 * 1.25) < 1e-9);
    const struct training_pace both[] = {one, {2048, 512, 20000, 9}};
    // Half of the features: a sample costs half as much.
    assert_true(training_time(&usual, both, 2, &t));
    assert_int_equal(t.runs, 2);
    assert_true(fabs(t.low - 15.36 * 0.8) < 1e-9 && fabs(t.high - 38.4 * 1.25) < 1e-9);
    struct training_size layers = usual;
    layers.n_layers = 3;
    assert_true(training_time(&layers, &one, 1, &t));
    assert_true(fabs(t.low - 3 * 15.36 * 0.8) < 1e-9);
}

static void without_a_like_run_no_time_is_told(void **state)
{
    (void)state;
    struct training_time t;
    static const struct training_pace others[] = {
        {2049, 1024, 1e5, 60}, {511, 1024, 1e5, 60},  {1024, 4097, 1e5, 60},  {1024, 255, 1e5, 60},
        {1024, 1024, 0, 60},   {1024, 1024, NAN, 60}, {1024, 1024, 1e5, 0.9}, // too short: what it took was its start
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(training_time(&usual, &others[i], 1, &t));
    assert_false(training_time(&usual, NULL, 0, &t));
    assert_true(training_time(&usual, &(struct training_pace){2048, 4096, 1e5, 1}, 1, &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_grows_with_what_needs_it),
        cmocka_unit_test(checkpoints_are_counted_with_the_last),
        cmocka_unit_test(disk_is_checkpoints_result_and_curves),
        cmocka_unit_test(nothing_is_suggested_where_it_fits),
        cmocka_unit_test(a_smaller_batch_is_suggested_first),
        cmocka_unit_test(then_fewer_layers_then_features),
        cmocka_unit_test(a_full_disk_wants_fewer_checkpoints),
        cmocka_unit_test(time_is_what_like_runs_took),
        cmocka_unit_test(without_a_like_run_no_time_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
