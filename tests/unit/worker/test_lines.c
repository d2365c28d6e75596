// A byte stream cut into lines, and events gathered into batches.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "worker/batches.h"
#include "worker/lines.h"

struct got {
    struct buf text; // lines, each with '|' after it; '+' after a piece
    size_t longest;
};

static void take(void *ctx, struct slice line, bool whole)
{
    struct got *g = ctx;
    buf_add_slice(&g->text, line);
    buf_add_char(&g->text, whole ? '|' : '+');
    if (line.n > g->longest) g->longest = line.n;
}

// Feeds `text` in pieces of `step` bytes.
static void cut(const char *text, size_t max, size_t step, struct got *g)
{
    struct lines l;
    size_t n = strlen(text);
    *g = (struct got){0};
    lines_init(&l, max);
    for (size_t at = 0; at < n; at += step) lines_feed(&l, slice_of(text + at, n - at < step ? n - at : step), take, g);
    lines_finish(&l, take, g);
    lines_finish(&l, take, g); // nothing twice
    lines_release(&l);
}

static void any_pieces_give_the_same_lines(void **state)
{
    (void)state;
    static const char text[] = "one\r\n\ntwo\nthree \r inside\r\n\r\nlast";
    for (size_t step = 1; step <= sizeof text; step++) {
        struct got g;
        cut(text, 100, step, &g);
        assert_string_equal(buf_cstr(&g.text), "one||two|three \r inside||last|");
        buf_release(&g.text);
    }
}

static void a_line_that_is_too_long_comes_in_pieces_marked_as_such(void **state)
{
    (void)state;
    for (size_t step = 1; step < 12; step++) {
        struct got g;
        cut("abcdefghij\nxy\n", 4, step, &g);
        assert_true(g.longest <= 4);
        assert_null(strstr(buf_cstr(&g.text), "||"));
        assert_non_null(strstr(buf_cstr(&g.text), "+xy|"));
        size_t letters = 0;
        for (size_t i = 0; i < g.text.n; i++) letters += g.text.p[i] >= 'a' && g.text.p[i] <= 'z';
        assert_int_equal(letters, 12);
        buf_release(&g.text);
    }
    struct got g;
    cut("abcd\nefgh\n", 4, 3, &g); // exactly the limit is whole
    assert_string_equal(buf_cstr(&g.text), "abcd|efgh|");
    buf_release(&g.text);
}

static void nothing_gives_no_line(void **state)
{
    (void)state;
    struct got g;
    cut("", 4, 1, &g);
    assert_int_equal(g.text.n, 0);
    cut("a\n", 4, 1, &g);
    assert_string_equal(buf_cstr(&g.text), "a|");
    buf_release(&g.text);
}

static void batches_keep_the_order_and_stay_below_what_the_server_takes(void **state)
{
    (void)state;
    struct batches b = BATCHES_INIT;
    enum { MANY = 3000 };
    assert_true(batches_empty(&b));
    for (int i = 0; i < MANY; i++) {
        struct buf *to = batches_next(&b);
        buf_addf(to, "{\"n\":%d,\"x\":\"%*s\"}", i, i % 1000 == 7 ? 1 << 20 : 2000, "");
    }
    assert_true(batches_large(&b));
    struct buf one;
    int next = 0, batches = 0;
    for (size_t before = batches_bytes(&b); batches_take(&b, &one); before = batches_bytes(&b)) {
        assert_int_equal(batches_bytes(&b), before - one.n);
        assert_true(one.n < (2 << 20));
        struct buf text = BUF_INIT;
        buf_addf(&text, "[%.*s]", SLICE_FMT(buf_slice(&one)));
        json_t *a = json_read(buf_slice(&text), NULL);
        assert_non_null(a);
        for (size_t i = 0; i < json_array_size(a); i++)
            assert_int_equal(json_integer_value(json_object_get(json_array_get(a, i), "n")), next++);
        json_decref(a);
        buf_release(&text);
        buf_release(&one);
        batches++;
    }
    assert_int_equal(next, MANY);
    assert_true(batches > 5);
    assert_true(batches_empty(&b));
    buf_add_str(batches_next(&b), "1");
    buf_add_str(batches_next(&b), "2");
    batches_clear(&b);
    assert_false(batches_take(&b, &one));
    batches_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_same_lines),
        cmocka_unit_test(a_line_that_is_too_long_comes_in_pieces_marked_as_such),
        cmocka_unit_test(nothing_gives_no_line),
        cmocka_unit_test(batches_keep_the_order_and_stay_below_what_the_server_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
