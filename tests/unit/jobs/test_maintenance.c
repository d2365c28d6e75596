// What the server removes from its own database, what it leaves, and that others may write meanwhile.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "schedule_fixture.h"

#include "base/json.h"
#include "jobs/maintenance.h"
#include "jobs/slices.h"
#include "store/job_logs_table.h"
#include "store/jobs_table.h"
#include "store/workers_table.h"

// ---- rows ----------------------------------------------------------------------------------------------------------

struct one {
    const char *id;
    int64_t at, took; // ended, and before that
    const char *worker_id, *status;
    int lines;
    size_t line_bytes;
    const char *output_dir;
    int n; // of a count
    bool exists;
};

static void write_rows(struct fixture *f, store_fn fn, struct one *o)
{
    struct err e = {0};
    if (store_write_wait(f->store, fn, o, &e) != 0) fail_msg("%s", e.message);
}

static int put_worker(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct one *o = ctx;
    struct worker_row w;
    worker_row_init(&w);
    snprintf(w.id, sizeof w.id, "%s", o->id);
    w.queues = mem_strdup("default");
    w.created_at = w.last_seen_at = o->at;
    int rc = worker_row_insert(tx, &w, e);
    worker_row_release(&w);
    return rc;
}

// Ended at o->at, unless it is live; with so many lines of log.
static int put_job(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct one *o = ctx;
    struct job_row r;
    job_row_init(&r);
    snprintf(r.id, sizeof r.id, "%s", o->id);
    r.kind = mem_strdup("command"), r.name = mem_strdup("x"), r.status = mem_strdup(o->status);
    r.queue = mem_strdup("default"), r.resource_class = mem_strdup("cpu");
    r.params = mem_strdup("{}"), r.spec = mem_strdup("{}");
    r.attempt = r.max_attempts = 1;
    r.version = 1;
    r.created_at = r.queued_at = o->at - o->took;
    r.updated_at = o->at;
    bool live = strcmp(o->status, "running") == 0;
    if (!live) r.finished_at = o->at;
    if (o->worker_id) snprintf(r.worker_id, sizeof r.worker_id, "%s", o->worker_id);
    r.log_bytes = (int64_t)o->line_bytes * o->lines;
    if (o->output_dir) r.output_dir = mem_strdup(o->output_dir);
    int rc = job_row_insert(tx, &r, e);
    char *text = mem_zalloc(o->line_bytes + 1);
    memset(text, 'x', o->line_bytes);
    for (int i = 1; i <= o->lines && !rc; i++)
        rc = job_log_insert(tx, o->id, i, o->at, "stdout", slice_of(text, o->line_bytes), e);
    free(text);
    job_row_release(&r);
    return rc;
}

static int find_worker(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct worker_row w;
    int rc = worker_row_get(tx, o->id, &w, e);
    o->exists = rc == 0;
    worker_row_release(&w);
    return rc == HW_ENOTFOUND ? 0 : rc;
}

static bool worker_there(struct fixture *f, const char *id)
{
    struct one o = {.id = id};
    assert_int_equal(store_read_wait(f->store, find_worker, &o, NULL), 0);
    return o.exists;
}

static int count_lines(struct store_tx *tx, void *ctx, struct err *e)
{
    struct one *o = ctx;
    struct job_log_row *rows;
    int rc = job_logs_list(tx, o->id, 0, 1000000, NULL, &rows, &o->n, e);
    job_logs_free(rows, o->n);
    return rc;
}

static int lines_of(struct fixture *f, const char *id)
{
    struct one o = {.id = id};
    assert_int_equal(store_read_wait(f->store, count_lines, &o, NULL), 0);
    return o.n;
}

static int64_t result(struct fixture *f, const char *key)
{
    json_t *r = json_read(slice_str(fixture_view(f).last_result), NULL);
    assert_non_null(r);
    assert_non_null(json_object_get(r, key));
    int64_t v = json_integer_value(json_object_get(r, key));
    json_decref(r);
    return v;
}

static void run_it(struct fixture *f)
{
    struct err e = {0};
    if (schedule_run_now(f->s, "work", &e) != 0) fail_msg("%s", e.message);
    fixture_settle(f);
    if (fixture_view(f).last_error) fail_msg("%s", fixture_view(f).last_error);
}

// ---- workers -------------------------------------------------------------------------------------------------------

static void workers_not_heard_from_for_30_days_go_unless_they_hold_a_job(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 03:10 UTC", maintenance_workers);
    write_rows(&f, put_worker, &(struct one){.id = "wrk_new", .at = f.wall - 30 * DAY + MINUTE});
    write_rows(&f, put_worker, &(struct one){.id = "wrk_old", .at = f.wall - 30 * DAY - MINUTE});
    write_rows(&f, put_worker, &(struct one){.id = "wrk_holds", .at = f.wall - 60 * DAY});
    write_rows(&f, put_worker, &(struct one){.id = "wrk_held", .at = f.wall - 60 * DAY});
    write_rows(&f, put_job,
               &(struct one){.id = "job_1", .at = f.wall - DAY, .worker_id = "wrk_holds", .status = "running"});
    write_rows(&f, put_job,
               &(struct one){.id = "job_2", .at = f.wall - DAY, .worker_id = "wrk_held", .status = "completed"});
    run_it(&f);
    assert_int_equal(result(&f, "removed"), 2);
    assert_true(worker_there(&f, "wrk_new"));
    assert_true(worker_there(&f, "wrk_holds"));
    assert_false(worker_there(&f, "wrk_old"));
    assert_false(worker_there(&f, "wrk_held"));
    run_it(&f);
    assert_int_equal(result(&f, "removed"), 0);
    for (int i = 0; i < 25; i++) { // more than are removed at once
        char id[ID_SIZE];
        snprintf(id, sizeof id, "wrk_%d", i);
        write_rows(&f, put_worker, &(struct one){.id = id, .at = f.wall - 31 * DAY});
    }
    run_it(&f);
    assert_int_equal(result(&f, "removed"), 25);
    fixture_release(&f);
}

// ---- half-written output -------------------------------------------------------------------------------------------

static char *half_written(struct fixture *f, const char *name)
{
    struct err e = {0};
    char *dir = file_join(f->database.dir, name), *tmp = mem_printf("%s.tmp", dir), *file = file_join(tmp, "shard");
    if (file_mkdirs(tmp, &e) != 0 || file_write_atomic(file, slice_str("x"), &e) != 0) fail_msg("%s", e.message);
    free(file);
    free(tmp);
    return dir;
}

static bool still_there(const char *dir)
{
    char *tmp = mem_printf("%s.tmp", dir);
    bool there = file_exists(tmp);
    free(tmp);
    return there;
}

static void never_again_23_what_dead_workers_left_half_written_goes_unless_a_job_works_there(void **state)
{
    (void)state;
    static const struct {
        const char *name, *status;
        bool stays;
    } jobs[] = {{"a", "failed", false}, {"b", "cancelled", false}, {"c", "running", true}, {"d", "completed", true}};
    enum { N = sizeof jobs / sizeof *jobs };
    struct fixture f;
    struct schedule_task t;
    char *dirs[N + 1];
    fixture_init_with(&f, &t, "daily 03:20 UTC", maintenance_outputs);
    for (int i = 0; i < N; i++) {
        dirs[i] = half_written(&f, jobs[i].name);
        write_rows(
            &f, put_job,
            &(struct one){.id = jobs[i].name, .at = f.wall - DAY + i, .status = jobs[i].status, .output_dir = dirs[i]});
    }
    // One that failed, and is being tried again in the same folder.
    dirs[N] = half_written(&f, "e");
    write_rows(&f, put_job, &(struct one){.id = "old", .at = f.wall - DAY, .status = "failed", .output_dir = dirs[N]});
    write_rows(&f, put_job, &(struct one){.id = "new", .at = f.wall - DAY, .status = "running", .output_dir = dirs[N]});
    run_it(&f);
    assert_int_equal(result(&f, "jobs"), 3);
    assert_int_equal(result(&f, "swept"), 2);
    for (int i = 0; i < N; i++) assert_int_equal(still_there(dirs[i]), jobs[i].stays);
    assert_true(still_there(dirs[N]));
    run_it(&f);
    assert_int_equal(result(&f, "swept"), 0);
    for (int i = 0; i <= N; i++) free(dirs[i]);
    fixture_release(&f);
}

// Lets the process open `more` descriptors beside those it has; the limit before it into *before.
static void limit_descriptors(int more, struct rlimit *before)
{
    int lowest = dup(0);
    assert_true(lowest >= 0 && getrlimit(RLIMIT_NOFILE, before) == 0);
    close(lowest);
    struct rlimit few = {.rlim_cur = (rlim_t)(lowest + more), .rlim_max = before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void a_folder_that_cant_be_swept_costs_the_others_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    struct rlimit before;
    struct err e = {0};
    fixture_init_with(&f, &t, "daily 03:20 UTC", maintenance_outputs);
    // Each level takes a descriptor: there won't be enough for this one.
    char *deep = file_join(f.database.dir, "a"), *levels = mem_printf("%s.tmp/1/2/3/4/5/6/7/8/9/10/11/12/13/14", deep);
    if (file_mkdirs(levels, &e) != 0) fail_msg("%s", e.message);
    char *flat = half_written(&f, "b");
    write_rows(&f, put_job, &(struct one){.id = "a", .at = f.wall - DAY, .status = "failed", .output_dir = deep});
    write_rows(&f, put_job, &(struct one){.id = "b", .at = f.wall - DAY + 1, .status = "failed", .output_dir = flat});
    limit_descriptors(8, &before);
    assert_int_equal(schedule_run_now(f.s, "work", &e), 0);
    fixture_settle(&f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(strstr(fixture_view(&f).last_error, deep));
    assert_int_equal(result(&f, "jobs"), 2);
    assert_int_equal(result(&f, "swept"), 1);
    assert_true(still_there(deep));
    assert_false(still_there(flat));
    run_it(&f);
    assert_int_equal(result(&f, "swept"), 1);
    assert_false(still_there(deep));
    free(deep);
    free(levels);
    free(flat);
    fixture_release(&f);
}

// ---- logs ----------------------------------------------------------------------------------------------------------

static int get_job(struct store_tx *tx, void *ctx, struct err *e)
{
    return job_row_get(tx, "job_old", ctx, e);
}

static void logs_of_jobs_that_ended_more_than_90_days_ago_go_and_nothing_else(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    struct job_row r;
    fixture_init_with(&f, &t, "monthly 1 03:30 UTC", maintenance_job_logs);
    struct one old = {.id = "job_old", .at = f.wall - 91 * DAY, .status = "failed", .lines = 1003, .line_bytes = 50};
    struct one older = {
        .id = "job_older", .at = f.wall - 300 * DAY, .status = "completed", .lines = 16, .line_bytes = 9};
    struct one fresh = {.id = "job_new", .at = f.wall - 89 * DAY, .status = "completed", .lines = 20, .line_bytes = 50};
    struct one live = {.id = "job_live", .at = f.wall - 200 * DAY, .status = "running", .lines = 20, .line_bytes = 50};
    struct one slow = {
        .id = "job_slow", .at = f.wall - DAY, .took = 99 * DAY, .status = "completed", .lines = 20, .line_bytes = 50};
    write_rows(&f, put_job, &slow);
    write_rows(&f, put_job, &old);
    write_rows(&f, put_job, &older);
    write_rows(&f, put_job, &fresh);
    write_rows(&f, put_job, &live);
    run_it(&f);
    assert_int_equal(result(&f, "jobs"), 2);
    assert_int_equal(result(&f, "lines"), 1019);
    assert_int_equal(result(&f, "bytes"), 1003 * 50 + 16 * 9);
    assert_int_equal(lines_of(&f, "job_old"), 0);
    assert_int_equal(lines_of(&f, "job_older"), 0);
    assert_int_equal(lines_of(&f, "job_new"), 20);
    assert_int_equal(lines_of(&f, "job_live"), 20);
    assert_int_equal(lines_of(&f, "job_slow"), 20);
    assert_int_equal(store_read_wait(f.store, get_job, &r, NULL), 0); // the job itself stays
    assert_int_equal(r.log_bytes, 0);
    job_row_release(&r);
    run_it(&f);
    assert_int_equal(result(&f, "lines"), 0);
    fixture_release(&f);
}

static void more_jobs_than_are_looked_for_at_once_are_all_found(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "monthly 1 03:30 UTC", maintenance_job_logs);
    for (int i = 0; i < 230; i++) {
        char id[ID_SIZE];
        snprintf(id, sizeof id, "job_%d", i);
        // Many at the same instant, and some without a log between them.
        write_rows(&f, put_job,
                   &(struct one){.id = id,
                                 .at = f.wall - (100 + i / 50) * DAY,
                                 .status = "completed",
                                 .lines = i % 10 ? 2 : 0,
                                 .line_bytes = 5});
    }
    run_it(&f);
    assert_int_equal(result(&f, "jobs"), 207);
    assert_int_equal(result(&f, "lines"), 414);
    fixture_release(&f);
}

// ---- slices --------------------------------------------------------------------------------------------------------

struct shared {
    struct store *store;
    atomic_bool asked, served;
    int64_t deadline;
};

static int serve(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)e;
    ((struct shared *)ctx)->served = true;
    return 0;
}

// Has work for as long as the other, who asked meanwhile, waits.
static int until_other_was_served(struct store_tx *tx, void *ctx, struct err *e)
{
    struct shared *sh = ctx;
    (void)tx;
    if (!sh->asked) {
        sh->asked = true;
        store_write(sh->store, serve, NULL, sh);
    }
    if (clock_mono_us() > sh->deadline) return err_set(e, HW_ETIMEOUT, "the other had to wait");
    return !sh->served;
}

static int slices_task(struct schedule_run *run, void *ctx, struct err *e)
{
    struct shared sh = {.store = ctx, .deadline = clock_mono_us() + 20 * SECOND};
    struct slices s = {0};
    int rc = slices_run(run, ctx, until_other_was_served, &sh, &s, e);
    jw_ki64(schedule_run_result(run), "slices", s.count);
    return rc;
}

static void others_write_between_two_slices(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 03:10 UTC", slices_task);
    run_it(&f);
    assert_true(result(&f, "slices") >= 2);
    fixture_release(&f);
}

static int fail_at_once(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx;
    return err_set(e, HW_EDISKFULL, "no room");
}

static int failing_task(struct schedule_run *run, void *ctx, struct err *e)
{
    struct slices s = {0};
    return slices_run(run, ctx, fail_at_once, NULL, &s, e);
}

static void a_slice_that_fails_ends_the_run_with_its_reason(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 03:10 UTC", failing_task);
    assert_int_equal(schedule_run_now(f.s, "work", NULL), 0);
    fixture_settle(&f);
    assert_string_equal(fixture_view(&f).last_error, "no room");
    fixture_release(&f);
}

static int64_t give_up_at;

static int endless(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx;
    ++*(atomic_int *)ctx;
    if (clock_mono_us() > give_up_at) return err_set(e, HW_ETIMEOUT, "nobody ended it");
    return 1;
}

static atomic_int pieces;

static int endless_task(struct schedule_run *run, void *ctx, struct err *e)
{
    struct slices s = {0};
    return slices_run(run, ctx, endless, &pieces, &s, e);
}

static void slices_end_when_the_server_does(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 03:10 UTC", endless_task);
    give_up_at = clock_mono_us() + 20 * SECOND;
    assert_int_equal(schedule_run_now(f.s, "work", NULL), 0);
    while (!pieces) sched_yield();
    fixture_release(&f);
    assert_int_equal(f.ended, 0); // cut off: neither well nor badly
}

// ---- the database --------------------------------------------------------------------------------------------------

static void the_log_of_the_database_is_moved_into_it(void **state)
{
    (void)state;
    struct fixture f;
    struct schedule_task t;
    fixture_init_with(&f, &t, "daily 02:30 UTC", maintenance_database);
    write_rows(&f, put_job,
               &(struct one){.id = "job_1", .at = f.wall, .status = "completed", .lines = 500, .line_bytes = 200});
    run_it(&f);
    // A database server moves its log by itself.
    assert_int_equal(result(&f, "wal_pages") > 0, !on_postgres());
    assert_int_equal(result(&f, "wal_pages_moved"), result(&f, "wal_pages")); // nobody reads
    assert_true(result(&f, "database_pages") > 20);
    assert_int_equal(result(&f, "page_bytes"), on_postgres() ? 8192 : 4096);
    assert_int_equal(lines_of(&f, "job_1"), 500);
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_not_heard_from_for_30_days_go_unless_they_hold_a_job),
        cmocka_unit_test(never_again_23_what_dead_workers_left_half_written_goes_unless_a_job_works_there),
        cmocka_unit_test(a_folder_that_cant_be_swept_costs_the_others_nothing),
        cmocka_unit_test(logs_of_jobs_that_ended_more_than_90_days_ago_go_and_nothing_else),
        cmocka_unit_test(more_jobs_than_are_looked_for_at_once_are_all_found),
        cmocka_unit_test(others_write_between_two_slices),
        cmocka_unit_test(a_slice_that_fails_ends_the_run_with_its_reason),
        cmocka_unit_test(slices_end_when_the_server_does),
        cmocka_unit_test(the_log_of_the_database_is_moved_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
