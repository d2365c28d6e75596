#include "base/utf8.h"

#include <string.h>

bool utf8_feed(struct utf8 *u, const void *bytes, size_t n)
{
    if (n == 0) return true; // `bytes` may be NULL then
    const uint8_t *p = bytes, *end = p + n;
    while (p < end) {
        if (u->need == 0) {
            // Eight ASCII bytes at a time: nearly all text that passes here is ASCII.
            while (end - p >= 8) {
                uint64_t w;
                memcpy(&w, p, 8);
                if (w & 0x8080808080808080ULL) break;
                p += 8;
            }
            if (p == end) break;
            uint8_t c = *p++;
            if (c < 0x80) continue;
            u->lo = 0x80, u->hi = 0xBF;
            if (c >= 0xC2 && c <= 0xDF) {
                u->need = 1;
            } else if (c >= 0xE0 && c <= 0xEF) {
                u->need = 2;
                if (c == 0xE0) u->lo = 0xA0;
                if (c == 0xED) u->hi = 0x9F; // surrogates
            } else if (c >= 0xF0 && c <= 0xF4) {
                u->need = 3;
                if (c == 0xF0) u->lo = 0x90;
                if (c == 0xF4) u->hi = 0x8F; // beyond U+10FFFF
            } else {
                return false;
            }
        } else {
            uint8_t c = *p++;
            if (c < u->lo || c > u->hi) return false;
            u->lo = 0x80, u->hi = 0xBF;
            u->need--;
        }
    }
    return true;
}

bool utf8_valid(const void *bytes, size_t n)
{
    struct utf8 u = UTF8_INIT;
    return utf8_feed(&u, bytes, n) && utf8_complete(&u);
}

size_t utf8_whole(const char *p, size_t n)
{
    size_t at = n; // where the last character begins
    while (at > 0 && n - at < 3 && ((uint8_t)p[at - 1] & 0xC0) == 0x80) at--;
    if (at == 0 || (uint8_t)p[at - 1] < 0xC0) return n;
    uint8_t first = (uint8_t)p[--at];
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    return n - at < length ? at : n;
}

void utf8_end(char *text)
{
    text[utf8_whole(text, strlen(text))] = 0;
}

size_t utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

size_t utf8_decode(const char *s, size_t n, uint32_t *cp)
{
    const uint8_t *p = (const uint8_t *)s;
    *cp = 0xFFFD;
    if (n == 0) return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (len > n || !utf8_valid(p, len)) return 1;
    uint32_t v = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) v = v << 6 | (p[i] & 0x3F);
    *cp = v;
    return len;
}
