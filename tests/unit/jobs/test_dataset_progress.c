// Datasets: the steps of a download and of a tokenization, and what a failure leaves.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/errors.h"
#include "jobs/kinds.h"
#include "jobs/progress_download.h"
#include "jobs/state.h"

static const int64_t S = 1000000;

static void download_progress_steps(void **state)
{
    (void)state;
    static const double steps[] = {0, 10, 70, 90, 100};
    const struct phase_spec *phases = download_dataset_phases;
    struct progress p;
    progress_init(&p, true);
    assert_true(p.percent == 0);
    for (int i = 0; i < 4; i++) {
        assert_true(phases[i].from == steps[i] && phases[i].to == steps[i + 1]);
        progress_phase(&p, phases[i].name, i + 1, 4, phases[i].from, phases[i].to);
        assert_true(p.percent == phases[i].from);
        progress_report(&p, 10, 10, NULL, (i + 1) * S);
        if (i < 3) assert_true(p.percent == phases[i].to);
    }
    assert_null(phases[4].name);
    assert_true(p.percent < 100);
    progress_complete(&p);
    assert_true(p.percent == 100);
}

static void tokenization_progress_steps(void **state)
{
    (void)state;
    static const double steps[] = {0, 10, 20, 40, 80, 95, 100};
    const struct job_kind *k = job_kind_find("tokenize");
    assert_non_null(k);
    assert_string_equal(k->entity_type, "dataset");
    int n = 0;
    struct progress p;
    progress_init(&p, k->determinate);
    for (const struct phase_spec *it = k->phases; it->name; it++, n++) {
        assert_true(n < 6);
        assert_true(it->from == steps[n] && it->to == steps[n + 1]);
        progress_phase(&p, it->name, n + 1, 6, it->from, it->to);
        assert_true(p.percent == steps[n]);
    }
    assert_int_equal(n, 6);
    progress_complete(&p);
    assert_true(p.percent == steps[6]);
}

static void error_handling(void **state)
{
    (void)state;
    struct progress p;
    struct job_state s = {.status = JOB_RUNNING, .attempt = 1, .max_attempts = 1};
    progress_init(&p, true);
    progress_phase(&p, "encoding", 4, 6, 40, 80);
    progress_report(&p, 1, 2, "documents", S);
    assert_int_equal(job_apply(&s, JOB_EV_EXITED_BAD, NULL), 0);
    assert_int_equal(s.status, JOB_FAILED);
    assert_true(p.percent == 60); // it stays where it was
    struct job_failure f;
    job_classify(&(struct job_exit){.code = 1, .last_stderr = "corpus.jsonl: No such file or directory"}, &f);
    assert_string_equal(f.type, "NOT_FOUND");
}

static void emission_at_each_step(void **state)
{
    (void)state;
    // Every phase and every report of more than one percent changes what is shown: none is swallowed.
    const struct job_kind *k = job_kind_find("tokenize");
    struct progress p;
    progress_init(&p, true);
    double shown = -1;
    int i = 0;
    for (const struct phase_spec *it = k->phases; it->name; it++, i++) {
        progress_phase(&p, it->name, i + 1, 6, it->from, it->to);
        assert_true(p.percent > shown || (i > 0 && p.percent == shown));
        assert_string_equal(p.phase, it->name);
        for (int64_t done = 1; done <= 5; done++) {
            progress_report(&p, done, 5, "documents", (i * 10 + done) * S);
            assert_true(p.percent > shown);
            shown = p.percent;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(download_progress_steps),
        cmocka_unit_test(tokenization_progress_steps),
        cmocka_unit_test(error_handling),
        cmocka_unit_test(emission_at_each_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
