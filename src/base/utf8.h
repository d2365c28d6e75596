// UTF-8 (RFC 3629), checked incrementally: bytes may come in any pieces.
#ifndef HW_BASE_UTF8_H
#define HW_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct utf8 {
    uint8_t need;   // continuation bytes still to come
    uint8_t lo, hi; // range that the next continuation byte must lie in
};

#define UTF8_INIT ((struct utf8){0, 0x80, 0xBF})

// False as soon as the bytes so far can't be the start of valid UTF-8 (overlong forms, surrogates and values beyond
// U+10FFFF included).
bool utf8_feed(struct utf8 *u, const void *bytes, size_t n);
static inline bool utf8_complete(const struct utf8 *u)
{
    return u->need == 0;
}

bool utf8_valid(const void *bytes, size_t n);

// The length of a text that was cut after n bytes, without the beginning of a character that it may end with.
size_t utf8_whole(const char *p, size_t n);
// The same for what snprintf has cut: a database of UTF-8 would refuse half a character.
void utf8_end(char *text);

// Encodes a code point (at most U+10FFFF, no surrogate); returns the number of bytes, 1 to 4.
size_t utf8_encode(uint32_t cp, char out[4]);

// Decodes one code point of valid or invalid text; returns the bytes used (at least 1 if n > 0). Invalid input yields
// U+FFFD and 1 byte.
size_t utf8_decode(const char *p, size_t n, uint32_t *cp);

#endif
