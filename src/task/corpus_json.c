#include "task/corpus_json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

enum { DEPTH_MAX = 512 };

struct scan {
    const char *start, *p, *end;
    struct err *e;
};

static int fail(struct scan *s, const char *what)
{
    return err_set(s->e, HW_EINVALID, "not valid JSON: %s (column %zu)", what, (size_t)(s->p - s->start) + 1);
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n')) s->p++;
}

// The first byte from p on that is a quote, a backslash or a control character, eight at a time.
static const char *special(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101ULL, high = 0x80 * ones;
    while (end - p >= 8) {
        uint64_t w, quote, slash;
        memcpy(&w, p, 8);
        quote = w ^ '"' * ones;
        slash = w ^ '\\' * ones;
        uint64_t hit = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - 0x20 * ones) & ~w);
        // A borrow can mark a byte above a real hit, never one below: that something is marked is exact.
        if (hit & high) break;
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20) p++;
    return p;
}

static int hex4(const char *p, const char *end, uint32_t *out)
{
    *out = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int v = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (v < 0) return -1;
        *out = *out << 4 | (uint32_t)v;
    }
    return 0;
}

// The escape at p (a backslash): how many bytes it takes and which character it stands for; 0: it is none.
static size_t escape(const char *p, const char *end, uint32_t *cp)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    if (end - p < 2) return 0;
    if (p[1] != 'u') {
        const char *hit = p[1] ? strchr(from, p[1]) : NULL;
        if (!hit) return 0;
        *cp = (uint8_t)to[hit - from];
        return 2;
    }
    if (hex4(p + 2, end, cp) != 0 || (*cp >= 0xDC00 && *cp <= 0xDFFF)) return 0;
    if (*cp < 0xD800 || *cp > 0xDBFF) return 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u' || hex4(p + 8, end, &low) != 0 || low < 0xDC00 || low > 0xDFFF)
        return 0;
    *cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
    return 12;
}

// At an opening quote: leaves p behind the closing one. `raw` is what lies between, `escaped` whether it has escapes.
static int scan_string(struct scan *s, struct slice *raw, bool *escaped)
{
    const char *from = ++s->p;
    *escaped = false;
    for (;;) {
        s->p = special(s->p, s->end);
        if (s->p == s->end) return fail(s, "the line ends within a string");
        if (*s->p == '"') break;
        uint32_t cp;
        size_t n = *s->p == '\\' ? escape(s->p, s->end, &cp) : 0;
        if (n == 0)
            return fail(s, *s->p != '\\'                         ? "a control character in a string"
                           : s->end - s->p > 1 && s->p[1] == 'u' ? "a bad \\u escape or half a surrogate pair"
                                                                 : "a bad escape in a string");
        s->p += n;
        *escaped = true;
    }
    *raw = slice_of(from, (size_t)(s->p - from));
    s->p++;
    return 0;
}

// A string that scan_string has accepted.
static struct slice unescape(struct slice raw, struct buf *out)
{
    buf_clear(out);
    buf_reserve(out, raw.n);
    const char *p = raw.p, *end = raw.p + raw.n;
    while (p < end) {
        const char *hit = memchr(p, '\\', (size_t)(end - p));
        size_t run = hit ? (size_t)(hit - p) : (size_t)(end - p);
        memcpy(out->p + out->n, p, run); // unescaping never lengthens
        out->n += run;
        if (!hit) break;
        uint32_t cp = 0;
        p = hit + escape(hit, end, &cp);
        out->n += utf8_encode(cp, out->p + out->n);
    }
    return buf_slice(out);
}

static bool digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
    return s->p > from;
}

static int scan_number(struct scan *s)
{
    if (*s->p == '-') s->p++;
    bool zero = s->p < s->end && *s->p == '0';
    const char *from = s->p;
    bool ok = digits(s) && !(zero && s->p - from > 1);
    if (ok && s->p < s->end && *s->p == '.') {
        s->p++;
        ok = digits(s);
    }
    if (ok && s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        ok = digits(s);
    }
    return ok ? 0 : fail(s, "a bad number");
}

static bool take_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0) return false;
    s->p += n;
    return true;
}

// A value that is no array or object.
static int scan_scalar(struct scan *s)
{
    struct slice raw;
    bool escaped;
    if (s->p == s->end) return fail(s, "the line ends where a value is wanted");
    if (*s->p == '"') return scan_string(s, &raw, &escaped);
    if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9')) return scan_number(s);
    if (take_word(s, "true") || take_word(s, "false") || take_word(s, "null")) return 0;
    return fail(s, "a value is wanted");
}

static int scan_key(struct scan *s, struct slice *raw, bool *escaped)
{
    skip_space(s);
    if (s->p == s->end || *s->p != '"') return fail(s, "a member's name in quotes is wanted");
    int rc = scan_string(s, raw, escaped);
    if (rc) return rc;
    skip_space(s);
    if (s->p == s->end || *s->p != ':') return fail(s, "a colon is wanted");
    s->p++;
    skip_space(s);
    return 0;
}

// Any value, nested ones without recursion: one bit a level says object or array.
static int scan_value(struct scan *s)
{
    uint64_t is_object[DEPTH_MAX / 64] = {0};
    size_t depth = 0;
    struct slice raw;
    bool escaped;
    for (;;) {
        skip_space(s);
        bool open = s->p < s->end && (*s->p == '{' || *s->p == '[');
        if (open) {
            bool object = *s->p == '{';
            if (depth == DEPTH_MAX) return fail(s, "nested too deeply");
            uint64_t bit = 1ULL << (depth & 63);
            is_object[depth / 64] = object ? is_object[depth / 64] | bit : is_object[depth / 64] & ~bit;
            depth++;
            s->p++;
            skip_space(s);
            bool empty = s->p < s->end && *s->p == (object ? '}' : ']');
            if (!empty) {
                int rc = object ? scan_key(s, &raw, &escaped) : 0;
                if (rc) return rc;
                continue;
            }
        } else {
            int rc = scan_scalar(s);
            if (rc) return rc;
        }
        // Behind a value: close what ends here, or go on behind a comma.
        for (;;) {
            if (depth == 0) return 0;
            bool object = is_object[(depth - 1) / 64] >> ((depth - 1) & 63) & 1;
            skip_space(s);
            if (s->p == s->end) return fail(s, "the line ends within an object or array");
            char c = *s->p;
            if (c == (object ? '}' : ']')) {
                s->p++;
                depth--;
                continue;
            }
            if (c != ',') return fail(s, "a comma or the end of the object or array is wanted");
            s->p++;
            int rc = object ? scan_key(s, &raw, &escaped) : 0;
            if (rc) return rc;
            break;
        }
    }
}

// One member of the outermost object. `found` holds the text's place once it was met.
static int scan_member(struct scan *s, struct slice field, struct buf *scratch, struct slice *found,
                       bool *found_escaped)
{
    struct slice key = {0}, raw = {0};
    bool escaped = false;
    int rc = scan_key(s, &key, &escaped);
    if (rc) return rc;
    if (!slice_eq(escaped ? unescape(key, scratch) : key, field)) return scan_value(s);
    if (found->p) return err_set(s->e, HW_EINVALID, "the member \"%.*s\" is there twice", SLICE_FMT(field));
    if (s->p == s->end || *s->p != '"')
        return err_set(s->e, HW_EINVALID, "the member \"%.*s\" is no string", SLICE_FMT(field));
    rc = scan_string(s, &raw, found_escaped);
    if (!rc) *found = raw;
    return rc;
}

int corpus_json_text(struct slice line, struct slice field, struct buf *scratch, struct slice *text, struct err *e)
{
    struct scan s = {.start = line.p, .p = line.p, .end = line.p + line.n, .e = e};
    struct slice found = {0};
    bool escaped = false;
    skip_space(&s);
    if (s.p == s.end || *s.p != '{') return fail(&s, "each line must be an object");
    s.p++;
    skip_space(&s);
    bool more = s.p == s.end || *s.p != '}';
    while (more) {
        int rc = scan_member(&s, field, scratch, &found, &escaped);
        if (rc) return rc;
        skip_space(&s);
        if (s.p == s.end || (*s.p != ',' && *s.p != '}')) return fail(&s, "a comma or } is wanted");
        more = *s.p == ',';
        if (more) s.p++;
    }
    s.p++;
    skip_space(&s);
    if (s.p < s.end) return fail(&s, "something follows the object");
    if (!found.p) return err_set(e, HW_EINVALID, "there is no member \"%.*s\"", SLICE_FMT(field));
    *text = escaped ? unescape(found, scratch) : found;
    return 0;
}
