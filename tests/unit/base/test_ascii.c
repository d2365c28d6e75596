// The classes of characters, against how they are defined.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ascii.h"

static bool letter_or_digit(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool one_of(int c, const char *others)
{
    return letter_or_digit(c) || (c && strchr(others, c));
}

static void every_byte_has_its_classes(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        assert_int_equal(ascii_is((char)c, ASCII_NAME), one_of(c, "_.:-"));
        assert_int_equal(ascii_is((char)c, ASCII_TOKEN), one_of(c, "!#$%&'*+-.^_`|~"));
        assert_int_equal(ascii_is((char)c, ASCII_FIELD), (c >= 0x20 || c == '\t') && c != 0x7F);
        assert_int_equal(ascii_is((char)c, ASCII_TARGET), c > 0x20 && c < 0x7F && c != '#');
    }
}

static void all_of_a_slice(void **state)
{
    (void)state;
    assert_true(ascii_all(slice_of(NULL, 0), ASCII_NAME));
    assert_true(ascii_all(SLICE_LIT("training:progress"), ASCII_NAME));
    assert_false(ascii_all(SLICE_LIT("training/progress"), ASCII_NAME));
    assert_false(ascii_all(slice_of("a\0b", 3), ASCII_NAME));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_its_classes),
        cmocka_unit_test(all_of_a_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
