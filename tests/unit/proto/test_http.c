// HTTP requests: bytes in, requests or a named refusal out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/http.h"

#define assert_slice(s, text)                                                                                          \
    do {                                                                                                               \
        struct slice got_ = (s);                                                                                       \
        assert_int_equal(got_.n, strlen(text));                                                                        \
        if (got_.n) assert_memory_equal(got_.p, text, got_.n);                                                         \
    } while (0)

// Feeds `text` in pieces of `step` bytes, each in a heap block of its own so that a sanitizer sees reads beyond it.
// Returns the first event that isn't HTTP_MORE (HTTP_CONTINUE is passed over), or HTTP_MORE.
static enum http_event feed(struct http_reader *r, const char *text, size_t n, size_t step)
{
    enum http_event ev = HTTP_MORE;
    for (size_t at = 0; at < n; at += step) {
        size_t piece = n - at < step ? n - at : step;
        char *copy = mem_dup(text + at, piece);
        http_reader_feed(r, copy, piece);
        free(copy);
        if (ev != HTTP_REQUEST && ev != HTTP_BAD) ev = http_reader_next(r);
        if (ev == HTTP_CONTINUE) ev = http_reader_next(r);
    }
    return ev;
}

static struct http_reader *reader(void)
{
    return http_reader_new(HTTP_LIMITS_DEFAULT);
}

static void a_request_is_the_same_whole_or_byte_by_byte(void **state)
{
    (void)state;
    static const char text[] = "POST /api/v1/jobs%20x/%C3%A9?limit=5&a=%26 HTTP/1.1\r\n"
                               "Host: localhost:8080\r\n"
                               "Content-Type:application/json  \r\n"
                               "X-Empty:\r\n"
                               "Content-Length: 11\r\n\r\n"
                               "{\"kind\":1}\n";
    static const size_t steps[] = {1, 2, 3, 7, 64, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct http_reader *r = reader();
        assert_int_equal(feed(r, text, sizeof text - 1, steps[i]), HTTP_REQUEST);
        const struct http_request *q = http_reader_request(r);
        assert_int_equal(q->method, HTTP_POST);
        assert_slice(q->method_name, "POST");
        assert_slice(q->target, "/api/v1/jobs%20x/%C3%A9?limit=5&a=%26");
        assert_slice(q->path, "/api/v1/jobs x/\xC3\xA9");
        assert_slice(q->query, "limit=5&a=%26");
        assert_slice(http_request_header(q, "host"), "localhost:8080");
        assert_slice(http_request_header(q, "CONTENT-type"), "application/json");
        assert_slice(http_request_header(q, "x-empty"), "");
        assert_non_null(http_request_header(q, "x-empty").p);
        assert_null(http_request_header(q, "x-absent").p);
        assert_slice(q->body, "{\"kind\":1}\n");
        assert_true(q->keep_alive);
        assert_false(q->upgrade);
        http_reader_free(r);
    }
}

// A path that isn't encoded lies in the buffer, which moves when the body makes it grow.
static void a_plain_path_stays_right_while_the_body_comes(void **state)
{
    (void)state;
    static const char head[] =
        "POST /api/v1/jobs?limit=5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
    struct http_reader *r = reader();
    assert_int_equal(feed(r, head, sizeof head - 1, sizeof head - 1), HTTP_MORE);
    assert_slice(http_reader_request(r)->path, "/api/v1/jobs");
    char body[1000];
    memset(body, 'x', sizeof body);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(feed(r, body, sizeof body, sizeof body), i < 99 ? HTTP_MORE : HTTP_REQUEST);
        assert_slice(http_reader_request(r)->path, "/api/v1/jobs");
        assert_slice(http_reader_request(r)->query, "limit=5");
    }
    http_reader_free(r);
}

static void pipelined_requests_come_one_after_the_other(void **state)
{
    (void)state;
    static const char text[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                               "\r\n" // an empty line between requests is read over
                               "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                               "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
                               "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct http_reader *r = reader();
    http_reader_feed(r, text, sizeof text - 1);
    static const char *const paths[] = {"/1", "/2", "/3", "/4"};
    static const char *const bodies[] = {"", "abc", "de", ""};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(http_reader_next(r), HTTP_REQUEST);
        assert_int_equal(http_reader_next(r), HTTP_REQUEST); // the same one until it is done
        assert_int_equal(http_reader_phase(r), HTTP_HELD);
        assert_slice(http_reader_request(r)->path, paths[i]);
        assert_slice(http_reader_request(r)->body, bodies[i]);
        assert_int_equal(http_reader_request(r)->keep_alive, i < 3);
        http_reader_done(r);
    }
    assert_int_equal(http_reader_next(r), HTTP_MORE);
    assert_int_equal(http_reader_phase(r), HTTP_IDLE);
    assert_int_equal(http_reader_buffered(r), 0);
    http_reader_free(r);
}

static void what_is_fed_while_a_request_is_held_leaves_it_alone(void **state)
{
    (void)state;
    static const char first[] = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HT";
    static const char second[] = "TP/1.1\r\nHost: b\r\n\r\n";
    struct http_reader *r = reader();
    http_reader_feed(r, first, sizeof first - 1);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    struct slice body = http_reader_request(r)->body, host = http_request_header(http_reader_request(r), "host");
    for (int i = 0; i < 3000; i++) http_reader_feed(r, i ? "" : second, i ? 0 : sizeof second - 1);
    assert_slice(body, "abc");
    assert_slice(host, "a");
    http_reader_done(r);
    assert_int_equal(http_reader_phase(r), HTTP_IN_HEAD);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    assert_slice(http_reader_request(r)->path, "/2");
    assert_slice(http_request_header(http_reader_request(r), "host"), "b");
    http_reader_done(r);
    assert_int_equal(http_reader_buffered(r), 0);
    http_reader_free(r);
}

static void phases_say_which_deadline_applies(void **state)
{
    (void)state;
    struct http_reader *r = reader();
    assert_int_equal(http_reader_phase(r), HTTP_IDLE);
    feed(r, "POST / HTTP/1.1\r\n", 17, 100);
    assert_int_equal(http_reader_phase(r), HTTP_IN_HEAD);
    feed(r, "Host: a\r\nContent-Length: 2\r\n\r\nx", 31, 100);
    assert_int_equal(http_reader_phase(r), HTTP_IN_BODY);
    assert_int_equal(feed(r, "y", 1, 1), HTTP_REQUEST);
    assert_int_equal(http_reader_phase(r), HTTP_HELD);
    http_reader_done(r);
    assert_int_equal(http_reader_phase(r), HTTP_IDLE);
    http_reader_free(r);
}

static void chunks_are_joined_however_they_are_cut(void **state)
{
    (void)state;
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                               "5\r\nhello\r\n001;name=\"v\"\r\n \r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"
                               "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t step = 1; step < sizeof text; step++) {
        struct http_reader *r = reader();
        assert_int_equal(feed(r, text, sizeof text - 1, step), HTTP_REQUEST);
        assert_slice(http_reader_request(r)->body, "hello 0123456789");
        http_reader_done(r);
        assert_int_equal(http_reader_next(r), HTTP_REQUEST);
        assert_slice(http_reader_request(r)->path, "/next");
        http_reader_free(r);
    }
}

static void expect_100_continue_is_told_once(void **state)
{
    (void)state;
    static const char head[] = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    struct http_reader *r = reader();
    http_reader_feed(r, head, sizeof head - 1);
    assert_int_equal(http_reader_next(r), HTTP_CONTINUE);
    assert_true(http_reader_request(r)->expect_continue);
    assert_int_equal(http_reader_next(r), HTTP_MORE);
    http_reader_feed(r, "ab", 2);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    assert_slice(http_reader_request(r)->body, "ab");
    http_reader_done(r);
    // A body that came along needs no answer first.
    http_reader_feed(r, head, sizeof head - 1);
    http_reader_feed(r, "cd", 2);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    http_reader_free(r);
}

static void bytes_behind_an_upgrade_are_handed_on(void **state)
{
    (void)state;
    static const char text[] = "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                               "Connection: keep-alive, Upgrade\r\n\r\n\x81\x80";
    struct http_reader *r = reader();
    http_reader_feed(r, text, sizeof text - 1);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    assert_true(http_reader_request(r)->upgrade);
    assert_slice(http_reader_rest(r), "\x81\x80");
    char more[5000];
    memset(more, 'm', sizeof more);
    http_reader_feed(r, more, sizeof more);
    struct slice rest = http_reader_rest(r);
    assert_int_equal(rest.n, 2 + sizeof more);
    assert_memory_equal(rest.p, "\x81\x80m", 3);
    assert_slice(http_request_header(http_reader_request(r), "upgrade"), "websocket");
    http_reader_free(r);
}

static void keep_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_reader *r = reader();
        assert_int_equal(feed(r, cases[i].text, strlen(cases[i].text), 1000), HTTP_REQUEST);
        assert_int_equal(http_reader_request(r)->keep_alive, cases[i].keep);
        http_reader_free(r);
    }
}

#define H "Host: a\r\n"
static const struct {
    const char *text;
    int status;
} refused[] = {
    // request line
    {"GET  / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /\r\n" H "\r\n", 400},
    {"GET / HTTP/1.1 \r\n" H "\r\n", 400},
    {" GET / HTTP/1.1\r\n" H "\r\n", 400},
    {"G(T / HTTP/1.1\r\n" H "\r\n", 400},
    {"GET / http/1.1\r\n" H "\r\n", 400},
    {"GET / HTTP/11\r\n" H "\r\n", 400},
    {"GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\n", 505},
    {"GET * HTTP/1.1\r\n" H "\r\n", 400},
    {"CONNECT a:443 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET http://evil/ HTTP/1.1\r\n" H "\r\n", 400},
    {"GET http://a HTTP/1.1\r\n" H "\r\n", 400},
    {"GET ftp://a/ HTTP/1.1\r\n" H "\r\n", 400},
    // paths
    {"GET /../etc/passwd HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a/.. HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a/%2e%2E/b HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a%2f..%2fb HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /./a HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a%00b HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a%0d%0ab HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /%ff HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /%c0%af HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /%zz HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /% HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /%2 HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /a#b HTTP/1.1\r\n" H "\r\n", 400},
    {"GET /\xC3\xA9 HTTP/1.1\r\n" H "\r\n", 400},
    // lines
    {"GET / HTTP/1.1\n" H "\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "foo bar: x\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H ": x\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", 400},
    // Host, Origin
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400},
    {"GET / HTTP/1.1\r\n" H "Origin: x\r\norigin: y\r\n\r\n", 400},
    // the body's length, which must be beyond doubt (request smuggling)
    {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 8388609\r\n\r\n", 413},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b chunked\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 501},
    {"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 1\r\n\r\n", 417},
#define C "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
    {C "3\rXabc\r\n0\r\n\r\n", 400},
    {C "3\nabc\r\n0\r\n\r\n", 400},
    {C "3\r\nabcd\r\n0\r\n\r\n", 400},
    {C "3\r\nabcZZ0\r\n\r\n", 400},
    {C "\r\n", 400},
    {C "g\r\n", 400},
    {C "-1\r\n", 400},
    {C "0x1\r\n", 400},
    {C " 1\r\na\r\n", 400},
    {C "1 \r\na\r\n", 400},
    {C "FFFFFFFFFFFFFFFFF\r\n", 400},
    {C "0000000000000001\r\n", 400},
    {C "800001\r\n", 413},
    {C "0\r\n\rX", 400},
    {C "0\r\nTrailer\nX", 400},
    {C "1;a\nb\r\n", 400},
};

static void malformed_requests_are_refused_with_a_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        for (size_t step = 1; step <= 1000; step += 999) {
            struct http_reader *r = reader();
            enum http_event ev = feed(r, refused[i].text, strlen(refused[i].text), step);
            if (ev != HTTP_BAD || http_reader_error(r)->status != refused[i].status)
                fail_msg("event %d, status %d for: %s", ev, http_reader_error(r)->status, refused[i].text);
            assert_non_null(http_reader_error(r)->message);
            assert_int_equal(http_reader_next(r), HTTP_BAD); // for good
            http_reader_free(r);
        }
}

static void limits_hold_before_the_bytes_are_there(void **state)
{
    (void)state;
    struct http_reader *r = http_reader_new((struct http_limits){64, 4});
    char line[80];
    memset(line, 'a', sizeof line);
    line[0] = '/';
    assert_int_equal(feed(r, line, sizeof line, 1), HTTP_BAD);
    assert_int_equal(http_reader_error(r)->status, 414);
    http_reader_free(r);

    r = http_reader_new((struct http_limits){64, 4});
    feed(r, "GET / HTTP/1.1\r\n", 16, 16);
    assert_int_equal(feed(r, line, sizeof line, 1), HTTP_BAD);
    assert_int_equal(http_reader_error(r)->status, 431);
    http_reader_free(r);

    // Exactly at both limits is fine.
    static const char exact[] = "POST / HTTP/1.1\r\nHost: a\r\nX: 123456789\r\nContent-Length: 4\r\n\r\nabcd";
    assert_int_equal(sizeof exact - 1 - 4, 61);
    r = http_reader_new((struct http_limits){61, 4});
    assert_int_equal(feed(r, exact, sizeof exact - 1, 1), HTTP_REQUEST);
    http_reader_free(r);
    r = http_reader_new((struct http_limits){60, 4});
    assert_int_equal(feed(r, exact, sizeof exact - 1, 1000), HTTP_BAD);
    assert_int_equal(http_reader_error(r)->status, 431);
    http_reader_free(r);

    static const char chunked[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\n";
    r = http_reader_new((struct http_limits){100, 4});
    assert_int_equal(feed(r, chunked, sizeof chunked - 1, 1), HTTP_BAD);
    assert_int_equal(http_reader_error(r)->status, 413);
    http_reader_free(r);

    struct buf many = BUF_INIT;
    buf_add_str(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < HTTP_MAX_HEADERS; i++) buf_add_str(&many, "A: b\r\n");
    struct buf over = BUF_INIT;
    buf_add_slice(&over, buf_slice(&many));
    buf_add_str(&many, "\r\n");
    buf_add_str(&over, "A: b\r\n\r\n");
    r = reader();
    assert_int_equal(feed(r, many.p, many.n, 1000), HTTP_REQUEST);
    http_reader_free(r);
    r = reader();
    assert_int_equal(feed(r, over.p, over.n, 1000), HTTP_BAD);
    assert_int_equal(http_reader_error(r)->status, 431);
    http_reader_free(r);
    buf_release(&many);
    buf_release(&over);
}

static void endless_trailers_and_extensions_are_refused(void **state)
{
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char *const starts[] = {"1;", "0\r\nT: "};
    for (int i = 0; i < 2; i++) {
        struct http_reader *r = reader();
        feed(r, head, sizeof head - 1, 1000);
        feed(r, starts[i], strlen(starts[i]), 1000);
        char filler[5000];
        memset(filler, 'x', sizeof filler);
        assert_int_equal(feed(r, filler, sizeof filler, 100), HTTP_BAD);
        assert_int_equal(http_reader_error(r)->status, 400);
        http_reader_free(r);
    }
}

static void unusual_but_valid_requests_are_taken(void **state)
{
    (void)state;
    struct http_reader *r = reader();
    static const char absolute[] = "GET HTTP://A.example:80/x?y HTTP/1.1\r\nHost: a.example:80\r\n\r\n";
    assert_int_equal(feed(r, absolute, sizeof absolute - 1, 5), HTTP_REQUEST);
    assert_slice(http_reader_request(r)->path, "/x");
    assert_slice(http_reader_request(r)->query, "y");
    http_reader_done(r);
    static const char options[] = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(feed(r, options, sizeof options - 1, 5), HTTP_REQUEST);
    assert_slice(http_reader_request(r)->path, "*");
    http_reader_done(r);
    static const char other[] = "PURGE /...a/..b//c?a?b HTTP/1.1\r\nHost: \r\n\r\n";
    assert_int_equal(feed(r, other, sizeof other - 1, 5), HTTP_REQUEST);
    assert_int_equal(http_reader_request(r)->method, HTTP_OTHER);
    assert_slice(http_reader_request(r)->method_name, "PURGE");
    assert_slice(http_reader_request(r)->path, "/...a/..b//c");
    assert_slice(http_reader_request(r)->query, "a?b");
    http_reader_free(r);
}

static void header_tokens_are_found_in_lists(void **state)
{
    (void)state;
    struct http_header list[] = {
        {SLICE_LIT("Connection"), SLICE_LIT("keep-alive , UPGRADE")},
        {SLICE_LIT("Other"), SLICE_LIT("x")},
        {SLICE_LIT("connection"), SLICE_LIT("last")},
    };
    struct http_headers h = {list, 3};
    assert_true(http_headers_has_token(h, "CONNECTION", "upgrade"));
    assert_true(http_headers_has_token(h, "connection", "last"));
    assert_false(http_headers_has_token(h, "connection", "keep"));
    assert_false(http_headers_has_token(h, "connection", "x"));
}

static void query_parameters_are_decoded_by_name(void **state)
{
    (void)state;
    struct slice q = SLICE_LIT("&a=1&b=x+y%26%3D&&flag&na%6De=v&bad=%f&nul=%00&latin=%e9&a=2&empty=");
    static const struct {
        const char *name;
        int rc;
        const char *value;
    } cases[] = {
        {"a", 1, "1"},    {"b", 1, "x y&="},          {"flag", 1, ""},          {"name", 1, "v"},
        {"empty", 1, ""}, {"absent", 0, ""},          {"bad", HW_EINVALID, ""}, {"nul", HW_EINVALID, ""},
        {"", 0, ""},      {"latin", HW_EINVALID, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf v = BUF_INIT;
        struct err e = {0};
        assert_int_equal(http_query_get(q, cases[i].name, &v, &e), cases[i].rc);
        assert_slice(buf_slice(&v), cases[i].value);
        if (cases[i].rc < 0) assert_string_equal(e.field, cases[i].name);
        buf_release(&v);
    }
}

static void percent_encoding_comes_back_the_same(void **state)
{
    (void)state;
    char all[256];
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    struct buf coded = BUF_INIT, back = BUF_INIT;
    http_percent_encode(slice_of(all, sizeof all), &coded);
    assert_int_equal(http_percent_decode(buf_slice(&coded), true, &back), 0);
    assert_int_equal(back.n, sizeof all);
    assert_memory_equal(back.p, all, sizeof all);
    buf_release(&coded);
    buf_release(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_the_same_whole_or_byte_by_byte),
        cmocka_unit_test(a_plain_path_stays_right_while_the_body_comes),
        cmocka_unit_test(pipelined_requests_come_one_after_the_other),
        cmocka_unit_test(what_is_fed_while_a_request_is_held_leaves_it_alone),
        cmocka_unit_test(phases_say_which_deadline_applies),
        cmocka_unit_test(chunks_are_joined_however_they_are_cut),
        cmocka_unit_test(expect_100_continue_is_told_once),
        cmocka_unit_test(bytes_behind_an_upgrade_are_handed_on),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(malformed_requests_are_refused_with_a_status),
        cmocka_unit_test(limits_hold_before_the_bytes_are_there),
        cmocka_unit_test(endless_trailers_and_extensions_are_refused),
        cmocka_unit_test(unusual_but_valid_requests_are_taken),
        cmocka_unit_test(header_tokens_are_found_in_lists),
        cmocka_unit_test(query_parameters_are_decoded_by_name),
        cmocka_unit_test(percent_encoding_comes_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
