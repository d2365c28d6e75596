// PostgreSQL's binary COPY format: what is put in comes out, and what isn't it is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/copy_format.h"

static const enum copy_type types[] = {COPY_I32, COPY_I64, COPY_F64, COPY_BYTES};

static void put_example(struct buf *b)
{
    const struct copy_value rows[2][4] = {
        {{.i64 = -7}, {.i64 = INT64_MIN}, {.f64 = -0.0}, {.bytes = SLICE_LIT("a\0b")}},
        {{.null = true}, {.null = true}, {.f64 = (double)INFINITY}, {.bytes = SLICE_LIT("")}},
    };
    copy_put_header(b);
    for (int k = 0; k < 2; k++) {
        copy_put_row(b, 4);
        for (int i = 0; i < 4; i++) copy_put_value(b, types[i], &rows[k][i]);
    }
    copy_put_end(b);
}

static void what_is_put_in_comes_out(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct copy_value v[4];
    put_example(&b);
    struct slice in = buf_slice(&b);
    assert_int_equal(copy_take_header(&in, NULL), 0);
    assert_int_equal(copy_take_row(&in, types, 4, v, NULL), 1);
    assert_true(v[0].i64 == -7 && v[1].i64 == INT64_MIN && v[2].f64 == 0 && signbit(v[2].f64));
    assert_true(slice_eq(v[3].bytes, SLICE_LIT("a\0b")));
    assert_int_equal(copy_take_row(&in, types, 4, v, NULL), 1);
    assert_true(v[0].null && v[1].null && !v[2].null && isinf(v[2].f64) && !v[3].null && v[3].bytes.n == 0);
    assert_int_equal(copy_take_row(&in, types, 4, v, NULL), 0);
    assert_int_equal(in.n, 0);
    buf_release(&b);
}

// As the manual has it: signature, flags, extension; then a row's count of columns, and each with its length.
static void the_bytes_are_those_of_the_manual(void **state)
{
    (void)state;
    static const char wanted[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
                                 "\0\2\0\0\0\4\0\0\1\2\377\377\377\377"
                                 "\377\377";
    const struct copy_value number = {.i64 = 258}, nothing = {.null = true};
    struct buf b = BUF_INIT;
    copy_put_header(&b);
    copy_put_row(&b, 2);
    copy_put_value(&b, COPY_I32, &number);
    copy_put_value(&b, COPY_BYTES, &nothing);
    copy_put_end(&b);
    assert_int_equal(b.n, sizeof wanted - 1);
    assert_memory_equal(b.p, wanted, b.n);
    buf_release(&b);
}

static void what_was_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    put_example(&b);
    for (size_t n = 0; n < b.n; n++) {
        struct copy_value v[4];
        char *cut = memcpy(malloc(n ? n : 1), b.p, n); // of its own, so that a look beyond it is noticed
        struct slice in = slice_of(cut, n);
        struct err e = {0};
        int rc = copy_take_header(&in, &e);
        while (!rc && (rc = copy_take_row(&in, types, 4, v, &e)) == 1) rc = 0;
        assert_int_equal(rc, HW_EPROTOCOL);
        assert_non_null(strstr(e.message, "can't be understood"));
        free(cut);
    }
    buf_release(&b);
}

static void other_columns_than_expected_are_refused(void **state)
{
    (void)state;
    static const enum copy_type other[] = {COPY_I64, COPY_I64, COPY_F64, COPY_BYTES};
    struct buf b = BUF_INIT;
    struct copy_value v[4];
    put_example(&b);
    struct slice in = buf_slice(&b), again;
    assert_int_equal(copy_take_header(&in, NULL), 0);
    again = in;
    assert_int_equal(copy_take_row(&in, other, 4, v, NULL), HW_EPROTOCOL);
    assert_int_equal(copy_take_row(&again, types, 3, v, NULL), HW_EPROTOCOL);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_comes_out),
        cmocka_unit_test(the_bytes_are_those_of_the_manual),
        cmocka_unit_test(what_was_cut_off_anywhere_is_refused),
        cmocka_unit_test(other_columns_than_expected_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
