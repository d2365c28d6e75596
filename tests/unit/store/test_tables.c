// Rows as they were written, lists page by page: jobs above all, workers, history and settings.
#include "store/in_store.h"

#include <math.h>

#include "base/mem.h"
#include "store/history_table.h"
#include "store/jobs_table.h"
#include "store/workers_table.h"

static void job_make(struct job_row *r, const char *id, const char *status, int64_t created)
{
    job_row_init(r);
    snprintf(r->id, sizeof r->id, "%s", id);
    r->kind = mem_strdup("tokenize");
    r->name = mem_strdup("a name");
    r->status = mem_strdup(status);
    r->queue = mem_strdup("default");
    r->resource_class = mem_strdup("cpu");
    r->params = mem_strdup("{}");
    r->spec = mem_strdup("{}");
    r->attempt = r->max_attempts = 1;
    r->version = 1;
    r->created_at = r->queued_at = r->updated_at = created;
}

static int put_job(struct store_tx *tx, const char *id, const char *status, int priority, int64_t created,
                   struct err *e)
{
    struct job_row r;
    job_make(&r, id, status, created);
    r.priority = priority;
    int rc = job_row_insert(tx, &r, e);
    job_row_release(&r);
    return rc;
}

static void round_trip(struct store_tx *tx, struct err *e)
{
    struct job_row r, back;
    job_make(&r, "job_1", "queued", 123456789);
    r.progress = 12.5;
    r.done = 0;
    r.error_message = mem_strdup("größer \"als\" 1");
    r.dismissed = true;
    r.phase_index = 2;
    assert_int_equal(job_row_insert(tx, &r, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &back, e), 0);
    assert_string_equal(back.error_message, r.error_message);
    assert_true(back.dismissed);
    assert_true(back.progress == 12.5);
    assert_true(isnan(back.rate));
    assert_int_equal(back.done, 0);
    assert_int_equal(back.total, -1);
    assert_int_equal(back.phase_index, 2);
    assert_int_equal(back.started_at, 0);
    assert_null(back.phase);
    assert_string_equal(back.worker_id, "");
    job_row_release(&back);
    assert_int_equal(job_row_get(tx, "job_2", &back, e), HW_ENOTFOUND);
    assert_non_null(strstr(e->message, "job_2"));
    job_row_release(&back);
    job_row_release(&r);
}

static void a_row_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, round_trip);
    temp_store_release(&t);
}

static void compare_and_swap(struct store_tx *tx, struct err *e)
{
    struct job_row a, b;
    assert_int_equal(put_job(tx, "job_1", "queued", 0, 1, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &a, e), 0);
    assert_int_equal(job_row_get(tx, "job_1", &b, e), 0);
    a.priority = 5;
    assert_int_equal(job_row_update(tx, &a, e), 0);
    assert_int_equal(a.version, 2);
    b.priority = 6;
    assert_int_equal(job_row_update(tx, &b, e), HW_ECONFLICT);
    assert_int_equal(b.version, 1);
    job_row_release(&b);
    assert_int_equal(job_row_get(tx, "job_1", &b, e), 0);
    assert_int_equal(b.priority, 5);
    job_row_release(&a);
    job_row_release(&b);
}

static void never_again_22_a_stale_write_is_refused(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, compare_and_swap);
    temp_store_release(&t);
}

static void pages(struct store_tx *tx, struct err *e)
{
    char id[ID_SIZE];
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof id, "job_%02d", i);
        // Three share each creation time: the id decides among them.
        assert_int_equal(put_job(tx, id, i % 5 ? "queued" : "failed", 0, 100 + i / 3, e), 0);
    }
    struct page p = {.limit = 10};
    struct job_filter all = {0}, failed = {.state = "failed"};
    struct job_row *rows;
    int n, seen = 0;
    bool more = true;
    while (more) {
        assert_int_equal(job_rows_list(tx, &all, &p, &rows, &n, &more, e), 0);
        for (int i = 0; i < n; i++, seen++) {
            snprintf(id, sizeof id, "job_%02d", 24 - seen);
            assert_string_equal(rows[i].id, id);
        }
        char cursor[PAGE_CURSOR_SIZE];
        page_cursor_format(rows[n - 1].created_at, rows[n - 1].id, cursor);
        assert_int_equal(page_cursor_parse(slice_str(cursor), &p, e), 0);
        job_rows_free(rows, n);
    }
    assert_int_equal(seen, 25);
    p = (struct page){.limit = 3};
    assert_int_equal(job_rows_list(tx, &failed, &p, &rows, &n, &more, e), 0);
    assert_int_equal(n, 3);
    assert_true(more);
    assert_string_equal(rows[0].id, "job_20");
    job_rows_free(rows, n);
    struct job_counts c;
    assert_int_equal(job_counts_read(tx, &c, e), 0);
    assert_int_equal(c.queued, 20);
    assert_int_equal(c.running, 0);
    assert_int_equal(c.failed, 5);
    assert_int_equal(c.finished, 0);
}

static void lists_come_newest_first_page_by_page(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, pages);
    temp_store_release(&t);
}

static void a_cursor_that_no_list_gave_out_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"x",
                         "~",
                         "12",
                         "12~",
                         "-1~job_1",
                         "0~job_1",
                         "12~job 1",
                         "99999999999999999999~job_1",
                         "12~job_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct page p = {.limit = 1};
        struct err e = {0};
        assert_int_equal(page_cursor_parse(slice_str(bad[i]), &p, &e), HW_EINVALID);
        assert_string_equal(e.field, "cursor");
    }
}

static void next_queued(struct store_tx *tx, struct err *e)
{
    struct job_row r;
    assert_int_equal(put_job(tx, "job_old", "queued", 0, 1, e), 0);
    assert_int_equal(put_job(tx, "job_new", "queued", 0, 2, e), 0);
    assert_int_equal(put_job(tx, "job_urgent", "queued", 9, 3, e), 0);
    assert_int_equal(put_job(tx, "job_done", "completed", 99, 4, e), 0);
    struct job_head h;
    assert_int_equal(job_head_next(tx, "default", "cpu", &h, e), 0);
    assert_string_equal(h.id, "job_urgent");
    assert_int_equal(h.priority, 9);
    assert_int_equal(job_row_get(tx, h.id, &r, e), 0);
    free(r.status);
    r.status = mem_strdup("running");
    assert_int_equal(job_row_update(tx, &r, e), 0);
    job_row_release(&r);
    assert_int_equal(job_head_next(tx, "default", "cpu", &h, e), 0);
    assert_string_equal(h.id, "job_old");
    assert_int_equal(job_head_next(tx, "default", "gpu", &h, e), HW_ENOTFOUND);
    assert_int_equal(job_head_next(tx, "other", "cpu", &h, e), HW_ENOTFOUND);
}

static void created(struct store_tx *tx, struct err *e)
{
    struct job_row r;
    assert_int_equal(put_job(tx, "job_fixed", "queued", 0, 5, e), 0);
    assert_int_equal(job_row_get(tx, "job_fixed", &r, e), 0);
    int64_t at = r.created_at;
    r.created_at += 7;
    r.priority = 3;
    assert_int_equal(job_row_update(tx, &r, e), 0);
    job_row_release(&r);
    assert_int_equal(job_row_get(tx, "job_fixed", &r, e), 0);
    assert_int_equal(r.created_at, at);
    assert_int_equal(r.priority, 3);
    job_row_release(&r);
}

static void what_is_fixed_is_left_alone_by_an_update(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, created);
    temp_store_release(&t);
}

static void the_next_job_has_the_highest_priority_then_waits_longest(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, next_queued);
    temp_store_release(&t);
}

static void others(struct store_tx *tx, struct err *e)
{
    struct worker_row w, *workers;
    int n;
    worker_row_init(&w);
    snprintf(w.id, sizeof w.id, "wrk_1");
    w.queues = mem_strdup("default,long");
    w.created_at = w.last_seen_at = 10;
    assert_int_equal(worker_row_insert(tx, &w, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_1", 7, 20, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_1", 3, 30, e), 0);
    assert_int_equal(worker_row_seen(tx, "wrk_2", 3, 30, e), HW_ENOTFOUND);
    worker_row_release(&w);
    assert_int_equal(worker_row_get(tx, "wrk_1", &w, e), 0);
    assert_int_equal(w.last_batch, 7);
    assert_int_equal(w.last_seen_at, 30);
    worker_row_release(&w);
    assert_int_equal(worker_rows_list(tx, 31, &workers, &n, e), 0);
    assert_int_equal(n, 0);

    struct history_row *rows;
    char type[] = "training";
    for (int64_t i = 0; i < 5; i++) {
        struct history_row h = {.entity_type = type, .timestamp = i, .progress = (double)i, .created_at = i};
        snprintf(h.entity_id, sizeof h.entity_id, "trn_a");
        assert_int_equal(history_row_insert(tx, &h, e), 0);
    }
    struct history_query q = {.entity_type = type, .entity_id = "trn_a", .start = 1, .end = 3, .limit = 100};
    assert_int_equal(history_rows_list(tx, &q, &rows, &n, e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].timestamp, 1);
    history_rows_free(rows, n);

    struct buf value = BUF_INIT;
    assert_int_equal(setting_get(tx, "a", &value, e), HW_ENOTFOUND);
    assert_int_equal(setting_put(tx, "a", "1", e), 0);
    assert_int_equal(setting_put(tx, "a", "2", e), 0);
    assert_int_equal(setting_get(tx, "a", &value, e), 0);
    assert_true(slice_is(buf_slice(&value), "2"));
    buf_release(&value);
}

static void workers_history_and_settings_keep_what_they_are_given(void **state)
{
    (void)state;
    struct temp_store t;
    temp_store_init(&t);
    in_store(&t, others);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_back_as_it_was_written),
        cmocka_unit_test(never_again_22_a_stale_write_is_refused),
        cmocka_unit_test(lists_come_newest_first_page_by_page),
        cmocka_unit_test(a_cursor_that_no_list_gave_out_is_refused),
        cmocka_unit_test(the_next_job_has_the_highest_priority_then_waits_longest),
        cmocka_unit_test(what_is_fixed_is_left_alone_by_an_update),
        cmocka_unit_test(workers_history_and_settings_keep_what_they_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
