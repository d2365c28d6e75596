// A database for one test: an SQLite file in a folder of its own or, where HEADWAY_TEST_POSTGRES names the folder of a
// private server's socket (scripts/private-postgres.sh), a schema of its own there, which is made and dropped ten times
// faster than a database. scripts/run-unit.sh runs the tests of the store and of the queue with each.
#ifndef HW_TESTS_TEST_DATABASE_H
#define HW_TESTS_TEST_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <unistd.h>

#include "base/file.h"

struct test_database {
    char dir[256]; // the test's own, with the SQLite file
    char url[320];
    char name[64]; // of the schema
};

static inline const char *test_postgres(void)
{
    const char *folder = getenv("HEADWAY_TEST_POSTGRES");
    return folder && *folder ? folder : NULL;
}

static inline bool on_postgres(void)
{
    return test_postgres() != NULL;
}

static inline void postgres_says_nothing(void *ctx, const PGresult *r)
{
    (void)ctx, (void)r;
}

// For statements that the store doesn't make; each in a transaction of its own. The first value, or "" (heap).
static inline char *postgres_ask(const char *url, const char *sql)
{
    PGconn *h = PQconnectdb(url);
    PQsetNoticeReceiver(h, postgres_says_nothing, NULL);
    PGresult *r = PQexec(h, sql);
    ExecStatusType status = PQresultStatus(r);
    char *value = strdup(PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    char why[256];
    snprintf(why, sizeof why, "%s", PQerrorMessage(h));
    PQclear(r);
    PQfinish(h);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail_msg("%s: %s", sql, why);
    return value;
}

static inline void postgres_do(const char *url, const char *sql)
{
    free(postgres_ask(url, sql));
}

// `schema` NULL: the server's first database as it is.
static inline void postgres_url(const char *schema, char url[320])
{
    snprintf(url, 320, "postgresql://postgres@/postgres?host=%s%s%s", test_postgres(),
             schema ? "&options=-csearch_path%3D" : "", schema ? schema : "");
}

static inline void test_database_make(struct test_database *d)
{
    static int made;
    const char *tmp = getenv("TMPDIR");
    *d = (struct test_database){0};
    snprintf(d->dir, sizeof d->dir, "%s/headway-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(d->dir));
    if (on_postgres()) {
        char url[320], sql[160];
        snprintf(d->name, sizeof d->name, "test_%d_%d", (int)getpid(), ++made);
        postgres_url(NULL, url);
        snprintf(sql, sizeof sql, "CREATE SCHEMA %s", d->name);
        postgres_do(url, sql);
        postgres_url(d->name, d->url);
        return;
    }
    snprintf(d->url, sizeof d->url, "sqlite:%s/headway.db", d->dir);
}

static inline void test_database_remove(struct test_database *d)
{
    if (d->name[0]) {
        char url[320], sql[160];
        postgres_url(NULL, url);
        snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", d->name);
        postgres_do(url, sql);
    }
    assert_int_equal(file_remove_tree(d->dir, NULL), 0);
}

#endif
