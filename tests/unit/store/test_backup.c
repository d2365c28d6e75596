// A backup and a restore carry every kind of value as it is, whichever the backend; and what a restore is refused for.
#include "store/temp_store.h"

#include <sqlite3.h>

#include "store/backup.h"
#include "store/restore.h"
#include "store/sql.h"

struct place {
    struct temp_store t;
    char file[300], work[300];
};

static int run_sql(struct store_tx *tx, void *ctx, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, ctx, e);
    int64_t n = st ? sql_exec(st, e) : -1;
    return st ? (n < 0 ? (int)n : 0) : HW_EINTERNAL;
}

static void run(struct store *s, const char *sql)
{
    struct err e = {0};
    if (store_write_wait(s, run_sql, (void *)(uintptr_t)sql, &e) != 0) fail_msg("%s: %s", sql, e.message);
}

struct asked {
    const char *sql;
    char text[200];
    size_t n;
};

static int ask_sql(struct store_tx *tx, void *ctx, struct err *e)
{
    struct asked *a = ctx;
    struct sql_stmt *st = sql_begin(tx, a->sql, e);
    if (!st) return HW_EINTERNAL;
    int rc = sql_step(st, e);
    struct slice s = rc == 1 ? sql_slice(st, 0) : SLICE_LIT("no row");
    a->n = s.n < sizeof a->text ? s.n : sizeof a->text - 1;
    if (a->n) memcpy(a->text, s.p, a->n);
    sql_end(st);
    return rc < 0 ? rc : 0;
}

static void answers(struct store *s, const char *sql, const char *wanted, size_t n)
{
    struct asked a = {.sql = sql};
    struct err e = {0};
    if (store_read_wait(s, ask_sql, &a, &e) != 0) fail_msg("%s: %s", sql, e.message);
    assert_int_equal(a.n, n);
    assert_memory_equal(a.text, wanted, n);
}

static int put_log(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct sql_stmt *st = sql_begin(
        tx, "INSERT INTO job_logs (job_id, seq, lines, bytes, streams, data) VALUES ('job_1', 1, 1, 3, 1, ?1)", e);
    if (!st) return HW_EINTERNAL;
    sql_bind_slice(st, 1, SLICE_LIT("5 o 3 a\0b"));
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

#define BLOCK "\1\0\200\377' \0\0"

static int put_block(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct sql_stmt *st = sql_begin(tx,
                                    "INSERT INTO training_metric_blocks (training_id, layer_idx, last_step, first_step,"
                                    " rows, min_timestamp, max_timestamp, data) VALUES (9007199254740993, 3, 900, 401,"
                                    " 500, 1600000000000000, 1600000000000001, ?1)",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_blob(st, 1, SLICE_LIT(BLOCK));
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static void fill(struct store *s)
{
    run(s, "INSERT INTO settings VALUES ('empty', ''), ('Grüße', '\"quoted\", \\back\\ ''and'' ☃')");
    run(s, "INSERT INTO trainings (key, id, status, created_at, loss, k) VALUES"
           " (9007199254740993, 'trn_1', 'running', -1, NULL, 9223372036854775807)");
    run(s, "INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, grad_norm, extra) VALUES"
           " (9007199254740993, -1, 1, 1795000000000000, 0.1, 1e308, NULL),"
           " (9007199254740993, 0, 2, 1795000000000001, -0.0, 5e-324, '{}')");
    run(s, "INSERT INTO training_metrics_archive (training_id, layer_idx, step, timestamp, loss) VALUES"
           " (9007199254740993, -1, 0, 1600000000000000, 0.30000000000000004)");
    run(s,
        "INSERT INTO progress_history (id, entity_type, entity_id, timestamp, created_at) VALUES (41, 'job', 'job_1', "
        "1, 1)");
    assert_int_equal(store_write_wait(s, put_log, NULL, NULL), 0);
    assert_int_equal(store_write_wait(s, put_block, NULL, NULL), 0);
}

static void holds_it(struct store *s)
{
    answers(s, "SELECT value FROM settings WHERE name = 'empty'", "", 0);
    const char *text = "\"quoted\", \\back\\ 'and' ☃";
    answers(s, "SELECT value FROM settings WHERE name = 'Grüße'", text, strlen(text));
    answers(s, "SELECT data FROM job_logs WHERE job_id = 'job_1'", "5 o 3 a\0b", 9);
    answers(s,
            "SELECT CAST(COUNT(*) AS TEXT) FROM trainings WHERE key = 9007199254740993 AND k = 9223372036854775807 AND"
            " created_at = -1 AND loss IS NULL",
            "1", 1);
    answers(s,
            "SELECT CAST(COUNT(*) AS TEXT) FROM training_metrics WHERE (layer_idx = -1 AND loss = 0.1 AND grad_norm ="
            " 1e308 AND extra IS NULL) OR (layer_idx = 0 AND loss = 0 AND grad_norm = 5e-324 AND extra = '{}')",
            "2", 1);
    answers(s, "SELECT CAST(COUNT(*) AS TEXT) FROM training_metrics_archive WHERE loss = 0.30000000000000004", "1", 1);
    answers(s, "SELECT data FROM training_metric_blocks WHERE last_step = 900 AND rows = 500", BLOCK, sizeof BLOCK - 1);
    // Keys that were given out aren't given out again.
    run(s, "INSERT INTO trainings (id, status, created_at) VALUES ('trn_2', 'queued', 1)");
    run(s,
        "INSERT INTO progress_history (entity_type, entity_id, timestamp, created_at) VALUES ('job', 'job_2', 1, 1)");
    answers(s, "SELECT CAST(key AS TEXT) FROM trainings WHERE id = 'trn_2'", "9007199254740994", 16);
    answers(s, "SELECT CAST(id AS TEXT) FROM progress_history WHERE entity_id = 'job_2'", "42", 2);
}

static void setup(struct place *p)
{
    *p = (struct place){0};
    temp_store_init(&p->t);
    snprintf(p->file, sizeof p->file, "%s/file", p->t.dir);
    snprintf(p->work, sizeof p->work, "%s/work", p->t.dir);
    assert_int_equal(file_mkdirs(p->work, NULL), 0);
}

static int put_back(const struct place *p, const char *url, bool force, struct err *e)
{
    struct restore *r;
    struct backup_info info;
    const struct restore_options o = {.url = url, .folder = p->work, .force = force};
    int rc = restore_begin(&r, p->file, &o, &info, e);
    if (!rc) rc = restore_finish(r, e);
    restore_free(r);
    return rc;
}

static void every_kind_of_value_comes_back_as_it_was(void **state)
{
    (void)state;
    struct place p;
    struct test_database to;
    struct backup_info info;
    struct err e = {0};
    struct store *s;
    setup(&p);
    fill(p.t.s);
    if (store_backup(p.t.url, p.file, false, NULL, &info, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(backup_rows(&info, "training_metrics"), 2);
    assert_int_equal(backup_rows(&info, "training_metrics_archive"), 1);
    assert_int_equal(backup_rows(&info, "training_metric_blocks"), 1);
    assert_int_equal(info.archived, 501);
    assert_string_equal(info.backend, on_postgres() ? "postgresql" : "sqlite");
    store_close(p.t.s);

    // Into the other kind and into one of its own kind. (With PostgreSQL a second schema: to its sessions it looks as
    // if somebody else used the database, so there are none now.)
    char url[400];
    snprintf(url, sizeof url, "sqlite:%s/other.db", p.work);
    if (put_back(&p, url, false, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(store_open(&s, url, NULL), 0);
    holds_it(s);
    answers(s, "SELECT typeof(data) FROM training_metric_blocks", "blob", 4);
    store_close(s);
    test_database_make(&to);
    if (put_back(&p, to.url, false, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(store_open(&s, to.url, NULL), 0);
    holds_it(s);
    store_close(s);
    // Now something is in it.
    assert_int_equal(put_back(&p, to.url, false, &e), HW_ECONFLICT);
    assert_non_null(strstr(e.message, "isn't empty"));
    assert_int_equal(put_back(&p, to.url, true, NULL), 0);
    test_database_remove(&to);
    temp_store_open(&p.t);
    temp_store_release(&p.t);
}

static void a_database_in_use_is_left_alone(void **state)
{
    (void)state;
    struct place p;
    struct backup_info info;
    struct err e = {0};
    setup(&p);
    fill(p.t.s);
    assert_int_equal(store_backup(p.t.url, p.file, false, NULL, &info, NULL), 0);
    assert_int_equal(put_back(&p, p.t.url, true, &e), HW_ECONFLICT);
    if (!strstr(e.message, "stop it first") && !strstr(e.message, "stop its servers first")) fail_msg("%s", e.message);
    answers(p.t.s, "SELECT CAST(COUNT(*) AS TEXT) FROM training_metrics", "2", 1);
    temp_store_release(&p.t);
}

static bool not_at_all(void *ctx, const char *what, int64_t done, int64_t total)
{
    int *left = ctx;
    (void)what, (void)done, (void)total;
    return (*left)-- > 0;
}

static void interrupted_at_any_step_it_leaves_nothing(void **state)
{
    (void)state;
    struct place p;
    struct backup_info info;
    struct err e = {0};
    char part[310];
    int rc = HW_ECANCELLED, steps;
    setup(&p);
    fill(p.t.s);
    snprintf(part, sizeof part, "%s.part", p.file);
    for (steps = 0; rc == HW_ECANCELLED && steps < 1000; steps++) {
        int left = steps;
        const struct backup_watch w = {not_at_all, &left};
        assert_false(file_exists(p.file));
        rc = store_backup(p.t.url, p.file, false, &w, &info, &e);
        assert_false(file_exists(part));
    }
    assert_int_equal(rc, 0);
    assert_true(steps > 2);
    assert_int_equal(backup_check(p.file, NULL, &info, NULL), 0);
    temp_store_release(&p.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_comes_back_as_it_was),
        cmocka_unit_test(a_database_in_use_is_left_alone),
        cmocka_unit_test(interrupted_at_any_step_it_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
