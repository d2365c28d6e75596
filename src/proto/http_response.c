// Writing HTTP heads: responses (server) and requests (client).
#include "proto/http_response.h"

#include "base/ascii.h"

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status) return table[i].reason;
    return "Unknown";
}

void http_write_status(struct buf *out, int status)
{
    buf_add_str(out, "HTTP/1.1 ");
    buf_add_u64(out, (uint64_t)status);
    buf_add_char(out, ' ');
    buf_add_str(out, http_reason(status));
    buf_add(out, "\r\n", 2);
}

void http_write_header(struct buf *out, const char *name, struct slice value)
{
    buf_add_str(out, name);
    buf_add(out, ": ", 2);
    char *to = buf_reserve(out, value.n + 2);
    for (size_t i = 0; i < value.n; i++) *to++ = ascii_is(value.p[i], ASCII_FIELD) ? value.p[i] : ' ';
    out->n += value.n;
    buf_add(out, "\r\n", 2);
}

void http_write_header_u64(struct buf *out, const char *name, uint64_t value)
{
    buf_add_str(out, name);
    buf_add(out, ": ", 2);
    buf_add_u64(out, value);
    buf_add(out, "\r\n", 2);
}

void http_write_end(struct buf *out)
{
    buf_add(out, "\r\n", 2);
}

void http_write_end_length(struct buf *out, uint64_t length)
{
    http_write_header_u64(out, "Content-Length", length);
    http_write_end(out);
}

void http_write_chunk(struct buf *out, struct slice data)
{
    if (!data.n) return; // A chunk of size 0 would end the body.
    buf_addf(out, "%zx\r\n", data.n);
    buf_add_slice(out, data);
    buf_add(out, "\r\n", 2);
}

void http_write_last_chunk(struct buf *out)
{
    buf_add_str(out, "0\r\n\r\n");
}

void http_write_simple(struct buf *out, int status, const char *content_type, struct slice body, bool keep_alive,
                       bool head_only)
{
    http_write_status(out, status);
    if (content_type) http_write_header(out, "Content-Type", slice_str(content_type));
    if (!keep_alive) http_write_header(out, "Connection", SLICE_LIT("close"));
    // RFC 9110 §8.6: none of these has a Content-Length.
    if (status == 204 || status == 304 || status < 200) {
        http_write_end(out);
        return;
    }
    http_write_end_length(out, body.n);
    if (!head_only) buf_add_slice(out, body);
}

void http_write_request(struct buf *out, const char *method, struct slice target, struct slice host)
{
    buf_addf(out, "%s ", method);
    for (size_t i = 0; i < target.n; i++) {
        unsigned char c = (unsigned char)target.p[i];
        if (c > 0x20 && c < 0x7F)
            buf_add_char(out, (char)c);
        else
            http_percent_encode(slice_of(target.p + i, 1), out);
    }
    buf_add_str(out, " HTTP/1.1\r\n");
    http_write_header(out, "Host", host);
}
