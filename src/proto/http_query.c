// Percent encoding and query strings (RFC 3986 §2.1; "+" as the space of HTML forms).
#include "base/utf8.h"
#include "proto/http.h"

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int http_percent_decode(struct slice in, bool plus, struct buf *out)
{
    if (!in.n) return 0;
    char *to = buf_reserve(out, in.n);
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            if (in.n - i < 3) return HW_EINVALID;
            int hi = hex_value((unsigned char)in.p[i + 1]), lo = hex_value((unsigned char)in.p[i + 2]);
            if (hi < 0 || lo < 0) return HW_EINVALID;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        to[n++] = c;
    }
    out->n += n;
    return 0;
}

void http_percent_encode(struct slice in, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_add_char(out, (char)c);
        } else {
            char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(out, hex, sizeof hex);
        }
    }
}

bool http_query_next(struct slice *rest, struct slice *name, struct slice *value)
{
    while (rest->n) {
        struct slice pair = slice_cut(rest, '&');
        if (!pair.n) continue;
        *value = pair;
        *name = slice_cut(value, '=');
        return true;
    }
    return false;
}

int http_query_get(struct slice query, const char *name, struct buf *out, struct err *e)
{
    struct slice raw_name, raw_value;
    while (http_query_next(&query, &raw_name, &raw_value)) {
        // A name that can't be decoded isn't the one asked for.
        struct buf decoded = BUF_INIT;
        bool hit = http_percent_decode(raw_name, true, &decoded) == 0 && slice_is(buf_slice(&decoded), name);
        buf_release(&decoded);
        if (!hit) continue;
        size_t start = out->n;
        if (http_percent_decode(raw_value, true, out) == 0) {
            size_t n = out->n - start;
            if (n == 0) return 1;
            const char *v = out->p + start;
            if (utf8_valid(v, n) && !memchr(v, 0, n)) return 1;
        }
        out->n = start;
        return err_field(e, HW_EINVALID, name, "query parameter %s: not percent-encoded UTF-8 text without NUL", name);
    }
    return 0;
}
