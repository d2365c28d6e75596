#include "monitor/history_codec.h"

#include <stdlib.h>

#include "base/mem.h"

// A number's place in a shape is one byte, 1 + its count of decimals: control characters don't occur in JSON otherwise.
#define DECIMALS_MAX 17
#define DIGITS_MAX   18

void numbers_release(struct numbers *n)
{
    free(n->v);
    *n = (struct numbers){0};
}

static void numbers_add(struct numbers *n, int64_t v)
{
    if (n->n == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 32;
        n->v = mem_realloc_array(n->v, n->cap, sizeof *n->v);
    }
    n->v[n->n++] = v;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// The number at the start of `s`, if it can be given back exactly; *len is what it takes, known or not.
static bool read_number(struct slice s, size_t *len, int64_t *v, unsigned *decimals)
{
    size_t i = 0, digits = 0;
    bool negative = s.p[0] == '-', point = false, exact = true;
    uint64_t magnitude = 0;
    *decimals = 0;
    if (negative) i++;
    size_t first = i;
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (is_digit(c)) {
            digits++;
            if (digits <= DIGITS_MAX) magnitude = magnitude * 10 + (uint64_t)(c - '0');
            if (point) ++*decimals;
        } else if (c == '.' && !point && digits) {
            point = true;
        } else if (c == 'e' || c == 'E' || c == '+' || c == '-' || c == '.') {
            exact = false;
        } else {
            break;
        }
    }
    *len = i;
    // 007 and 1. are no JSON; were they written, they would have to come back.
    bool padded = digits > 1 && s.p[first] == '0' && *decimals + 1 != digits;
    if (!exact || !digits || digits > DIGITS_MAX || *decimals > DECIMALS_MAX || padded || (point && !*decimals) ||
        (negative && magnitude == 0))
        return false;
    *v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

void codec_split(struct slice json, struct buf *shape, struct numbers *out)
{
    buf_clear(shape);
    out->n = 0;
    bool in_string = false;
    size_t from = 0; // start of the text not yet copied
    for (size_t i = 0; i < json.n;) {
        char c = json.p[i];
        if (in_string) {
            if (c == '\\' && i + 1 < json.n) i++;
            if (c == '"') in_string = false;
            i++;
        } else if (c == '"') {
            in_string = true;
            i++;
        } else if (c == '-' || is_digit(c)) {
            size_t len;
            int64_t v;
            unsigned decimals;
            bool exact = read_number(slice_of(json.p + i, json.n - i), &len, &v, &decimals);
            if (exact) {
                buf_add(shape, json.p + from, i - from);
                buf_add_char(shape, (char)(1 + decimals));
                numbers_add(out, v);
                from = i + len;
            }
            i += len;
        } else {
            i++;
        }
    }
    buf_add(shape, json.p + from, json.n - from);
}

static void put_number(struct buf *json, int64_t v, unsigned decimals)
{
    char text[32];
    size_t at = sizeof text;
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (unsigned i = 0; i < decimals; i++, m /= 10) text[--at] = (char)('0' + m % 10);
    if (decimals) text[--at] = '.';
    do text[--at] = (char)('0' + m % 10);
    while (m /= 10);
    if (v < 0) text[--at] = '-';
    buf_add(json, text + at, sizeof text - at);
}

void codec_join(struct slice shape, const int64_t *numbers, size_t n, struct buf *json)
{
    if (!shape.n) return;
    size_t used = 0, from = 0;
    for (size_t i = 0; i < shape.n; i++) {
        unsigned char c = (unsigned char)shape.p[i];
        if (c == 0 || c > 1 + DECIMALS_MAX || used == n) continue;
        buf_add(json, shape.p + from, i - from);
        put_number(json, numbers[used++], c - 1u);
        from = i + 1;
    }
    buf_add(json, shape.p + from, shape.n - from);
}

void codec_put(struct buf *out, int64_t v)
{
    // The sign goes to the lowest bit, then seven bits a byte, lowest first.
    uint64_t u = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
    char bytes[10];
    size_t n = 0;
    while (u >= 0x80) {
        bytes[n++] = (char)(u | 0x80);
        u >>= 7;
    }
    bytes[n++] = (char)u;
    buf_add(out, bytes, n);
}

bool codec_get(struct slice *in, int64_t *v)
{
    uint64_t u = 0;
    for (unsigned i = 0; i < in->n && i < 10; i++) {
        unsigned char b = (unsigned char)in->p[i];
        u |= (uint64_t)(b & 0x7f) << (7 * i);
        if (b & 0x80) continue;
        *in = (struct slice){in->p + i + 1, in->n - i - 1};
        *v = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
        return true;
    }
    return false;
}
