// Pause, resume and stop: what a user asks, what the worker is told, and what becomes of it whatever happens meanwhile.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#define STARTED "{\"type\":\"started\",\"pid\":7},{\"type\":\"progress\",\"done\":42,\"total\":100}"
#define EXITED  "{\"type\":\"exited\",\"code\":0}"
#define LEFT                                                                                                           \
    "{\"type\":\"paused\",\"resume\":{\"resume_from\":\"/d/"                                                           \
    "step_42\"}},{\"type\":\"exited\",\"code\":0,\"paused\":true}"
#define LEFT_FOR                                                                                                       \
    "{\"type\":\"paused\",\"resume\":{\"resume_from\":\"/d/"                                                           \
    "step_42\"}},{\"type\":\"exited\",\"code\":0,\"paused\":true,\"requeue\":true}"

static void begin(struct fixture *f, bool training, int max_attempts, struct held *h)
{
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    if (training)
        submit_training(f, max_attempts, id);
    else
        submit(f, "cpu", max_attempts, id);
    claim_one(f, worker, h);
    report_ok(f, h, STARTED);
}

static void assert_told(struct fixture *f, const struct held *h, const char *events, const char *control)
{
    json_t *a = report(f, h, events);
    assert_true(json_is_true(json_object_get(a, "ok")));
    const char *told = json_string_value(json_object_get(a, "control"));
    if (control && !told) fail_msg("nothing was told, not %s", control);
    if (control)
        assert_string_equal(told, control);
    else
        assert_null(told);
    json_decref(a);
}

static void a_queued_job_is_paused_at_once_and_no_worker_takes_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    control_to(f, queue_pause, id, "paused", NULL);
    control_to(f, queue_pause, id, "paused", NULL);
    struct claim_answer none = do_claim(f, worker, (struct queue_slots){.cpu = 1});
    assert_int_equal(none.n, 0);
    claim_release(&none);
    control_to(f, queue_resume, id, "queued", NULL);
    control_to(f, queue_resume, id, "queued", NULL);
    claim_one(f, worker, &h);
    assert_string_equal(h.job_id, id);
    fixture_free(f);
}

static void a_job_that_stands_still_keeps_its_worker_and_goes_on_there(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, false, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    control_to(f, queue_pause, h.job_id, "running", "pause");
    assert_told(f, &h, "{\"type\":\"heartbeat\"}", "pause");
    assert_told(f, &h, "{\"type\":\"frozen\"}", NULL);
    // Never again 22: a report that was under way changes nothing about the pause.
    assert_told(f, &h, "{\"type\":\"progress\",\"done\":43,\"total\":100}", NULL);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "paused");
    assert_true(r.progress == 43);
    assert_true(isnan(r.eta_seconds));
    assert_int_not_equal(r.lease_until, 0);
    job_row_release(&r);
    for (int i = 0; i < 5; i++) { // for as long as it takes
        fixture_pass(f, 14 * SECOND);
        assert_told(f, &h, "{\"type\":\"heartbeat\"}", NULL);
    }
    assert_status(f, h.job_id, "paused");
    control_to(f, queue_resume, h.job_id, "paused", "resume");
    assert_told(f, &h, "{\"type\":\"heartbeat\"}", "resume");
    assert_told(f, &h, "{\"type\":\"thawed\"},{\"type\":\"progress\",\"done\":44,\"total\":100}", NULL);
    r = job_now(f, h.job_id);
    assert_string_equal(r.status, "running");
    assert_int_equal(r.attempt, 1);
    assert_true(r.progress == 44);
    job_row_release(&r);
    json_t *p;
    assert_true(events_named(f, "job:status_changed", &p) >= 4);
    assert_string_equal(json_string_value(json_object_get(p, "previous")), "paused");
    json_decref(p);
    fixture_free(f);
}

static void a_training_leaves_a_checkpoint_and_goes_on_from_it_by_way_of_the_queue(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    begin(f, true, 1, &h);
    report_ok(f, &h, "{\"type\":\"resources\",\"source\":\"measured\",\"processes\":1,\"cpu_percent\":97.5}");
    control_to(f, queue_pause, h.job_id, "running", "pause");
    assert_told(f, &h, LEFT, NULL);
    // It has no process, so it uses nothing, and pages are told.
    json_t *p;
    assert_int_equal(events_named(f, "job:resources", &p), 2);
    assert_int_equal(json_integer_value(json_object_get(p, "processes")), 0);
    assert_true(json_number_value(json_object_get(p, "cpu_percent")) == 0);
    json_decref(p);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "paused");
    assert_int_equal(r.lease_until, 0);
    assert_string_equal(r.worker_id, "");
    assert_true(r.progress == 42);
    job_row_release(&r);
    fixture_pass(f, 3600 * SECOND); // nobody is missed
    assert_status(f, h.job_id, "paused");
    report_lost(f, &h, "{\"type\":\"progress\",\"done\":50,\"total\":100}"); // nobody holds it
    fixture_restart(f);
    control_to(f, queue_resume, h.job_id, "queued", NULL);
    struct claim_answer a = do_claim(f, h.worker_id, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.n, 1);
    assert_non_null(strstr(a.jobs[0].spec, "\"resume_from\":\"/d/step_42\""));
    assert_int_equal(a.jobs[0].attempt, 1);
    again = h;
    snprintf(again.lease, sizeof again.lease, "%s", a.jobs[0].lease);
    claim_release(&a);
    report_ok(f, &again, "{\"type\":\"started\",\"pid\":8},{\"type\":\"progress\",\"done\":42,\"total\":100}");
    r = job_now(f, h.job_id);
    assert_true(r.progress == 42); // not one step back
    assert_null(strstr(r.spec, "resume_from"));
    job_row_release(&r);
    report_ok(f, &again, EXITED);
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void a_resume_withdraws_a_pause_that_is_under_way(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    control_to(f, queue_resume, h.job_id, "running", "resume");
    // The task had heard of it already and left: it goes on by way of the queue.
    report_ok(f, &h, LEFT);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_null(r.control);
    job_row_release(&r);
    fixture_free(f);
}

static void never_again_23_a_worker_that_leaves_gives_a_training_back_with_its_place(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 1, &h);
    report_ok(f, &h, LEFT_FOR);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    assert_true(r.progress == 42);
    job_row_release(&r);
    // Unless it was to be paused anyway.
    struct claim_answer a = do_claim(f, h.worker_id, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.n, 1);
    snprintf(h.lease, sizeof h.lease, "%s", a.jobs[0].lease);
    claim_release(&a);
    report_ok(f, &h, STARTED);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, LEFT_FOR);
    // The worker asks for the queue, the user for a pause.
    assert_status(f, h.job_id, "paused");
    fixture_free(f);
}

static void a_pause_survives_the_loss_of_the_worker(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, false, 3, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, "{\"type\":\"frozen\"}");
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "stalled");
    fixture_pass(f, 31 * SECOND);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "paused");
    assert_int_equal(r.attempt, 2);
    assert_null(r.control);
    job_row_release(&r);
    control_to(f, queue_resume, h.job_id, "queued", NULL);
    fixture_free(f);
}

static void a_frozen_job_whose_worker_was_only_late_stays_paused(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, false, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, "{\"type\":\"frozen\"}");
    fixture_pass(f, 16 * SECOND);
    assert_status(f, h.job_id, "stalled");
    assert_told(f, &h, "{\"type\":\"heartbeat\"}", "pause"); // it says so again
    assert_told(f, &h, "{\"type\":\"frozen\"}", NULL);
    assert_status(f, h.job_id, "paused");
    fixture_free(f);
}

static void a_stop_completes_the_job_with_what_it_has(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 1, &h);
    control_to(f, queue_stop_early, h.job_id, "running", "stop");
    control_to(f, queue_stop_early, h.job_id, "running", "stop");
    control_refused(f, queue_pause, h.job_id, "finish early");
    assert_told(f, &h, "{\"type\":\"heartbeat\"}", "stop");
    assert_told(f, &h, "{\"type\":\"result\",\"final_loss\":0.5}," EXITED, NULL);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "completed");
    assert_true(r.progress == 100);
    assert_int_equal(r.done, 42); // what was done, not what was to be done
    assert_string_equal(r.result, "{\"final_loss\":0.5}");
    assert_null(r.control);
    job_row_release(&r);
    control_to(f, queue_stop_early, h.job_id, "completed", NULL); // it has ended as it was asked to
    fixture_free(f);
}

static void a_paused_training_runs_once_more_to_finish_early(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, LEFT);
    control_to(f, queue_stop_early, h.job_id, "queued", "stop");
    struct claim_answer a = do_claim(f, h.worker_id, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.n, 1);
    snprintf(h.lease, sizeof h.lease, "%s", a.jobs[0].lease);
    claim_release(&a);
    assert_told(f, &h, STARTED, "stop");
    report_ok(f, &h, EXITED);
    assert_status(f, h.job_id, "completed");
    fixture_free(f);
}

static void what_can_t_be_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, false, 1, &h);
    control_refused(f, queue_stop_early, h.job_id, "can't finish early; it can be cancelled");
    struct job_answer c = do_cancel(f, h.job_id);
    job_row_release(&c.job);
    control_refused(f, queue_pause, h.job_id, "a job that is cancelling can't be paused");
    control_refused(f, queue_resume, h.job_id, "a job that is cancelling can't be resumed");
    report_ok(f, &h, "{\"type\":\"exited\",\"signal\":15}");
    control_refused(f, queue_pause, h.job_id, "a job that is cancelled can't be paused");
    struct job_answer a = do_control(f, queue_pause, "job_none");
    assert_int_equal(a.rc, HW_ENOTFOUND);
    char id[ID_SIZE];
    submit_training(f, 1, id);
    control_refused(f, queue_stop_early, id, "has not begun");
    fixture_free(f);
}

static void never_again_22_a_cancel_goes_before_a_pause(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 3, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    struct job_answer c = do_cancel(f, h.job_id);
    assert_string_equal(c.job.status, "cancelling");
    job_row_release(&c.job);
    assert_told(f, &h, "{\"type\":\"heartbeat\"}", "cancel");
    report_ok(f, &h, LEFT); // its answer to the pause
    assert_status(f, h.job_id, "cancelled");
    // And a paused job that has no process is cancelled at once.
    char id[ID_SIZE];
    submit(f, "cpu", 1, id);
    control_to(f, queue_pause, id, "paused", NULL);
    control_to(f, queue_cancel, id, "cancelled", NULL);
    fixture_free(f);
}

static void a_claim_that_never_arrived_gives_a_resumed_job_back_as_it_was(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, true, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, LEFT);
    control_to(f, queue_resume, h.job_id, "queued", NULL);
    struct claim_answer a = do_claim(f, h.worker_id, (struct queue_slots){.cpu = 1});
    claim_release(&a);
    fixture_pass(f, 16 * SECOND);
    struct job_row r = job_now(f, h.job_id);
    assert_string_equal(r.status, "queued");
    assert_int_equal(r.attempt, 1);
    assert_true(r.progress == 42);
    assert_non_null(r.resume);
    job_row_release(&r);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queued_job_is_paused_at_once_and_no_worker_takes_it),
        cmocka_unit_test(a_job_that_stands_still_keeps_its_worker_and_goes_on_there),
        cmocka_unit_test(a_training_leaves_a_checkpoint_and_goes_on_from_it_by_way_of_the_queue),
        cmocka_unit_test(a_resume_withdraws_a_pause_that_is_under_way),
        cmocka_unit_test(never_again_23_a_worker_that_leaves_gives_a_training_back_with_its_place),
        cmocka_unit_test(a_pause_survives_the_loss_of_the_worker),
        cmocka_unit_test(a_frozen_job_whose_worker_was_only_late_stays_paused),
        cmocka_unit_test(a_stop_completes_the_job_with_what_it_has),
        cmocka_unit_test(a_paused_training_runs_once_more_to_finish_early),
        cmocka_unit_test(what_can_t_be_is_refused_with_the_reason),
        cmocka_unit_test(never_again_22_a_cancel_goes_before_a_pause),
        cmocka_unit_test(a_claim_that_never_arrived_gives_a_resumed_job_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
