// What PostgreSQL's store has to promise beyond what both do: it comes back when the server does, gives way and tries
// again, reads on many connections, and several servers may start at once.
#include "store/temp_store.h"

#include <pthread.h>
#include <time.h>

#include "postgres_door.h"

#include "store/postgres_internal.h"

static int nothing(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)ctx, (void)e;
    return 0;
}

static int run_text(struct store_tx *tx, void *ctx, struct err *e)
{
    struct sql_stmt *st = sql_begin(tx, ctx, e);
    if (!st) return HW_EINTERNAL;
    int64_t n = sql_exec(st, e);
    return n < 0 ? (int)n : 0;
}

static int64_t number(const char *url, const char *sql)
{
    char *text = postgres_ask(url, sql);
    int64_t n = atoll(text);
    free(text);
    return n;
}

// ---- statements ---------------------------------------------------------------------------------------------------

static void parameters_are_renamed_outside_of_quotes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"SELECT ?1, ?12", "SELECT $1, $12"},
        {"SELECT '?1', \"?2\", ?3", "SELECT '?1', \"?2\", $3"},
        {"SELECT 'it''s ?1' || ?1", "SELECT 'it''s ?1' || $1"},
        {"a ? b", "a ? b"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT;
        pg_translate(cases[i][0], &out);
        assert_string_equal(buf_cstr(&out), cases[i][1]);
        buf_release(&out);
    }
}

static int types_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)ctx;
    struct sql_stmt *st = sql_begin(tx,
                                    "SELECT ?1::int8, ?2::int4, ?3::int2, ?4::float8, ?5::text, ?6::bytea, ?7::bool,"
                                    " ?8::text IS NULL",
                                    e);
    if (!st) return HW_EINTERNAL;
    sql_bind_i64(st, 1, INT64_MIN);
    sql_bind_i64(st, 2, INT32_MIN);
    sql_bind_i64(st, 3, -7);
    sql_bind_f64(st, 4, 0.1);
    sql_bind_text(st, 5, "Grüße");
    sql_bind_slice(st, 6, slice_of("a\0b", 3));
    sql_bind_i64(st, 7, 1);
    sql_bind_text(st, 8, NULL);
    assert_int_equal(sql_step(st, e), 1);
    assert_true(sql_i64(st, 0) == INT64_MIN);
    assert_int_equal(sql_i64(st, 1), INT32_MIN);
    assert_int_equal(sql_i64(st, 2), -7);
    assert_true(sql_f64(st, 3) == 0.1);
    assert_true(slice_is(sql_slice(st, 4), "Grüße"));
    assert_true(slice_eq(sql_slice(st, 5), slice_of("a\0b", 3)));
    assert_int_equal(sql_i64(st, 6), 1);
    assert_int_equal(sql_i64(st, 7), 1);
    assert_int_equal(sql_step(st, e), 0);
    sql_end(st);
    // A type that isn't known here comes as text, and so do its neighbours.
    st = sql_begin(tx, "SELECT 1.50::numeric, 3::int8, 0.5::float8", e);
    assert_int_equal(sql_step(st, e), 1);
    assert_true(slice_is(sql_slice(st, 0), "1.50"));
    assert_int_equal(sql_i64(st, 1), 3);
    assert_true(sql_f64(st, 2) == 0.5);
    sql_end(st);
    return 0;
}

static void values_of_every_type_come_back(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    temp_store_init(&t);
    if (store_read_wait(t.s, types_tx, NULL, &e) != 0) fail_msg("%s", e.message);
    temp_store_release(&t);
}

static int later_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    static const char *const names[] = {"a", "b", "a"};
    for (int i = 0; i < *(int *)ctx; i++) {
        struct sql_stmt *st = sql_begin(tx, "INSERT INTO settings (name, value) VALUES (?1, 'x')", e);
        if (!st) return HW_EINTERNAL;
        sql_bind_text(st, 1, names[i]);
        int rc = sql_exec_later(st, e);
        if (rc) return rc;
    }
    return 0;
}

static void a_statement_nobody_waited_for_fails_its_own_function(void **state)
{
    (void)state;
    struct temp_store t;
    struct err e = {0};
    int good = 2, bad = 3;
    char after[] = "INSERT INTO settings VALUES ('c', 'x')";
    temp_store_init(&t);
    store_write(t.s, nothing, NULL, NULL);
    assert_int_equal(store_write_wait(t.s, later_tx, &bad, &e), HW_ECONFLICT);
    assert_int_equal(number(t.url, "SELECT COUNT(*) FROM settings"), 0);
    assert_int_equal(store_write_wait(t.s, later_tx, &good, &e), 0);
    assert_int_equal(store_write_wait(t.s, run_text, after, &e), 0);
    assert_int_equal(number(t.url, "SELECT COUNT(*) FROM settings"), 3);
    temp_store_release(&t);
}

// ---- many at once -------------------------------------------------------------------------------------------------

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int wanted, there;
    bool late;
};

// Goes on when all are there, or after 20 s.
static int meet(struct store_tx *tx, void *ctx, struct err *e)
{
    (void)tx, (void)e;
    struct meeting *m = ctx;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 20;
    pthread_mutex_lock(&m->lock);
    m->there++;
    pthread_cond_broadcast(&m->wake);
    while (m->there < m->wanted && !m->late)
        if (pthread_cond_timedwait(&m->wake, &m->lock, &deadline)) m->late = true;
    pthread_mutex_unlock(&m->lock);
    return 0;
}

static void reads_run_at_the_same_time_on_connections_of_their_own(void **state)
{
    (void)state;
    struct test_database database;
    struct store *s;
    struct err e = {0};
    struct meeting m = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .wanted = 6};
    const struct store_options o = {.pool_size = 3, .max_overflow = 5};
    test_database_make(&database);
    if (store_open_with(&s, database.url, &o, &e) != 0) fail_msg("%s", e.message);
    for (int i = 0; i < 6; i++) store_read(s, meet, NULL, &m);
    store_close(s);
    assert_int_equal(m.there, 6);
    assert_false(m.late);
    test_database_remove(&database);
}

struct opening {
    const char *url;
    struct store *s;
    int rc;
    struct err e;
};

static void *open_store(void *arg)
{
    struct opening *o = arg;
    o->rc = store_open(&o->s, o->url, &o->e);
    return NULL;
}

static void servers_that_start_at_once_migrate_once(void **state)
{
    (void)state;
    enum { N = 4 };
    struct test_database database;
    struct opening o[N];
    pthread_t threads[N];
    test_database_make(&database);
    for (int i = 0; i < N; i++) {
        o[i] = (struct opening){.url = database.url};
        assert_int_equal(pthread_create(&threads[i], NULL, open_store, &o[i]), 0);
    }
    for (int i = 0; i < N; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < N; i++) {
        if (o[i].rc) fail_msg("%s", o[i].e.message);
        store_close(o[i].s);
    }
    assert_int_equal(number(database.url, "SELECT COUNT(*) - MAX(version) FROM schema_migrations"), 0);
    test_database_remove(&database);
}

// ---- giving way ---------------------------------------------------------------------------------------------------

struct turn {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool go;
    int first_ran, second_ran;
    int first_rc, second_rc;
};

static int first_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct turn *t = ctx;
    char text[] = "UPDATE settings SET value = 'ours' WHERE name = 'b'";
    pthread_mutex_lock(&t->lock);
    t->first_ran++;
    while (!t->go) pthread_cond_wait(&t->wake, &t->lock); // until the second is in the queue: both share a commit
    pthread_mutex_unlock(&t->lock);
    return run_text(tx, text, e);
}

static int second_tx(struct store_tx *tx, void *ctx, struct err *e)
{
    struct turn *t = ctx;
    char text[] = "UPDATE settings SET value = value || ', ours' WHERE name = 'a'";
    t->second_ran++;
    return run_text(tx, text, e);
}

static void first_done(void *ctx, int rc, const struct err *e)
{
    (void)e;
    ((struct turn *)ctx)->first_rc = rc;
}

static void second_done(void *ctx, int rc, const struct err *e)
{
    (void)e;
    ((struct turn *)ctx)->second_rc = rc;
}

static void what_gives_way_in_a_deadlock_runs_again(void **state)
{
    (void)state;
    struct temp_store t;
    struct turn turn = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .first_rc = 1};
    temp_store_init(&t);
    postgres_do(t.url, "INSERT INTO settings VALUES ('a', 'before'), ('b', 'before')");
    // Another program, patient enough to be never the one that notices.
    PGconn *other = PQconnectdb(t.url);
    PQclear(PQexec(other, "SET deadlock_timeout = '60s'"));
    PQclear(PQexec(other, "BEGIN"));
    PQclear(PQexec(other, "UPDATE settings SET value = 'theirs' WHERE name = 'a'"));
    store_write(t.s, first_tx, first_done, &turn);
    store_write(t.s, second_tx, second_done, &turn);
    pthread_mutex_lock(&turn.lock);
    turn.go = true;
    pthread_cond_signal(&turn.wake);
    pthread_mutex_unlock(&turn.lock);
    // It wants what the first has once the second waits for what it has. Locks are the whole server's, and other tests
    // use it too.
    const char *waiting = "SELECT COUNT(*) FROM pg_locks AS l JOIN pg_stat_activity AS s USING (pid)"
                          " WHERE NOT l.granted AND l.locktype = 'transactionid' AND s.datname = current_database()";
    while (number(t.url, waiting) == 0) sched_yield();
    PGresult *r = PQexec(other, "UPDATE settings SET value = 'theirs' WHERE name = 'b'");
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    store_close(t.s);
    assert_int_equal(turn.first_rc, 0);
    assert_int_equal(turn.second_rc, 0);
    assert_int_equal(turn.first_ran, 1);
    assert_true(turn.second_ran >= 2);
    char *a = postgres_ask(t.url, "SELECT value FROM settings WHERE name = 'a'");
    assert_string_equal(a, "theirs, ours");
    free(a);
    test_database_remove(&t.database);
}

// ---- away and back ------------------------------------------------------------------------------------------------

static void while_the_server_is_away_all_fails_at_once_and_then_goes_on(void **state)
{
    (void)state;
    struct test_database database;
    struct door door;
    struct store *s;
    struct err e = {0};
    char before[] = "INSERT INTO settings VALUES ('before', 'x')",
         during[] = "INSERT INTO settings VALUES ('during', 'x')",
         after[] = "INSERT INTO settings VALUES ('after', 'x')";
    test_database_make(&database);
    door_make(&door, &database);
    if (store_open(&s, database.url, &e) != 0) fail_msg("%s", e.message);
    assert_int_equal(store_write_wait(s, run_text, before, &e), 0);
    assert_int_equal(store_read_wait(s, nothing, NULL, &e), 0);
    door_shut(&door);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(store_write_wait(s, run_text, during, &e), HW_EUNAVAILABLE);
        assert_non_null(strstr(e.message, "the database is away"));
    }
    // A reader whose connection has just answered believes in it once more.
    (void)store_read_wait(s, run_text, (char[]){"SELECT 1"}, &e);
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_read_wait(s, run_text, (char[]){"SELECT 1"}, &e), HW_EUNAVAILABLE);
    door_open(&door);
    int rc;
    while ((rc = store_write_wait(s, run_text, after, &e)) == HW_EUNAVAILABLE) sched_yield();
    assert_int_equal(rc, 0);
    assert_int_equal(store_read_wait(s, run_text, (char[]){"SELECT 1"}, &e), 0);
    store_close(s);
    char *names = postgres_ask(database.url, "SELECT string_agg(name, ' ' ORDER BY name) FROM settings");
    assert_string_equal(names, "after before");
    free(names);
    test_database_remove(&database);
    door_remove(&door);
}

static void a_server_that_is_away_or_a_stranger_is_said_when_opening(void **state)
{
    (void)state;
    struct store *s;
    struct err e = {0};
    char url[320];
    assert_int_equal(store_open(&s, "postgresql://postgres@/postgres?host=/no/such/folder", &e), HW_EUNAVAILABLE);
    assert_non_null(strstr(e.message, "/no/such/folder"));
    assert_int_equal(store_open(&s, "postgresql://user:secret@[::1/x", &e), HW_EINVALID);
    assert_null(strstr(e.message, "secret"));
    assert_int_equal(store_open(&s, "postgresql://x/?nonsense=1", &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "nonsense"));
    // Not what a password may be part of.
    snprintf(url, sizeof url, "mysql://user:secret@host/x");
    assert_int_equal(store_open(&s, url, &e), HW_EINVALID);
    assert_null(strstr(e.message, "secret"));
}

int main(void)
{
    alarm(300); // the end of a wait for something that doesn't happen
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_renamed_outside_of_quotes),
        cmocka_unit_test(values_of_every_type_come_back),
        cmocka_unit_test(a_statement_nobody_waited_for_fails_its_own_function),
        cmocka_unit_test(reads_run_at_the_same_time_on_connections_of_their_own),
        cmocka_unit_test(servers_that_start_at_once_migrate_once),
        cmocka_unit_test(what_gives_way_in_a_deadlock_runs_again),
        cmocka_unit_test(while_the_server_is_away_all_fails_at_once_and_then_goes_on),
        cmocka_unit_test(a_server_that_is_away_or_a_stranger_is_said_when_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
