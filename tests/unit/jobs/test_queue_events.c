// What is kept of a job's way, and since when it is in its status.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"
#include "store/job_events_table.h"

#define STARTED     "{\"type\":\"started\",\"pid\":7}"
#define EXITED      "{\"type\":\"exited\",\"code\":0}"
#define PHASE(name) "{\"type\":\"phase\",\"name\":\"" name "\"}"

struct way {
    struct simple s; // first: the read's end is told to it
    const char *id;
    struct job_event_row *rows;
    int n;
};

static int read_way(struct store_tx *tx, void *ctx, struct err *e)
{
    struct way *w = ctx;
    return job_events_list(tx, w->id, &w->rows, &w->n, e);
}

// The job's events as one text, "status queued, status starting, …".
static char *way_of(struct fixture *f, const char *id)
{
    struct way w = {.id = id};
    store_read(f->store, read_way, simple_done, &w);
    fixture_run(f, &w.s.over);
    assert_int_equal(w.s.rc, 0);
    struct buf text = BUF_INIT;
    for (int i = 0; i < w.n; i++) {
        assert_int_equal(w.rows[i].seq, i + 1);
        buf_addf(&text, "%s%s %s", i ? ", " : "", w.rows[i].event, w.rows[i].name);
        if (w.rows[i].attempt > 1) buf_addf(&text, " (%d)", w.rows[i].attempt);
        if (w.rows[i].text) buf_addf(&text, " [%s]", w.rows[i].text);
    }
    char *out = mem_strdup(buf_cstr(&text));
    buf_release(&text);
    job_events_free(w.rows, w.n);
    return out;
}

static void assert_way(struct fixture *f, const char *id, const char *wanted)
{
    char *way = way_of(f, id);
    assert_string_equal(way, wanted);
    free(way);
}

static void begin(struct fixture *f, int max_attempts, struct held *h)
{
    begin_job(f, max_attempts, h);
    report_ok(f, h, STARTED);
}

static void each_status_and_phase_is_kept_in_order(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, 1, &h);
    report_ok(f, &h, PHASE("loading") "," PHASE("loading") "," PHASE("working"));
    report_ok(f, &h, EXITED);
    assert_way(f, h.job_id,
               "status queued, status starting, status running, phase loading, phase working, status completed");
    fixture_free(f);
}

static void what_is_asked_is_kept_with_what_came_of_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, 1, &h);
    control_to(f, queue_pause, h.job_id, "running", "pause");
    control_to(f, queue_pause, h.job_id, "running", "pause");
    report_ok(f, &h, "{\"type\":\"frozen\"}");
    control_to(f, queue_resume, h.job_id, "paused", "resume");
    report_ok(f, &h, "{\"type\":\"thawed\"}");
    struct job_answer cancelled = do_cancel(f, h.job_id);
    job_row_release(&cancelled.job);
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":1}");
    assert_way(f, h.job_id,
               "status queued, status starting, status running, asked pause, status paused, asked resume, "
               "status running, status cancelling, status cancelled");
    fixture_free(f);
}

static void a_lost_worker_and_a_failure_say_why(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h, again;
    begin(f, 2, &h);
    fixture_pass(f, 16 * SECOND); // the lease
    fixture_pass(f, 31 * SECOND); // and the grace
    claim_one(f, h.worker_id, &again);
    report_ok(f, &again, STARTED);
    report_ok(f, &again,
              "{\"type\":\"error\",\"error_type\":\"VALIDATION\",\"message\":\"no such file\"},"
              "{\"type\":\"exited\",\"code\":1}");
    assert_way(f, h.job_id,
               "status queued, status starting, status running, status stalled, "
               "status queued (2) [the worker was lost], status starting (2), status running (2), "
               "status failed (2) [VALIDATION: no such file]");
    fixture_free(f);
}

static void a_claim_that_never_arrived_leaves_the_attempt_as_it_was(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    fixture_pass(f, 16 * SECOND);
    assert_way(f, id, "status queued, status starting, status queued [the worker that took it never began it]");
    fixture_free(f);
}

static void a_job_says_since_when_it_is_in_its_status_and_where(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    int64_t submitted = f->now;
    char worker[ID_SIZE], id[ID_SIZE];
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    struct job_row r = job_now(f, id);
    assert_int_equal(r.status_at, submitted);
    assert_null(r.host);
    job_row_release(&r);
    fixture_pass(f, SECOND);
    claim_one(f, worker, &h);
    report_ok(f, &h, STARTED);
    int64_t begun = f->now;
    fixture_pass(f, SECOND);
    report_ok(f, &h, "{\"type\":\"progress\",\"done\":1,\"total\":2}");
    r = job_now(f, id);
    assert_int_equal(r.status_at, begun); // a report is no change of status
    assert_non_null(r.host);
    job_row_release(&r);
    fixture_free(f);
}

static void phases_without_end_leave_room_for_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct held h;
    begin(f, 1, &h);
    for (int i = 0; i < 12; i++) {
        struct buf events = BUF_INIT;
        for (int k = 0; k < 100; k++)
            buf_addf(&events, "%s{\"type\":\"phase\",\"name\":\"p%d\"}", k ? "," : "", i * 100 + k);
        report_ok(f, &h, buf_cstr(&events));
        buf_release(&events);
    }
    report_ok(f, &h, EXITED);
    struct job_row r = job_now(f, h.job_id);
    assert_int_equal(r.event_seq, JOB_EVENTS_PHASES_UNTIL + 1);
    job_row_release(&r);
    char *way = way_of(f, h.job_id);
    assert_non_null(strstr(way, "phase p996, status completed"));
    free(way);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_and_phase_is_kept_in_order),
        cmocka_unit_test(what_is_asked_is_kept_with_what_came_of_it),
        cmocka_unit_test(a_lost_worker_and_a_failure_say_why),
        cmocka_unit_test(a_claim_that_never_arrived_leaves_the_attempt_as_it_was),
        cmocka_unit_test(a_job_says_since_when_it_is_in_its_status_and_where),
        cmocka_unit_test(phases_without_end_leave_room_for_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
