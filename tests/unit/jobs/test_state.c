// The state machine: every pair of status and event against the diagram of the contract.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/state.h"

// The diagram, arrow by arrow, as it is drawn; "-" refuses. Lost is written for a job on its last attempt, and a worker
// holds the job.
static const struct {
    const char *status;
    //          claimed   started    reported   paused     resumed    late       lost       cancel     good end   bad
    //          end       bad end, tried again
    const char *to[JOB_EVENT_COUNT];
} diagram[] = {
    {"queued", {"starting", "-", "-", "paused", "queued", "-", "-", "cancelled", "-", "-", "-"}},
    {"starting",
     {"-", "running", "starting", "paused", "starting", "stalled", "-", "cancelling", "completed", "failed", "queued"}},
    {"running",
     {"-", "running", "running", "paused", "running", "stalled", "-", "cancelling", "completed", "failed", "queued"}},
    {"paused",
     {"-", "-", "paused", "paused", "running", "stalled", "-", "cancelling", "completed", "failed", "queued"}},
    {"stalled",
     {"-", "running", "running", "-", "-", "stalled", "failed", "cancelling", "completed", "failed", "queued"}},
    {"cancelling",
     {"-", "cancelling", "cancelling", "cancelling", "cancelling", "cancelling", "cancelled", "cancelling", "cancelled",
      "cancelled", "cancelled"}},
    {"cancelled", {"-", "-", "-", "-", "-", "-", "-", "cancelled", "-", "-", "-"}},
    {"completed", {"-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"}},
    {"failed", {"-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"}},
};

static struct job_state in(enum job_status s)
{
    return (struct job_state){.status = s, .attempt = 1, .max_attempts = 1, .held = true};
}

static void every_pair_of_status_and_event_follows_the_diagram(void **state)
{
    (void)state;
    assert_int_equal(sizeof diagram / sizeof *diagram, JOB_STATUS_COUNT);
    for (size_t row = 0; row < JOB_STATUS_COUNT; row++) {
        enum job_status from;
        assert_true(job_status_from_name(diagram[row].status, &from));
        for (int ev = 0; ev < JOB_EVENT_COUNT; ev++) {
            struct job_state s = in(from);
            struct err e = {0};
            const char *want = diagram[row].to[ev];
            int rc = job_apply(&s, (enum job_event)ev, &e);
            if (strcmp(want, "-") == 0) {
                if (rc != HW_ECONFLICT) fail_msg("%s, %s: taken", diagram[row].status, job_event_name(ev));
                assert_int_equal(s.status, from);
                assert_non_null(strstr(e.message, diagram[row].status));
            } else {
                if (rc != 0) fail_msg("%s, %s: %s", diagram[row].status, job_event_name(ev), e.message);
                assert_string_equal(job_status_name(s.status), want);
            }
            assert_int_equal(s.attempt, ev == JOB_EV_RETRY && s.status == JOB_QUEUED && from != JOB_QUEUED ? 2 : 1);
        }
    }
}

static void a_lost_job_is_queued_again_while_it_has_attempts(void **state)
{
    (void)state;
    struct job_state s = {.status = JOB_STALLED, .attempt = 1, .max_attempts = 3};
    for (int attempt = 2; attempt <= 3; attempt++) {
        assert_int_equal(job_apply(&s, JOB_EV_LOST, NULL), 0);
        assert_int_equal(s.status, JOB_QUEUED);
        assert_int_equal(s.attempt, attempt);
        assert_int_equal(job_apply(&s, JOB_EV_CLAIMED, NULL), 0);
        assert_int_equal(job_apply(&s, JOB_EV_LATE, NULL), 0);
    }
    assert_int_equal(job_apply(&s, JOB_EV_LOST, NULL), 0);
    assert_int_equal(s.status, JOB_FAILED);
    assert_int_equal(s.attempt, 3);
}

static void never_again_22_a_report_does_not_undo_a_cancel(void **state)
{
    (void)state;
    struct job_state s = in(JOB_RUNNING);
    assert_int_equal(job_apply(&s, JOB_EV_CANCEL, NULL), 0);
    for (int ev = 0; ev < JOB_EVENT_COUNT; ev++) {
        struct job_state t = s;
        if (job_apply(&t, (enum job_event)ev, NULL) != 0) continue;
        assert_true(t.status == JOB_CANCELLING || t.status == JOB_CANCELLED);
    }
}

static void never_again_22_a_report_does_not_undo_a_pause(void **state)
{
    (void)state;
    struct job_state s = in(JOB_PAUSED);
    assert_int_equal(job_apply(&s, JOB_EV_REPORTED, NULL), 0);
    assert_int_equal(s.status, JOB_PAUSED);
}

static void a_paused_job_without_a_process_goes_on_by_way_of_the_queue(void **state)
{
    (void)state;
    struct job_state s = {.status = JOB_QUEUED, .attempt = 2, .max_attempts = 3};
    assert_int_equal(job_apply(&s, JOB_EV_PAUSED, NULL), 0);
    assert_int_equal(s.status, JOB_PAUSED);
    assert_int_equal(job_apply(&s, JOB_EV_RESUMED, NULL), 0);
    assert_int_equal(s.status, JOB_QUEUED);
    assert_int_equal(s.attempt, 2);
    assert_int_equal(job_apply(&s, JOB_EV_PAUSED, NULL), 0);
    assert_int_equal(job_apply(&s, JOB_EV_CANCEL, NULL), 0);
    assert_int_equal(s.status, JOB_CANCELLED); // there is nothing to wait for
}

static void never_again_21_a_lost_worker_never_leaves_a_job_running(void **state)
{
    (void)state;
    for (int st = 0; st < JOB_STATUS_COUNT; st++) {
        if (!job_is_active((enum job_status)st)) continue;
        struct job_state s = in((enum job_status)st);
        assert_int_equal(job_apply(&s, JOB_EV_LATE, NULL), 0);
        assert_int_equal(job_apply(&s, JOB_EV_LOST, NULL), 0);
        assert_true(job_is_final(s.status));
    }
    // And the reverse: a job that only waits can't be late or lost.
    struct job_state q = in(JOB_QUEUED);
    assert_int_equal(job_apply(&q, JOB_EV_LATE, NULL), HW_ECONFLICT);
    assert_int_equal(job_apply(&q, JOB_EV_LOST, NULL), HW_ECONFLICT);
}

static void never_again_26_a_bad_end_is_never_a_completion(void **state)
{
    (void)state;
    for (int st = 0; st < JOB_STATUS_COUNT; st++) {
        struct job_state s = in((enum job_status)st);
        if (job_apply(&s, JOB_EV_EXITED_BAD, NULL) == 0)
            assert_true(s.status == JOB_FAILED || s.status == JOB_CANCELLED);
    }
}

static void a_late_worker_that_comes_back_goes_on(void **state)
{
    (void)state;
    struct job_state s = in(JOB_STALLED);
    assert_int_equal(job_apply(&s, JOB_EV_REPORTED, NULL), 0);
    assert_int_equal(s.status, JOB_RUNNING);
    assert_int_equal(s.attempt, 1);
}

static void cancelling_twice_is_as_good_as_once(void **state)
{
    (void)state;
    static const enum job_status from[] = {JOB_QUEUED, JOB_STARTING, JOB_RUNNING, JOB_PAUSED, JOB_STALLED};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        struct job_state s = in(from[i]);
        assert_int_equal(job_apply(&s, JOB_EV_CANCEL, NULL), 0);
        struct job_state again = s;
        assert_int_equal(job_apply(&again, JOB_EV_CANCEL, NULL), 0);
        assert_int_equal(again.status, s.status);
    }
}

static void nothing_leaves_a_final_state(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        struct job_state s = {.status = JOB_QUEUED, .attempt = 1, .max_attempts = (int)(seed % 3) + 1};
        uint64_t r = seed;
        bool ended = false;
        enum job_status end = JOB_QUEUED;
        for (int step = 0; step < 60; step++) {
            r = r * 6364136223846793005ULL + 1442695040888963407ULL;
            struct job_state before = s;
            if (job_apply(&s, (enum job_event)((r >> 33) % JOB_EVENT_COUNT), NULL) != 0)
                assert_memory_equal(&s, &before, sizeof s);
            assert_in_range(s.attempt, before.attempt, before.attempt + 1);
            if (ended) assert_int_equal(s.status, end);
            if (!ended && job_is_final(s.status)) ended = true, end = s.status;
        }
    }
}

static void names_go_there_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        enum job_status back;
        assert_true(job_status_from_name(job_status_name((enum job_status)i), &back));
        assert_int_equal(back, i);
        assert_int_equal(job_is_final(back) + job_is_active(back) + (back == JOB_QUEUED), 1);
    }
    enum job_status none;
    assert_false(job_status_from_name("Running", &none));
    assert_false(job_status_from_name("", &none));
    for (int i = 0; i < JOB_EVENT_COUNT; i++) assert_non_null(job_event_name((enum job_event)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_status_and_event_follows_the_diagram),
        cmocka_unit_test(a_lost_job_is_queued_again_while_it_has_attempts),
        cmocka_unit_test(never_again_22_a_report_does_not_undo_a_cancel),
        cmocka_unit_test(never_again_22_a_report_does_not_undo_a_pause),
        cmocka_unit_test(a_paused_job_without_a_process_goes_on_by_way_of_the_queue),
        cmocka_unit_test(never_again_21_a_lost_worker_never_leaves_a_job_running),
        cmocka_unit_test(never_again_26_a_bad_end_is_never_a_completion),
        cmocka_unit_test(a_late_worker_that_comes_back_goes_on),
        cmocka_unit_test(cancelling_twice_is_as_good_as_once),
        cmocka_unit_test(nothing_leaves_a_final_state),
        cmocka_unit_test(names_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
