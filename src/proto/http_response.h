// HTTP/1.1 responses: writing them (server), and reading them (the C client).
#ifndef HW_PROTO_HTTP_RESPONSE_H
#define HW_PROTO_HTTP_RESPONSE_H

#include "proto/http.h"

// ---- writing --------------------------------------------------------------------------------------------------------

const char *http_reason(int status); // "Not Found"; "Unknown" for a status without a name

// A response is: http_write_status, any number of http_write_header, one of http_write_end…, then the body.
void http_write_status(struct buf *out, int status); // "HTTP/1.1 404 Not Found\r\n"
// Control bytes in the value are written as spaces, so that no value can start a line of its own.
void http_write_header(struct buf *out, const char *name, struct slice value);
void http_write_header_u64(struct buf *out, const char *name, uint64_t value);
void http_write_end(struct buf *out);                         // no Content-Length: 1xx, 204, 304, or chunked
void http_write_end_length(struct buf *out, uint64_t length); // Content-Length and the empty line
void http_write_chunk(struct buf *out, struct slice data);    // after Transfer-Encoding: chunked; empty data: nothing
void http_write_last_chunk(struct buf *out);
// A whole response: status, Content-Type, Content-Length, "Connection: close" where asked, body. `head_only` (the
// answer to HEAD) leaves the body away.
void http_write_simple(struct buf *out, int status, const char *content_type, struct slice body, bool keep_alive,
                       bool head_only);

// ---- writing requests (client) --------------------------------------------------------------------------------------

void http_write_request(struct buf *out, const char *method, struct slice target,
                        struct slice host); // then headers, end

// ---- reading (client) -----------------------------------------------------------------------------------------------

struct http_response {
    int status;
    struct slice reason;
    struct http_headers headers;
    struct slice body;
    bool keep_alive;
};

enum http_response_event {
    HTTP_RESPONSE_MORE,
    HTTP_RESPONSE_DONE, // the response is complete
    HTTP_RESPONSE_BAD,  // `e` says what is wrong
};

struct http_response_reader;

struct http_response_reader *http_response_reader_new(struct http_limits limits);
void http_response_reader_free(struct http_response_reader *r); // NULL is fine
// Before each response: was the request a HEAD (its response has no body, whatever its headers say)?
void http_response_reader_begin(struct http_response_reader *r, bool head);
void http_response_reader_feed(struct http_response_reader *r, const void *bytes, size_t n); // copies
// Responses 100 to 199 other than 101 are skipped. `eof`: the peer closed its side, which ends a body without a length
// and is an error (HW_EEOF) anywhere else within a response.
enum http_response_event http_response_reader_next(struct http_response_reader *r, bool eof, struct err *e);
// Valid until http_response_reader_begin, _feed or _free.
const struct http_response *http_response_reader_get(const struct http_response_reader *r);
// What came behind the response (valid as long): after a 101, the first bytes of the new protocol.
struct slice http_response_reader_rest(const struct http_response_reader *r);

#endif
