// JSON: errors that say where, typed access, and writing that reads back the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#include <math.h>

static json_t *must_read(const char *text)
{
    struct err e = {0};
    json_t *v = json_read(slice_str(text), &e);
    if (!v) fail_msg("%s: %s", text, e.message);
    return v;
}

static void malformed_texts_are_refused_with_their_position(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "{",           "{\"a\":1,}",        "[1 2]",       "{'a':1}", "nul",     "{\"a\":01}", "\"\x80\"",
        "1 2", "{\"a\":NaN}", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "1e999",   "[\"\n\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        if (json_read(slice_str(bad[i]), &e)) fail_msg("taken: %s", bad[i]);
        assert_int_equal(e.code, HW_EINVALID);
        assert_non_null(strstr(e.message, "line "));
    }
    struct err e = {0};
    assert_null(json_read(slice_of(NULL, 0), &e));
    assert_null(json_read(slice_str("{\n \"a\": x}"), &e));
    assert_non_null(strstr(e.message, "line 2"));
}

static void nesting_without_bound_is_refused(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    for (int i = 0; i < 100000; i++) buf_add_char(&b, '[');
    assert_null(json_read(buf_slice(&b), NULL));
    buf_release(&b);
}

static void an_object_is_an_object(void **state)
{
    (void)state;
    struct err e = {0};
    assert_null(json_read_object(SLICE_LIT("[1]"), &e));
    assert_string_equal(e.message, "a JSON object is wanted");
    json_t *o = json_read_object(SLICE_LIT("{}"), &e);
    assert_non_null(o);
    json_decref(o);
}

static void absent_and_null_give_the_default(void **state)
{
    (void)state;
    json_t *o = must_read("{\"n\":null}");
    const char *s;
    int64_t i;
    double d;
    bool b;
    static const char *const keys[] = {"n", "none"};
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(json_get_str(o, keys[k], "x", &s, NULL), 0);
        assert_string_equal(s, "x");
        assert_int_equal(json_get_i64(o, keys[k], 7, 0, 9, &i, NULL), 0);
        assert_int_equal(i, 7);
        assert_int_equal(json_get_f64(o, keys[k], 0.5, 0, 1, &d, NULL), 0);
        assert_true(d == 0.5);
        assert_int_equal(json_get_bool(o, keys[k], true, &b, NULL), 0);
        assert_true(b);
    }
    json_decref(o);
}

static void the_wrong_type_or_range_names_the_field(void **state)
{
    (void)state;
    json_t *o = must_read("{\"s\":1,\"i\":\"1\",\"half\":1.5,\"big\":10,\"d\":true,\"neg\":-1e300,\"b\":1}");
    struct err e = {0};
    const char *s;
    int64_t i;
    double d;
    bool b;
    assert_int_equal(json_get_str(o, "s", "def", &s, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "s");
    assert_string_equal(s, "def");
    assert_int_equal(json_get_i64(o, "i", 3, 0, 9, &i, &e), HW_EVALIDATION);
    assert_int_equal(json_get_i64(o, "half", 3, 0, 9, &i, &e), HW_EVALIDATION);
    assert_int_equal(i, 3);
    assert_int_equal(json_get_i64(o, "big", 3, 0, 9, &i, &e), HW_EVALIDATION);
    assert_string_equal(e.message, "big is 10; 0 to 9 is accepted");
    assert_int_equal(json_get_i64(o, "neg", 3, 0, 9, &i, &e), HW_EVALIDATION);
    assert_int_equal(json_get_f64(o, "d", 0, 0, 1, &d, &e), HW_EVALIDATION);
    assert_int_equal(json_get_f64(o, "neg", 0, 0, 1, &d, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "neg");
    assert_int_equal(json_get_bool(o, "b", false, &b, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "b");
    json_decref(o);
}

static void a_whole_real_is_an_integer(void **state)
{
    (void)state;
    json_t *o = must_read("{\"a\":1e6,\"b\":-3.0}");
    int64_t i;
    assert_int_equal(json_get_i64(o, "a", 0, 0, 1 << 30, &i, NULL), 0);
    assert_int_equal(i, 1000000);
    assert_int_equal(json_get_i64(o, "b", 0, -9, 9, &i, NULL), 0);
    assert_int_equal(i, -3);
    json_decref(o);
}

static void containers_put_their_own_commas(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "s", NULL);
    jw_key(&w, "a");
    jw_arr(&w);
    jw_i64(&w, INT64_MIN);
    jw_u64(&w, UINT64_MAX);
    jw_obj(&w);
    jw_obj_end(&w);
    jw_arr(&w);
    jw_arr_end(&w);
    jw_bool(&w, false);
    jw_arr_end(&w);
    jw_ktime(&w, "t0", 0);
    jw_ktime(&w, "t", 1500000);
    jw_kraw(&w, "r", SLICE_LIT("[1]"));
    jw_knull(&w, "n");
    jw_obj_end(&w);
    assert_string_equal(buf_cstr(&b),
                        "{\"s\":null,\"a\":[-9223372036854775808,18446744073709551615,{},[],false],\"t0\":null,"
                        "\"t\":\"1970-01-01T00:00:01.500Z\",\"r\":[1],\"n\":null}");
    buf_release(&b);
}

static void any_bytes_become_a_valid_string(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        char bytes[40];
        size_t n = (size_t)round % sizeof bytes;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            bytes[i] = (char)(seed >> 56);
            if (bytes[i] == 0) bytes[i] = 1; // U+0000 is the one that a reader refuses
        }
        struct buf b = BUF_INIT;
        struct jw w;
        struct err e = {0};
        jw_init(&w, &b);
        jw_slice(&w, slice_of(bytes, n));
        json_t *v = json_read(buf_slice(&b), &e);
        if (!v) fail_msg("%s: %s", buf_cstr(&b), e.message);
        json_decref(v);
        buf_release(&b);
    }
}

static void text_reads_back_as_it_was(void **state)
{
    (void)state;
    const char *text = "a\"b\\c\n\r\t\x01\x1f\x7f äöü \xf0\x9f\x98\x80 \xe2\x80\xa8";
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_str(&w, text);
    json_t *v = must_read(buf_cstr(&b));
    assert_string_equal(json_string_value(v), text);
    json_decref(v);
    buf_release(&b);
}

static void doubles_read_back_as_themselves(void **state)
{
    (void)state;
    static const double some[] = {0.0,   -0.0, 0.1,     1e-7, 3,      1e15, 123456789012345678.0,  5e-324,
                                  1e300, 0.3,  1.0 / 3, -2.5, 0.0198, 9e15, 1.7976931348623157e308};
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        double v;
        if (i < (int)(sizeof some / sizeof *some)) {
            v = some[i];
        } else {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            memcpy(&v, &seed, sizeof v);
            if (!isfinite(v)) continue;
        }
        struct buf b = BUF_INIT;
        json_add_f64(&b, v);
        double back = strtod(buf_cstr(&b), NULL);
        if (back != v) fail_msg("%.17g became %s", v, buf_cstr(&b));
        json_t *j = json_read(buf_slice(&b), NULL);
        if (!j) fail_msg("no JSON: %s", buf_cstr(&b));
        json_decref(j);
        buf_release(&b);
    }
}

static void numbers_are_short_and_what_is_none_is_null(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_arr(&w);
    jw_f64(&w, 0.1);
    jw_f64(&w, 3);
    jw_f64(&w, NAN);
    jw_f64(&w, INFINITY);
    jw_f32(&w, 0.1f);
    jw_f32(&w, NAN);
    jw_arr_end(&w);
    assert_string_equal(buf_cstr(&b), "[0.1,3,null,null,0.1,null]");
    buf_release(&b);
}

static void the_shortest_decimal_is_written(void **state)
{
    (void)state;
    static const char *const short_ones[] = {"0.2",    "0.30000000000000004",
                                             "1e-7",   "5e-324",
                                             "1e15",   "1e20",
                                             "0.001",  "1.5e-10",
                                             "1e300",  "0.1",
                                             "-2.5",   "123456789.5",
                                             "99.99",  "0.0001",
                                             "3.5e-8", "0",
                                             "100",    "2.2250738585072014e-308"};
    for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
        struct buf b = BUF_INIT;
        json_add_f64(&b, strtod(short_ones[i], NULL));
        assert_string_equal(buf_cstr(&b), short_ones[i]);
        json_t *v = json_real(strtod(short_ones[i], NULL));
        char *text = json_to_text(v);
        assert_string_equal(text, short_ones[i]);
        free(text);
        json_decref(v);
        buf_release(&b);
    }
}

// As the parser reads it, to the last bit: near halves as well, where rounding in two steps would err.
static void a_scanned_number_is_what_the_parser_reads(void **state)
{
    (void)state;
    static const char *const some[] = {"0",
                                       "-0",
                                       "-0.0",
                                       "0.1",
                                       "1e23",
                                       "8.5e22",
                                       "9007199254740993.0",
                                       "9007199254740992.5",
                                       "9007199254740993.00000000000000000000000000001",
                                       "0.500000000000000166533453693773481063544750213623046875",
                                       "1.7976931348623157e308",
                                       "2.2250738585072011e-308",
                                       "5e-324",
                                       "1e-400",
                                       "9223372036854775807",
                                       "-9223372036854775807",
                                       "0.00000000000000000000000000000000000000000000000001",
                                       "1e0000000000000000000001",
                                       "123456789012345678901234567890.5"};
    uint64_t seed = 11;
    for (int i = 0; i < 200000; i++) {
        char text[80];
        if (i < (int)(sizeof some / sizeof *some)) {
            snprintf(text, sizeof text, "%s", some[i]);
        } else {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            int digits = (int)(seed >> 33) % 19, exponent = (int)(seed >> 50) % 60 - 30;
            snprintf(text, sizeof text, i % 2 ? "%.*g" : "%.*e", digits + 1,
                     (double)(seed >> 11) * pow(10, exponent % 20 - 8));
            if (i % 8 == 0) snprintf(text, sizeof text, "%llu.5e%d", (unsigned long long)(seed >> 11), exponent);
        }
        json_t *v = json_read(slice_str(text), NULL);
        double out, wanted = json_number_value(v);
        bool read = json_f64(slice_str(text), &out);
        if (read != (v != NULL)) fail_msg("%s is %sread", text, read ? "" : "not ");
        if (!v) continue;
        if (out != wanted || signbit(out) != signbit(wanted)) fail_msg("%s: %.17g, not %.17g", text, out, wanted);
        json_decref(v);
    }
    static const char *const beyond[] = {"1e400", "-1e309", "9223372036854775808", "123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        double out;
        assert_false(json_f64(slice_str(beyond[i]), &out));
    }
}

static void readings_are_cut_to_the_digits_that_mean_something(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_ksig(&w, "a", 556279.8783137766, 4);
    jw_ksig(&w, "b", 67.35307342559099, 7);
    jw_ksig(&w, "c", 0.000123456789, 4);
    jw_ksig(&w, "d", NAN, 4);
    jw_kfixed(&w, "e", 75.75090544467011, 1);
    jw_kfixed(&w, "f", 8772340.491465973, 0);
    jw_kfixed(&w, "g", 0.1295544, 3);
    jw_kfixed(&w, "h", -0.04, 1);
    jw_kpercent(&w, "i", 10.430750822614419);
    jw_kpercent(&w, "j", 99.9999999999999);
    jw_kpercent(&w, "k", 100);
    jw_kpercent(&w, "l", 0.29);
    jw_kpercent(&w, "m", INFINITY);
    jw_obj_end(&w);
    assert_string_equal(buf_cstr(&b),
                        "{\"a\":556300,\"b\":67.35307,\"c\":0.0001235,\"d\":null,\"e\":75.8,\"f\":8772340,"
                        "\"g\":0.13,\"h\":0,\"i\":10.43,\"j\":99.99,\"k\":100,\"l\":0.29,\"m\":null}");
    buf_release(&b);
}

static void values_held_by_jansson_are_written(void **state)
{
    (void)state;
    json_t *v = must_read("{\"a\":[1,2.5,\"x\",null,true],\"b\\n\":{},\"c\":[],\"d\":{\"e\":0.2}}");
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_arr(&w);
    jw_json(&w, v);
    jw_json(&w, NULL);
    jw_arr_end(&w);
    assert_string_equal(buf_cstr(&b), "[{\"a\":[1,2.5,\"x\",null,true],\"b\\n\":{},\"c\":[],\"d\":{\"e\":0.2}},null]");
    assert_null(json_to_text(NULL));
    buf_release(&b);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_texts_are_refused_with_their_position),
        cmocka_unit_test(nesting_without_bound_is_refused),
        cmocka_unit_test(an_object_is_an_object),
        cmocka_unit_test(absent_and_null_give_the_default),
        cmocka_unit_test(the_wrong_type_or_range_names_the_field),
        cmocka_unit_test(a_whole_real_is_an_integer),
        cmocka_unit_test(containers_put_their_own_commas),
        cmocka_unit_test(any_bytes_become_a_valid_string),
        cmocka_unit_test(text_reads_back_as_it_was),
        cmocka_unit_test(doubles_read_back_as_themselves),
        cmocka_unit_test(a_scanned_number_is_what_the_parser_reads),
        cmocka_unit_test(numbers_are_short_and_what_is_none_is_null),
        cmocka_unit_test(the_shortest_decimal_is_written),
        cmocka_unit_test(readings_are_cut_to_the_digits_that_mean_something),
        cmocka_unit_test(values_held_by_jansson_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
