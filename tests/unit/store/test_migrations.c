// A database of an earlier version is brought up to this one, with what it holds.
#include "temp_store.h"

#include <sqlite3.h>
#include <unistd.h>

#include "store/job_logs_table.h"

struct migration {
    int version;
    const char *name, *sql;
};

#include "migrations_sqlite.h"

static void run(sqlite3 *h, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
}

static int look(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct job_log_row *rows;
    int n;
    int rc = job_logs_list(tx, "job_1", 0, 100, NULL, &rows, &n, e);
    if (rc) return rc;
    static const char *const names[] = {"stdout", "stderr", "log"}, *texts[] = {"one", "Grüße\nzwei", ""};
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rows[i].seq, i + 1);
        assert_int_equal(rows[i].ts_us, 1700000000000000 + i);
        assert_string_equal(rows[i].stream, names[i]);
        assert_string_equal(rows[i].text, texts[i]);
    }
    job_logs_free(rows, n);
    rc = job_logs_newest(tx, "job_2", 0, INT64_MAX, 100, "stderr", &rows, &n, e);
    assert_int_equal(rc, 0);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].text, "other");
    job_logs_free(rows, n);
    return 0;
}

static void logs_of_the_first_version_are_kept(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    char path[320];
    sqlite3 *h;
    temp_store_init(&t);
    store_close(t.s);
    snprintf(path, sizeof path, "%s/headway.db", t.dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
    run(h, "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER)");
    run(h, migrations[0].sql);
    run(h, "INSERT INTO schema_migrations VALUES (1, 'tables', 0)");
    run(h, "INSERT INTO job_logs VALUES ('job_1', 1, 1700000000000000, 'stdout', 'one'),"
           " ('job_1', 2, 1700000000000001, 'stderr', 'Grüße' || char(10) || 'zwei'),"
           " ('job_1', 3, 1700000000000002, 'log', ''), ('job_2', 1, 1, 'stderr', 'other')");
    sqlite3_close(h);
    temp_store_open(&t);
    if (store_read_wait(t.s, look, NULL, &e) != 0) fail_msg("%s", e.message);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_of_the_first_version_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
