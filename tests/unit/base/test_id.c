// Identifiers: their alphabet, their length, and that they do not come twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/id.h"
#include "base/map.h"

static void ids_have_their_prefix_and_alphabet(void **state)
{
    (void)state;
    char id[ID_SIZE];
    id_new("job", id);
    assert_int_equal(strlen(id), 19);
    assert_memory_equal(id, "job_", 4);
    assert_int_equal(strspn(id + 4, "0123456789abcdefghjkmnpqrstvwxyz"), 15);
    id_new("longest-prefix", id); // cut to 7
    assert_int_equal(strlen(id), ID_SIZE - 1);
    assert_memory_equal(id, "longest_", 8);
}

static void tokens_have_the_length_asked_for(void **state)
{
    (void)state;
    char token[65];
    for (size_t n = 0; n <= 64; n++) {
        memset(token, 'x', sizeof token);
        id_token(token, n);
        assert_int_equal(strlen(token), n);
        assert_int_equal(strspn(token, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"), n);
    }
}

static void no_id_comes_twice(void **state)
{
    (void)state;
    struct map seen;
    map_init(&seen);
    for (int i = 0; i < 20000; i++) {
        char id[ID_SIZE];
        id_new("x", id);
        assert_null(map_put(&seen, slice_str(id), &seen));
    }
    map_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_their_prefix_and_alphabet),
        cmocka_unit_test(tokens_have_the_length_asked_for),
        cmocka_unit_test(no_id_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
