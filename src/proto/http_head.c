// Heads of HTTP messages: finding their end, their fields, and what they say about the body.
#include <stdlib.h>

#include "base/ascii.h"
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

bool http_is_token(struct slice s)
{
    return s.n > 0 && ascii_all(s, ASCII_TOKEN);
}

void http_fields_release(struct http_fields *f)
{
    free(f->list);
    *f = (struct http_fields){0};
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
        if (!ascii_all(value, ASCII_FIELD)) return "a header value holds a control character";
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

// Most names differ in length or in the first letter from the one that is looked for.
static bool named(const struct http_header *h, struct slice name)
{
    return h->name.n == name.n && (h->name.p[0] | 0x20) == (name.p[0] | 0x20) &&
           strncasecmp(h->name.p, name.p, name.n) == 0;
}

size_t http_headers_count(struct http_headers h, struct slice name)
{
    size_t count = 0;
    for (size_t i = 0; i < h.n; i++) count += named(&h.list[i], name);
    return count;
}

struct slice http_headers_find(struct http_headers h, struct slice name)
{
    for (size_t i = 0; i < h.n; i++)
        if (named(&h.list[i], name)) return h.list[i].value;
    return (struct slice){0};
}

bool http_headers_has_token(struct http_headers h, const char *name, const char *token)
{
    struct slice wanted = slice_str(name);
    for (size_t i = 0; i < h.n; i++) {
        if (!named(&h.list[i], wanted)) continue;
        struct slice rest = h.list[i].value;
        while (rest.n)
            if (slice_is_nocase(slice_trim(slice_cut(&rest, ',')), token)) return true;
    }
    return false;
}

const char *http_framing_of(struct http_headers h, struct http_framing *out, int *status)
{
    size_t lengths = http_headers_count(h, SLICE_LIT("content-length"));
    size_t codings = http_headers_count(h, SLICE_LIT("transfer-encoding"));
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
