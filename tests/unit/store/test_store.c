// The store's promises: order, isolation of one function from another, durability, refusals.
#include "store/temp_store.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int put_setting(struct store_tx *tx, int64_t v, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, "INSERT INTO settings (name, value) VALUES (?1, 'x')", e);
    if (!st) return e->code;
    char name[32];
    snprintf(name, sizeof name, "%08lld", (long long)v);
    sql_bind_text(st, 1, name);
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
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

// ---- opening ------------------------------------------------------------------------------------------------------

static int count_migrations(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)e;
    *(int64_t *)ctx = number(tx, "SELECT COUNT(*) FROM schema_migrations");
    return 0;
}

static void a_new_database_is_migrated_and_opening_it_again_changes_nothing(void **state)
{
    (void)state;
    struct temp_store t;
    int64_t first = 0, again = 0;
    temp_store_init(&t);
    assert_int_equal(store_read_wait(t.s, count_migrations, &first, NULL), 0);
    assert_true(first >= 1);
    store_close(t.s);
    temp_store_open(&t);
    assert_int_equal(store_read_wait(t.s, count_migrations, &again, NULL), 0);
    assert_int_equal(first, again);
    temp_store_release(&t);
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    struct store *s = NULL;
    char sql[] = "INSERT INTO schema_migrations VALUES (9999, 'later', 0)";
    temp_store_init(&t);
    assert_int_equal(store_write_wait(t.s, run_text, sql, NULL), 0);
    store_close(t.s);
    assert_int_equal(store_open(&s, t.url, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "9999"));
    assert_non_null(strstr(e.message, "newer"));
    test_database_remove(&t.database);
}

// ---- order and isolation ------------------------------------------------------------------------------------------

enum { MANY = 3000 };

struct many {
    struct store *s;
    int ran[MANY], done[MANY];
    int n_ran, n_done; // the first by the writing thread, the second by the poster's mutex
    int failed;
};

struct item {
    struct many *m;
    int i;
    bool fails;
};

static int item_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct item *it = ctx;
    it->m->ran[it->m->n_ran++] = it->i;
    int rc = put_setting(tx, it->i, e);
    return it->fails ? err_set(e, HW_EVALIDATION, "number %d", it->i) : rc;
}

static void item_done(void *ctx, int rc, const struct err *e)
{
    struct item *it = ctx;
    if (rc) {
        assert_int_equal(e->code, HW_EVALIDATION);
        it->m->failed++;
    }
    assert_int_equal(rc != 0, it->fails);
    it->m->done[it->m->n_done++] = it->i;
}

static void writes_run_and_end_in_order_and_one_failing_undoes_only_itself(void **state)
{
    (void)state;
    struct temp_store t;
    struct many *m = calloc(1, sizeof *m);
    struct item *items = calloc(MANY, sizeof *items);
    temp_store_init(&t);
    for (int i = 0; i < MANY; i++) {
        items[i] = (struct item){m, i, i % 7 == 3};
        store_write(t.s, item_tx, item_done, &items[i]);
    }
    store_close(t.s); // runs what is queued
    assert_int_equal(m->n_done, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(m->ran[i], i);
        assert_int_equal(m->done[i], i);
    }
    temp_store_open(&t);
    assert_int_equal(settings(t.s), MANY - m->failed);
    assert_true(m->failed > 0);
    temp_store_release(&t);
    free(items);
    free(m);
}

static void a_constraint_refuses_one_write_and_the_next_goes_on(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    char insert[] = "INSERT INTO settings VALUES ('a', 'b')", bad[] = "SELECT nonsense FROM nowhere";
    temp_store_init(&t);
    assert_int_equal(store_write_wait(t.s, run_text, insert, &e), 0);
    assert_int_equal(store_write_wait(t.s, run_text, insert, &e), HW_ECONFLICT);
    assert_int_equal(store_write_wait(t.s, run_text, bad, &e), HW_EINTERNAL);
    assert_int_equal(settings(t.s), 1);
    temp_store_release(&t);
}

static int insert_in_read(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    return put_setting(tx, 1, e);
}

static void reads_cannot_write(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    temp_store_init(&t);
    assert_int_not_equal(store_read_wait(t.s, insert_in_read, NULL, &e), 0);
    assert_int_equal(settings(t.s), 0);
    temp_store_release(&t);
}

// ---- the poster ---------------------------------------------------------------------------------------------------

struct posted {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } calls[64];
    int n;
};

static void post(void *poster, void (*fn)(void *arg), void *arg)
{
    struct posted *p = poster;
    pthread_mutex_lock(&p->lock);
    assert_true(p->n < 64);
    p->calls[p->n].fn = fn;
    p->calls[p->n++].arg = arg;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

struct told {
    pthread_t where;
    bool called;
    const char *sql;
};

static int run_told(struct store_tx *tx, void *ctx, struct err *e)
{
    const struct told *told = ctx;
    return exec(tx, told->sql, e);
}

static void note_thread(void *ctx, int rc, const struct err *e)
{
    (void)e;
    struct told *told = ctx;
    assert_int_equal(rc, 0);
    told->where = pthread_self();
    told->called = true;
}

static void done_is_called_where_the_poster_takes_it(void **state)
{
    (void)state;
    struct temp_store t;
    struct posted p = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    struct told told = {.sql = "INSERT INTO settings VALUES ('a', 'b')"};
    temp_store_init(&t);
    store_set_poster(t.s, post, &p);
    store_write(t.s, run_told, note_thread, &told);
    pthread_mutex_lock(&p.lock);
    while (p.n < 1) pthread_cond_wait(&p.wake, &p.lock);
    pthread_mutex_unlock(&p.lock);
    assert_false(told.called);
    p.calls[0].fn(p.calls[0].arg);
    assert_true(told.called);
    assert_true(pthread_equal(told.where, pthread_self()));
    temp_store_release(&t);
}

// ---- power cut ----------------------------------------------------------------------------------------------------

static int write_next(struct store_tx *tx, void *ctx, struct err *e)
{
    return put_setting(tx, *(int64_t *)ctx, e);
}

static void report(void *ctx, int rc, const struct err *e)
{
    (void)e;
    int64_t n = *(int64_t *)ctx;
    // The number goes out only once the store says that it is durable.
    if (rc == 0 && write(3, &n, sizeof n) != sizeof n) _exit(3);
}

static void child(const char *url, int64_t from)
{
    static int64_t numbers[100000];
    struct store *s;
    if (store_open(&s, url, NULL) != 0) _exit(2);
    for (int64_t i = 0; i < 100000; i++) {
        numbers[i] = from + i;
        store_write(s, write_next, report, &numbers[i]);
    }
    for (;;) pause();
}

struct found {
    int64_t rows, last;
};

static int look(struct store_tx *tx, void *ctx, struct err *e)
{
    struct found *f = ctx;
    (void)e;
    f->rows = number(tx, "SELECT COUNT(*) FROM settings");
    f->last = number(tx, "SELECT CAST(MAX(name) AS INTEGER) FROM settings");
    return 0;
}

// Writes from `from` on in a process that is killed some time after so many acknowledgements; up to which it had got
// one.
static int64_t write_and_be_killed(const char *url, int64_t from, int64_t after, unsigned later_us)
{
    int pipes[2], status;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (pipes[1] != 3) {
            dup2(pipes[1], 3);
            close(pipes[1]);
        }
        child(url, from);
    }
    close(pipes[1]);
    int64_t n, acknowledged = from;
    while (read(pipes[0], &n, sizeof n) == sizeof n) {
        assert_int_equal(n, acknowledged);
        acknowledged++;
        if (acknowledged != from + after) continue;
        usleep(later_us); // the kill's own moment, anywhere in a transaction: not waiting for anything
        kill(pid, SIGKILL);
    }
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(acknowledged >= from + after);
    return acknowledged;
}

static void what_was_acknowledged_is_there_after_a_kill_at_any_moment(void **state)
{
    (void)state;
    enum { KILLS = 12 };
    struct temp_store t;
    struct found f = {0};
    unsigned random = 1;
    temp_store_init(&t);
    store_close(t.s);
    for (int i = 0; i < KILLS; i++) {
        random = random * 1103515245 + 12345;
        int64_t after = 1 + (random >> 16) % 700;
        int64_t acknowledged = write_and_be_killed(t.url, f.rows, after, (random >> 8) % 8000);
        temp_store_open(&t);
        // As a writer: PostgreSQL may still be at work on what the killed one sent last.
        assert_int_equal(store_write_wait(t.s, look, &f, NULL), 0);
        store_close(t.s);
        assert_true(f.rows >= acknowledged);
        assert_int_equal(f.last, f.rows - 1); // in order: none is missing between
    }
    temp_store_open(&t);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        // First, while this process has no other threads: it forks.
        cmocka_unit_test(what_was_acknowledged_is_there_after_a_kill_at_any_moment),
        cmocka_unit_test(a_new_database_is_migrated_and_opening_it_again_changes_nothing),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(writes_run_and_end_in_order_and_one_failing_undoes_only_itself),
        cmocka_unit_test(a_constraint_refuses_one_write_and_the_next_goes_on),
        cmocka_unit_test(reads_cannot_write),
        cmocka_unit_test(done_is_called_where_the_poster_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
