// What only SQLite's store has to promise: a file that is no database, a disk that is full.
#include "store/temp_store.h"

#include "store/sql.h"

static int exec(struct store_tx *tx, const char *sql, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, sql, e);
    if (!st) return e->code;
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int64_t number(struct store_tx *tx, const char *sql)
{
    struct sql_stmt *st = sql_begin(tx, sql, NULL);
    assert_non_null(st);
    assert_int_equal(sql_step(st, NULL), 1);
    int64_t v = sql_i64(st, 0);
    sql_end(st);
    return v;
}

static int run_text(struct store_tx *tx, void *ctx, struct err *e)
{
    return exec(tx, ctx, e);
}

static int count_settings(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)e;
    *(int64_t *)ctx = number(tx, "SELECT COUNT(*) FROM settings");
    return 0;
}

static int64_t settings(struct store *s)
{
    int64_t n = -1;
    assert_int_equal(store_read_wait(s, count_settings, &n, NULL), 0);
    return n;
}

static void what_is_no_database_is_refused(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    struct store *s = NULL;
    char path[320];
    temp_store_init(&t);
    store_close(t.s);
    snprintf(path, sizeof path, "%s/headway.db", t.dir);
    char junk[4096];
    memset(junk, 'j', sizeof junk);
    assert_int_equal(file_write_atomic(path, slice_of(junk, sizeof junk), NULL), 0);
    assert_int_equal(store_open(&s, t.url, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, path));
    assert_int_equal(store_open(&s, "mysql://x", &e), HW_EINVALID);
    assert_int_equal(store_open(&s, "sqlite:/no/such/folder/x.db", &e), HW_EIO);
    test_database_remove(&t.database);
}

// ---- a full disk --------------------------------------------------------------------------------------------------

static int fill_disk(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    const char *sql =
        "INSERT INTO job_logs SELECT value, 'j', value, 1, 4000, 4, '0 l 4000 ' || hex(zeroblob(2000)) FROM"
        " (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 2000) SELECT * FROM n)";
    return exec(tx, sql, e);
}

static int limit_pages(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)e;
    int64_t pages = number(tx, "PRAGMA page_count");
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)(pages + *(int64_t *)ctx));
    (void)number(tx, sql);
    return 0;
}

static void a_full_disk_is_said_and_the_store_goes_on(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    int64_t little = 4, much = 1000000;
    char small[] = "INSERT INTO settings VALUES ('a', 'b')";
    temp_store_init(&t);
    assert_int_equal(store_write_wait(t.s, limit_pages, &little, NULL), 0);
    assert_int_equal(store_write_wait(t.s, fill_disk, NULL, &e), HW_EDISKFULL);
    assert_int_equal(store_write_wait(t.s, run_text, small, &e), 0);
    assert_int_equal(settings(t.s), 1);
    assert_int_equal(store_write_wait(t.s, limit_pages, &much, NULL), 0);
    assert_int_equal(store_write_wait(t.s, fill_disk, NULL, &e), 0);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(a_full_disk_is_said_and_the_store_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
