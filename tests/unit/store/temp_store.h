// A real database file in a folder of its own, for the tests of the store.
#ifndef HW_TESTS_TEMP_STORE_H
#define HW_TESTS_TEMP_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "store/store.h"

struct temp_store {
    char dir[256], url[320];
    struct store *s;
};

static inline void temp_store_open(struct temp_store *t)
{
    struct err e = {0};
    if (store_open(&t->s, t->url, &e) != 0) fail_msg("%s", e.message);
}

static inline void temp_store_init(struct temp_store *t)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(t->dir, sizeof t->dir, "%s/headway-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->url, sizeof t->url, "sqlite:%s/headway.db", t->dir);
    temp_store_open(t);
}

static inline void temp_store_release(struct temp_store *t)
{
    store_close(t->s);
    assert_int_equal(file_remove_tree(t->dir, NULL), 0);
}

#endif
