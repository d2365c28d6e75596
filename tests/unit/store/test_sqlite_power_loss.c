// A power cut at any moment: what was acknowledged is there afterwards, in order, and the database is whole; also while
// rows move to the archive and are packed, and while the log is moved into the files.
#include "store/temp_store.h"

#include <stdatomic.h>
#include <sys/stat.h>

#include "store/curve_rows.h"
#include "store/metric_archive.h"
#include "store/metric_pack.h"
#include "store/power_loss.h"
#include "store/sql.h"

enum { MOMENTS = 200, ONE_IN = 25, ROWS = 7, WRITES = 3 };

struct test {
    struct test_database database;
    char image[300];
    struct store *s;
    int64_t sent;                  // rows
    atomic_llong acknowledged;     // rows whose commit was told
    bool lost;                     // a moment was chosen: its image waits to be looked at
    int64_t acknowledged_by_then;  // rows
    int moments, behind, archived; // images; of them with less than was sent; with archived rows
    int packed;                    // with packed ones
};

// ---- the work -----------------------------------------------------------------------------------------------------

struct rows {
    struct test *t;
    int64_t from;
};

static int put_rows(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct rows *r = ctx;
    for (int64_t i = r->from; i < r->from + ROWS; i++) {
        struct sql_stmt *st = sql_begin(
            tx,
            "INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, extra) VALUES (1, 0, ?1,"
            " ?1, ?2, 'of some length, so that pages are filled: ............................................')",
            e);
        if (!st) return HW_EINTERNAL;
        sql_bind_i64(st, 1, i);
        sql_bind_f64(st, 2, (double)i / 2);
        int64_t n = sql_exec(st, e);
        if (n < 0) return (int)n;
    }
    return 0;
}

static void told(void *ctx, int rc, const struct err *e)
{
    struct rows *r = ctx;
    if (rc) fail_msg("%s", e->message);
    atomic_fetch_add(&r->t->acknowledged, ROWS);
}

static int nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

static void write_some(struct test *t)
{
    struct rows r[WRITES];
    for (int i = 0; i < WRITES; i++) {
        r[i] = (struct rows){t, t->sent};
        t->sent += ROWS;
        store_write(t->s, put_rows, told, &r[i]);
    }
    assert_int_equal(store_write_wait(t->s, nothing, NULL, NULL), 0);
}

static int find(struct store_tx *tx, void *ctx, struct err *e)
{
    return metric_archive_find(tx, INT64_MAX, ctx, e);
}

static int copy(struct store_tx *tx, void *ctx, struct err *e)
{
    int64_t n = metric_archive_copy(tx, INT64_MAX, ctx, 0, e);
    return n < 0 ? (int)n : 0;
}

static int delete (struct store_tx *tx, void *ctx, struct err *e)
{
    int64_t n = metric_archive_delete(tx, INT64_MAX, ctx, 0, e);
    return n < 0 ? (int)n : 0;
}

// The oldest fifty, in two transactions, with writing in between.
static void archive_some(struct test *t)
{
    struct metric_stretch s = {0};
    assert_int_equal(store_read_wait(t->s, find, &s, NULL), 0);
    if (!s.n) return;
    assert_int_equal(store_write_wait(t->s, copy, &s, NULL), 0);
    write_some(t);
    assert_int_equal(store_write_wait(t->s, delete, &s, NULL), 0);
}

static int find_pack(struct store_tx *tx, void *ctx, struct err *e)
{
    struct metric_pack_place at = {0};
    bool more;
    int rc = metric_pack_find(tx, &at, ctx, &more, e);
    return rc < 0 ? rc : 0;
}

static int write_pack(struct store_tx *tx, void *ctx, struct err *e)
{
    int64_t n = metric_pack_write(tx, ctx, e);
    return n < 0 ? (int)n : 0;
}

static void pack_some(struct test *t)
{
    struct metric_pack p;
    struct err e = {0};
    if (store_read_wait(t->s, find_pack, &p, &e) != 0) fail_msg("%s", e.message);
    if (p.rows.n) {
        if (metric_pack_prepare(&p, &e) != 0) fail_msg("%s", e.message);
        assert_int_equal(store_write_wait(t->s, write_pack, &p, NULL), 0);
    }
    metric_pack_release(&p);
}

// ---- after the power is back ---------------------------------------------------------------------------------------

static void power_lost(void *ctx)
{
    struct test *t = ctx;
    if (t->lost) return; // one at a time
    t->lost = true;
    t->acknowledged_by_then = atomic_load(&t->acknowledged);
    power_write_image(t->image);
}

static int64_t number(sqlite3 *h, const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK) fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    if (sqlite3_step(st) != SQLITE_ROW) fail_msg("%s: %s", sql, sqlite3_errmsg(h));
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void is_whole(sqlite3 *h, const char *name)
{
    sqlite3_stmt *st;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA %s.integrity_check", name);
    assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) != SQLITE_ROW) fail_msg("%s: %s", name, sqlite3_errmsg(h));
    assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok");
    sqlite3_finalize(st);
}

struct seen {
    int64_t rows, right, last;
};

static int see_all(struct store_tx *tx, void *ctx, struct err *e)
{
    struct seen *s = ctx;
    struct curve_rows c;
    struct metric_row r;
    *s = (struct seen){.last = -1};
    curve_rows_init(&c, tx, 1, 0, false);
    int rc = curve_rows_begin(&c, -1, INT64_MAX, INT64_MAX, e);
    while (!rc && (rc = curve_rows_next(&c, &r, e)) == 1) {
        rc = 0;
        s->rows++;
        s->right += r.loss == (double)r.step / 2;
        s->last = r.step;
        free(r.extra);
    }
    curve_rows_release(&c);
    return rc;
}

static void look_at_image(struct test *t)
{
    struct store *s;
    struct err e = {0};
    sqlite3 *h;
    char url[400], sql[500];
    snprintf(url, sizeof url, "sqlite:%s/headway.db", t->image);
    // The server's next start.
    if (store_open(&s, url, &e) != 0) fail_msg("moment %d: %s", t->moments, e.message);
    struct seen seen;
    if (store_read_wait(s, see_all, &seen, &e) != 0) fail_msg("moment %d: %s", t->moments, e.message);
    store_close(s);
    assert_int_equal(sqlite3_open(url + 7, &h), SQLITE_OK);
    snprintf(sql, sizeof sql, "ATTACH '%s/headway-archive.db' AS archive", t->image);
    assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
    is_whole(h, "main");
    is_whole(h, "archive");
    int64_t rows = seen.rows, right = seen.right, last = seen.last;
    if (rows < t->acknowledged_by_then)
        fail_msg("moment %d: %lld rows were acknowledged, %lld are there", t->moments,
                 (long long)t->acknowledged_by_then, (long long)rows);
    // No gap, none twice; and of what one function wrote all or nothing.
    assert_int_equal(rows, last + 1);
    assert_int_equal(right, rows);
    assert_int_equal(rows % ROWS, 0);
    assert_true(rows <= t->sent);
    t->behind += rows < t->sent;
    t->archived += number(h, "SELECT COUNT(*) FROM archive.training_metrics_archive") > 0;
    t->packed += number(h, "SELECT COUNT(*) FROM archive.training_metric_blocks") > 0;
    sqlite3_close(h);
    t->moments++;
}

static void make_image_folder(struct test *t)
{
    assert_int_equal(file_remove_tree(t->image, NULL), 0);
    assert_int_equal(file_mkdirs(t->image, NULL), 0);
    pthread_mutex_lock(&power.lock);
    t->lost = false;
    pthread_mutex_unlock(&power.lock);
}

static void what_was_acknowledged_outlives_a_power_cut_at_any_moment(void **state)
{
    (void)state;
    struct test t = {0};
    struct err e = {0};
    const char *seed = getenv("HEADWAY_POWER_SEED");
    test_database_make(&t.database);
    snprintf(t.image, sizeof t.image, "%s-image", t.database.dir);
    power_begin(t.database.dir, 88172645463325252ULL + (uint64_t)(seed ? atoll(seed) : 0));
    power.lost = power_lost;
    power.ctx = &t;
    make_image_folder(&t);
    if (store_open(&t.s, t.database.url, &e) != 0) fail_msg("%s", e.message);
    pthread_mutex_lock(&power.lock);
    power.one_in = ONE_IN; // (a database that was never made whole has nothing to lose)
    pthread_mutex_unlock(&power.lock);
    for (int i = 0; t.moments < MOMENTS; i++) {
        write_some(&t);
        if (i % 4 == 3) archive_some(&t);
        if (i % 4 == 1) pack_some(&t);
        struct store_maintenance m;
        if (i % 7 == 6) assert_int_equal(store_move_log(t.s, &m, NULL), 0);
        pthread_mutex_lock(&power.lock);
        bool lost = t.lost;
        pthread_mutex_unlock(&power.lock);
        if (!lost) continue;
        look_at_image(&t);
        make_image_folder(&t);
    }
    print_message("%d moments among %lld operations; of what wasn't synced %lld were kept, %lld dropped, %lld in part; "
                  "%lld rows\n",
                  t.moments, (long long)power.ops, (long long)power.kept, (long long)power.dropped,
                  (long long)power.torn, (long long)t.sent);
    // The cuts did cost something: else nothing was tried.
    assert_true(power.dropped > MOMENTS && power.torn > MOMENTS / 4);
    print_message("%d with archived rows, %d with packed ones\n", t.archived, t.packed);
    assert_true(t.behind > MOMENTS / 4 && t.archived > MOMENTS / 4 && t.packed > MOMENTS / 4);
    store_close(t.s);
    power_end();
    assert_int_equal(file_remove_tree(t.image, NULL), 0);
    test_database_remove(&t.database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_outlives_a_power_cut_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
