// A job's log: its first MiB and its last 64 are kept, a line says what isn't, and pages go through it both ways.
#include "jobs/queue_calls.h"
#include "jobs/queue_look.h"

#include "jobs/log_bounds.h"
#include "jobs/log_page.h"

// ---- the bounds, pure ---------------------------------------------------------------------------------------------

static void the_first_part_is_filled_and_then_the_newest(void **state)
{
    (void)state;
    struct job_row r;
    job_row_init(&r);
    int64_t seq = 0;
    while (r.log_tail_begin == 0) log_bounds_add(&r, ++seq, 1000);
    assert_int_equal(r.log_head_end, LOG_HEAD_BYTES / (1000 + LOG_LINE_COST));
    assert_int_equal(r.log_tail_begin, r.log_head_end + 1); // nothing is between them
    assert_int_equal(log_bounds_missing(&r), 0);
    assert_int_equal(log_bounds_excess(&r), 0);
    while (log_bounds_excess(&r) == 0) log_bounds_add(&r, ++seq, 1000);
    assert_int_equal(r.log_bytes, (seq - r.log_head_end) * (1000 + LOG_LINE_COST));
    assert_true(log_bounds_excess(&r) <= 1000 + LOG_LINE_COST);
    log_bounds_cut(&r, &(struct job_logs_cut){.begin = r.log_tail_begin + 5, .lines = 5, .text = 5000});
    assert_int_equal(log_bounds_excess(&r), 0);
    assert_int_equal(log_bounds_missing(&r), 5);
    assert_int_equal(r.log_cut_bytes, 5000);
    job_row_release(&r);
}

static void a_first_line_too_long_for_the_first_part_begins_the_newest(void **state)
{
    (void)state;
    struct job_row r;
    job_row_init(&r);
    log_bounds_add(&r, 1, LOG_HEAD_BYTES);
    assert_int_equal(r.log_head_end, 0);
    assert_int_equal(r.log_tail_begin, 1);
    assert_int_equal(log_bounds_missing(&r), 0);
    job_row_release(&r);
}

static void lines_without_text_count_too(void **state)
{
    (void)state;
    struct job_row r;
    job_row_init(&r);
    for (int64_t seq = 1; seq <= 2000000; seq++) log_bounds_add(&r, seq, 0);
    assert_true(log_bounds_excess(&r) > 0);
    job_row_release(&r);
}

static void what_is_missing_is_said_in_lines_and_bytes(void **state)
{
    (void)state;
    char text[120];
    struct job_row r = {.log_head_end = 10, .log_tail_begin = 123467, .log_cut_bytes = 47815066};
    log_bounds_text(&r, text, sizeof text);
    assert_string_equal(text, "… 123,456 lines (45.6 MiB) are not kept …");
    r.log_tail_begin = 12, r.log_cut_bytes = 0;
    log_bounds_text(&r, text, sizeof text);
    assert_string_equal(text, "… 1 line (0.0 MiB) is not kept …");
    r.log_tail_begin = 1000010 + 11;
    log_bounds_text(&r, text, sizeof text);
    assert_string_equal(text, "… 1,000,010 lines (0.0 MiB) are not kept …");
}

// ---- pages --------------------------------------------------------------------------------------------------------

struct paging {
    const char *id;
    struct log_query q;
    struct log_page page;
};

static int page_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct paging *p = ctx;
    return log_page_read(tx, p->id, &p->q, &p->page, e);
}

// The seqs of a page, as text: "1,2,3".
static void expect_page(struct fixture *f, const char *id, struct log_query q, const char *seqs, int64_t before)
{
    struct paging p = {.id = id, .q = q};
    struct err e = {0};
    if (store_read_wait(f->store, page_tx, &p, &e) != 0) fail_msg("%s", e.message);
    struct buf got = BUF_INIT;
    for (int i = 0; i < p.page.n; i++) buf_addf(&got, "%s%lld", i ? "," : "", (long long)p.page.rows[i].seq);
    assert_string_equal(buf_cstr(&got), seqs);
    assert_int_equal(p.page.before, before);
    assert_int_equal(p.page.after, p.page.n ? p.page.rows[p.page.n - 1].seq : q.after);
    assert_true(p.page.n <= q.limit);
    for (int i = 0; i < p.page.n; i++)
        if (p.page.rows[i].seq == 7) assert_string_equal(p.page.rows[i].text, "… 5 lines (0.0 MiB) are not kept …");
    buf_release(&got);
    log_page_release(&p.page);
}

// Lines 1 and 2 are the first part, 8 to 10 the newest, 3 to 7 are not kept. Even ones are on standard error.
static int make_cut_log(struct store_tx *tx, void *ctx, struct err *e)
{
    struct job_row r;
    int rc = job_row_get(tx, ctx, &r, e);
    r.log_seq = 10, r.log_head_end = 2, r.log_tail_begin = 8, r.log_cut_bytes = 500;
    if (!rc) rc = job_row_update(tx, &r, e);
    for (int64_t i = 1; !rc && i <= 10; i++)
        if (i < 3 || i > 7) rc = job_log_insert(tx, r.id, i, i, i % 2 ? "stdout" : "stderr", SLICE_LIT("x"), e);
    job_row_release(&r);
    return rc;
}

static void pages_say_what_is_missing_where_it_is(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char id[ID_SIZE];
    struct err e = {0};
    submit(f, "cpu", 1, id);
    assert_int_equal(store_write_wait(f->store, make_cut_log, id, &e), 0);
    // Forward: the line stands for 3 to 7 and has the last of their numbers.
    expect_page(f, id, (struct log_query){.limit = 100}, "1,2,7,8,9,10", 0);
    expect_page(f, id, (struct log_query){.limit = 2}, "1,2", 0);
    expect_page(f, id, (struct log_query){.after = 2, .limit = 2}, "7,8", 7);
    expect_page(f, id, (struct log_query){.after = 2, .limit = 1}, "7", 7);
    expect_page(f, id, (struct log_query){.after = 7, .limit = 2}, "8,9", 8);
    expect_page(f, id, (struct log_query){.limit = 3}, "1,2,7", 0);
    expect_page(f, id, (struct log_query){.after = 4, .limit = 9}, "7,8,9,10", 7); // a page that was within the gap
    expect_page(f, id, (struct log_query){.after = 10, .limit = 9}, "", 11);
    // Backward.
    const int64_t end = INT64_MAX;
    expect_page(f, id, (struct log_query){.before = end, .limit = 2}, "9,10", 9);
    expect_page(f, id, (struct log_query){.before = end, .limit = 3}, "8,9,10", 8);
    expect_page(f, id, (struct log_query){.before = end, .limit = 4}, "7,8,9,10", 7);
    expect_page(f, id, (struct log_query){.before = end, .limit = 5}, "2,7,8,9,10", 2);
    expect_page(f, id, (struct log_query){.before = 8, .limit = 1}, "7", 7);
    expect_page(f, id, (struct log_query){.before = 8, .limit = 2}, "2,7", 2);
    expect_page(f, id, (struct log_query){.before = 7, .limit = 9}, "1,2", 0);
    // A stream alone: what isn't kept may have been of any.
    expect_page(f, id, (struct log_query){.limit = 9, .stream = "stderr"}, "2,7,8,10", 2);
    expect_page(f, id, (struct log_query){.before = end, .limit = 2, .stream = "stdout"}, "7,9", 7);
    expect_page(f, id, (struct log_query){.limit = 9, .stream = "log"}, "7", 7);
    struct paging p = {.id = "job_nobody", .q = {.limit = 1}};
    assert_int_equal(store_read_wait(f->store, page_tx, &p, &e), HW_ENOTFOUND);
    fixture_free(f);
}

static void a_whole_log_has_no_such_line(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    expect_page(f, id, (struct log_query){.limit = 9}, "", 0);
    expect_page(f, id, (struct log_query){.before = INT64_MAX, .limit = 9}, "", 0);
    report_ok(f, &h, "{\"type\":\"output\",\"text\":\"one\"},{\"type\":\"output\",\"text\":\"\"}");
    expect_page(f, id, (struct log_query){.limit = 9}, "1,2", 0);
    fixture_free(f);
}

// ---- through the queue --------------------------------------------------------------------------------------------

static void write_lines(struct fixture *f, const struct held *h, int n, size_t each)
{
    struct buf events = BUF_INIT;
    char *text = mem_array(each + 1, 1);
    memset(text, 'x', each);
    text[each] = 0;
    for (int i = 0; i < n; i++)
        buf_addf(&events, "%s{\"type\":\"output\",\"stream\":\"stdout\",\"text\":\"%s\"}", i ? "," : "", text);
    report_ok(f, h, buf_cstr(&events));
    fixture_forget_events(f);
    free(text);
    buf_release(&events);
}

struct sum {
    const char *id;
    int64_t lines, bytes, last;
};

static int sum_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct sum *s = ctx;
    struct job_log_row *rows;
    int n = 1, rc = 0;
    for (int64_t after = 0; !rc && n > 0;) {
        rc = job_logs_list(tx, s->id, after, 5000, NULL, &rows, &n, e);
        for (int i = 0; !rc && i < n; i++) {
            s->lines++;
            s->bytes += (int64_t)rows[i].text_len;
            after = rows[i].seq;
        }
        job_logs_free(rows, n);
        s->last = after;
    }
    return rc;
}

static void never_again_35_a_log_keeps_its_beginning_and_its_end_whatever_is_written(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    struct err e = {0};
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    report_ok(f, &h, "{\"type\":\"output\",\"text\":\"how it began\"}");
    enum { REPORTS = 200, EACH = 8, LINE = 60000 }; // 96 MB
    for (int i = 0; i < REPORTS; i++) write_lines(f, &h, EACH, LINE);
    struct job_row r = job_now(f, id);
    int64_t written = 1 + REPORTS * EACH;
    assert_int_equal(r.log_seq, written);
    struct sum s = {.id = id};
    assert_int_equal(store_read_wait(f->store, sum_tx, &s, &e), 0);
    assert_int_equal(s.last, written);
    assert_true(s.bytes <= LOG_HEAD_BYTES + LOG_TAIL_BYTES);
    assert_true(s.bytes > LOG_TAIL_BYTES); // and not less than was promised
    assert_int_equal(s.lines, written - log_bounds_missing(&r));
    assert_int_equal(r.log_cut_bytes, log_bounds_missing(&r) * LINE);
    // A server that is restarted goes on where it was, and so does a later attempt.
    job_row_release(&r);
    fixture_restart(f);
    for (int i = 0; i < 20; i++) write_lines(f, &h, EACH, LINE);
    struct sum again = {.id = id};
    assert_int_equal(store_read_wait(f->store, sum_tx, &again, &e), 0);
    assert_int_equal(again.bytes, s.bytes);
    // The end is there, and why it failed is found although the worker doesn't say it.
    report_ok(f, &h, "{\"type\":\"output\",\"stream\":\"stderr\",\"text\":\"OSError: No space left on device\"}");
    report_ok(f, &h, "{\"type\":\"exited\",\"code\":1}");
    r = job_now(f, id);
    assert_string_equal(r.error_type, "DISK_FULL");
    struct paging p = {.id = id, .q = {.before = INT64_MAX, .limit = 1}};
    assert_int_equal(store_read_wait(f->store, page_tx, &p, &e), 0);
    assert_string_equal(p.page.rows[0].text, "OSError: No space left on device");
    log_page_release(&p.page);
    p.q = (struct log_query){.limit = 1};
    assert_int_equal(store_read_wait(f->store, page_tx, &p, &e), 0);
    assert_string_equal(p.page.rows[0].text, "how it began");
    log_page_release(&p.page);
    job_row_release(&r);
    fixture_free(f);
}

static void of_a_flood_the_newest_lines_are_told(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char worker[ID_SIZE], id[ID_SIZE];
    struct held h;
    register_worker(f, worker);
    submit(f, "cpu", 1, id);
    claim_one(f, worker, &h);
    struct buf events = BUF_INIT;
    for (int i = 0; i < 2000; i++)
        buf_addf(&events, "%s{\"type\":\"output\",\"text\":\"line %d\"}", i ? "," : "", i + 1);
    report_ok(f, &h, buf_cstr(&events));
    buf_release(&events);
    json_t *p;
    assert_int_equal(events_named(f, "log:lines", &p), 1);
    const json_t *lines = json_object_get(p, "lines");
    size_t n = json_array_size(lines);
    assert_int_equal(n, 256);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(lines, 0), "seq")), 2000 - 256 + 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(lines, n - 1), "seq")), 2000);
    json_decref(p);
    expect_page(f, id, (struct log_query){.after = 1997, .limit = 9}, "1998,1999,2000", 1998);
    fixture_forget_events(f);
    // One line is told, however long.
    char *text = mem_array(60001, 1);
    memset(text, 'x', 60000);
    text[60000] = 0;
    char *event = mem_printf("{\"type\":\"output\",\"text\":\"a\"},{\"type\":\"output\",\"text\":\"%s\"}", text);
    report_ok(f, &h, event);
    free(event);
    free(text);
    assert_int_equal(events_named(f, "log:lines", &p), 1);
    assert_int_equal(json_array_size(json_object_get(p, "lines")), 1);
    json_decref(p);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_part_is_filled_and_then_the_newest),
        cmocka_unit_test(a_first_line_too_long_for_the_first_part_begins_the_newest),
        cmocka_unit_test(lines_without_text_count_too),
        cmocka_unit_test(what_is_missing_is_said_in_lines_and_bytes),
        cmocka_unit_test(pages_say_what_is_missing_where_it_is),
        cmocka_unit_test(a_whole_log_has_no_such_line),
        cmocka_unit_test(never_again_35_a_log_keeps_its_beginning_and_its_end_whatever_is_written),
        cmocka_unit_test(of_a_flood_the_newest_lines_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
