// The WebSocket opening handshake, server against client, and what either refuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/ws_frame.h"
#include "proto/ws_handshake.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UP  "Host: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"

static struct http_reader *request(const char *text)
{
    struct http_reader *r = http_reader_new(HTTP_LIMITS_DEFAULT);
    http_reader_feed(r, text, strlen(text));
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    return r;
}

static void the_example_of_rfc_6455_is_accepted(void **state)
{
    (void)state;
    struct http_reader *r = request("GET /chat HTTP/1.1\r\n" UP KEY "Sec-WebSocket-Version: 13\r\n\r\n");
    struct ws_handshake hs;
    struct err e = {0};
    assert_int_equal(ws_handshake_check(http_reader_request(r), true, &hs, &e), 0);
    assert_string_equal(hs.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(hs.deflate);
    struct buf out = BUF_INIT;
    ws_handshake_write_response(&hs, &out);
    assert_string_equal(buf_cstr(&out), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                                        "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    buf_release(&out);
    http_reader_free(r);
}

static void what_is_no_handshake_is_refused_with_a_status(void **state)
{
    (void)state;
#define V "Sec-WebSocket-Version: 13\r\n"
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"POST / HTTP/1.1\r\n" UP KEY V "\r\n", 400},
        {"GET / HTTP/1.0\r\n" UP KEY V "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" KEY V "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" KEY V "\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" KEY V "\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Content-Length: 1\r\n" KEY "\r\nx", 400},
        {"GET / HTTP/1.1\r\n" UP V "\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Sec-WebSocket-Key: dGhlIHNhbXBs*SBub25jZQ==\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQo=\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP V "Sec-WebSocket-Key: dGhl=HNhbXBsZSBub25jZQ==\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" UP KEY "\r\n", 426},
        {"GET / HTTP/1.1\r\n" UP KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_reader *r = request(cases[i].text);
        struct ws_handshake hs;
        struct err e = {0};
        int status = ws_handshake_check(http_reader_request(r), true, &hs, &e);
        if (status != cases[i].status) fail_msg("status %d for: %s", status, cases[i].text);
        assert_true(strlen(e.message) > 0);
        http_reader_free(r);
    }
}

static void the_first_offer_that_can_be_kept_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        bool deflate, name_window;
    } cases[] = {
        {"permessage-deflate", true, false},
        {"permessage-deflate; client_max_window_bits", true, false},
        {"Permessage-Deflate;client_max_window_bits=10 ; server_max_window_bits=\"12\"", true, true},
        {"permessage-deflate; server_max_window_bits=15", true, true},
        {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", true, false},
        {"permessage-deflate; server_max_window_bits=11", false, false},
        {"permessage-deflate; server_max_window_bits=11, permessage-deflate", true, false},
        {"permessage-deflate; server_max_window_bits", false, false},
        {"permessage-deflate; server_max_window_bits=7", false, false},
        {"permessage-deflate; server_max_window_bits=16", false, false},
        {"permessage-deflate; server_max_window_bits=012", false, false},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits", false, false},
        {"permessage-deflate; server_no_context_takeover=1", false, false},
        {"permessage-deflate; unknown", false, false},
        {"x-webkit-deflate-frame", false, false},
        {"x-webkit-deflate-frame; q, permessage-deflate", true, false},
        {"permessage-deflate; server_max_window_bits=\"1\\3\"", true, true}, // an escaped character
        {"permessage-deflate; server_max_window_bits=8", false, false},
        {"permessage-deflate; server_max_window_bits=1e1", false, false},
        {"permessage-deflate; server_max_window_bits=12345678901234567890", false, false},
        {"permessage-deflate; client_max_window_bits=8", true, false},
        {"permessage-deflate; client_max_window_bits=16", false, false},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", false, false},
        // Each is declined for another reason; the last can be kept.
        {"permessage-deflate; a, permessage-deflate; server_max_window_bits=9, other, permessage-deflate; "
         "server_max_window_bits=10; client_max_window_bits=10, permessage-deflate; server_max_window_bits=14",
         true, true},
        {"permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15", true, false},
        {"permessage-deflate; no\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15", true,
         true},
        {"", false, false}, // empty elements of a list are passed over
        {" , ,permessage-deflate,", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = mem_printf("GET / HTTP/1.1\r\n" UP KEY V "Sec-WebSocket-Extensions: %s\r\n\r\n", cases[i].offer);
        struct http_reader *r = request(text);
        struct ws_handshake hs;
        assert_int_equal(ws_handshake_check(http_reader_request(r), true, &hs, NULL), 0);
        if (hs.deflate != cases[i].deflate || hs.name_window != cases[i].name_window)
            fail_msg("deflate %d, window named %d for: %s", hs.deflate, hs.name_window, cases[i].offer);
        assert_int_equal(ws_handshake_check(http_reader_request(r), false, &hs, NULL), 0);
        assert_false(hs.deflate);
        http_reader_free(r);
        free(text);
    }
}

static void malformed_extensions_fail_the_handshake_wanted_or_not(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "permessage-deflate;",
        "permessage-deflate; ; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"12",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"1 2\"",
        "permessage-deflate; server_max_window_bits=\"12\\",
        "permessage-deflate; server_max_window_bits=\"12\"3",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; =12",
        "other; a=\"x, permessage-deflate, y\"", // in quotes there is a token, and no list
        "permessage-deflate, (",                 // behind an offer that would have been taken
        "=",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        for (int wanted = 0; wanted < 2; wanted++) {
            char *text = mem_printf("GET / HTTP/1.1\r\n" UP KEY V "Sec-WebSocket-Extensions: %s\r\n\r\n", malformed[i]);
            struct http_reader *r = request(text);
            struct ws_handshake hs;
            struct err e = {0};
            int status = ws_handshake_check(http_reader_request(r), wanted, &hs, &e);
            if (status != 400) fail_msg("status %d for: %s", status, malformed[i]);
            assert_non_null(strstr(e.message, "Sec-WebSocket-Extensions"));
            http_reader_free(r);
            free(text);
        }
}

// Gives the client a response; returns its verdict.
static int answer(const char *text, const char *key, bool offered, struct ws_handshake *hs, int *bits, struct err *e)
{
    struct http_response_reader *r = http_response_reader_new(HTTP_LIMITS_DEFAULT);
    http_response_reader_begin(r, false);
    http_response_reader_feed(r, text, strlen(text));
    assert_int_equal(http_response_reader_next(r, false, e), HTTP_RESPONSE_DONE);
    int rc = ws_handshake_check_response(http_response_reader_get(r), key, offered, hs, bits, e);
    http_response_reader_free(r);
    return rc;
}

static void client_and_server_agree(void **state)
{
    (void)state;
    for (int deflate = 0; deflate < 2; deflate++) {
        unsigned char nonce[16];
        for (int i = 0; i < 16; i++) nonce[i] = (unsigned char)(i * 17);
        char key[WS_KEY_SIZE];
        ws_client_key(nonce, key);
        struct buf out = BUF_INIT, back = BUF_INIT;
        ws_handshake_write_request(SLICE_LIT("/socket.io/?EIO=4&transport=websocket"), SLICE_LIT("h:1"), key, deflate,
                                   &out);
        http_write_end(&out);
        struct http_reader *r = request(buf_cstr(&out));
        struct ws_handshake server, client;
        struct err e = {0};
        int bits = 0;
        assert_int_equal(ws_handshake_check(http_reader_request(r), true, &server, &e), 0);
        assert_int_equal(server.deflate, deflate);
        ws_handshake_write_response(&server, &back);
        assert_int_equal(answer(buf_cstr(&back), key, deflate, &client, &bits, &e), 0);
        assert_int_equal(client.deflate, deflate);
        assert_int_equal(bits, 15);
        http_reader_free(r);
        buf_release(&out);
        buf_release(&back);
    }
}

static void the_client_refuses_what_it_did_not_ask_for(void **state)
{
    (void)state;
    const char *key = "dGhlIHNhbXBsZSBub25jZQ==";
#define OK101 "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
#define ACC   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define EXT   "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"
    static const struct {
        const char *text;
        int rc, bits;
    } cases[] = {
        {OK101 ACC "\r\n", 0, 15},
        {OK101 ACC EXT "\r\n\r\n", 0, 15},
        {OK101 ACC EXT "; client_max_window_bits=10\r\n\r\n", 0, 10},
        {OK101 ACC EXT "; client_max_window_bits=8\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC EXT "; client_max_window_bits\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC EXT ", permessage-deflate\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC "Sec-WebSocket-Extensions: other\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC "Sec-WebSocket-Protocol: chat\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 "\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC ACC "\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC EXT "; server_max_window_bits=10\r\n\r\n", 0, 15},
        {OK101 ACC EXT "; server_max_window_bits\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC EXT "; server_no_context_takeover\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 ACC EXT ";\r\n\r\n", HW_EPROTOCOL, 0},
        {OK101 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n", HW_EPROTOCOL, 0},
        {"HTTP/1.1 101 X\r\nConnection: upgrade\r\n" ACC "\r\n", HW_EPROTOCOL, 0},
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n" ACC "\r\n", HW_EPROTOCOL, 0},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", HW_EPROTOCOL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_handshake hs;
        struct err e = {0};
        int bits;
        int rc = answer(cases[i].text, key, true, &hs, &bits, &e);
        if (rc != cases[i].rc) fail_msg("%d (%s) for: %s", rc, e.message, cases[i].text);
        if (rc == 0) assert_int_equal(bits, cases[i].bits);
    }
    struct ws_handshake hs;
    int bits;
    assert_int_equal(answer(OK101 ACC EXT "\r\n\r\n", key, false, &hs, &bits, NULL), HW_EPROTOCOL);
}

static void a_frame_pipelined_behind_the_upgrade_is_read(void **state)
{
    (void)state;
    struct http_reader *r = request("GET / HTTP/1.1\r\n" UP KEY V "\r\n\x81\x86\x01\x01\x01\x01\x33qsncd");
    struct ws_handshake hs;
    assert_int_equal(ws_handshake_check(http_reader_request(r), true, &hs, NULL), 0);
    struct slice rest = http_reader_rest(r);
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, NULL);
    char *bytes = mem_dup(rest.p, rest.n), *at = bytes;
    size_t n = rest.n;
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_TEXT);
    assert_true(slice_is(ev.data, "2probe"));
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_MORE);
    ws_parser_release(&p);
    free(bytes);
    http_reader_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_6455_is_accepted),
        cmocka_unit_test(what_is_no_handshake_is_refused_with_a_status),
        cmocka_unit_test(the_first_offer_that_can_be_kept_is_taken),
        cmocka_unit_test(malformed_extensions_fail_the_handshake_wanted_or_not),
        cmocka_unit_test(client_and_server_agree),
        cmocka_unit_test(the_client_refuses_what_it_did_not_ask_for),
        cmocka_unit_test(a_frame_pipelined_behind_the_upgrade_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
