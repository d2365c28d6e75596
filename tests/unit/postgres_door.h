// A way to the tests' PostgreSQL server that can be shut: a folder with a link to its socket. Shut, the server is away
// as far as whoever uses this way is concerned, whose connections are ended.
#ifndef HW_TESTS_POSTGRES_DOOR_H
#define HW_TESTS_POSTGRES_DOOR_H

#include "test_database.h"

struct door {
    char dir[64], link[96], socket[320];
};

static inline void door_open(struct door *d)
{
    assert_int_equal(symlink(d->socket, d->link), 0);
}

static inline void door_shut(struct door *d)
{
    char url[320];
    assert_int_equal(unlink(d->link), 0);
    postgres_url(NULL, url);
    postgres_do(url,
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE application_name = 'headway'");
}

// Open; `database`'s URL leads through it.
static inline void door_make(struct door *d, struct test_database *database)
{
    snprintf(d->dir, sizeof d->dir, "/tmp/headway-door-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->link, sizeof d->link, "%s/.s.PGSQL.5432", d->dir);
    snprintf(d->socket, sizeof d->socket, "%s/.s.PGSQL.5432", test_postgres());
    door_open(d);
    snprintf(database->url, sizeof database->url, "postgresql://postgres@/postgres?host=%s&options=-csearch_path%%3D%s",
             d->dir, database->name);
}

static inline void door_remove(struct door *d)
{
    assert_int_equal(file_remove_tree(d->dir, NULL), 0);
}

#endif
