// Engine.IO packets, payloads, the open packet, and the answers to requests that fail the checks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/engineio.h"

static void packets_are_a_type_and_data(void **state)
{
    (void)state;
    struct eio_packet p;
    for (char t = '0'; t <= '6'; t++) {
        char text[] = {t, 'x', 'y'};
        assert_int_equal(eio_decode(slice_of(text, 3), &p), 0);
        assert_int_equal(p.type, t);
        assert_false(p.binary);
        assert_true(slice_is(p.data, "xy"));
        struct buf out = BUF_INIT;
        eio_encode(&out, p.type, p.data);
        assert_memory_equal(out.p, text, 3);
        buf_release(&out);
    }
    assert_int_equal(eio_decode(SLICE_LIT("4"), &p), 0);
    assert_int_equal(p.data.n, 0);
    static const char *const bad[] = {"", "7", "b", "/", ":", "x4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(eio_decode(slice_str(bad[i]), &p), HW_EPROTOCOL);
}

// Writes a payload's packets as "4:hello|b:AB|", or returns the error.
static int describe(struct slice payload, struct buf *out)
{
    struct buf scratch = BUF_INIT;
    struct eio_packet p;
    int rc;
    while ((rc = eio_payload_next(&payload, &scratch, &p)) > 0)
        buf_addf(out, "%c:%.*s|", p.binary ? 'b' : p.type, SLICE_FMT(p.data));
    buf_release(&scratch);
    return rc;
}

static void payloads_are_split_at_separators(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *packets;
        int rc;
    } cases[] = {
        {"4hello", "4:hello|", 0},
        {"4hello\x1e"
         "2\x1e"
         "4world",
         "4:hello|2:|4:world|", 0},
        {"bQUI=\x1e"
         "4x\x1e"
         "b\x1e"
         "bQUJD",
         "b:AB|4:x|b:|b:ABC|", 0},
        {"", "", 0},
        {"\x1e", "", HW_EPROTOCOL},
        {"4a\x1e", "", HW_EPROTOCOL},
        {"\x1e"
         "4a",
         "", HW_EPROTOCOL},
        {"4a\x1e\x1e"
         "4b",
         "4:a|", HW_EPROTOCOL},
        {"4a\x1e"
         "9",
         "4:a|", HW_EPROTOCOL},
        {"bQUI", "", HW_EPROTOCOL},
        {"bQU=I", "", HW_EPROTOCOL},
        {"b====", "", HW_EPROTOCOL},
        {"bQ===", "", HW_EPROTOCOL},
        {"b QUI", "", HW_EPROTOCOL},
        {"bQUI-", "", HW_EPROTOCOL},
        {"bQUI\n", "", HW_EPROTOCOL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf got = BUF_INIT;
        int rc = describe(slice_str(cases[i].payload), &got);
        if (rc != cases[i].rc) fail_msg("%d for: %s", rc, cases[i].payload);
        if (rc == 0) assert_string_equal(buf_cstr(&got), cases[i].packets);
        buf_release(&got);
    }
}

static void binary_of_every_length_survives(void **state)
{
    (void)state;
    char data[200];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 37);
    for (size_t n = 0; n < sizeof data; n++) {
        struct eio_payload p = {.limit = 1000};
        struct buf out = BUF_INIT, scratch = BUF_INIT;
        struct eio_packet packet;
        assert_true(eio_payload_add_binary(&p, slice_of(data, n), &out));
        assert_int_equal(out.n, eio_binary_size(n));
        assert_int_equal(p.used, out.n);
        struct slice rest = buf_slice(&out);
        assert_int_equal(eio_payload_next(&rest, &scratch, &packet), 1);
        assert_true(packet.binary);
        assert_true(slice_eq(packet.data, slice_of(data, n)));
        assert_int_equal(eio_payload_next(&rest, &scratch, &packet), 0);
        buf_release(&out);
        buf_release(&scratch);
    }
}

static void a_payload_holds_what_fits(void **state)
{
    (void)state;
    struct eio_payload p = {.limit = 10};
    struct buf out = BUF_INIT;
    assert_true(eio_payload_add_text(&p, SLICE_LIT("4abc"), &out));
    assert_false(eio_payload_add_text(&p, SLICE_LIT("4abcde"), &out)); // 4 + 1 + 6 = 11
    assert_true(eio_payload_add_text(&p, SLICE_LIT("4abcd"), &out));
    assert_false(eio_payload_add_text(&p, SLICE_LIT("2"), &out));
    assert_false(eio_payload_add_binary(&p, SLICE_LIT(""), &out));
    assert_string_equal(buf_cstr(&out), "4abc\x1e"
                                        "4abcd");
    assert_int_equal(p.used, out.n);
    buf_clear(&out);
    // One that is larger than the limit goes alone, rather than never.
    p = (struct eio_payload){.limit = 3};
    assert_true(eio_payload_add_text(&p, SLICE_LIT("4abc"), &out));
    assert_false(eio_payload_add_text(&p, SLICE_LIT("2"), &out));
    buf_release(&out);
}

static void the_open_packet_is_written_and_read(void **state)
{
    (void)state;
    struct eio_open o = {"lv_VI97HAXpY6yYWAAAC", true, 25000, 20000, 1000000}, back;
    struct buf out = BUF_INIT;
    struct err e = {0};
    eio_write_open(&out, &o);
    assert_string_equal(buf_cstr(&out), "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
                                        "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");
    assert_int_equal(eio_read_open(slice_of(out.p + 1, out.n - 1), &back, &e), 0);
    assert_string_equal(back.sid, o.sid);
    assert_true(back.websocket);
    assert_int_equal(back.ping_interval_ms, 25000);
    assert_int_equal(back.ping_timeout_ms, 20000);
    assert_int_equal(back.max_payload, 1000000);
    assert_int_equal(eio_read_open(SLICE_LIT("{\"sid\":\"x\",\"upgrades\":[]}"), &back, &e), 0);
    assert_false(back.websocket);
    buf_release(&out);

    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"sid\":1}",
        "{\"sid\":\"\"}",
        "{\"sid\":\"x\",\"pingInterval\":0}",
        "{\"sid\":\"x\",\"pingTimeout\":\"a\"}",
        "{\"sid\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err_clear(&e);
        assert_int_equal(eio_read_open(slice_str(bad[i]), &back, &e), HW_EPROTOCOL);
        assert_int_equal(e.code, HW_EPROTOCOL);
    }
}

static void requests_are_checked_in_the_reference_servers_order(void **state)
{
    (void)state;
#define WS "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    static const struct {
        const char *line, *headers;
        enum eio_error error;
    } cases[] = {
        {"GET /?EIO=4&transport=polling", "", EIO_OK},
        {"GET /?EIO=4&transport=polling&sid=abc&t=x", "", EIO_OK},
        {"POST /?EIO=4&transport=polling&sid=abc", "", EIO_OK},
        {"GET /?EIO=4&transport=websocket", WS, EIO_OK},
        {"GET /?EIO=4&transport=websocket&sid=abc", WS, EIO_OK},
        {"GET /?EIO=4&transport=polling", "Upgrade: h2c\r\nConnection: Upgrade\r\n", EIO_OK},
        {"GET /", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4&transport=", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4&transport=tobi", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4&transport=%ff", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4&transport=constructor-of-a-long-name", "", EIO_TRANSPORT_UNKNOWN},
        {"GET /?EIO=4&transport=polling&sid=", "", EIO_SID_UNKNOWN},
        {"GET /?EIO=4&transport=polling&sid=%00", "", EIO_SID_UNKNOWN},
        {"GET /?transport=polling&sid=0123456789012345678901234567890123456789012345678901234567890123", "",
         EIO_SID_UNKNOWN},
        {"POST /?EIO=4&transport=polling", "", EIO_BAD_HANDSHAKE_METHOD},
        {"OPTIONS /?EIO=4&transport=polling", "", EIO_BAD_HANDSHAKE_METHOD},
        {"GET /?EIO=4&transport=websocket", "", EIO_BAD_REQUEST},
        {"GET /?EIO=4&transport=polling", WS, EIO_BAD_REQUEST},
        {"DELETE /?EIO=4&transport=polling&sid=abc", "", EIO_BAD_REQUEST},
        {"POST /?EIO=4&transport=websocket&sid=abc", WS, EIO_BAD_REQUEST},
        {"GET /?EIO=3&transport=polling", "", EIO_UNSUPPORTED_VERSION},
        {"GET /?EIO=44&transport=polling", "", EIO_UNSUPPORTED_VERSION},
        {"GET /?transport=polling", "", EIO_UNSUPPORTED_VERSION},
        {"GET /?EIO=3&transport=websocket", WS, EIO_UNSUPPORTED_VERSION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = mem_printf("%s HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].line, cases[i].headers);
        struct http_reader *r = http_reader_new(HTTP_LIMITS_DEFAULT);
        http_reader_feed(r, text, strlen(text));
        assert_int_equal(http_reader_next(r), HTTP_REQUEST);
        struct eio_request got;
        enum eio_error error = eio_request_check(http_reader_request(r), &got);
        if (error != cases[i].error) fail_msg("%d for: %s", error, cases[i].line);
        if (error == EIO_OK) {
            assert_string_equal(got.sid, strstr(cases[i].line, "sid=abc") ? "abc" : "");
            assert_int_equal(got.transport, strstr(cases[i].line, "=websocket") ? EIO_WEBSOCKET : EIO_POLLING);
        }
        http_reader_free(r);
        free(text);
    }
}

static void every_error_has_its_answer(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{\"code\":0,\"message\":\"Transport unknown\"}",
        "{\"code\":1,\"message\":\"Session ID unknown\"}",
        "{\"code\":2,\"message\":\"Bad handshake method\"}",
        "{\"code\":3,\"message\":\"Bad request\"}",
        "{\"code\":4,\"message\":\"Forbidden\"}",
        "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
    };
    for (int i = 0; i < 6; i++) {
        struct buf out = BUF_INIT;
        eio_write_error(&out, (enum eio_error)i);
        assert_string_equal(buf_cstr(&out), answers[i]);
        assert_int_equal(eio_error_status((enum eio_error)i), i == EIO_FORBIDDEN ? 403 : 400);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_a_type_and_data),
        cmocka_unit_test(payloads_are_split_at_separators),
        cmocka_unit_test(binary_of_every_length_survives),
        cmocka_unit_test(a_payload_holds_what_fits),
        cmocka_unit_test(the_open_packet_is_written_and_read),
        cmocka_unit_test(requests_are_checked_in_the_reference_servers_order),
        cmocka_unit_test(every_error_has_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
