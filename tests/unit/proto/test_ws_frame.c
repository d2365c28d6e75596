// WebSocket frames: bytes in, messages or a close code out; and the bytes that are written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/ws_frame.h"

static const uint8_t MASK[4] = {0x37, 0xFA, 0x21, 0x3D};

// ---- building input, and writing down what comes out ----------------------------------------------------------------

static void frame(struct buf *out, unsigned first_byte, struct slice payload, const uint8_t *mask)
{
    uint8_t h[WS_HEADER_MAX];
    size_t n = ws_frame_header(h, first_byte & 0x0F, first_byte & 0x80, first_byte & 0x40, payload.n, mask);
    h[0] = (uint8_t)first_byte;
    buf_add(out, h, n);
    buf_add_slice(out, payload);
    if (mask && payload.n) ws_mask(out->p + out->n - payload.n, payload.n, mask, 0);
}

// Feeds `bytes` in pieces of `step`, each in a heap block of its own, and describes every event on a line. Long data is
// described by its length and a checksum.
static void run(struct ws_parser *p, struct slice bytes, size_t step, struct buf *log)
{
    static const char *const names[] = {"more", "text", "binary", "ping", "pong", "close", "error"};
    for (size_t at = 0; at < bytes.n; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        char *piece = mem_dup(bytes.p + at, n), *in = piece;
        struct ws_event ev;
        while (ws_parser_next(p, &in, &n, &ev) != WS_MORE) {
            buf_addf(log, "%s", names[ev.type]);
            if (ev.code) buf_addf(log, " %d", ev.code);
            unsigned sum = 0;
            for (size_t i = 0; i < ev.data.n; i++) sum = sum * 31 + (unsigned char)ev.data.p[i];
            if (ev.data.n > 100)
                buf_addf(log, " (%zu bytes, %u)", ev.data.n, sum);
            else if (ev.data.n)
                buf_addf(log, " %.*s", SLICE_FMT(ev.data));
            buf_add_char(log, '\n');
            assert_int_equal(ev.error != NULL, ev.type == WS_ERROR);
        }
        assert_int_equal(n, 0);
        free(piece);
    }
}

struct setup {
    enum ws_role role;
    size_t max;
    struct inflater *inflater;
};
static const struct setup SERVER = {WS_SERVER, WS_MAX_MESSAGE, NULL};
static const struct setup CLIENT = {WS_CLIENT, WS_MAX_MESSAGE, NULL};

// The events must be these, whatever pieces the bytes come in.
static void expect_from(struct setup s, struct slice bytes, const char *events)
{
    static const size_t steps[] = {1, 2, 3, 5, 13, 64, 127, 1 << 24};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct ws_parser p;
        struct buf log = BUF_INIT;
        ws_parser_init(&p, s.role, s.max, s.inflater);
        run(&p, bytes, steps[i], &log);
        assert_string_equal(buf_cstr(&log), events);
        buf_release(&log);
        ws_parser_release(&p);
    }
}

static void expect(struct setup s, struct buf *bytes, const char *events)
{
    expect_from(s, buf_slice(bytes), events);
    buf_release(bytes);
}

// ---- messages -------------------------------------------------------------------------------------------------------

static void the_examples_of_rfc_6455(void **state)
{
    (void)state;
    expect_from(CLIENT, SLICE_LIT("\x81\x05Hello"), "text Hello\n");
    expect_from(SERVER, SLICE_LIT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text Hello\n");
    expect_from(CLIENT, SLICE_LIT("\x01\x03Hel\x80\x02lo"), "text Hello\n");
    expect_from(CLIENT, SLICE_LIT("\x89\x05Hello"), "ping Hello\n");
    expect_from(SERVER, SLICE_LIT("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong Hello\n");
}

static void a_whole_frame_is_not_copied(void **state)
{
    (void)state;
    struct buf in = BUF_INIT;
    frame(&in, 0x81, SLICE_LIT("in place"), MASK);
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, NULL);
    char *at = in.p;
    size_t n = in.n;
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_TEXT);
    assert_ptr_equal(ev.data.p, in.p + 6);
    assert_memory_equal(ev.data.p, "in place", 8);
    assert_null(p.message.p); // an idle connection holds no buffer
    ws_parser_release(&p);
    buf_release(&in);
}

static void the_buffer_of_a_gathered_message_is_given_back(void **state)
{
    (void)state;
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, WS_CLIENT, WS_MAX_MESSAGE, NULL);
    char bytes[] = "\x01\x03Hel\x80\x02lo", *at = bytes;
    size_t n = sizeof bytes - 1;
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_TEXT);
    assert_memory_equal(ev.data.p, "Hello", 5);
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_MORE);
    assert_null(p.message.p);
    ws_parser_release(&p);
}

static void every_length_is_read_in_its_shortest_form(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 125, 126, 127, 255, 256, 65535, 65536, 65537, 300000};
    static const size_t header[] = {2, 2, 2, 4, 4, 4, 4, 4, 10, 10, 10};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        char *data = mem_alloc(n + 1);
        for (size_t k = 0; k < n; k++) data[k] = (char)('a' + k % 23);
        struct buf in = BUF_INIT;
        ws_write_frame(&in, WS_OP_BINARY, false, slice_of(data, n), NULL);
        assert_int_equal(in.n, header[i] + n);
        struct ws_parser p;
        struct buf whole = BUF_INIT;
        ws_parser_init(&p, WS_CLIENT, WS_MAX_MESSAGE, NULL);
        run(&p, buf_slice(&in), in.n, &whole);
        ws_parser_release(&p);
        char *want = n == 0    ? mem_strdup("binary\n")
                     : n > 100 ? mem_strndup(buf_cstr(&whole), whole.n)
                               : mem_printf("binary %.*s\n", (int)n, data);
        assert_string_equal(buf_cstr(&whole), want);
        if (n > 100) {
            char *prefix = mem_printf("binary (%zu bytes, ", n);
            assert_memory_equal(want, prefix, strlen(prefix));
            free(prefix);
        }
        buf_clear(&in);
        ws_write_frame(&in, WS_OP_BINARY, false, slice_of(data, n), MASK);
        expect(SERVER, &in, want);
        buf_release(&whole);
        free(want);
        free(data);
    }
}

static void longer_forms_of_a_length_are_refused(void **state)
{
    (void)state;
    expect_from(CLIENT, SLICE_LIT("\x82\x7e\x00\x7d"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), "error 1009\n");
}

static void masking_is_as_the_role_demands(void **state)
{
    (void)state;
    expect_from(SERVER, SLICE_LIT("\x81\x05Hello"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "error 1002\n");
    expect_from(SERVER, SLICE_LIT("\x89\x00"), "error 1002\n");
}

static void masking_in_pieces_equals_masking_at_once(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++)
        for (size_t cut = 0; cut <= n; cut++) {
            char once[40] = {0}, pieces[40] = {0};
            ws_mask(once, n, MASK, 0);
            for (size_t i = 0; i < n; i++) assert_int_equal((uint8_t)once[i], MASK[i & 3]);
            ws_mask(pieces, cut, MASK, 0);
            ws_mask(pieces + cut, n - cut, MASK, cut);
            assert_memory_equal(once, pieces, sizeof once);
        }
}

static void reserved_bits_and_opcodes_are_refused(void **state)
{
    (void)state;
    for (unsigned op = 0; op < 16; op++)
        for (unsigned bits = 0; bits < 8; bits++) {
            bool known = op == 1 || op == 2 || op == 9 || op == 10 || op == 8;
            if (known && bits == 0) continue;
            char head[2] = {(char)(0x80 | bits << 4 | op), 0};
            expect_from(CLIENT, slice_of(head, 2), "error 1002\n");
        }
}

// ---- fragmentation --------------------------------------------------------------------------------------------------

static void control_frames_come_between_fragments(void **state)
{
    (void)state;
    struct buf in = BUF_INIT;
    frame(&in, 0x01, SLICE_LIT("one "), MASK);
    frame(&in, 0x89, SLICE_LIT("p1"), MASK);
    frame(&in, 0x00, SLICE_LIT(""), MASK);
    frame(&in, 0x00, SLICE_LIT("two "), MASK);
    frame(&in, 0x8A, SLICE_LIT(""), MASK);
    frame(&in, 0x80, SLICE_LIT("three"), MASK);
    frame(&in, 0x82, SLICE_LIT("next"), MASK);
    frame(&in, 0x02, SLICE_LIT(""), MASK);
    frame(&in, 0x80, SLICE_LIT(""), MASK);
    expect(SERVER, &in, "ping p1\npong\ntext one two three\nbinary next\nbinary\n");
}

static void fragments_out_of_turn_are_refused(void **state)
{
    (void)state;
    expect_from(CLIENT, SLICE_LIT("\x80\x01x"), "error 1002\n"); // nothing to continue
    expect_from(CLIENT, SLICE_LIT("\x00\x01x"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x01\x01x\x81\x01y"), "error 1002\n"); // a new one within
    expect_from(CLIENT, SLICE_LIT("\x81\x01x\x80\x01y"), "text x\nerror 1002\n");
}

static void control_frames_are_short_and_whole(void **state)
{
    (void)state;
    for (unsigned op = 8; op <= 10; op++) {
        char fragmented[2] = {(char)op, 0}, long_one[4] = {(char)(0x80 | op), 126, 0, 126};
        expect_from(CLIENT, slice_of(fragmented, 2), "error 1002\n");
        expect_from(CLIENT, slice_of(long_one, 4), "error 1002\n");
    }
    char data[125];
    memset(data, 'p', sizeof data);
    struct buf in = BUF_INIT, want = BUF_INIT;
    frame(&in, 0x89, slice_of(data, 125), MASK);
    unsigned sum = 0;
    for (int i = 0; i < 125; i++) sum = sum * 31 + 'p';
    buf_addf(&want, "ping (125 bytes, %u)\n", sum);
    expect(SERVER, &in, buf_cstr(&want));
    buf_release(&want);
}

// ---- limits ---------------------------------------------------------------------------------------------------------

static void a_message_over_the_limit_is_refused_by_its_header(void **state)
{
    (void)state;
    struct setup small = {WS_CLIENT, 10, NULL};
    expect_from(small, SLICE_LIT("\x82\x0b"), "error 1009\n");
    expect_from(small,
                SLICE_LIT("\x82\x0a"
                          "0123456789"),
                "binary 0123456789\n");
    expect_from(small,
                SLICE_LIT("\x02\x06"
                          "012345"
                          "\x00\x05"),
                "error 1009\n");
    expect_from(small,
                SLICE_LIT("\x02\x06"
                          "012345"
                          "\x80\x04"
                          "6789"),
                "binary 0123456789\n");
}

// ---- UTF-8 ----------------------------------------------------------------------------------------------------------

static void text_is_checked_across_fragments_at_every_position(void **state)
{
    (void)state;
    static const char text[] = "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x8E\x89z";
    size_t n = sizeof text - 1;
    for (size_t cut = 0; cut <= n; cut++)
        for (int bad = 0; bad < 2; bad++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            if (bad) copy[n - 2] = 'x'; // the emoji lacks its last byte
            struct buf in = BUF_INIT;
            frame(&in, 0x01, slice_of(copy, cut), MASK);
            frame(&in, 0x80, slice_of(copy + cut, n - cut), MASK);
            char *want = bad ? mem_strdup("error 1007\n") : mem_printf("text %s\n", text);
            expect(SERVER, &in, want);
            free(want);
        }
}

static void bad_utf8_fails_before_the_message_ends(void **state)
{
    (void)state;
    expect_from(CLIENT, SLICE_LIT("\x81\x7e\x40\x00good\xff"), "error 1007\n");
    expect_from(CLIENT, SLICE_LIT("\x01\x02\xed\xa0"), "error 1007\n"); // a surrogate's first two bytes
    expect_from(CLIENT, SLICE_LIT("\x01\x02\xc0\x80"), "error 1007\n"); // overlong
    expect_from(CLIENT, SLICE_LIT("\x01\x02\xf4\x90"), "error 1007\n"); // beyond U+10FFFF
    expect_from(CLIENT, SLICE_LIT("\x81\x01\xe2"), "error 1007\n");     // cut off
    expect_from(CLIENT, SLICE_LIT("\x82\x02\xff\xfe"), "binary \xff\xfe\n");
}

// ---- close ----------------------------------------------------------------------------------------------------------

static void close_codes_are_checked(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 5001; code++) {
        bool ok = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        assert_int_equal(ws_close_code_valid(code), ok);
        if (code > 1020 && code < 2990 && code % 100) continue;
        struct buf in = BUF_INIT;
        char payload[2] = {(char)(code >> 8), (char)code};
        frame(&in, 0x88, slice_of(payload, 2), MASK);
        char *want = ok ? mem_printf("close %u\n", code) : mem_strdup("error 1002\n");
        struct ws_parser p;
        struct buf log = BUF_INIT;
        ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, NULL);
        run(&p, buf_slice(&in), 1, &log);
        assert_string_equal(buf_cstr(&log), want);
        buf_release(&log);
        buf_release(&in);
        free(want);
    }
}

static void a_close_frame_ends_what_is_heard(void **state)
{
    (void)state;
    expect_from(CLIENT, SLICE_LIT("\x88\x00\x81\x01x"), "close 1005\n");
    expect_from(CLIENT,
                SLICE_LIT("\x88\x05\x03\xe8"
                          "bye\x89\x00"),
                "close 1000 bye\n");
    expect_from(CLIENT, SLICE_LIT("\x88\x01\x03"), "error 1002\n");
    expect_from(CLIENT, SLICE_LIT("\x88\x04\x03\xe8\xc3\x28"), "error 1007\n");
    expect_from(CLIENT, SLICE_LIT("\x01\x01x\x88\x02\x03\xe9"), "close 1001\n"); // amid a message
}

static void close_frames_are_written_within_their_bounds(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    ws_write_close(&out, WS_CLOSE_NO_STATUS, SLICE_LIT(""), NULL);
    assert_int_equal(out.n, 2);
    assert_memory_equal(out.p, "\x88\x00", 2);
    buf_clear(&out);
    ws_write_close(&out, 1009, SLICE_LIT("too big"), NULL);
    expect(CLIENT, &out, "close 1009 too big\n");

    // 122 letters and a character of 3 bytes, of which only one fits: it goes altogether.
    char reason[125];
    memset(reason, 'r', sizeof reason);
    memcpy(reason + 122, "\xE2\x82\xAC", 3);
    ws_write_close(&out, 1000, slice_of(reason, sizeof reason), MASK);
    assert_int_equal(out.n, 6 + 2 + 122);
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, NULL);
    char *at = out.p;
    size_t n = out.n;
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_CLOSE);
    assert_int_equal(ev.data.n, 122);
    buf_release(&out);
}

// ---- compression ----------------------------------------------------------------------------------------------------

static void compressed_messages_come_out_plain(void **state)
{
    (void)state;
    struct inflater *inf = inflater_new();
    struct setup s = {WS_CLIENT, 1000, inf};
    // RFC 7692 §7.2.3: one block; fragmented; a stored block; a final block; two blocks.
    expect_from(s, SLICE_LIT("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"), "text Hello\n");
    expect_from(s, SLICE_LIT("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"), "text Hello\n");
    expect_from(s, SLICE_LIT("\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "text Hello\n");
    expect_from(s, SLICE_LIT("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "text Hello\n");
    expect_from(s, SLICE_LIT("\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "text Hello\n");
    expect_from(s, SLICE_LIT("\xc1\x01\x00"), "text\n");
    // An uncompressed message and control frames go beside them.
    expect_from(s, SLICE_LIT("\x81\x01x\x41\x03\xf2\x48\xcd\x89\x00\x80\x04\xc9\xc9\x07\x00"),
                "text x\nping\ntext Hello\n");
    // RSV1 belongs on the first frame of a data message only.
    expect_from(s, SLICE_LIT("\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00"), "error 1002\n");
    expect_from(s, SLICE_LIT("\xc9\x00"), "error 1002\n");
    // Broken, bad UTF-8 ("\xff" stored), and nothing to back-reference in another message's window.
    expect_from(s, SLICE_LIT("\xc1\x02\xff\xff"), "error 1007\n");
    expect_from(s, SLICE_LIT("\xc1\x07\x00\x01\x00\xfe\xff\xff\x00"), "error 1007\n");
    expect_from(s, SLICE_LIT("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"),
                "text Hello\nerror 1007\n");
    inflater_free(inf);
}

// "good\xff…": a stored block of ten bytes of which five have come, of a message that isn't complete.
static void compressed_messages_are_judged_as_they_come(void **state)
{
    (void)state;
    struct inflater *inf = inflater_new();
    struct setup s = {WS_CLIENT, 1000, inf}, small = {WS_CLIENT, 4, inf};
    expect_from(s, SLICE_LIT("\xc1\x7e\x01\x00\x00\x0a\x00\xf5\xffgood\xff"), "error 1007\n");
    expect_from(s, SLICE_LIT("\x41\x0a\x00\x0a\x00\xf5\xffgood\xff"), "error 1007\n");
    expect_from(s,
                SLICE_LIT("\x42\x0a\x00\x0a\x00\xf5\xffgood\xff\x80\x06"
                          "abcde\x00"),
                "binary good\xff"
                "abcde\n");
    expect_from(small, SLICE_LIT("\x41\x0a\x00\x0a\x00\xf5\xffgoods"), "error 1009\n"); // its fifth byte is too much
    expect_from(s, SLICE_LIT("\x41\x01\xff"), "error 1007\n");                          // block type 3
    expect_from(small, SLICE_LIT("\xc1\x7e\x08\x00"), "error 1009\n");                  // no compressor needs 2 KiB
    // A message at the limit may be longer compressed than plain.
    expect_from(small, SLICE_LIT("\xc1\x0a\x00\x04\x00\xfb\xffgood\x00"), "text good\n");
    inflater_free(inf);
}

static void a_compression_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    struct deflater *def = deflater_new(9, 15);
    struct inflater *inf = inflater_new();
    size_t n = 4000000;
    char *zeros = mem_zalloc(n);
    for (int over = 0; over < 2; over++) {
        struct buf small = BUF_INIT, in = BUF_INIT, want = BUF_INIT;
        deflater_message(def, slice_of(zeros, WS_MAX_MESSAGE + (over ? 1 : 0)), &small);
        assert_true(small.n < 2000);
        frame(&in, 0xC2, buf_slice(&small), MASK);
        struct setup s = {WS_SERVER, WS_MAX_MESSAGE, inf};
        buf_addf(&want, over ? "error 1009\n" : "binary (%d bytes, 0)\n", WS_MAX_MESSAGE);
        expect(s, &in, buf_cstr(&want));
        buf_release(&small);
        buf_release(&want);
    }
    free(zeros);
    deflater_free(def);
    inflater_free(inf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_6455),
        cmocka_unit_test(a_whole_frame_is_not_copied),
        cmocka_unit_test(the_buffer_of_a_gathered_message_is_given_back),
        cmocka_unit_test(every_length_is_read_in_its_shortest_form),
        cmocka_unit_test(longer_forms_of_a_length_are_refused),
        cmocka_unit_test(masking_is_as_the_role_demands),
        cmocka_unit_test(masking_in_pieces_equals_masking_at_once),
        cmocka_unit_test(reserved_bits_and_opcodes_are_refused),
        cmocka_unit_test(control_frames_come_between_fragments),
        cmocka_unit_test(fragments_out_of_turn_are_refused),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(a_message_over_the_limit_is_refused_by_its_header),
        cmocka_unit_test(text_is_checked_across_fragments_at_every_position),
        cmocka_unit_test(bad_utf8_fails_before_the_message_ends),
        cmocka_unit_test(close_codes_are_checked),
        cmocka_unit_test(a_close_frame_ends_what_is_heard),
        cmocka_unit_test(close_frames_are_written_within_their_bounds),
        cmocka_unit_test(compressed_messages_come_out_plain),
        cmocka_unit_test(compressed_messages_are_judged_as_they_come),
        cmocka_unit_test(a_compression_bomb_stops_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
