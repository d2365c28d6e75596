// The scanner: where members lie, what is no JSON, and the same verdict as the parser that builds values.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_scan.h"

static int scan(struct slice text, struct err *e)
{
    struct json_scan s;
    struct json_member m;
    json_scan_object(&s, text);
    int rc;
    do rc = json_scan_member(&s, &m, e);
    while (rc == 1);
    return rc;
}

static void members_lie_where_they_are_written(void **state)
{
    (void)state;
    struct slice text = SLICE_LIT(" {\"a\":1.5e3 , \"b\\u0041\":{\"c\":[ 1,\"] }\"]},\"d\":\"\\\"\" } \n");
    struct json_scan s;
    struct json_member m;
    struct err e = {0};
    json_scan_object(&s, text);
    assert_int_equal(json_scan_member(&s, &m, &e), 1);
    assert_true(slice_is(m.name, "a") && slice_is(m.value, "1.5e3") && !m.escaped && !m.spaced);
    assert_int_equal(json_scan_member(&s, &m, &e), 1);
    assert_true(slice_is(m.name, "b\\u0041") && m.escaped && m.spaced);
    assert_true(slice_is(m.value, "{\"c\":[ 1,\"] }\"]}"));
    assert_int_equal(json_scan_member(&s, &m, &e), 1);
    assert_true(slice_is(m.name, "d") && slice_is(m.value, "\"\\\"\""));
    assert_int_equal(json_scan_member(&s, &m, &e), 0);
}

static void values_are_gone_into_where_they_lie(void **state)
{
    (void)state;
    struct json_scan s, list, inner;
    struct json_member m;
    struct err e = {0};
    json_scan_object(&s, SLICE_LIT("{\"a\":[ 1 , {\"b\":2} ,[]],\"c\":3} "));
    assert_int_equal(json_scan_name(&s, &m, &e), 1);
    assert_true(slice_is(m.name, "a"));
    json_scan_into(&s, &list);
    assert_int_equal(json_scan_item(&list, &e), 1);
    assert_int_equal(json_scan_value(&list, &m, &e), 0);
    assert_true(slice_is(m.value, "1"));
    assert_int_equal(json_scan_item(&list, &e), 1);
    json_scan_into(&list, &inner);
    assert_int_equal(json_scan_member(&inner, &m, &e), 1);
    assert_true(slice_is(m.name, "b") && slice_is(m.value, "2"));
    assert_int_equal(json_scan_member(&inner, &m, &e), 0);
    json_scan_back(&list, &inner);
    assert_int_equal(json_scan_item(&list, &e), 1);
    json_scan_into(&list, &inner);
    assert_int_equal(json_scan_item(&inner, &e), 0);
    json_scan_back(&list, &inner);
    assert_int_equal(json_scan_item(&list, &e), 0);
    json_scan_back(&s, &list);
    assert_int_equal(json_scan_member(&s, &m, &e), 1);
    assert_true(slice_is(m.name, "c") && slice_is(m.value, "3"));
    assert_int_equal(json_scan_member(&s, &m, &e), 0);
}

static void steps_name_mistakes_too(void **state)
{
    (void)state;
    struct json_scan s, list;
    struct json_member m;
    struct err e = {0};
    json_scan_object(&s, SLICE_LIT("{\"a\":[1 2]}"));
    assert_int_equal(json_scan_name(&s, &m, &e), 1);
    json_scan_into(&s, &list);
    assert_int_equal(json_scan_item(&list, &e), 1);
    assert_int_equal(json_scan_value(&list, &m, &e), 0);
    assert_int_equal(json_scan_item(&list, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "a comma or the array's end is wanted (column 9)"));
    json_scan_object(&s, SLICE_LIT("{\"a\":{}}"));
    assert_int_equal(json_scan_name(&s, &m, &e), 1);
    json_scan_into(&s, &list);
    assert_int_equal(json_scan_item(&list, &e), HW_EINVALID);
    assert_non_null(strstr(e.message, "an array is wanted"));
}

static void empty_objects_have_no_member(void **state)
{
    (void)state;
    assert_int_equal(scan(SLICE_LIT("{}"), NULL), 0);
    assert_int_equal(scan(SLICE_LIT(" { } "), NULL), 0);
}

static void mistakes_are_named_with_their_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "an object is wanted (column 1)"},
        {"[1]", "an object is wanted"},
        {"{", "a member's name is wanted (column 2)"},
        {"{\"a\":1,}", "a member's name is wanted (column 8)"},
        {"{\"a\" 1}", "a colon is wanted"},
        {"{\"a\":}", "not a value"},
        {"{\"a\":01}", "may not begin with 0"},
        {"{\"a\":-}", "lacks a digit"},
        {"{\"a\":1.}", "lacks a digit"},
        {"{\"a\":1e}", "lacks a digit"},
        {"{\"a\":tru}", "not a value"},
        {"{\"a\":NaN}", "not a value"},
        {"{\"a\":[1 2]}", "a comma is wanted"},
        {"{\"a\":[1,]}", "not a value"},
        {"{\"a\":{\"b\":1,}}", "a member's name is wanted"},
        {"{\"a\":[}}", "not a value"},
        {"{\"a\":1 \"b\":2}", "a comma or the object's end is wanted"},
        {"{\"a\":1} x", "more follows the object (column 9)"},
        {"{\"a\":\"x", "a string doesn't end"},
        {"{\"a\":\"\n\"}", "control character"},
        {"{\"a\":\"\\x\"}", "no such escape"},
        {"{\"a\":\"\\u12g4\"}", "four hexadecimal digits"},
        {"{\"a\":\"\\u0000\"}", "U+0000"},
        {"{\"a\":\"\\ud800\"}", "half of a surrogate pair"},
        {"{\"a\":\"\\udc00\\ud800\"}", "half of a surrogate pair"},
        {"{\"a\":\"\xc3\"}", "not UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"},
        {"{\"a\":[", "the text ends"},
        {"{\"a\":[1", "the text ends"},
        {"{\"a\":1", "a comma or the object's end is wanted"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        if (scan(slice_str(bad[i].text), &e) != HW_EINVALID) fail_msg("taken: %s", bad[i].text);
        if (!strstr(e.message, bad[i].says)) fail_msg("%s: %s", bad[i].text, e.message);
    }
}

static void nesting_ends_at_the_stated_depth(void **state)
{
    (void)state;
    for (int depth = JSON_SCAN_DEPTH - 1; depth <= JSON_SCAN_DEPTH + 1; depth++) {
        struct buf b = BUF_INIT;
        buf_add_str(&b, "{\"a\":");
        for (int i = 1; i < depth; i++) buf_add_char(&b, '[');
        for (int i = 1; i < depth; i++) buf_add_char(&b, ']');
        buf_add_char(&b, '}');
        assert_int_equal(scan(buf_slice(&b), NULL), depth <= JSON_SCAN_DEPTH ? 0 : HW_EINVALID);
        buf_release(&b);
    }
}

static void escapes_are_what_they_stand_for(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    json_unescape(SLICE_LIT("a\\/\\\"\\\\\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00z"), &b);
    assert_string_equal(buf_cstr(&b), "a/\"\\\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80z");
    buf_release(&b);
}

static void white_space_is_left_out_but_in_strings(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    json_add_compact(&b, SLICE_LIT("{ \"a b\" : [ 1 ,\n\"\\\" x\" ] }"));
    assert_string_equal(buf_cstr(&b), "{\"a b\":[1,\"\\\" x\"]}");
    buf_release(&b);
}

// Texts near to JSON: pieces of it in any order. Of those that the parser takes the scanner takes each, and no other.
static void its_verdict_is_the_parsers(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{",      "}",      "[",      "]",  ",",           ":",    "\"a\"",
                                         "\"b\"",  "1",      "-0.5e2", " ",  "true",        "null", "\"\\n\"",
                                         "\"a\":", "\"\"",   "0",      "\\", "\"\\u00e9\"", "{}",   "[]",
                                         "\x80",   "\"c\":", "false",  "\n", "\"d\":",      "}}"};
    uint32_t seed = 12345;
    int taken = 0;
    for (int i = 0; i < 200000; i++) {
        struct buf b = BUF_INIT;
        buf_add_str(&b, "{\"a\":");
        seed = seed * 1664525u + 1013904223u;
        for (uint32_t n = 1 + (seed >> 24) % 7; n; n--) {
            seed = seed * 1664525u + 1013904223u;
            buf_add_str(&b, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        buf_add_char(&b, '}');
        json_error_t je;
        json_t *v = json_loadb(b.p, b.n, 0, &je);
        int rc = scan(buf_slice(&b), NULL);
        if ((v != NULL) != (rc == 0)) fail_msg("%s: parser %d, scanner %d", buf_cstr(&b), v != NULL, rc);
        taken += rc == 0;
        json_decref(v);
        buf_release(&b);
    }
    assert_true(taken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_lie_where_they_are_written),
        cmocka_unit_test(values_are_gone_into_where_they_lie),
        cmocka_unit_test(steps_name_mistakes_too),
        cmocka_unit_test(empty_objects_have_no_member),
        cmocka_unit_test(mistakes_are_named_with_their_column),
        cmocka_unit_test(nesting_ends_at_the_stated_depth),
        cmocka_unit_test(escapes_are_what_they_stand_for),
        cmocka_unit_test(white_space_is_left_out_but_in_strings),
        cmocka_unit_test(its_verdict_is_the_parsers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
