// An extraction: loading 0–10, extracting 10–90 by samples, saving 90–100.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/kinds.h"
#include "jobs/progress.h"

static const int64_t S = 1000000;

// Enters a phase with the share that the table of kinds gives it.
static void enter(struct progress *p, const char *name)
{
    const struct job_kind *k = job_kind_find("extract");
    assert_non_null(k);
    int index = 0, count = 0;
    const struct phase_spec *found = NULL;
    for (const struct phase_spec *it = k->phases; it->name; it++, count++)
        if (strcmp(it->name, name) == 0) found = it, index = count + 1;
    assert_non_null(found);
    progress_phase(p, name, index, count, found->from, found->to);
}

static void loading_phase(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    assert_true(p.percent == 0);
    enter(&p, "loading");
    assert_true(p.percent == 0);
    progress_report(&p, 1, 2, "tensors", S);
    assert_true(p.percent == 5);
    progress_report(&p, 2, 2, "tensors", 2 * S);
    assert_true(p.percent == 10);
    assert_string_equal(p.phase, "loading");
    assert_int_equal(p.phase_index, 1);
    assert_int_equal(p.phase_count, 3);
}

static void extracting_phase(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    enter(&p, "extracting");
    assert_true(p.percent == 10);
    for (int64_t done = 0; done <= 4096; done += 512) {
        progress_report(&p, done, 4096, "samples", S + done * 1000);
        assert_true(fabs(p.percent - (10 + 80.0 * (double)done / 4096)) < 1e-9);
    }
    assert_true(p.percent == 90);
}

static void saving_phase(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    enter(&p, "saving");
    assert_true(p.percent == 90);
    progress_report(&p, 1, 2, "files", S);
    assert_true(p.percent == 95);
    progress_report(&p, 2, 2, "files", 2 * S);
    assert_true(p.percent < 100);
    progress_complete(&p);
    assert_true(p.percent == 100);
}

static void samples_processed(void **state)
{
    (void)state;
    struct progress p;
    progress_init(&p, true);
    enter(&p, "extracting");
    for (int i = 0; i <= 20; i++) progress_report(&p, i * 32, 4096, "samples", S + i * S / 2);
    assert_int_equal(p.done, 640);
    assert_int_equal(p.total, 4096);
    assert_string_equal(p.unit, "samples");
    assert_true(fabs(rate_value(&p.rate) - 64) < 1e-6);
    // What was processed belongs to the phase: the next one counts from nothing.
    enter(&p, "saving");
    assert_int_equal(p.done, 0);
    assert_int_equal(p.total, -1);
    assert_string_equal(p.unit, "");
    assert_true(isnan(rate_value(&p.rate)));
}

static void callback(void **state)
{
    (void)state;
    // Reported from start to end as the task does, each report shows at least as much as the one before, and each phase
    // begins where the one before it ended.
    static const char *const phases[] = {"loading", "extracting", "saving"};
    struct progress p;
    progress_init(&p, true);
    double last = 0;
    int calls = 0;
    for (int i = 0; i < 3; i++) {
        enter(&p, phases[i]);
        for (int64_t done = 0; done <= 100; done++, calls++) {
            progress_report(&p, done, 100, "samples", S + calls * 10000);
            assert_true(p.percent >= last && p.percent - last < 1.01);
            last = p.percent;
        }
    }
    assert_true(last > 99.9 && last < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_phase),     cmocka_unit_test(extracting_phase), cmocka_unit_test(saving_phase),
        cmocka_unit_test(samples_processed), cmocka_unit_test(callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
