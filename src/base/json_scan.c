#include "base/json_scan.h"

#include <stdint.h>

#include "base/utf8.h"

// Place of the lowest bit that is set in a word read from memory, counted from its first byte.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_BYTE(w) __builtin_ctzll(w)
#else
#error "json_scan reads words: FIRST_BYTE for big-endian machines is to be written"
#endif

static bool fail(struct json_scan *s, const char *what)
{
    s->wrong = what;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Programs write JSON without white space as a rule: one comparison then.
static inline void skip_space(struct json_scan *s)
{
    if (s->p == s->end || (unsigned char)*s->p > ' ' || !is_space(*s->p)) return;
    do s->p++;
    while (s->p < s->end && is_space(*s->p));
    s->spaced = true;
}

static bool digit(const struct json_scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

// -1: not four hexadecimal digits.
static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], letter = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            v = v * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return v;
}

// What follows a backslash. A surrogate must be one of a pair; U+0000 is refused, as by json_read.
static bool escape(struct json_scan *s)
{
    if (s->p == s->end) return fail(s, "a string ends within an escape");
    if (*s->p != 'u') {
        if (*s->p == 0 || !strchr("\"\\/bfnrt", *s->p)) return fail(s, "there is no such escape");
        s->p++;
        return true;
    }
    if (s->end - s->p < 5) return fail(s, "a string ends within an escape");
    int unit = hex4(s->p + 1);
    if (unit < 0) return fail(s, "\\u wants four hexadecimal digits");
    if (unit == 0) return fail(s, "a string may not hold U+0000");
    s->p += 5;
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    bool pair = unit < 0xDC00 && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u';
    int low = pair ? hex4(s->p + 2) : -1;
    if (low < 0xDC00 || low > 0xDFFF) return fail(s, "half of a surrogate pair");
    s->p += 6;
    return true;
}

// Characters that end a run of plain ones: quote, backslash, control characters, and the first byte beyond ASCII.
static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define ALL_BYTES(b) (0x0101010101010101ULL * (b))

// Bit 7 of each byte that is zero, exact up to the lowest of them.
static uint64_t zero_bytes(uint64_t w)
{
    return (w - ALL_BYTES(1)) & ~w & ALL_BYTES(0x80);
}

// Where the run of plain characters that begins at p ends. Eight at a time: names and texts are most of an event.
static const char *plain_run(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        uint64_t below_space = (w - ALL_BYTES(0x20)) & ~w & ALL_BYTES(0x80);
        uint64_t stop =
            below_space | (w & ALL_BYTES(0x80)) | zero_bytes(w ^ ALL_BYTES('"')) | zero_bytes(w ^ ALL_BYTES('\\'));
        if (stop) return p + (FIRST_BYTE(stop) >> 3);
        p += 8;
    }
    while (p < end && plain((unsigned char)*p)) p++;
    return p;
}

// From behind the opening quote to behind the closing one.
static bool string(struct json_scan *s, bool *escaped)
{
    for (;;) {
        s->p = plain_run(s->p, s->end);
        if (s->p == s->end) return fail(s, "a string doesn't end");
        unsigned char c = (unsigned char)*s->p;
        if (c == '"') {
            s->p++;
            return true;
        }
        if (c == '\\') {
            s->p++;
            *escaped = true;
            if (!escape(s)) return false;
        } else if (c < 0x20) {
            return fail(s, "a string may not hold a control character");
        } else {
            uint32_t cp;
            size_t n = utf8_decode(s->p, (size_t)(s->end - s->p), &cp);
            if (n == 1) return fail(s, "not UTF-8");
            s->p += n;
        }
    }
}

static bool digits(struct json_scan *s)
{
    if (!digit(s)) return fail(s, "a number lacks a digit");
    const char *p = s->p + 1;
    while (p < s->end && (unsigned char)(*p - '0') < 10) p++;
    s->p = p;
    return true;
}

static bool number(struct json_scan *s)
{
    if (*s->p == '-') s->p++;
    const char *from = s->p;
    if (!digits(s)) return false;
    if (*from == '0' && s->p - from > 1) return fail(s, "a number may not begin with 0");
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!digits(s)) return false;
    }
    if (s->p < s->end && (*s->p | 0x20) == 'e') {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        if (!digits(s)) return false;
    }
    return true;
}

static bool word(struct json_scan *s, const char *w, size_t n)
{
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0) return fail(s, "not a value");
    s->p += n;
    return true;
}

static bool scalar(struct json_scan *s)
{
    bool escaped;
    switch (*s->p) {
    case '"': s->p++; return string(s, &escaped);
    case 't': return word(s, "true", 4);
    case 'f': return word(s, "false", 5);
    case 'n': return word(s, "null", 4);
    default: return (*s->p >= '0' && *s->p <= '9') || *s->p == '-' ? number(s) : fail(s, "not a value");
    }
}

// A member's name and its colon.
static bool name(struct json_scan *s, struct json_member *m)
{
    if (s->p == s->end || *s->p != '"') return fail(s, "a member's name is wanted");
    const char *from = ++s->p;
    m->escaped = false;
    if (!string(s, &m->escaped)) return false;
    m->name = slice_of(from, (size_t)(s->p - 1 - from));
    skip_space(s);
    if (s->p == s->end || *s->p != ':') return fail(s, "a colon is wanted");
    s->p++;
    skip_space(s);
    return true;
}

static void watch(struct json_scan *s, const struct json_member *m)
{
    s->seen |= m->escaped;
    for (const struct slice *w = s->watched; w->n && !s->seen; w++) s->seen = slice_eq(m->name, *w);
}

// One value, whatever it holds. `in_object` has a bit for each container that is open.
static bool value(struct json_scan *s)
{
    uint64_t in_object = 0;
    int depth = 0;
    struct json_member m;
    for (;;) {
        if (s->p == s->end) return fail(s, "the text ends where a value is wanted");
        char c = *s->p;
        bool opened = c == '{' || c == '[';
        if (opened) {
            // The object that is gone over is the first level.
            if (++depth == JSON_SCAN_DEPTH) return fail(s, "nested too deep");
            in_object = in_object << 1 | (c == '{');
            s->p++;
            skip_space(s);
        } else if (!scalar(s)) {
            return false;
        }
        // To where the next value begins, closing what ends before it.
        for (bool empty = opened;; empty = false) {
            if (depth == 0) return true;
            if (!empty) skip_space(s);
            if (s->p == s->end) return fail(s, "the text ends within a value");
            if (*s->p == (in_object & 1 ? '}' : ']')) {
                s->p++;
                depth--;
                in_object >>= 1;
                continue;
            }
            if (!empty) {
                if (*s->p != ',') return fail(s, "a comma is wanted");
                s->p++;
                skip_space(s);
            }
            if (!(in_object & 1)) break;
            if (!name(s, &m)) return false;
            if (depth == 1 && s->watched) watch(s, &m);
            break;
        }
    }
}

// ---- the object ----------------------------------------------------------------------------------------------------

void json_scan_object(struct json_scan *s, struct slice text)
{
    *s = (struct json_scan){.start = text.p, .p = text.p, .end = text.p + text.n, .first = true};
}

static int mistake(struct json_scan *s, struct err *e)
{
    return err_set(e, HW_EINVALID, "not valid JSON: %s (column %zu)", s->wrong, (size_t)(s->p - s->start) + 1);
}

// Behind the bracket that closes the object or the array.
static int finish(struct json_scan *s, struct err *e)
{
    s->p++;
    if (s->inner) return 0;
    skip_space(s);
    if (s->p == s->end) return 0;
    s->wrong = "more follows the object";
    return mistake(s, e);
}

// To the next member or item: 1; 0 at the end.
static int advance(struct json_scan *s, char open, char close, const char *wanted, const char *more, struct err *e)
{
    skip_space(s);
    if (s->first && (s->p == s->end || *s->p != open)) {
        s->wrong = wanted;
        return mistake(s, e);
    }
    if (s->first) {
        s->p++;
        skip_space(s);
    }
    if (s->p < s->end && *s->p == close) return finish(s, e);
    if (!s->first) {
        if (s->p == s->end || *s->p != ',') {
            s->wrong = more;
            return mistake(s, e);
        }
        s->p++;
        skip_space(s);
    }
    s->first = false;
    return 1;
}

int json_scan_name(struct json_scan *s, struct json_member *m, struct err *e)
{
    int rc = advance(s, '{', '}', "an object is wanted", "a comma or the object's end is wanted", e);
    return rc == 1 && !name(s, m) ? mistake(s, e) : rc;
}

int json_scan_item(struct json_scan *s, struct err *e)
{
    return advance(s, '[', ']', "an array is wanted", "a comma or the array's end is wanted", e);
}

int json_scan_value(struct json_scan *s, struct json_member *m, struct err *e)
{
    const char *from = s->p;
    s->spaced = s->seen = false;
    if (!value(s)) return mistake(s, e);
    m->value = slice_of(from, (size_t)(s->p - from));
    m->spaced = s->spaced;
    m->seen = s->seen;
    return 0;
}

int json_scan_member(struct json_scan *s, struct json_member *m, struct err *e)
{
    int rc = json_scan_name(s, m, e);
    if (rc != 1) return rc;
    rc = json_scan_value(s, m, e);
    return rc ? rc : 1;
}

void json_scan_into(const struct json_scan *s, struct json_scan *inner)
{
    *inner = (struct json_scan){.start = s->start, .p = s->p, .end = s->end, .first = true, .inner = true};
}

void json_scan_back(struct json_scan *s, const struct json_scan *inner)
{
    s->p = inner->p;
}

// ---- what was scanned ----------------------------------------------------------------------------------------------

static void add_code_point(struct buf *out, uint32_t cp)
{
    char enc[4];
    buf_add(out, enc, utf8_encode(cp, enc));
}

void json_unescape(struct slice raw, struct buf *out)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    while (raw.n) {
        const char *hit = memchr(raw.p, '\\', raw.n);
        size_t run = hit ? (size_t)(hit - raw.p) : raw.n;
        buf_add(out, raw.p, run);
        raw = slice_of(raw.p + run, raw.n - run);
        if (!hit) return;
        size_t used = 2;
        const char *letter = strchr(letters, raw.p[1]);
        if (raw.p[1] == 'u') {
            uint32_t cp = (uint32_t)hex4(raw.p + 2);
            used = 6;
            if (cp >= 0xD800 && cp < 0xE000) {
                cp = 0x10000 + ((cp - 0xD800) << 10) + ((uint32_t)hex4(raw.p + 8) - 0xDC00);
                used = 12;
            }
            add_code_point(out, cp);
        } else {
            buf_add_char(out, letter ? meant[letter - letters] : raw.p[1]);
        }
        raw = slice_of(raw.p + used, raw.n - used);
    }
}

void json_add_compact(struct buf *out, struct slice value)
{
    const char *p = value.p, *end = value.p + value.n;
    while (p < end) {
        const char *from = p;
        while (p < end && *p != '"' && *p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') p++;
        if (p < end && *p == '"') {
            for (p++; *p != '"'; p++) {
                if (*p == '\\') p++;
            }
            p++;
        }
        buf_add(out, from, (size_t)(p - from));
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
    }
}
