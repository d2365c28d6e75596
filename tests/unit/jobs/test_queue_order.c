// Which job a claim gets: by queue, priority and turn; and jobs that wait for their time.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

static void put(struct fixture *f, const char *queue, int priority, const char *name, char id[ID_SIZE])
{
    struct queue_submission s = {
        .kind = "command", .name = name, .queue = queue, .priority = priority, .resource_class = "cpu"};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    if (id) memcpy(id, a.job.id, ID_SIZE);
    job_row_release(&a.job);
    f->now++; // the next is queued later
}

// Claims one job after the other: their names.
static void take(struct fixture *f, const char *worker, int n, struct buf *names)
{
    buf_clear(names);
    for (int i = 0; i < n; i++) {
        struct claim_answer a = do_claim(f, worker, (struct queue_slots){.cpu = 1});
        assert_int_equal(a.rc, 0);
        assert_in_range(a.n, 0, 1);
        buf_addf(names, "%s%s", i ? " " : "", a.n ? a.jobs[0].name : "-");
        claim_release(&a);
    }
}

static void never_again_14_a_worker_takes_jobs_of_its_queues_only(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct buf names = BUF_INIT;
    char plain[ID_SIZE], nightly[ID_SIZE];
    register_worker(f, plain);
    register_worker_of(f, "nightly,spare", nightly);
    put(f, "nightly", 5, "n1", NULL);
    put(f, NULL, 0, "d1", NULL);
    take(f, plain, 2, &names);
    assert_string_equal(buf_cstr(&names), "d1 -");
    take(f, nightly, 2, &names);
    assert_string_equal(buf_cstr(&names), "n1 -");
    // A claim may name other queues than its worker did.
    put(f, "third", 0, "t1", NULL);
    struct queue_names third;
    assert_int_equal(queue_names_parse(SLICE_LIT("third"), &third, NULL), 0);
    struct claim_answer a = do_claim(f, plain, (struct queue_slots){.cpu = 1, .queues = &third});
    assert_int_equal(a.n, 1);
    claim_release(&a);
    buf_release(&names);
    fixture_free(f);
}

static void never_again_14_a_queue_without_a_worker_is_said(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE], text[160];
    register_worker(f, worker);
    put(f, "nightly", 0, "n1", id);
    struct job_row r = job_now(f, id);
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text), "no worker serves the queue nightly");
    register_worker_of(f, "nightly", worker);
    assert_null(queue_status_text(f->q, &r, text, sizeof text));
    free(r.resource_class);
    r.resource_class = mem_strdup("gpu");
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text),
                        "no worker serves the class gpu of the queue nightly");
    job_row_release(&r);
    assert_true(queue_served(f->q, "nightly", "cpu"));
    assert_false(queue_served(f->q, "nightly", "gpu"));
    assert_false(queue_served(f->q, "weekly", NULL));
    fixture_restart(f);
    assert_true(queue_served(f->q, "nightly", "cpu")); // known from the table
    fixture_free(f);
}

static void never_again_15_a_full_queue_does_not_starve_another(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct buf names = BUF_INIT;
    char worker[ID_SIZE];
    register_worker_of(f, "long,short,third", worker);
    for (int i = 0; i < 40; i++) put(f, "long", 0, "l", NULL);
    for (int i = 0; i < 3; i++) put(f, "short", 0, "s", NULL);
    put(f, "third", 0, "t", NULL);
    take(f, worker, 9, &names);
    assert_string_equal(buf_cstr(&names), "l s t l s l s l l");
    // Who comes late waits for one turn, not for the whole line.
    put(f, "short", 0, "late", NULL);
    take(f, worker, 2, &names);
    assert_non_null(strstr(buf_cstr(&names), "late"));
    buf_release(&names);
    fixture_free(f);
}

static void priority_goes_before_turns_and_age(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct buf names = BUF_INIT;
    char worker[ID_SIZE];
    register_worker_of(f, "a,b", worker);
    put(f, "a", 0, "a-old", NULL);
    put(f, "b", 0, "b-old", NULL);
    put(f, "a", 3, "a-first", NULL);
    put(f, "a", 3, "a-second", NULL);
    put(f, "b", -1, "b-last", NULL);
    take(f, worker, 6, &names);
    assert_string_equal(buf_cstr(&names), "a-first a-second b-old a-old b-last -");
    buf_release(&names);
    fixture_free(f);
}

static void one_claim_for_several_places_takes_turns_too(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE];
    register_worker_of(f, "a,b", worker);
    for (int i = 0; i < 4; i++) put(f, "a", 0, "a", NULL);
    for (int i = 0; i < 4; i++) put(f, "b", 0, "b", NULL);
    struct claim_answer a = do_claim(f, worker, (struct queue_slots){.cpu = 4});
    assert_int_equal(a.n, 4);
    for (int i = 0; i < 4; i++) assert_string_equal(a.jobs[i].name, i % 2 ? "b" : "a");
    claim_release(&a);
    fixture_free(f);
}

static void only_claims_of_its_queue_are_woken_by_a_job(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char plain[ID_SIZE], nightly[ID_SIZE];
    register_worker(f, plain);
    register_worker_of(f, "nightly", nightly);
    struct claim_answer a = {0}, b = {0};
    assert_non_null(queue_claim(f->q, plain, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &a));
    assert_non_null(queue_claim(f->q, nightly, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &b));
    fixture_settle(f);
    put(f, "nightly", 0, "n", NULL);
    fixture_run(f, &b.over);
    assert_int_equal(b.n, 1);
    assert_false(a.over);
    claim_release(&b);
    queue_stop(f->q);
    assert_true(a.over);
    fixture_free(f);
}

// ---- delays --------------------------------------------------------------------------------------------------------

static void put_later(struct fixture *f, int64_t not_before, char id[ID_SIZE])
{
    struct queue_submission s = {
        .kind = "command", .resource_class = "cpu", .priority = 9, .not_before = not_before, .determinate = true};
    struct job_answer a = do_submit(f, &s);
    assert_int_equal(a.rc, 0);
    memcpy(id, a.job.id, ID_SIZE);
    job_row_release(&a.job);
}

static void a_delayed_job_is_not_taken_before_its_time_and_wakes_a_claim_then(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE], text[160];
    register_worker(f, worker);
    put_later(f, f->now + 5 * SECOND, id);
    struct job_row r = job_now(f, id);
    assert_true(r.waiting);
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text), "waits until 2026-11-18T11:06:45.000Z");
    job_row_release(&r);
    struct claim_answer a = {0};
    assert_non_null(queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 20 * SECOND, claim_answered, &a));
    fixture_settle(f);
    assert_true(f->armed <= f->now + 5 * SECOND);
    fixture_pass(f, 5 * SECOND - 1);
    assert_false(a.over);
    fixture_pass(f, 1);
    fixture_run(f, &a.over);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.jobs[0].id, id);
    assert_false(a.jobs[0].waiting);
    claim_release(&a);
    fixture_free(f);
}

static void a_delayed_job_holds_up_no_other(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct buf names = BUF_INIT;
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    put_later(f, f->now + 3600 * SECOND, id);
    put(f, NULL, 0, "now", NULL);
    take(f, worker, 2, &names);
    assert_string_equal(buf_cstr(&names), "now -");
    buf_release(&names);
    fixture_free(f);
}

static void a_delay_outlives_the_server(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], soon[ID_SIZE], late[ID_SIZE];
    register_worker(f, worker);
    put_later(f, f->now + 7200 * SECOND, late);
    put_later(f, f->now + 10 * SECOND, soon);
    fixture_restart(f);
    struct claim_answer a = {0};
    assert_non_null(queue_claim(f->q, worker, (struct queue_slots){.cpu = 1}, 60 * SECOND, claim_answered, &a));
    fixture_settle(f);
    assert_true(f->armed > f->now && f->armed <= f->now + 10 * SECOND);
    fixture_pass(f, 10 * SECOND);
    fixture_run(f, &a.over);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.jobs[0].id, soon);
    claim_release(&a);
    // One that came due while there was no server is released at once.
    f->now += 8000 * SECOND;
    fixture_restart(f);
    fixture_pass(f, 0);
    a = do_claim(f, worker, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.n, 1);
    assert_string_equal(a.jobs[0].id, late);
    claim_release(&a);
    fixture_free(f);
}

static void a_delayed_job_is_cancelled_like_any_other(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    put_later(f, f->now + 5 * SECOND, id);
    struct job_answer c = do_cancel(f, id);
    assert_int_equal(c.rc, 0);
    assert_string_equal(c.job.status, "cancelled");
    job_row_release(&c.job);
    fixture_pass(f, 6 * SECOND);
    struct claim_answer a = do_claim(f, worker, (struct queue_slots){.cpu = 1});
    assert_int_equal(a.n, 0);
    assert_status(f, id, "cancelled");
    fixture_free(f);
}

static void more_jobs_than_one_transaction_takes_are_all_released(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE], text[160];
    for (int i = 0; i < 300; i++) {
        put_later(f, f->now + SECOND, id);
        fixture_forget_events(f);
    }
    f->now += SECOND;
    for (int i = 0; i < 2; i++) {
        fixture_forget_events(f);
        fixture_pass(f, 0);
    }
    struct job_row r = job_now(f, id);
    assert_false(r.waiting);
    assert_string_equal(queue_status_text(f->q, &r, text, sizeof text), "no worker serves the class cpu");
    job_row_release(&r);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_again_14_a_worker_takes_jobs_of_its_queues_only),
        cmocka_unit_test(never_again_14_a_queue_without_a_worker_is_said),
        cmocka_unit_test(never_again_15_a_full_queue_does_not_starve_another),
        cmocka_unit_test(priority_goes_before_turns_and_age),
        cmocka_unit_test(one_claim_for_several_places_takes_turns_too),
        cmocka_unit_test(only_claims_of_its_queue_are_woken_by_a_job),
        cmocka_unit_test(a_delayed_job_is_not_taken_before_its_time_and_wakes_a_claim_then),
        cmocka_unit_test(a_delayed_job_holds_up_no_other),
        cmocka_unit_test(a_delay_outlives_the_server),
        cmocka_unit_test(a_delayed_job_is_cancelled_like_any_other),
        cmocka_unit_test(more_jobs_than_one_transaction_takes_are_all_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
