// UTF-8: every code point, every malformed form, any cutting.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void every_code_point_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF) continue;
        char enc[4];
        uint32_t back;
        size_t n = utf8_encode(cp, enc);
        if (!utf8_valid(enc, n)) fail_msg("U+%04X", cp);
        if (utf8_decode(enc, n, &back) != n || back != cp) fail_msg("U+%04X", cp);
        for (size_t part = 1; part < n; part++)
            if (utf8_valid(enc, part)) fail_msg("U+%04X cut to %zu", cp, part);
    }
}

static void malformed_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             // a continuation alone
        "\xC0\x80",         // overlong
        "\xC1\xBF",         // overlong
        "\xE0\x9F\xBF",     // overlong
        "\xF0\x8F\xBF\xBF", // overlong
        "\xED\xA0\x80",     // a surrogate
        "\xED\xBF\xBF",     // a surrogate
        "\xF4\x90\x80\x80", // beyond U+10FFFF
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xC3",
        "\xE2\x82",
        "\xF0\x9F\x98",
        "\xC3(",
        "abcdefgh\x80",
        "abcdefghijklmno\xC3",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t cp;
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
        if (bad[i][0] == 'a') continue;
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &cp), 1);
        assert_int_equal(cp, 0xFFFD);
    }
    assert_true(utf8_valid(NULL, 0));
}

static void pieces_give_the_same_verdict(void **state)
{
    (void)state;
    const char text[] = "ascii, äöü, \xE2\x82\xAC, \xF0\x9F\x98\x80 and more ascii after it";
    size_t n = sizeof text - 1;
    for (size_t cut = 0; cut <= n; cut++) {
        struct utf8 u = UTF8_INIT;
        assert_true(utf8_feed(&u, text, cut));
        assert_true(utf8_feed(&u, text + cut, n - cut));
        assert_true(utf8_complete(&u));
    }
    struct utf8 u = UTF8_INIT;
    assert_true(utf8_feed(&u, "\xE2\x82", 2));
    assert_false(utf8_complete(&u));
    assert_false(utf8_feed(&u, "x", 1));
}

static void a_text_that_was_cut_ends_with_a_whole_character(void **state)
{
    (void)state;
    const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; // 1, 2, 3, 4 and 1 bytes
    const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t n = 0; n < sizeof text; n++) {
        assert_int_equal(utf8_whole(text, n), whole[n]);
        char cut[sizeof text];
        memcpy(cut, text, n);
        cut[n] = 0;
        utf8_end(cut);
        assert_int_equal(strlen(cut), whole[n]);
    }
    assert_int_equal(utf8_whole("\x80\x80\x80\x80", 4), 4); // no character was cut: what is broken stays
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_goes_there_and_back),
        cmocka_unit_test(malformed_forms_are_refused),
        cmocka_unit_test(pieces_give_the_same_verdict),
        cmocka_unit_test(a_text_that_was_cut_ends_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
