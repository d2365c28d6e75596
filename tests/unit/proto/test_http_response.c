// HTTP responses: what the server writes is what the client reads, and broken ones are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/http_response.h"

#define assert_slice(s, text)                                                                                          \
    do {                                                                                                               \
        struct slice got_ = (s);                                                                                       \
        assert_int_equal(got_.n, strlen(text));                                                                        \
        if (got_.n) assert_memory_equal(got_.p, text, got_.n);                                                         \
    } while (0)

static enum http_response_event feed(struct http_response_reader *r, struct slice text, size_t step, bool eof,
                                     struct err *e)
{
    enum http_response_event ev = HTTP_RESPONSE_MORE;
    for (size_t at = 0; at < text.n; at += step) {
        http_response_reader_feed(r, text.p + at, text.n - at < step ? text.n - at : step);
        ev = http_response_reader_next(r, false, e);
    }
    return eof && ev == HTTP_RESPONSE_MORE ? http_response_reader_next(r, true, e) : ev;
}

static void a_response_is_written_and_read_back(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    http_write_status(&out, 201);
    http_write_header(&out, "Content-Type", SLICE_LIT("application/json"));
    http_write_header(&out, "Location", SLICE_LIT("/x\r\nSet-Cookie: evil"));
    http_write_end_length(&out, 2);
    buf_add_str(&out, "{}NEXT");
    for (size_t step = 1; step <= out.n; step++) {
        struct http_response_reader *r = http_response_reader_new(HTTP_LIMITS_DEFAULT);
        struct err e = {0};
        http_response_reader_begin(r, false);
        assert_int_equal(feed(r, buf_slice(&out), step, false, &e), HTTP_RESPONSE_DONE);
        const struct http_response *res = http_response_reader_get(r);
        assert_int_equal(res->status, 201);
        assert_slice(res->reason, "Created");
        // Line breaks in a value can't start a header of their own.
        assert_slice(http_headers_get(res->headers, "location"), "/x  Set-Cookie: evil");
        assert_null(http_headers_get(res->headers, "set-cookie").p);
        assert_slice(res->body, "{}");
        assert_true(res->keep_alive);
        http_response_reader_free(r);
    }
    buf_release(&out);
}

static void chunks_written_are_chunks_read(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    http_write_status(&out, 200);
    http_write_header(&out, "Transfer-Encoding", SLICE_LIT("chunked"));
    http_write_end(&out);
    http_write_chunk(&out, SLICE_LIT("hello "));
    http_write_chunk(&out, SLICE_LIT("")); // nothing, rather than the end
    http_write_chunk(&out, SLICE_LIT("a chunk of more than fifteen bytes"));
    http_write_last_chunk(&out);
    for (size_t step = 1; step <= out.n; step++) {
        struct http_response_reader *r = http_response_reader_new(HTTP_LIMITS_DEFAULT);
        http_response_reader_begin(r, false);
        assert_int_equal(feed(r, buf_slice(&out), step, false, NULL), HTTP_RESPONSE_DONE);
        assert_slice(http_response_reader_get(r)->body, "hello a chunk of more than fifteen bytes");
        http_response_reader_free(r);
    }
    buf_release(&out);
}

static void responses_follow_one_another_on_a_connection(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
                               "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" // the answer to HEAD
                               "HTTP/1.1 204 No Content\r\n\r\n"
                               "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
                               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x";
    static const int statuses[] = {200, 200, 204, 304, 101};
    struct http_response_reader *r = http_response_reader_new(HTTP_LIMITS_DEFAULT);
    http_response_reader_feed(r, text, sizeof text - 1);
    for (int i = 0; i < 5; i++) {
        http_response_reader_begin(r, i == 1);
        assert_int_equal(http_response_reader_next(r, false, NULL), HTTP_RESPONSE_DONE);
        assert_int_equal(http_response_reader_get(r)->status, statuses[i]);
        assert_slice(http_response_reader_get(r)->body, i == 0 ? "abc" : "");
    }
    assert_slice(http_response_reader_rest(r), "\x81\x01x");
    http_response_reader_free(r);
}

static void a_body_without_a_length_ends_with_the_connection(void **state)
{
    (void)state;
    struct http_response_reader *r = http_response_reader_new(HTTP_LIMITS_DEFAULT);
    struct err e = {0};
    http_response_reader_begin(r, false);
    assert_int_equal(feed(r, SLICE_LIT("HTTP/1.0 200\r\n\r\nto the end"), 3, false, &e), HTTP_RESPONSE_MORE);
    assert_int_equal(http_response_reader_next(r, true, &e), HTTP_RESPONSE_DONE);
    assert_slice(http_response_reader_get(r)->body, "to the end");
    assert_false(http_response_reader_get(r)->keep_alive);
    http_response_reader_free(r);
}

static void broken_responses_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", HW_EEOF},
        {"HTTP/1.1 200 OK\r\n", HW_EEOF},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", HW_EEOF},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", HW_EEOF},
        {"HTTP/2 200 OK\r\n\r\n", HW_EPROTOCOL},
        {"HTTP/1.1 20 OK\r\n\r\n", HW_EPROTOCOL},
        {"HTTP/1.1 099 OK\r\n\r\n", HW_EPROTOCOL},
        {"\r\n", HW_EPROTOCOL},
        {"HTTP/1.1 200 OK\n\n", HW_EPROTOCOL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", HW_EPROTOCOL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", HW_ETOOBIG},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", HW_ETOOBIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_response_reader *r = http_response_reader_new((struct http_limits){1000, 100});
        struct err e = {0};
        http_response_reader_begin(r, false);
        assert_int_equal(feed(r, slice_str(cases[i].text), 2, true, &e), HTTP_RESPONSE_BAD);
        assert_int_equal(e.code, cases[i].code);
        assert_int_equal(http_response_reader_next(r, false, &e), HTTP_RESPONSE_BAD);
        http_response_reader_free(r);
    }
}

static void a_simple_response_has_what_its_status_allows(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    http_write_simple(&out, 404, "application/json", SLICE_LIT("{}"), true, false);
    assert_string_equal(buf_cstr(&out),
                        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    buf_clear(&out);
    http_write_simple(&out, 200, "text/plain", SLICE_LIT("body"), false, true); // the answer to HEAD
    assert_string_equal(
        buf_cstr(&out),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 4\r\n\r\n");
    buf_clear(&out);
    http_write_simple(&out, 204, NULL, SLICE_LIT(""), true, false);
    assert_string_equal(buf_cstr(&out), "HTTP/1.1 204 No Content\r\n\r\n");
    buf_clear(&out);
    http_write_request(&out, "GET", SLICE_LIT("/a b\r\nX: y"), SLICE_LIT("h\r\nX: y"));
    assert_string_equal(buf_cstr(&out), "GET /a%20b%0D%0AX:%20y HTTP/1.1\r\nHost: h  X: y\r\n");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_written_and_read_back),
        cmocka_unit_test(chunks_written_are_chunks_read),
        cmocka_unit_test(responses_follow_one_another_on_a_connection),
        cmocka_unit_test(a_body_without_a_length_ends_with_the_connection),
        cmocka_unit_test(broken_responses_are_named),
        cmocka_unit_test(a_simple_response_has_what_its_status_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
