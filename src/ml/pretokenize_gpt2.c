#include "ml/pretokenize_gpt2.h"

#include <stdbool.h>

#include "base/utf8.h"
#include "ml/unicode_classes.h"

enum { SPACE = UNICODE_SPACE, KIND = UNICODE_LETTER | UNICODE_NUMBER | UNICODE_SPACE };

static inline uint8_t kind_at(const uint8_t *p, const uint8_t *end, const uint8_t *classes, size_t *width)
{
    if (*p < 0x80) {
        *width = 1;
        return classes[*p] & KIND;
    }
    uint32_t cp;
    *width = utf8_decode((const char *)p, (size_t)(end - p), &cp);
    return classes[cp] & KIND;
}

// 's 't 'm 'd 're 've 'll; 0: none of them.
static size_t contraction(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 2) return 0;
    switch (p[1]) {
    case 's':
    case 't':
    case 'm':
    case 'd': return 2;
    case 'r':
    case 'v': return end - p > 2 && p[2] == 'e' ? 3 : 0;
    case 'l': return end - p > 2 && p[2] == 'l' ? 3 : 0;
    default: return 0;
    }
}

size_t gpt2_word_any(const uint8_t *p, const uint8_t *end, const uint8_t *classes)
{
    size_t width;
    if (*p == '\'') {
        size_t n = contraction(p, end);
        if (n) return n;
    }
    // A blank goes with what follows it, unless that is white space too.
    const uint8_t *q = p + (*p == ' ' && p + 1 < end);
    uint8_t kind = kind_at(q, end, classes, &width);
    if (kind != SPACE) {
        do q += width;
        while (q < end && kind_at(q, end, classes, &width) == kind);
        return (size_t)(q - p);
    }
    // White space: all of it at the end of the text, else all but the last character, which belongs to what follows or,
    // if it is the only one, stands alone.
    const uint8_t *last = q = p;
    while (q < end && kind_at(q, end, classes, &width) == SPACE) {
        last = q;
        q += width;
    }
    return (size_t)((q == end || last == p ? q : last) - p);
}
