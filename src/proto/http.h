// HTTP/1.1 requests (RFC 9110, 9112): bytes in, requests out. Knows no socket and no clock.
//
// Our own parser rather than libhttp-parser: Debian builds that library without its strict mode, and it then accepts
// "3\rX" as a chunk size line and spaces in header names, which is what request smuggling is made of.
//
//     http_reader_feed(r, bytes, n);
//     while (true) switch (http_reader_next(r)) {
//     case HTTP_MORE:     read more from the peer (http_reader_phase says which deadline applies)
//     case HTTP_CONTINUE: write HTTP_100_CONTINUE, or refuse the request from its head; go on
//     case HTTP_REQUEST:  handle http_reader_request(r), now or later; then http_reader_done(r); go on
//     case HTTP_BAD:      answer http_reader_error(r)->status and close: nothing after it can be trusted
//     }
//
// Memory: one buffer holds the request (head and body; chunks are joined in place) and what is pipelined behind it. It
// is given back as soon as it is empty, so an idle keep-alive connection holds only `struct http_reader`. Everything in
// `struct http_request` points into it and is valid until http_reader_done: what is fed meanwhile is kept apart. The
// caller stops reading from a peer with pipelined requests once http_reader_buffered is large.
#ifndef HW_PROTO_HTTP_H
#define HW_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define HTTP_100_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define HTTP_MAX_HEADERS  100 // header lines a message at most

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, // any other token: method_name has it
};

struct http_header {
    struct slice name, value; // the name as sent; the value without surrounding blanks
};

struct http_headers {
    const struct http_header *list;
    size_t n;
};

struct http_request {
    enum http_method method;
    struct slice method_name;
    struct slice target; // as sent: "/a%20b?x=1"
    struct slice path;   // percent-decoded once: starts with '/', valid UTF-8, no control byte, no "." or ".." segment
                         // ("*" of OPTIONS * is the one exception)
    struct slice query;  // as sent, without the '?'; decode with http_query_*
    struct http_headers headers;
    struct slice body;
    bool keep_alive;      // the connection may go on after the response
    bool upgrade;         // Connection: upgrade with an Upgrade header: what follows the head is http_reader_rest
    bool expect_continue; // Expect: 100-continue
    bool http10;          // HTTP/1.0: no chunked response
};

struct http_limits {
    size_t head; // request line and headers, bytes
    size_t body;
};
#define HTTP_LIMITS_DEFAULT ((struct http_limits){16 * 1024, 8 * 1024 * 1024})

struct http_error {
    int status;          // 400, 408, 413, 414, 417, 431, 501, 505
    const char *message; // one sentence, a literal
};

enum http_event {
    HTTP_MORE,
    HTTP_CONTINUE, // once per request: its head is complete, its body isn't, and the peer waits to be told to go on
    HTTP_REQUEST,
    HTTP_BAD,
};

enum http_phase {
    HTTP_IDLE,    // nothing of a request has arrived: the keep-alive deadline applies
    HTTP_IN_HEAD, // the header deadline
    HTTP_IN_BODY, // the body deadline
    HTTP_HELD,    // a request was handed out and isn't done
    HTTP_FAILED,
};

struct http_reader;

struct http_reader *http_reader_new(struct http_limits limits);
void http_reader_free(struct http_reader *r); // NULL is fine

void http_reader_feed(struct http_reader *r, const void *bytes, size_t n); // copies
enum http_event http_reader_next(struct http_reader *r);                   // HTTP_REQUEST again until http_reader_done
// At HTTP_CONTINUE the body is empty.
const struct http_request *http_reader_request(const struct http_reader *r);
const struct http_error *http_reader_error(const struct http_reader *r);
void http_reader_done(struct http_reader *r); // forgets the request; the next one may lie in the buffer already

enum http_phase http_reader_phase(const struct http_reader *r);
size_t http_reader_buffered(const struct http_reader *r); // bytes held in all
// While a request with `upgrade` is held: the bytes that came after it, which belong to the new protocol. Slices of the
// request that were taken before are invalid after this call; http_reader_request gives them anew.
struct slice http_reader_rest(struct http_reader *r);

// ---- headers: names are compared without case -----------------------------------------------------------------------

struct slice http_headers_find(struct http_headers h, struct slice name); // the first of that name; .p NULL: absent
// `name` isn't empty. Inline, so that the length of a literal is known when it is compiled.
static inline struct slice http_headers_get(struct http_headers h, const char *name)
{
    return http_headers_find(h, slice_str(name));
}
// Is `token` one of the comma-separated values of the headers of that name (all of them taken together)?
bool http_headers_has_token(struct http_headers h, const char *name, const char *token);

static inline struct slice http_request_header(const struct http_request *req, const char *name)
{
    return http_headers_get(req->headers, name);
}

// ---- percent encoding and query strings -----------------------------------------------------------------------------

// Appends `in` decoded; "%zz" and "%" at the end are refused (HW_EINVALID). `plus`: '+' is a space.
int http_percent_decode(struct slice in, bool plus, struct buf *out);
// Appends `in` with everything but A-Z a-z 0-9 - . _ ~ encoded.
void http_percent_encode(struct slice in, struct buf *out);

// Walks "a=1&b&c=": cuts the next pair off `rest`, still encoded; false at the end. Empty pairs are skipped.
bool http_query_next(struct slice *rest, struct slice *name, struct slice *value);
// Appends the decoded value of the first parameter of that name (given decoded): 1 found, 0 absent, or HW_EINVALID if
// the encoding is broken, isn't UTF-8 or holds a NUL; the error names the parameter.
int http_query_get(struct slice query, const char *name, struct buf *out, struct err *e);

#endif
