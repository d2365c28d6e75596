// Reading HTTP/1.1 responses, for the client.
#include <stdlib.h>

#include "base/mem.h"
#include "proto/http_head.h"
#include "proto/http_response.h"

enum state { IN_HEAD, IN_BODY, DONE, BROKEN };

struct http_response_reader {
    struct http_limits limits;
    enum state state;
    bool head_request;
    bool until_close;
    struct buf in; // the response from its head on; what came behind it
    size_t line, head_n, body_n, end;
    struct http_fields fields;
    struct http_framing framing;
    struct http_chunks chunks;
    struct http_response res;
    struct err broken;
};

struct http_response_reader *http_response_reader_new(struct http_limits limits)
{
    struct http_response_reader *r = mem_zalloc(sizeof *r);
    r->limits = limits;
    return r;
}

void http_response_reader_free(struct http_response_reader *r)
{
    if (!r) return;
    buf_release(&r->in);
    http_fields_release(&r->fields);
    free(r);
}

void http_response_reader_begin(struct http_response_reader *r, bool head)
{
    if (r->state == DONE) buf_consume(&r->in, r->end);
    if (r->in.n == 0) buf_release(&r->in);
    http_fields_release(&r->fields);
    r->state = IN_HEAD;
    r->head_request = head;
    r->until_close = false;
    r->line = r->head_n = r->body_n = r->end = 0;
    r->chunks = (struct http_chunks){0};
    r->res = (struct http_response){0};
}

void http_response_reader_feed(struct http_response_reader *r, const void *bytes, size_t n)
{
    if (r->state != BROKEN) buf_add(&r->in, bytes, n);
}

static enum http_response_event broken(struct http_response_reader *r, struct err *e, int code, const char *what)
{
    r->state = BROKEN;
    err_set(&r->broken, code, "HTTP response: %s", what);
    if (e) *e = r->broken;
    return HTTP_RESPONSE_BAD;
}

// "HTTP/1.1 200 OK": NULL, or what is wrong.
static const char *read_status_line(struct http_response *res, struct slice line, bool *http10)
{
    struct slice version = slice_cut(&line, ' ');
    struct slice code = slice_cut(&line, ' ');
    unsigned long long status;
    if (!slice_is(version, "HTTP/1.1") && !slice_is(version, "HTTP/1.0")) return "not an HTTP/1.x status line";
    if (code.n != 3 || !slice_u64(code, &status) || status < 100) return "the status is not a number of three digits";
    *http10 = slice_is(version, "HTTP/1.0");
    res->status = (int)status;
    return NULL;
}

static const char *read_head(struct http_response_reader *r)
{
    const char *p = r->in.p;
    bool http10 = false;
    const char *lf = memchr(p, '\n', r->head_n);
    size_t first = (size_t)(lf - p) + 1;
    int status;
    const char *wrong = read_status_line(&r->res, slice_of(p, first - 2), &http10);
    if (!wrong) wrong = http_fields_parse(&r->fields, slice_of(p + first, r->head_n - first - 2), &status);
    if (!wrong) wrong = http_framing_of(http_fields_view(&r->fields), &r->framing, &status);
    if (wrong) return wrong;
    struct http_headers h = http_fields_view(&r->fields);
    int code = r->res.status;
    bool bodiless = r->head_request || code < 200 || code == 204 || code == 304;
    if (bodiless) r->framing = (struct http_framing){HTTP_FRAMING_LENGTH, 0};
    r->until_close = r->framing.kind == HTTP_FRAMING_NONE;
    r->res.keep_alive = !r->until_close && (http10 ? http_headers_has_token(h, "connection", "keep-alive")
                                                   : !http_headers_has_token(h, "connection", "close"));
    return NULL;
}

// The buffer may have moved since the head was read: everything that points into it is made anew.
static void finish(struct http_response_reader *r)
{
    int status;
    const char *p = r->in.p;
    size_t first = (size_t)((const char *)memchr(p, '\n', r->head_n) - p) + 1;
    const char *wrong = http_fields_parse(&r->fields, slice_of(p + first, r->head_n - first - 2), &status);
    if (wrong) r->fields.n = 0; // It was right the first time.
    struct slice rest = slice_of(p, first - 2);
    slice_cut(&rest, ' ');
    slice_cut(&rest, ' ');
    r->res.reason = rest;
    r->res.headers = http_fields_view(&r->fields);
    r->res.body = slice_of(p + r->head_n, r->body_n);
}

static enum http_response_event read_body(struct http_response_reader *r, bool eof, struct err *e)
{
    bool complete = false;
    if (r->framing.kind == HTTP_FRAMING_CHUNKED) {
        size_t from = r->head_n + r->body_n, to = from, room = r->limits.body - r->body_n;
        switch (http_chunks_join(&r->chunks, r->in.p, &from, r->in.n, &to, &room)) {
        case HTTP_CHUNKS_BAD: return broken(r, e, HW_EPROTOCOL, "the chunked body is malformed");
        case HTTP_CHUNKS_TOO_BIG: return broken(r, e, HW_ETOOBIG, "the body is larger than the limit");
        case HTTP_CHUNKS_MORE: r->in.n = to; break;
        case HTTP_CHUNKS_DONE:
            complete = true;
            r->end = from;
            break;
        }
        r->body_n = to - r->head_n;
    } else {
        size_t have = r->in.n - r->head_n;
        if (r->until_close) {
            complete = eof;
        } else {
            if (r->framing.length > r->limits.body)
                return broken(r, e, HW_ETOOBIG, "the body is larger than the limit");
            complete = have >= r->framing.length;
            if (complete) have = (size_t)r->framing.length;
        }
        if (have > r->limits.body) return broken(r, e, HW_ETOOBIG, "the body is larger than the limit");
        r->body_n = have;
        r->end = r->head_n + have;
    }
    if (!complete) {
        if (eof) return broken(r, e, HW_EEOF, "the connection closed within the body");
        return HTTP_RESPONSE_MORE;
    }
    r->state = DONE;
    finish(r);
    return HTTP_RESPONSE_DONE;
}

enum http_response_event http_response_reader_next(struct http_response_reader *r, bool eof, struct err *e)
{
    if (r->state == DONE) return HTTP_RESPONSE_DONE;
    if (r->state == BROKEN) {
        if (e) *e = r->broken;
        return HTTP_RESPONSE_BAD;
    }
    while (r->state == IN_HEAD) {
        long head = http_head_scan(r->in.p, r->in.n, &r->line);
        if (head < 0) return broken(r, e, HW_EPROTOCOL, "a line does not end with CR LF");
        if ((head ? (size_t)head : r->in.n) > r->limits.head)
            return broken(r, e, HW_ETOOBIG, "the head is larger than the limit");
        if (head == 0) {
            if (eof) return broken(r, e, HW_EEOF, "the connection closed before the response was complete");
            return HTTP_RESPONSE_MORE;
        }
        r->head_n = (size_t)head;
        r->line = 0;
        const char *wrong = head == 2 ? "an empty status line" : read_head(r);
        if (wrong) return broken(r, e, HW_EPROTOCOL, wrong);
        if (r->res.status >= 200 || r->res.status == 101)
            r->state = IN_BODY;
        else
            buf_consume(&r->in, r->head_n); // 100 Continue and its like: the response is still to come.
    }
    return read_body(r, eof, e);
}

const struct http_response *http_response_reader_get(const struct http_response_reader *r)
{
    return &r->res;
}

struct slice http_response_reader_rest(const struct http_response_reader *r)
{
    if (r->state != DONE) return (struct slice){0};
    return slice_of(r->in.p + r->end, r->in.n - r->end);
}
