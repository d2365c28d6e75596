// The request reader: gathers a head, checks it, gathers the body, hands the request out.
#include "proto/http.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "proto/http_head.h"

struct http_reader {
    struct http_limits limits;
    enum http_phase phase;
    bool asked_to_continue; // HTTP_CONTINUE was given out for this request
    struct buf in;          // from `at`: the request's head, its body, and what is pipelined behind it
    size_t at;
    uintptr_t base;   // address of the head when `req` was made to point into it
    size_t line;      // while in the head: offset from `at` of the line that isn't complete
    size_t head_n;    // offsets from `at`
    size_t body_n;    // body bytes there (joined, if chunked)
    size_t end;       // where the request ends
    struct buf later; // fed while a request is held
    struct buf path;
    struct http_fields fields;
    struct http_framing framing;
    struct http_chunks chunks;
    struct http_request req;
    struct http_error error;
};

struct http_reader *http_reader_new(struct http_limits limits)
{
    struct http_reader *r = mem_zalloc(sizeof *r);
    r->limits = limits;
    return r;
}

static void release_memory(struct http_reader *r)
{
    buf_release(&r->in);
    buf_release(&r->path);
    http_fields_release(&r->fields);
    r->at = 0;
}

void http_reader_free(struct http_reader *r)
{
    if (!r) return;
    release_memory(r);
    buf_release(&r->later);
    free(r);
}

void http_reader_feed(struct http_reader *r, const void *bytes, size_t n)
{
    if (n == 0 || r->phase == HTTP_FAILED) return;
    if (r->phase == HTTP_HELD) {
        buf_add(&r->later, bytes, n);
        return;
    }
    if (r->at) {
        buf_consume(&r->in, r->at);
        r->at = 0;
    }
    buf_add(&r->in, bytes, n);
}

static enum http_event fail(struct http_reader *r, int status, const char *message)
{
    release_memory(r);
    buf_release(&r->later);
    r->phase = HTTP_FAILED;
    r->error = (struct http_error){status, message};
    return HTTP_BAD;
}

// ---- the head -------------------------------------------------------------------------------------------------------

static enum http_method method_of(struct slice name)
{
    static const struct slice names[] = {
        [HTTP_GET] = SLICE_CONST("GET"),         [HTTP_HEAD] = SLICE_CONST("HEAD"),
        [HTTP_POST] = SLICE_CONST("POST"),       [HTTP_PUT] = SLICE_CONST("PUT"),
        [HTTP_PATCH] = SLICE_CONST("PATCH"),     [HTTP_DELETE] = SLICE_CONST("DELETE"),
        [HTTP_OPTIONS] = SLICE_CONST("OPTIONS"),
    };
    for (int m = 0; m < HTTP_OTHER; m++)
        if (slice_eq(name, names[m])) return (enum http_method)m;
    return HTTP_OTHER;
}

// Refuses what would mean another file than it seems to: "." and ".." segments, once decoded.
static bool has_dot_segment(struct slice path)
{
    struct slice rest = path;
    if (!path.n || !memchr(path.p, '.', path.n)) return false;
    while (rest.n) {
        struct slice segment = slice_cut(&rest, '/');
        if (slice_is(segment, ".") || slice_is(segment, "..")) return true;
    }
    return false;
}

static const char *read_path(struct http_reader *r, struct slice raw)
{
    bool asterisk = slice_is(raw, "*") && r->req.method == HTTP_OPTIONS;
    if (!asterisk && (!raw.n || raw.p[0] != '/')) return "the request target does not start with /";
    // What isn't encoded needs no decoding: it stays where it is, and the target's characters were looked at.
    if (!raw.n || !memchr(raw.p, '%', raw.n)) {
        if (has_dot_segment(raw)) return "the path holds a . or .. segment";
        r->req.path = raw;
        return NULL;
    }
    buf_clear(&r->path);
    if (http_percent_decode(raw, false, &r->path) < 0) return "the path's percent encoding is broken";
    struct slice path = buf_slice(&r->path);
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7F) return "the path holds a control character";
    if (!utf8_valid(path.p, path.n)) return "the path is not UTF-8";
    if (has_dot_segment(path)) return "the path holds a . or .. segment";
    r->req.path = path;
    return NULL;
}

static const char *read_target(struct http_reader *r, struct slice target, struct slice *authority)
{
    *authority = (struct slice){0};
    if (!ascii_all(target, ASCII_TARGET)) return "the request target holds a character that must be encoded";
    r->req.target = target;
    struct slice rest = target;
    // The absolute form (RFC 9112 §3.2.2): "http://host/path".
    size_t scheme = target.n > 7 && strncasecmp(target.p, "http://", 7) == 0    ? 7
                    : target.n > 8 && strncasecmp(target.p, "https://", 8) == 0 ? 8
                                                                                : 0;
    if (scheme) {
        rest = slice_of(target.p + scheme, target.n - scheme);
        size_t n = 0;
        while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') n++;
        if (n == 0 || n == rest.n || rest.p[n] != '/') return "the absolute request target has no host or no path";
        *authority = slice_of(rest.p, n);
        rest = slice_of(rest.p + n, rest.n - n);
    }
    r->req.query = rest;
    struct slice raw_path = slice_cut(&r->req.query, '?');
    return read_path(r, raw_path);
}

static const char *read_request_line(struct http_reader *r, struct slice line, struct slice *authority, int *status)
{
    struct slice rest = line;
    struct slice method = slice_cut(&rest, ' ');
    struct slice target = slice_cut(&rest, ' ');
    *status = 400;
    if (!http_is_token(method)) return "the request line starts with no method";
    if (!slice_starts(rest, "HTTP/") || rest.n != 8 || rest.p[6] != '.' || rest.p[5] < '0' || rest.p[5] > '9' ||
        rest.p[7] < '0' || rest.p[7] > '9')
        return "the request line does not end with an HTTP version";
    if (rest.p[5] != '1') {
        *status = 505;
        return "an HTTP version other than 1.0 and 1.1";
    }
    r->req.http10 = rest.p[7] == '0';
    r->req.method_name = method;
    r->req.method = method_of(method);
    return read_target(r, target, authority);
}

// What may occur once only: a second one would let two readers of the same request see different things.
static const char *check_repeats(struct http_headers h)
{
    static const struct {
        struct slice name;
        const char *message;
    } once[] = {
        {SLICE_CONST("host"), "Host more than once"},
        {SLICE_CONST("origin"), "Origin more than once"},
        {SLICE_CONST("content-type"), "Content-Type more than once"},
        {SLICE_CONST("authorization"), "Authorization more than once"},
        {SLICE_CONST("sec-websocket-key"), "Sec-WebSocket-Key more than once"},
        {SLICE_CONST("sec-websocket-version"), "Sec-WebSocket-Version more than once"},
    };
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        if (http_headers_count(h, once[i].name) > 1) return once[i].message;
    return NULL;
}

static enum http_event read_head(struct http_reader *r)
{
    const char *p = r->in.p + r->at;
    int status = 400;
    r->req = (struct http_request){0};
    r->base = (uintptr_t)p;
    const char *lf = memchr(p, '\n', r->head_n);
    size_t first = (size_t)(lf - p) + 1;
    struct slice authority;
    const char *wrong = read_request_line(r, slice_of(p, first - 2), &authority, &status);
    if (!wrong) wrong = http_fields_parse(&r->fields, slice_of(p + first, r->head_n - first - 2), &status);
    if (wrong) return fail(r, status, wrong);

    struct http_headers h = r->req.headers = http_fields_view(&r->fields);
    wrong = check_repeats(h);
    if (wrong) return fail(r, 400, wrong);
    struct slice host = http_headers_get(h, "host");
    if (!host.p && !r->req.http10) return fail(r, 400, "no Host header");
    // Host is what the caller checks: the target may not name another one.
    // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a buffer with bytes in it has an address
    if (authority.p && (authority.n != host.n || strncasecmp(authority.p, host.p, host.n) != 0))
        return fail(r, 400, "the request target's host is not the Host header's");
    wrong = http_framing_of(h, &r->framing, &status);
    if (wrong) return fail(r, status, wrong);
    if (r->framing.kind == HTTP_FRAMING_CHUNKED && r->req.http10) return fail(r, 400, "chunked in HTTP/1.0");
    if (r->framing.length > r->limits.body) return fail(r, 413, "the body is larger than the limit");

    struct slice expect = http_headers_get(h, "expect");
    if (expect.p && !r->req.http10) {
        if (!slice_is_nocase(expect, "100-continue")) return fail(r, 417, "an expectation other than 100-continue");
        r->req.expect_continue = true;
    }
    r->req.keep_alive = r->req.http10 ? http_headers_has_token(h, "connection", "keep-alive")
                                      : !http_headers_has_token(h, "connection", "close");
    r->req.upgrade =
        !r->req.http10 && http_headers_has_token(h, "connection", "upgrade") && http_headers_get(h, "upgrade").n > 0;
    r->chunks = (struct http_chunks){0};
    r->body_n = 0;
    r->end = r->head_n;
    r->asked_to_continue = false;
    r->phase = HTTP_IN_BODY;
    return HTTP_MORE;
}

static enum http_event gather_head(struct http_reader *r)
{
    // Empty lines before a request are read over (RFC 9112 §2.2).
    while (r->line == 0 && r->in.n - r->at >= 2 && memcmp(r->in.p + r->at, "\r\n", 2) == 0) r->at += 2;
    if (r->at == r->in.n) {
        release_memory(r);
        r->phase = HTTP_IDLE;
        return HTTP_MORE;
    }
    r->phase = HTTP_IN_HEAD;
    size_t have = r->in.n - r->at;
    long head = http_head_scan(r->in.p + r->at, have, &r->line);
    if (head < 0) return fail(r, 400, "a line does not end with CR LF");
    if ((head ? (size_t)head : have) > r->limits.head)
        return r->line ? fail(r, 431, "the headers are larger than the limit")
                       : fail(r, 414, "the request line is longer than the limit");
    if (head == 0) return HTTP_MORE;
    r->head_n = (size_t)head;
    r->line = 0;
    return read_head(r);
}

// ---- the body -------------------------------------------------------------------------------------------------------

// The head may have moved when the buffer grew: everything that points into it moves along. `base` is where it was.
static void rebase(struct http_reader *r)
{
    const char *now = r->in.p + r->at;
    uintptr_t before = r->base;
    if ((uintptr_t)now == before) return;
#define MOVE(s)                                                                                                        \
    if ((s).p) (s).p = now + ((uintptr_t)(s).p - before)
    MOVE(r->req.method_name);
    MOVE(r->req.target);
    MOVE(r->req.query);
    if (r->req.path.p != r->path.p) MOVE(r->req.path);
    MOVE(r->req.body);
    for (size_t i = 0; i < r->fields.n; i++) {
        MOVE(r->fields.list[i].name);
        MOVE(r->fields.list[i].value);
    }
#undef MOVE
    r->base = (uintptr_t)now;
}

static enum http_event gather_body(struct http_reader *r)
{
    const char *p = r->in.p + r->at;
    rebase(r);

    bool complete = false;
    if (r->framing.kind == HTTP_FRAMING_CHUNKED) {
        size_t from = r->at + r->head_n + r->body_n, to = from, room = r->limits.body - r->body_n;
        switch (http_chunks_join(&r->chunks, r->in.p, &from, r->in.n, &to, &room)) {
        case HTTP_CHUNKS_BAD: return fail(r, 400, "the chunked body is malformed");
        case HTTP_CHUNKS_TOO_BIG: return fail(r, 413, "the body is larger than the limit");
        case HTTP_CHUNKS_MORE: r->in.n = to; break;
        case HTTP_CHUNKS_DONE:
            complete = true;
            r->end = from - r->at;
            break;
        }
        r->body_n = to - r->at - r->head_n;
    } else {
        size_t have = r->in.n - r->at - r->head_n;
        complete = have >= r->framing.length;
        r->body_n = complete ? (size_t)r->framing.length : have;
        r->end = r->head_n + r->body_n;
    }
    if (!complete) {
        if (!r->req.expect_continue || r->asked_to_continue) return HTTP_MORE;
        r->asked_to_continue = true;
        return HTTP_CONTINUE;
    }
    r->req.body = slice_of(p + r->head_n, r->body_n);
    r->phase = HTTP_HELD;
    return HTTP_REQUEST;
}

enum http_event http_reader_next(struct http_reader *r)
{
    if (r->phase == HTTP_HELD) return HTTP_REQUEST;
    if (r->phase == HTTP_FAILED) return HTTP_BAD;
    if (r->phase != HTTP_IN_BODY) {
        if (r->at == r->in.n) return HTTP_MORE;
        enum http_event ev = gather_head(r);
        if (r->phase != HTTP_IN_BODY) return ev;
    }
    return gather_body(r);
}

void http_reader_done(struct http_reader *r)
{
    if (r->phase != HTTP_HELD) return;
    r->phase = HTTP_IDLE;
    r->at += r->end;
    r->line = 0;
    r->req = (struct http_request){0};
    if (r->at == r->in.n) {
        release_memory(r);
        r->in = r->later;
        r->later = BUF_INIT;
    } else if (r->later.n) {
        buf_consume(&r->in, r->at);
        r->at = 0;
        buf_add_slice(&r->in, buf_slice(&r->later));
        buf_release(&r->later);
    }
    // Bytes of a next request are the start of its head, whether or not they were looked at yet.
    if (r->at < r->in.n) r->phase = HTTP_IN_HEAD;
}

const struct http_request *http_reader_request(const struct http_reader *r)
{
    return &r->req;
}

const struct http_error *http_reader_error(const struct http_reader *r)
{
    return &r->error;
}

enum http_phase http_reader_phase(const struct http_reader *r)
{
    return r->phase;
}

size_t http_reader_buffered(const struct http_reader *r)
{
    return r->in.n - r->at + r->later.n;
}

struct slice http_reader_rest(struct http_reader *r)
{
    if (r->phase != HTTP_HELD) return (struct slice){0};
    // All of it must be one slice: what came while the request was held joins what came with it. The request stays
    // where it is unless the buffer has to grow, and then it is pointed to anew.
    if (r->later.n) {
        buf_add_slice(&r->in, buf_slice(&r->later));
        buf_release(&r->later);
        rebase(r);
    }
    return slice_of(r->in.p + r->at + r->end, r->in.n - r->at - r->end);
}
