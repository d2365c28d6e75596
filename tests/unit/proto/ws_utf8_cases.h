// Group 6 of ws_cases.h: what is UTF-8 (RFC 3629) and what isn't, and which byte tells.
#ifndef HW_TEST_WS_UTF8_CASES_H
#define HW_TEST_WS_UTF8_CASES_H

enum { UTF8_FINE = -1, UTF8_CUT = -2 }; // CUT: every byte could be right, but the last character isn't complete

struct ws_utf8_case {
    const char *name, *bytes; // in hex
    int bad;                  // the index of the first byte that can't be right, or the above
};

// clang-format off
static const struct ws_utf8_case ws_utf8_cases[] = {
    // ---- fine ----
    {"nothing", "", UTF8_FINE},
    {"letters", "48 65 6c 6c 6f", UTF8_FINE},
    {"NUL", "00", UTF8_FINE},
    {"letters of two, three and four bytes", "48 c2 b5 40 c3 9f c3 b6 e2 82 ac f0 9f 8e 89", UTF8_FINE},
    {"Greek with marks", "ce ba e1 bd b9 cf 83 ce bc ce b5", UTF8_FINE},
    {"U+007F, the last of one byte", "7f", UTF8_FINE},
    {"U+0080, the first of two", "c2 80", UTF8_FINE},
    {"U+07FF, the last of two", "df bf", UTF8_FINE},
    {"U+0800, the first of three", "e0 a0 80", UTF8_FINE},
    {"U+D7FF, before the surrogates", "ed 9f bf", UTF8_FINE},
    {"U+E000, behind the surrogates", "ee 80 80", UTF8_FINE},
    {"U+FFFD", "ef bf bd", UTF8_FINE},
    {"U+FFFE, no character but a code point", "ef bf be", UTF8_FINE},
    {"U+FFFF, the last of three", "ef bf bf", UTF8_FINE},
    {"U+10000, the first of four", "f0 90 80 80", UTF8_FINE},
    {"U+1FFFF", "f0 9f bf bf", UTF8_FINE},
    {"U+10FFFF, the last", "f4 8f bf bf", UTF8_FINE},
    {"a byte order mark", "ef bb bf 61", UTF8_FINE},
    {"long runs of one byte around one of three", "61 61 61 61 61 61 61 61 61 e2 82 ac 61 61 61 61 61 61 61 61 61", UTF8_FINE},

    // ---- continuation bytes alone ----
    {"80", "80", 0},
    {"bf", "bf", 0},
    {"behind a letter", "61 62 80", 2},
    {"one too many", "c2 80 80", 2},
    {"behind eight letters", "61 61 61 61 61 61 61 61 80 61", 8},

    // ---- first bytes without what must follow ----
    {"c2, then a space", "c2 20", 1},
    {"e2, then a space", "e2 20", 1},
    {"e2 82, then a space", "e2 82 20", 2},
    {"f0, then a space", "f0 20", 1},
    {"f0 9f, then a space", "f0 9f 20", 2},
    {"f0 9f 8e, then a space", "f0 9f 8e 20", 3},
    {"c2, then another first byte", "c2 c2 80", 1},
    {"e2 82, then another first byte", "e2 82 e2", 2},

    // ---- cut off ----
    {"c2", "61 c2", UTF8_CUT},
    {"e2", "e2", UTF8_CUT},
    {"e2 82", "61 e2 82", UTF8_CUT},
    {"f0", "f0", UTF8_CUT},
    {"f0 9f", "f0 9f", UTF8_CUT},
    {"f0 9f 8e", "61 f0 9f 8e", UTF8_CUT},
    {"e0 a0", "e0 a0", UTF8_CUT},

    // ---- bytes that never occur ----
    {"c0", "c0 80", 0},
    {"c1", "c1 bf", 0},
    {"f5", "f5 80 80 80", 0},
    {"f7", "f7 bf bf bf", 0},
    {"f8, five bytes", "f8 88 80 80 80", 0},
    {"fb", "fb bf bf bf bf", 0},
    {"fc, six bytes", "fc 84 80 80 80 80", 0},
    {"fd", "fd bf bf bf bf bf", 0},
    {"fe", "61 fe", 1},
    {"ff", "61 62 63 ff", 3},

    // ---- longer than need be ----
    {"a slash in two bytes", "c0 af", 0},
    {"a slash in three", "e0 80 af", 1},
    {"a slash in four", "f0 80 80 af", 1},
    {"U+007F in two", "c1 bf", 0},
    {"U+07FF in three", "e0 9f bf", 1},
    {"U+FFFF in four", "f0 8f bf bf", 1},
    {"NUL in three", "61 e0 80 80", 2},

    // ---- surrogates ----
    {"U+D800", "ed a0 80", 1},
    {"U+DBFF", "ed af bf", 1},
    {"U+DC00", "ed b0 80", 1},
    {"U+DFFF", "ed bf bf", 1},
    {"a pair", "ed a0 80 ed b0 80", 1},
    {"behind Greek", "ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64", 12},

    // ---- beyond U+10FFFF ----
    {"U+110000", "f4 90 80 80", 1},
    {"U+13FFFF", "f4 bf bf bf", 1},
    {"behind Greek", "ce ba e1 bd b9 f4 90 80 80 65", 6},
};
// clang-format on

#endif
