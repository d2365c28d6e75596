// The hash map, against a plain array that holds the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"

static void what_was_put_is_got(void **state)
{
    (void)state;
    struct map m;
    int a, b;
    map_init(&m);
    assert_null(map_get(&m, SLICE_LIT("x")));
    assert_null(map_remove(&m, SLICE_LIT("x")));
    assert_null(map_put(&m, SLICE_LIT("x"), &a));
    assert_ptr_equal(map_get(&m, SLICE_LIT("x")), &a);
    assert_ptr_equal(map_put(&m, SLICE_LIT("x"), &b), &a);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_remove(&m, SLICE_LIT("x")), &b);
    assert_null(map_get(&m, SLICE_LIT("x")));
    assert_int_equal(m.count, 0);
    map_release(&m);
    map_release(&m);
}

static void keys_are_bytes_of_any_kind(void **state)
{
    (void)state;
    struct map m;
    int a, b, c, d;
    map_init(&m);
    map_put(&m, slice_of(NULL, 0), &a);
    map_put(&m, SLICE_LIT("k\0a"), &b);
    map_put(&m, SLICE_LIT("k\0b"), &c);
    map_put(&m, SLICE_LIT("k"), &d);
    assert_ptr_equal(map_get(&m, SLICE_LIT("")), &a);
    assert_ptr_equal(map_get(&m, SLICE_LIT("k\0a")), &b);
    assert_ptr_equal(map_get(&m, SLICE_LIT("k\0b")), &c);
    assert_ptr_equal(map_get(&m, SLICE_LIT("k")), &d);
    map_release(&m);
}

static void agrees_with_an_array_under_any_sequence(void **state)
{
    (void)state;
    enum { KEYS = 200 };
    static char values[KEYS];
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct map m;
        void *model[KEYS] = {0};
        uint64_t r = seed;
        map_init(&m);
        for (int step = 0; step < 2000; step++) {
            r = r * 6364136223846793005ULL + 1442695040888963407ULL;
            size_t k = (r >> 33) % KEYS;
            char name[24];
            snprintf(name, sizeof name, "key-%zu-%s", k, k % 3 ? "" : "longer-than-8");
            struct slice key = slice_str(name);
            void *value = &values[(r >> 20) % KEYS];
            if ((r >> 60) % 3 == 0) {
                assert_ptr_equal(map_remove(&m, key), model[k]);
                model[k] = NULL;
            } else {
                assert_ptr_equal(map_put(&m, key, value), model[k]);
                model[k] = value;
            }
            assert_ptr_equal(map_get(&m, key), model[k]);
        }
        size_t live = 0, seen = 0, at = 0;
        for (size_t k = 0; k < KEYS; k++) live += model[k] != NULL;
        for (struct map_entry *it; (it = map_next(&m, &at));) {
            assert_ptr_equal(model[strtoul(it->key + 4, NULL, 10)], it->value);
            seen++;
        }
        assert_int_equal(seen, live);
        assert_int_equal(m.count, live);
        map_release(&m);
    }
}

static void names_that_come_and_go_do_not_make_it_grow(void **state)
{
    (void)state;
    struct map m;
    int v;
    map_init(&m);
    for (int i = 0; i < 100000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        map_put(&m, slice_str(name), &v);
        map_remove(&m, slice_str(name));
    }
    assert_true(m.cap <= 16);
    map_release(&m);
}

static void removing_during_a_walk_is_allowed(void **state)
{
    (void)state;
    struct map m;
    int v;
    map_init(&m);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        map_put(&m, slice_str(name), &v);
    }
    size_t at = 0, seen = 0;
    for (struct map_entry *it; (it = map_next(&m, &at)); seen++) map_remove(&m, slice_of(it->key, it->key_len));
    assert_int_equal(seen, 100);
    assert_int_equal(m.count, 0);
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got),
        cmocka_unit_test(keys_are_bytes_of_any_kind),
        cmocka_unit_test(agrees_with_an_array_under_any_sequence),
        cmocka_unit_test(names_that_come_and_go_do_not_make_it_grow),
        cmocka_unit_test(removing_during_a_walk_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
