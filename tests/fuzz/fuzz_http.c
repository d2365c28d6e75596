// HTTP: requests and responses read in one piece and in pieces must come out the same, whatever the bytes.
// The first byte is the size of the pieces; the rest is read as requests, then as responses.
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "proto/http.h"
#include "proto/http_response.h"
#include "proto/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits LIMITS = {512, 256};

static void note(struct buf *log, struct slice s)
{
    buf_addf(log, "%zu:", s.n);
    buf_add_slice(log, s);
}

static void check_request(const struct http_request *q, struct buf *log)
{
    assert(q->path.n > 0 && utf8_valid(q->path.p, q->path.n) && !memchr(q->path.p, 0, q->path.n));
    assert(q->body.n <= LIMITS.body && q->headers.n <= HTTP_MAX_HEADERS);
    assert(http_headers_get(q->headers, "host").p || q->http10);
    buf_addf(log, "request %d %d%d%d%d ", q->method, q->keep_alive, q->upgrade, q->expect_continue, q->http10);
    note(log, q->method_name);
    note(log, q->target);
    note(log, q->path);
    note(log, q->query);
    note(log, q->body);
    for (size_t i = 0; i < q->headers.n; i++) {
        note(log, q->headers.list[i].name);
        note(log, q->headers.list[i].value);
    }
    struct slice rest = q->query, name, value;
    while (http_query_next(&rest, &name, &value)) {
        note(log, name);
        struct buf v = BUF_INIT;
        if (http_query_get(q->query, "transport", &v, NULL) == 1) note(log, buf_slice(&v));
        buf_release(&v);
    }
    struct ws_handshake hs;
    buf_addf(log, "ws %d", ws_handshake_check(q, true, &hs, NULL));
}

static void requests(const uint8_t *data, size_t size, size_t step, struct buf *log)
{
    struct http_reader *r = http_reader_new(LIMITS);
    bool bad = false;
    for (size_t at = 0; at < size && !bad; at += step) {
        http_reader_feed(r, data + at, size - at < step ? size - at : step);
        enum http_event ev;
        while ((ev = http_reader_next(r)) != HTTP_MORE && !bad) {
            if (ev == HTTP_REQUEST) {
                check_request(http_reader_request(r), log);
                if (http_reader_request(r)->upgrade) assert(http_reader_rest(r).p);
                http_reader_done(r);
            } else if (ev == HTTP_BAD) {
                buf_addf(log, "bad %d %s", http_reader_error(r)->status, http_reader_error(r)->message);
                bad = true;
            }
        }
        assert(bad || http_reader_buffered(r) <= LIMITS.head + LIMITS.body + size);
    }
    http_reader_free(r);
}

static void responses(const uint8_t *data, size_t size, size_t step, struct buf *log)
{
    struct http_response_reader *r = http_response_reader_new(LIMITS);
    struct err e = {0};
    enum http_response_event ev = HTTP_RESPONSE_MORE;
    http_response_reader_begin(r, false);
    for (size_t at = 0; at < size && ev != HTTP_RESPONSE_BAD; at += step) {
        http_response_reader_feed(r, data + at, size - at < step ? size - at : step);
        while ((ev = http_response_reader_next(r, false, &e)) == HTTP_RESPONSE_DONE) {
            const struct http_response *res = http_response_reader_get(r);
            assert(res->body.n <= LIMITS.body);
            buf_addf(log, "response %d %d", res->status, res->keep_alive);
            note(log, res->body);
            for (size_t i = 0; i < res->headers.n; i++) note(log, res->headers.list[i].value);
            if (res->status == 101) break;
            http_response_reader_begin(r, false);
        }
        if (ev == HTTP_RESPONSE_DONE) break;
    }
    if (ev != HTTP_RESPONSE_DONE) {
        ev = http_response_reader_next(r, true, &e);
        buf_addf(log, "end %d %d", ev, ev == HTTP_RESPONSE_BAD ? e.code : 0);
    }
    http_response_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    size_t step = data[0] % 32 + 1;
    data++, size--;
    struct buf whole = BUF_INIT, pieces = BUF_INIT;
    requests(data, size, size ? size : 1, &whole);
    requests(data, size, step, &pieces);
    // A limit may be told by another of its names (414 or 431) depending on what was there to look at; all else is
    // equal.
    if (!strstr(buf_cstr(&whole), "than the limit") && !strstr(buf_cstr(&pieces), "than the limit"))
        assert(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    buf_clear(&whole);
    buf_clear(&pieces);
    responses(data, size, size ? size : 1, &whole);
    responses(data, size, step, &pieces);
    if (whole.n == pieces.n) assert(memcmp(whole.p, pieces.p, whole.n) == 0 || whole.n == 0);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
