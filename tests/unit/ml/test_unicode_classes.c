// The generated classes against PCRE2's own, code point by code point.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "ml/unicode_classes.h"

static void every_code_point_has_the_class_that_pcre2_gives_it(void **state)
{
    static const struct {
        const char *pattern;
        uint8_t bit;
    } classes[] = {{"\\A\\p{L}", UNICODE_LETTER},
                   {"\\A\\p{N}", UNICODE_NUMBER},
                   {"\\A\\p{White_Space}", UNICODE_SPACE},
                   {"\\A[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]", UNICODE_WORD}};
    (void)state;
    uint8_t *table = unicode_classes_new();
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        int code;
        size_t offset;
        pcre2_code *re = pcre2_compile((PCRE2_SPTR)classes[i].pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                                       &code, &offset, NULL);
        assert_non_null(re);
        pcre2_match_data *match = pcre2_match_data_create_from_pattern(re, NULL);
        for (uint32_t cp = 0; cp < UNICODE_POINTS; cp++) {
            if (cp >= 0xD800 && cp < 0xE000) {
                assert_int_equal(table[cp], 0);
                continue;
            }
            char text[4];
            size_t n = utf8_encode(cp, text);
            bool is = pcre2_match(re, (PCRE2_SPTR)text, n, 0, PCRE2_NO_UTF_CHECK, match, NULL) > 0;
            if (is != ((table[cp] & classes[i].bit) != 0)) fail_msg("U+%04X: %s", cp, classes[i].pattern);
        }
        pcre2_match_data_free(match);
        pcre2_code_free(re);
    }
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code_point_has_the_class_that_pcre2_gives_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
