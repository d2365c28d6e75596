// A real database of its own, for the tests of the store.
#ifndef HW_TESTS_TEMP_STORE_H
#define HW_TESTS_TEMP_STORE_H

#include "test_database.h"

#include "store/store.h"

struct temp_store {
    struct test_database database;
    char dir[256], url[320]; // the database's
    struct store *s;
};

static inline void temp_store_open(struct temp_store *t)
{
    struct err e = {0};
    if (store_open(&t->s, t->url, &e) != 0) fail_msg("%s", e.message);
}

static inline void temp_store_init(struct temp_store *t)
{
    test_database_make(&t->database);
    memcpy(t->dir, t->database.dir, sizeof t->dir);
    memcpy(t->url, t->database.url, sizeof t->url);
    temp_store_open(t);
}

static inline void temp_store_release(struct temp_store *t)
{
    store_close(t->s);
    test_database_remove(&t->database);
}

#endif
