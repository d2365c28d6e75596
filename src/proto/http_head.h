// What requests and responses share: the head's lines, header fields, and how the body is delimited (RFC 9112 §2–§6).
#ifndef HW_PROTO_HTTP_HEAD_H
#define HW_PROTO_HTTP_HEAD_H

#include "proto/http.h"

// Looks for the empty line that ends a head, CRLF line ends only. `*line` is the offset of the line being looked at,
// kept by the caller between calls (0 at first). Returns the head's length with the empty line, 0 if it isn't all there
// yet, or -1 if a line ends with a bare LF.
long http_head_scan(const char *p, size_t n, size_t *line);

bool http_is_token(struct slice s);

struct http_fields {
    struct http_header *list;
    size_t n, cap;
};
void http_fields_release(struct http_fields *f);
// Reads the header lines (each with its CRLF, without the empty line). NULL, or what is wrong as a literal; *status is
// then 400 or 431.
const char *http_fields_parse(struct http_fields *f, struct slice block, int *status);
static inline struct http_headers http_fields_view(const struct http_fields *f)
{
    return (struct http_headers){f->list, f->n};
}

// How often a header of that name (not empty) occurs.
size_t http_headers_count(struct http_headers h, struct slice name);

enum http_framing_kind {
    HTTP_FRAMING_NONE,   // neither header
    HTTP_FRAMING_LENGTH, // Content-Length
    HTTP_FRAMING_CHUNKED,
};
struct http_framing {
    enum http_framing_kind kind;
    uint64_t length;
};
// Content-Length and Transfer-Encoding (RFC 9112 §6.1): both, either twice, or a length that is no plain number, are
// refused. NULL, or what is wrong; *status is then 400 or 501.
const char *http_framing_of(struct http_headers h, struct http_framing *out, int *status);

// ---- chunked bodies (RFC 9112 §7.1), joined in place --------------------------------------------------------------

struct http_chunks {
    int state;
    uint64_t left; // of the current chunk
    unsigned digits;
    size_t line; // bytes of the current size line, or of all trailer lines
};
enum http_chunks_result { HTTP_CHUNKS_MORE, HTTP_CHUNKS_DONE, HTTP_CHUNKS_BAD, HTTP_CHUNKS_TOO_BIG };
// Reads p[*from..n) and moves the data in it down to p[*to…]; both are advanced. `room`: data bytes still allowed,
// reduced.
enum http_chunks_result http_chunks_join(struct http_chunks *c, char *p, size_t *from, size_t n, size_t *to,
                                         size_t *room);

#endif
