// A tap never holds its writer up: what isn't taken in time is counted, and the last of it kept.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include "run/tap.h"

static uint64_t wakes(int fd)
{
    uint64_t n = 0;
    return read(fd, &n, sizeof n) == sizeof n ? n : 0;
}

static void what_is_put_is_taken_whole_and_wakes_once(void **state)
{
    (void)state;
    struct tap t;
    struct tap_piece p = {0};
    int fd = eventfd(0, EFD_NONBLOCK);
    tap_init(&t, fd);
    assert_false(tap_take(&t, &p));
    tap_put(&t, SLICE_LIT("one "));
    tap_put(&t, SLICE_LIT("two"));
    assert_int_equal(wakes(fd), 1); // the reader is awake from the first on
    assert_true(tap_take(&t, &p));
    assert_true(slice_is(buf_slice(&p.bytes), "one two"));
    assert_int_equal(p.left_out, 0);
    assert_int_equal(p.tail.n, 0);
    assert_false(tap_take(&t, &p));
    tap_put(&t, SLICE_LIT("three"));
    assert_int_equal(wakes(fd), 1);
    assert_true(tap_take(&t, &p));
    assert_true(slice_is(buf_slice(&p.bytes), "three"));
    tap_piece_release(&p);
    tap_release(&t);
    close(fd);
}

static void of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_is_counted(void **state)
{
    (void)state;
    enum { LINE = 100, LINES = 100000 };
    struct tap t;
    struct tap_piece p = {0};
    int fd = eventfd(0, EFD_NONBLOCK);
    char line[LINE + 1];
    tap_init(&t, fd);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%0*d\n", LINE - 1, i);
        tap_put(&t, slice_of(line, LINE));
    }
    assert_true(tap_take(&t, &p));
    assert_true(p.bytes.n <= TAP_BYTES && p.bytes.n > TAP_BYTES - LINE);
    assert_true(p.tail.n >= TAP_TAIL_BYTES - LINE && p.tail.n <= 2 * TAP_TAIL_BYTES);
    assert_int_equal(p.bytes.n + p.left_out + p.tail.n, LINE * LINES);
    assert_memory_equal(p.tail.p + p.tail.n - LINE, line, LINE);
    // And then it goes on as before.
    tap_put(&t, SLICE_LIT("after"));
    assert_true(tap_take(&t, &p));
    assert_true(slice_is(buf_slice(&p.bytes), "after"));
    assert_int_equal(p.left_out, 0);
    tap_piece_release(&p);
    tap_release(&t);
    close(fd);
}

static void one_piece_larger_than_all_of_it(void **state)
{
    (void)state;
    enum { SIZE = TAP_BYTES * 3 };
    struct tap t;
    struct tap_piece p = {0};
    int fd = eventfd(0, EFD_NONBLOCK);
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    memset(bytes, 'x', SIZE);
    bytes[SIZE - 1] = 'y';
    tap_init(&t, fd);
    tap_put(&t, slice_of(bytes, SIZE));
    assert_int_equal(wakes(fd), 1);
    assert_true(tap_take(&t, &p));
    assert_int_equal(p.bytes.n, 0);
    assert_int_equal(p.tail.n, TAP_TAIL_BYTES);
    assert_int_equal(p.tail.p[p.tail.n - 1], 'y');
    assert_int_equal(p.left_out, SIZE - TAP_TAIL_BYTES);
    tap_piece_release(&p);
    tap_release(&t);
    close(fd);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_taken_whole_and_wakes_once),
        cmocka_unit_test(of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_is_counted),
        cmocka_unit_test(one_piece_larger_than_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
