// headway copy: all of a database arrives, a copy that was cut off is gone on with, and a difference is found.
#include "store/temp_store.h"

#include <sqlite3.h>

#include "store/copy.h"

struct copying {
    struct test_database to;
    char dir[64], from[96];
    int64_t copied, rows;
    int tables;
};

static void run(const struct copying *c, const char *sql)
{
    sqlite3 *h;
    char *why = NULL;
    assert_int_equal(sqlite3_open(c->from + 7, &h), SQLITE_OK);
    if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
    assert_int_equal(sqlite3_close(h), SQLITE_OK);
}

#define JOB(id)                                                                                                          \
    "INSERT INTO jobs (id, kind, name, status, attempt, max_attempts, priority, queue, resource_class, params, spec,"    \
    " phase_index, phase_count, progress, created_at, queued_at, updated_at, log_seq, version, dismissed, "              \
    "determinate)"                                                                                                       \
    " VALUES (" id ", 'command', 'Grüße', 'completed', 1, 1, 0, 'default', 'cpu', '{}', '{\"a\":\"ü\"}', 0, 0, 99.9," \
    " 1795000000000000, 2, 3, 4, 5, 0, 1);"

static void make_source(struct copying *c)
{
    struct store *s;
    *c = (struct copying){0};
    test_database_make(&c->to);
    snprintf(c->dir, sizeof c->dir, "/tmp/headway-copy-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    snprintf(c->from, sizeof c->from, "sqlite:%s/headway.db", c->dir);
    assert_int_equal(store_open(&s, c->from, NULL), 0);
    store_close(s);
    run(c,
        JOB("'job_b'") JOB("'job_A'") JOB(
            "'job_a'") "INSERT INTO settings VALUES ('x', ''), ('Y', 'y');"
                       "INSERT INTO trainings (key, id, status, created_at) VALUES (7, 'trn_1', 'completed', 1);"
                       "INSERT INTO job_logs (job_id, seq, lines, bytes, streams, data)"
                       " VALUES ('job_a', 1, 1, 3, 1, '5 o 3 a' || char(0) || 'b'), ('job_a', 2, 1, 0, 1, '5 o 0 ');"
                       "INSERT INTO progress_history (id, entity_type, entity_id, timestamp, created_at) VALUES (40, "
                       "'job', 'job_a', 1, 1);"
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1300)"
                       " INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, extra)"
                       " SELECT 7, i % 2 - 1, i, 1795000000000000 + i, 1.0 / i, CASE WHEN i % 3 THEN '{}' END FROM n;");
}

// In the file beside it.
static void add_block(const struct copying *c)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "ATTACH '%s/headway-archive.db' AS archive; INSERT INTO archive.training_metric_blocks (training_id,"
             " layer_idx, last_step, first_step, rows, min_timestamp, max_timestamp, data)"
             " VALUES (7, 0, -1, -9, 9, 1, 2, X'0100FF27')",
             c->dir);
    run(c, sql);
}

static void remove_both(struct copying *c)
{
    test_database_remove(&c->to);
    assert_int_equal(file_remove_tree(c->dir, NULL), 0);
}

static void note(void *ctx, const char *table, int64_t copied, int64_t rows)
{
    struct copying *c = ctx;
    (void)table;
    c->copied += copied;
    c->rows += rows;
    c->tables++;
}

static int copy(struct copying *c, struct err *e)
{
    c->copied = c->rows = c->tables = 0;
    return store_copy(c->from, c->to.url, note, c, e);
}

enum { ROWS = 3 + 2 + 1 + 2 + 1 + 1300 };

static void all_rows_arrive_and_what_the_database_counts_goes_on(void **state)
{
    (void)state;
    struct copying c;
    struct err e = {0};
    make_source(&c);
    add_block(&c);
    if (copy(&c, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(c.copied, ROWS + 1);
    assert_int_equal(c.rows, ROWS + 1);
    // Every table that there is, but for the migrations'.
    char *tables =
        postgres_ask(c.to.url, "SELECT COUNT(*) - 1 FROM information_schema.tables WHERE table_schema ="
                               " current_schema() AND table_name !~ '^training_metrics_(other|[0-9]{4}_[0-9]{2})$'");
    assert_int_equal(atoi(tables), c.tables);
    free(tables);
    char *key =
        postgres_ask(c.to.url, "INSERT INTO trainings (id, status, created_at) VALUES ('trn_2', 's', 1) RETURNING key");
    assert_string_equal(key, "8");
    free(key);
    char *text = postgres_ask(c.to.url, "SELECT encode(data, 'hex') FROM job_logs WHERE seq = 1");
    assert_string_equal(text, "35206f2033206100"
                              "62");
    free(text);
    text = postgres_ask(c.to.url, "SELECT encode(data, 'hex') FROM training_metric_blocks");
    assert_string_equal(text, "0100ff27");
    free(text);
    remove_both(&c);
}

static void what_was_cut_off_is_gone_on_with(void **state)
{
    (void)state;
    struct copying c;
    struct err e = {0};
    make_source(&c);
    assert_int_equal(copy(&c, &e), 0);
    // As if it had been cut off among the metrics.
    postgres_do(c.to.url, "DELETE FROM training_metrics WHERE layer_idx = 0 AND step > 400");
    postgres_do(c.to.url, "DELETE FROM progress_history");
    assert_int_equal(copy(&c, &e), 0);
    assert_int_equal(c.copied, 450 + 1);
    assert_int_equal(c.rows, ROWS);
    assert_int_equal(copy(&c, &e), 0);
    assert_int_equal(c.copied, 0);
    remove_both(&c);
}

static void a_difference_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *undo, *says;
    } cases[] = {
        {"UPDATE jobs SET progress = 99.8 WHERE id = 'job_A'", "UPDATE jobs SET progress = 99.9",
         "jobs: the row of id job_A differs in progress"},
        {"UPDATE settings SET value = NULL WHERE false; DELETE FROM settings WHERE name = 'Y'",
         "INSERT INTO settings VALUES ('Y', 'y')", "settings: the row of name Y is missing in the copy"},
        {"INSERT INTO settings VALUES ('z', '')", "DELETE FROM settings WHERE name = 'z'",
         "settings: the row of name z is only in the copy"},
        {"UPDATE training_metrics SET extra = '{ }' WHERE step = 900", NULL,
         "training_metrics: the row of training_id 7 differs in extra"},
    };
    struct copying c;
    make_source(&c);
    assert_int_equal(copy(&c, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        postgres_do(c.to.url, cases[i].sql);
        int rc = copy(&c, &e);
        // A row that is missing in the middle is not one that a copy cut off has left.
        assert_int_equal(rc, HW_ECONFLICT);
        assert_string_equal(e.message, cases[i].says);
        if (cases[i].undo) postgres_do(c.to.url, cases[i].undo);
    }
    remove_both(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_arrive_and_what_the_database_counts_goes_on),
        cmocka_unit_test(what_was_cut_off_is_gone_on_with),
        cmocka_unit_test(a_difference_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
