// Heads of HTTP messages: finding their end, their fields, and what they say about the body.
#include <stdlib.h>

#include "base/mem.h"
#include "proto/http_head.h"

long http_head_scan(const char *p, size_t n, size_t *line)
{
    while (*line < n) {
        const char *lf = memchr(p + *line, '\n', n - *line);
        if (!lf) return 0;
        size_t end = (size_t)(lf - p);
        if (end == *line || p[end - 1] != '\r') return -1;
        bool empty = end == *line + 1;
        *line = end + 1;
        if (empty) return (long)*line;
    }
    return 0;
}

static bool is_tchar(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

bool http_is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_tchar((unsigned char)s.p[i])) return false;
    return s.n > 0;
}

void http_fields_release(struct http_fields *f)
{
    free(f->list);
    *f = (struct http_fields){0};
}

static bool value_ok(struct slice v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) return false;
    }
    return true;
}

const char *http_fields_parse(struct http_fields *f, struct slice block, int *status)
{
    f->n = 0;
    *status = 400;
    while (block.n) {
        struct slice line = slice_cut(&block, '\n');
        line.n--; // The scan saw the CR.
        if (line.p[0] == ' ' || line.p[0] == '\t') return "a header line is folded";
        const char *colon = memchr(line.p, ':', line.n);
        if (!colon) return "a header line has no colon";
        struct slice name = {line.p, (size_t)(colon - line.p)};
        struct slice value = slice_trim(slice_of(colon + 1, line.n - name.n - 1));
        if (!http_is_token(name)) return "a header name holds a character that it may not";
        if (!value_ok(value)) return "a header value holds a control character";
        if (f->n == HTTP_MAX_HEADERS) {
            *status = 431;
            return "too many header lines";
        }
        if (f->n == f->cap) {
            f->cap = f->cap ? f->cap * 2 : 16;
            f->list = mem_realloc_array(f->list, f->cap, sizeof f->list[0]);
        }
        f->list[f->n++] = (struct http_header){name, value};
    }
    return NULL;
}

size_t http_headers_count(struct http_headers h, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < h.n; i++)
        if (slice_is_nocase(h.list[i].name, name)) count++;
    return count;
}

struct slice http_headers_get(struct http_headers h, const char *name)
{
    for (size_t i = 0; i < h.n; i++)
        if (slice_is_nocase(h.list[i].name, name)) return h.list[i].value;
    return (struct slice){0};
}

bool http_headers_has_token(struct http_headers h, const char *name, const char *token)
{
    for (size_t i = 0; i < h.n; i++) {
        if (!slice_is_nocase(h.list[i].name, name)) continue;
        struct slice rest = h.list[i].value;
        while (rest.n)
            if (slice_is_nocase(slice_trim(slice_cut(&rest, ',')), token)) return true;
    }
    return false;
}

const char *http_framing_of(struct http_headers h, struct http_framing *out, int *status)
{
    size_t lengths = http_headers_count(h, "content-length");
    size_t codings = http_headers_count(h, "transfer-encoding");
    *out = (struct http_framing){HTTP_FRAMING_NONE, 0};
    *status = 400;
    // A peer in front of us might believe the other header than we do: nothing ambiguous is let through.
    if (lengths && codings) return "both Content-Length and Transfer-Encoding";
    if (lengths > 1) return "Content-Length more than once";
    if (codings > 1) return "Transfer-Encoding more than once";
    if (codings) {
        if (!slice_is_nocase(http_headers_get(h, "transfer-encoding"), "chunked")) {
            *status = 501;
            return "a transfer coding other than chunked";
        }
        out->kind = HTTP_FRAMING_CHUNKED;
    }
    if (lengths) {
        unsigned long long n;
        if (!slice_u64(http_headers_get(h, "content-length"), &n)) return "Content-Length is not a number";
        *out = (struct http_framing){HTTP_FRAMING_LENGTH, n};
    }
    return NULL;
}
