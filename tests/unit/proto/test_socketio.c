// Socket.IO packets: text in, packets or a refusal out; binary attachments put back together; what is written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/socketio.h"

static void packets_of_every_type_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sio_type type;
        const char *nsp;
        uint64_t id;
        unsigned attachments;
        const char *payload;
    } cases[] = {
        {"0", SIO_CONNECT, "/", SIO_NO_ID, 0, NULL},
        {"0{\"token\":\"t\"}", SIO_CONNECT, "/", SIO_NO_ID, 0, "{\"token\":\"t\"}"},
        {"0/admin,", SIO_CONNECT, "/admin", SIO_NO_ID, 0, NULL},
        {"0/admin", SIO_CONNECT, "/admin", SIO_NO_ID, 0, NULL},
        {"0/admin?x=1,{}", SIO_CONNECT, "/admin", SIO_NO_ID, 0, "{}"},
        {"1", SIO_DISCONNECT, "/", SIO_NO_ID, 0, NULL},
        {"1/admin,", SIO_DISCONNECT, "/admin", SIO_NO_ID, 0, NULL},
        {"2[\"ping\"]", SIO_EVENT, "/", SIO_NO_ID, 0, "[\"ping\"]"},
        {"2[\"a\",{\"b\":[1,2.5,null]},\"c\"]", SIO_EVENT, "/", SIO_NO_ID, 0, "[\"a\",{\"b\":[1,2.5,null]},\"c\"]"},
        {"212[\"a\"]", SIO_EVENT, "/", 12, 0, "[\"a\"]"},
        {"2/x,0[\"a\"]", SIO_EVENT, "/x", 0, 0, "[\"a\"]"},
        {"218446744073709551614[\"a\"]", SIO_EVENT, "/", SIO_NO_ID - 1, 0, "[\"a\"]"},
        {"30[]", SIO_ACK, "/", 0, 0, "[]"},
        {"3/x,7[1]", SIO_ACK, "/x", 7, 0, "[1]"},
        {"4{\"message\":\"no\"}", SIO_CONNECT_ERROR, "/", SIO_NO_ID, 0, "{\"message\":\"no\"}"},
        {"4\"no\"", SIO_CONNECT_ERROR, "/", SIO_NO_ID, 0, "\"no\""},
        {"51-[\"f\",{\"_placeholder\":true,\"num\":0}]", SIO_BINARY_EVENT, "/", SIO_NO_ID, 1,
         "[\"f\",{\"_placeholder\":true,\"num\":0}]"},
        {"50-[\"f\"]", SIO_BINARY_EVENT, "/", SIO_NO_ID, 0, "[\"f\"]"},
        {"62-/x,5[]", SIO_BINARY_ACK, "/x", 5, 2, "[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sio_packet p;
        struct err e = {0};
        char *copy = mem_dup(cases[i].text, strlen(cases[i].text)); // without a NUL behind it
        if (sio_decode(slice_of(copy, strlen(cases[i].text)), &p, &e) != 0)
            fail_msg("%s for: %s", e.message, cases[i].text);
        assert_int_equal(p.type, cases[i].type);
        assert_string_equal(p.nsp, cases[i].nsp);
        assert_true(p.id == cases[i].id);
        assert_int_equal(p.attachments, cases[i].attachments);
        char *payload = p.payload ? json_dumps(p.payload, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (cases[i].payload)
            assert_string_equal(payload, cases[i].payload);
        else
            assert_null(payload);
        free(payload);
        sio_packet_release(&p);
        free(copy);
    }
}

static void malformed_packets_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "7",
        "x",
        "-1",
        "42[\"a\"]", // an Engine.IO type before it: a CONNECT_ERROR with id 2 and an array
        // events
        "2",
        "2{}",
        "2[]",
        "2[1]",
        "2[null]",
        "2[[\"a\"]]",
        "2\"a\"",
        "2[\"a\"",
        "2[\"a\"]]",
        "2[\"a\"] 2[\"b\"]",
        "2[\"a\",]",
        "2[\"a\",{\"k\":1,\"k\":2}]",
        "2[\"a\",NaN]",
        "2[\"\\u0000\"]",
        "2[\"\xff\"]",
        "2[\"connect\"]",
        "2[\"connect_error\"]",
        "2[\"disconnect\"]",
        "2[\"disconnecting\"]",
        "2[\"newListener\"]",
        "2[\"removeListener\"]",
        "2/x",
        "2/x[\"a\"]",
        "2x[\"a\"]",
        "2-1[\"a\"]",
        "218446744073709551615[\"a\"]",
        "2999999999999999999999[\"a\"]",
        // acknowledgements
        "3[]",
        "31",
        "31{}",
        // connect, disconnect
        "0[]",
        "0\"x\"",
        "01",
        "0{",
        "1{}",
        "1[]",
        "4",
        "4[]",
        // binary
        "5[\"a\"]",
        "5-[\"a\"]",
        "51[\"a\"]",
        "5x-[\"a\"]",
        "517-[\"a\"]",
        "5999999999999-[\"a\"]",
        "51-",
        "51-[\"a\",{\"_placeholder\":true,\"num\":1}]",
        "51-[\"a\",{\"_placeholder\":true,\"num\":-1}]",
        "51-[\"a\",{\"_placeholder\":true,\"num\":0.0}]",
        "51-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]",
        "51-[\"a\",[{\"x\":{\"_placeholder\":true}}]]",
        "50-[\"a\",{\"_placeholder\":true,\"num\":0}]",
        "61-[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sio_packet p;
        struct err e = {0};
        char *copy = mem_dup(bad[i], strlen(bad[i]) + 1);
        if (sio_decode(slice_of(copy, strlen(bad[i])), &p, &e) != HW_EPROTOCOL) fail_msg("taken: %s", bad[i]);
        assert_int_equal(e.code, HW_EPROTOCOL);
        assert_null(p.payload);
        assert_null(p.nsp);
        free(copy);
    }
    struct sio_packet p;
    assert_int_equal(sio_decode(SLICE_LIT("2/a\0b,[\"a\"]"), &p, NULL), HW_EPROTOCOL);
    char *long_nsp = mem_alloc(1000);
    memset(long_nsp, '/', 1000);
    long_nsp[0] = '0';
    assert_int_equal(sio_decode(slice_of(long_nsp, 1000), &p, NULL), HW_EPROTOCOL);
    free(long_nsp);
    // Nesting without end must not exhaust the stack.
    char *deep = mem_alloc(100002);
    memset(deep, '[', 100002);
    deep[0] = '2';
    assert_int_equal(sio_decode(slice_of(deep, 100002), &p, NULL), HW_EPROTOCOL);
    free(deep);
}

static void arguments_are_reached_by_index(void **state)
{
    (void)state;
    struct sio_packet p;
    assert_int_equal(sio_decode(SLICE_LIT("25[\"sub\",\"x\",7]"), &p, NULL), 0);
    assert_string_equal(sio_event_name(&p), "sub");
    assert_int_equal(sio_event_args(&p), 2);
    assert_string_equal(json_string_value(sio_event_arg(&p, 0)), "x");
    assert_int_equal(json_integer_value(sio_event_arg(&p, 1)), 7);
    assert_null(sio_event_arg(&p, 2));
    sio_packet_release(&p);
    assert_int_equal(sio_decode(SLICE_LIT("35[\"x\"]"), &p, NULL), 0);
    assert_int_equal(sio_event_args(&p), 1);
    assert_string_equal(json_string_value(sio_event_arg(&p, 0)), "x");
    sio_packet_release(&p);
    assert_int_equal(sio_decode(SLICE_LIT("0"), &p, NULL), 0);
    assert_int_equal(sio_event_args(&p), 0);
    assert_null(sio_event_arg(&p, 0));
    sio_packet_release(&p);
}

static void attachments_are_put_back(void **state)
{
    (void)state;
    struct sio_assembler a;
    struct sio_packet p;
    struct err e = {0};
    sio_assembler_init(&a, 10);
    struct slice head =
        SLICE_LIT("52-[\"f\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0},{\"num\":0}]");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sio_assembler_text(&a, head, &p, &e), 0);
        assert_int_equal(sio_assembler_binary(&a, SLICE_LIT(""), &p, &e), 0);
        assert_int_equal(sio_assembler_binary(&a, SLICE_LIT("\x00\x01\x02"), &p, &e), 1);
        assert_int_equal(p.type, SIO_BINARY_EVENT);
        assert_true(slice_eq(sio_blob(&p, sio_event_arg(&p, 0)), SLICE_LIT("\x00\x01\x02")));
        assert_non_null(sio_blob(&p, sio_event_arg(&p, 1)).p); // empty, but there
        assert_int_equal(sio_blob(&p, sio_event_arg(&p, 1)).n, 0);
        assert_null(sio_blob(&p, sio_event_arg(&p, 2)).p); // no placeholder
        sio_packet_release(&p);
    }
    // Packets without attachments pass straight through.
    assert_int_equal(sio_assembler_text(&a, SLICE_LIT("2[\"x\"]"), &p, &e), 1);
    sio_packet_release(&p);
    assert_int_equal(sio_assembler_text(&a, SLICE_LIT("50-[\"x\"]"), &p, &e), 1);
    sio_packet_release(&p);
    sio_assembler_release(&a);
}

static void attachments_out_of_turn_or_too_large_are_refused(void **state)
{
    (void)state;
    struct sio_assembler a;
    struct sio_packet p;
    struct err e = {0};
    sio_assembler_init(&a, 10);
    assert_int_equal(sio_assembler_binary(&a, SLICE_LIT("x"), &p, &e), HW_EPROTOCOL);
    assert_int_equal(sio_assembler_text(&a, SLICE_LIT("2[]"), &p, &e), HW_EPROTOCOL);
    assert_int_equal(sio_assembler_text(&a, SLICE_LIT("52-[\"x\"]"), &p, &e), 0);
    assert_int_equal(sio_assembler_text(&a, SLICE_LIT("2[\"x\"]"), &p, &e), HW_EPROTOCOL);
    assert_int_equal(sio_assembler_binary(&a, SLICE_LIT("0123456"), &p, &e), 0);
    assert_int_equal(sio_assembler_binary(&a, SLICE_LIT("0123"), &p, &e), HW_ETOOBIG);
    sio_assembler_release(&a); // what was gathered is freed
}

static void packets_are_written(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
#define WROTE(call, text)                                                                                              \
    do {                                                                                                               \
        buf_clear(&out);                                                                                               \
        call;                                                                                                          \
        assert_string_equal(buf_cstr(&out), text);                                                                     \
        struct sio_packet back;                                                                                        \
        assert_int_equal(sio_decode(buf_slice(&out), &back, NULL), 0);                                                 \
        sio_packet_release(&back);                                                                                     \
    } while (0)
    struct slice none = {0};
    WROTE(sio_write_connect(&out, "/", SLICE_LIT("{\"sid\":\"x\"}")), "0{\"sid\":\"x\"}");
    WROTE(sio_write_connect(&out, "/admin", none), "0/admin,");
    WROTE(sio_write_connect_error(&out, "/admin", "Invalid \"namespace\""),
          "4/admin,{\"message\":\"Invalid \\\"namespace\\\"\"}");
    WROTE(sio_write_disconnect(&out, "/"), "1");
    WROTE(sio_write_event(&out, "/", SIO_NO_ID, SLICE_LIT("a\"b"), SLICE_LIT("{\"c\":1}")), "2[\"a\\\"b\",{\"c\":1}]");
    WROTE(sio_write_event(&out, "/n", 4, SLICE_LIT("ping"), none), "2/n,4[\"ping\"]");
    WROTE(sio_write_ack(&out, "/", 0, none), "30[]");
    WROTE(sio_write_ack(&out, "/n", 17, SLICE_LIT("{}")), "3/n,17[{}]");
    WROTE(sio_write_binary(&out, SIO_BINARY_EVENT, 1, "/n", 3, SLICE_LIT("\"f\",{\"_placeholder\":true,\"num\":0}")),
          "51-/n,3[\"f\",{\"_placeholder\":true,\"num\":0}]");
    WROTE(sio_write_binary(&out, SIO_BINARY_ACK, 0, "/", 3, none), "60-3[]");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_every_type_are_read),
        cmocka_unit_test(malformed_packets_are_refused),
        cmocka_unit_test(arguments_are_reached_by_index),
        cmocka_unit_test(attachments_are_put_back),
        cmocka_unit_test(attachments_out_of_turn_or_too_large_are_refused),
        cmocka_unit_test(packets_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
