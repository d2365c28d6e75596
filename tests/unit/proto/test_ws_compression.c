// Groups 12 and 13 of ws_cases.h: permessage-deflate with what clients offer, in messages of many sizes. The client is
// zlib, set up by what the server answered; server and client send each other the same messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/mem.h"
#include "proto/ws_handshake.h"
#include "proto/ws_notation.h"

// ---- what is offered and answered -----------------------------------------------------------------------------------

#define PMD  "permessage-deflate"
#define BOTH PMD "; server_no_context_takeover; client_no_context_takeover"

// The server never takes a context over and forbids it to the client; it names its window where the client did.
static const struct offer {
    const char *offer, *answer; // NULL: declined
    int client_bits;            // the window that the client compresses with, by its own choice
} offers[] = {
    {PMD, BOTH, 15},
    {PMD "; client_max_window_bits", BOTH, 15}, // browsers, ws
    {PMD "; client_max_window_bits=15; server_max_window_bits=15", BOTH "; server_max_window_bits=12", 15},
    {PMD "; client_max_window_bits=12; server_max_window_bits=12", BOTH "; server_max_window_bits=12", 12}, // Python
    {PMD "; client_max_window_bits=9", BOTH, 9},
    {PMD "; client_max_window_bits=8", BOTH, 9}, // zlib has no 8
    {PMD "; client_no_context_takeover", BOTH, 15},
    {PMD "; server_no_context_takeover", BOTH, 15},
    {BOTH, BOTH, 15},
    {BOTH "; client_max_window_bits; server_max_window_bits=13", BOTH "; server_max_window_bits=12", 10},
    {PMD "; server_max_window_bits=9, " PMD "; server_max_window_bits=14, " PMD, BOTH "; server_max_window_bits=12",
     15},
    {PMD "; server_max_window_bits=11, " PMD, BOTH, 15},
    {PMD "; server_max_window_bits=11", NULL, 0},
    {PMD "; server_max_window_bits=9; client_max_window_bits=9", NULL, 0},
};
enum { OFFERS = sizeof offers / sizeof *offers };

// The value of the answer's Sec-WebSocket-Extensions; NULL: none. To be freed.
static char *negotiate(const char *offer)
{
    struct buf text = BUF_INIT, out = BUF_INIT;
    buf_addf(&text,
             "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: %s\r\n\r\n",
             offer);
    struct http_reader *r = http_reader_new(HTTP_LIMITS_DEFAULT);
    struct ws_handshake hs;
    http_reader_feed(r, text.p, text.n);
    assert_int_equal(http_reader_next(r), HTTP_REQUEST);
    assert_int_equal(ws_handshake_check(http_reader_request(r), true, &hs, NULL), 0);
    ws_handshake_write_response(&hs, &out);
    const char *at = strstr(buf_cstr(&out), "Sec-WebSocket-Extensions: ");
    char *answer = NULL;
    if (at) {
        at += strlen("Sec-WebSocket-Extensions: ");
        answer = mem_strndup(at, strcspn(at, "\r"));
    }
    assert_int_equal(hs.deflate, answer != NULL);
    http_reader_free(r);
    buf_release(&text);
    buf_release(&out);
    return answer;
}

static void offers_are_answered_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < OFFERS; i++) {
        char *answer = negotiate(offers[i].offer);
        if (!answer != !offers[i].answer || (answer && strcmp(answer, offers[i].answer) != 0))
            fail_msg("%s: answered %s", offers[i].offer, answer ? answer : "nothing");
        free(answer);
    }
}

// ---- messages -------------------------------------------------------------------------------------------------------

static const size_t sizes[] = {0, 1, 16, 64, 125, 126, 256, 1024, 4096, 8192, 16384, 32768, 65535, 65536, 131072};
enum { SIZES = sizeof sizes / sizeof *sizes, LARGEST = 131072 };

enum kind { JSON, RANDOM, ZEROS, KINDS };

static void make_message(enum kind kind, size_t n, char *out)
{
    unsigned x = (unsigned)n;
    size_t at = 0;
    while (at < n) {
        x = x * 1103515245u + 12345u;
        char part[64] = {0};
        size_t part_n = 1;
        if (kind == JSON)
            part_n = (size_t)snprintf(part, sizeof part, "{\"layer_idx\":%u,\"loss\":0.%u},", x >> 28, x);
        else if (kind == RANDOM)
            part[0] = (char)(x >> 16);
        if (part_n > n - at) part_n = n - at;
        memcpy(out + at, part, part_n);
        at += part_n;
    }
}

// A client's compressor, as RFC 7692 §7.2.1 has it: each of `parts` fragments flushed, the last one's tail cut off.
static void client_sends(z_stream *z, struct slice text, size_t parts, unsigned first, struct buf *out)
{
    for (size_t i = 0; i < parts; i++) {
        size_t from = text.n * i / parts, to = text.n * (i + 1) / parts, room = (to - from) * 2 + 100;
        char *packed = mem_alloc(room);
        z->next_in = (Bytef *)(uintptr_t)(text.p + from);
        z->avail_in = (uInt)(to - from);
        z->next_out = (Bytef *)packed;
        z->avail_out = (uInt)room;
        int rc = deflate(z, i + 1 < parts ? Z_FULL_FLUSH : Z_SYNC_FLUSH);
        assert_true(rc == Z_OK && z->avail_in == 0 && z->avail_out);
        bool last = i + 1 == parts;
        size_t n = room - z->avail_out - (last ? 4 : 0);
        if (last) assert_memory_equal(packed + n, "\0\0\xff\xff", 4);
        ws_add_frame(out, (last ? 0x80 : 0) | (i ? 0 : 0x40 | first), slice_of(packed, n), n, true);
        if (!last) ws_add_frame(out, 0x89, SLICE_LIT("between"), 7, true);
        free(packed);
    }
    deflateReset(z); // client_no_context_takeover
}

static void server_reads(struct slice in, size_t step, struct inflater *inflater, struct slice text)
{
    struct ws_parser p;
    ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, inflater);
    int messages = 0;
    for (size_t at = 0; at < in.n; at += step) {
        size_t n = in.n - at < step ? in.n - at : step;
        char *piece = mem_dup(in.p + at, n), *bytes = piece;
        struct ws_event ev;
        while (ws_parser_next(&p, &bytes, &n, &ev) != WS_MORE) {
            if (ev.type == WS_PING) continue;
            assert_int_equal(ev.type, WS_BINARY);
            assert_true(slice_eq(ev.data, text));
            messages++;
        }
        free(piece);
    }
    assert_int_equal(messages, 1);
    ws_parser_release(&p);
}

static void what_clients_compress_is_read(void **state)
{
    (void)state;
    struct inflater *inflater = inflater_new();
    char *text = mem_alloc(LARGEST);
    for (size_t i = 0; i < OFFERS; i++) {
        if (!offers[i].answer) continue;
        z_stream z = {0};
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -offers[i].client_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
        for (size_t s = 0; s < SIZES; s++)
            for (enum kind kind = 0; kind < KINDS; kind++) {
                // Every offer with some sizes, every size with some offers.
                if ((i + s + (size_t)kind) % 3 && sizes[s] > 4096) continue;
                struct slice message = slice_of(text, sizes[s]);
                make_message(kind, sizes[s], text);
                static const size_t parts[] = {1, 2, 5};
                for (size_t k = 0; k < 3 && parts[k] <= message.n + 1; k++) { // zlib flushes nothing once only
                    struct buf in = BUF_INIT;
                    client_sends(&z, message, parts[k], 0x02, &in);
                    server_reads(buf_slice(&in), in.n, inflater, message);
                    server_reads(buf_slice(&in), 1300, inflater, message);
                    if (sizes[s] <= 4096) server_reads(buf_slice(&in), 1, inflater, message);
                    buf_release(&in);
                }
            }
        deflateEnd(&z);
    }
    free(text);
    inflater_free(inflater);
}

// ---- what the server sends ------------------------------------------------------------------------------------------

// A client that holds no larger window than agreed on and gives zlib little room at a time, so that it is used.
static void client_reads(z_stream *z, struct slice packed, struct slice text)
{
    char *in = mem_alloc(packed.n + 4), *out = mem_alloc(text.n + 300);
    memcpy(in, packed.p, packed.n);
    memcpy(in + packed.n, "\0\0\xff\xff", 4);
    z->next_in = (Bytef *)in;
    z->avail_in = (uInt)(packed.n + 4);
    size_t n = 0;
    do {
        z->next_out = (Bytef *)out + n;
        z->avail_out = 200;
        int rc = inflate(z, Z_SYNC_FLUSH);
        assert_true(rc == Z_OK || rc == Z_BUF_ERROR); // never Z_STREAM_END: no block is final
        n += 200 - z->avail_out;
    } while (z->avail_out == 0 && n <= text.n);
    assert_true(slice_eq(slice_of(out, n), text));
    assert_int_equal(z->avail_in, 0);
    free(in);
    free(out);
}

// One frame for all: a client with the smallest window that is agreed to reads it, whether or not it resets its
// decompressor between messages.
static void one_compressed_frame_suits_every_client(void **state)
{
    (void)state;
    static const int windows[] = {DEFLATE_WINDOW_BITS, 15};
    char *text = mem_alloc(LARGEST);
    struct deflater *deflater = deflater_new(DEFLATE_LEVEL, DEFLATE_WINDOW_BITS);
    for (size_t w = 0; w < 2; w++)
        for (int resets = 0; resets < 2; resets++) {
            z_stream z = {0};
            assert_int_equal(inflateInit2(&z, -windows[w]), Z_OK);
            for (size_t s = 0; s < SIZES; s++)
                for (enum kind kind = 0; kind < KINDS; kind++) {
                    struct buf packed = BUF_INIT;
                    struct slice message = slice_of(text, sizes[s]);
                    make_message(kind, sizes[s], text);
                    deflater_message(deflater, message, &packed);
                    if (resets) inflateReset(&z);
                    client_reads(&z, buf_slice(&packed), message);
                    buf_release(&packed);
                }
            inflateEnd(&z);
        }
    deflater_free(deflater);
    free(text);
}

// A context taken over although the answer forbade it: told, and nobody else's messages suffer.
static void a_client_that_takes_its_context_over_is_refused(void **state)
{
    (void)state;
    struct inflater *inflater = inflater_new();
    struct buf in = BUF_INIT;
    z_stream z = {0};
    static const char text[] = "42[\"subscribe\",{\"channel\":\"trainings/trn_1/progress\"}]";
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int i = 0; i < 2; i++) {
        char packed[200];
        z.next_in = (Bytef *)(uintptr_t)text;
        z.avail_in = sizeof text - 1;
        z.next_out = (Bytef *)packed;
        z.avail_out = sizeof packed;
        assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
        size_t n = sizeof packed - z.avail_out - 4;
        ws_add_frame(&in, 0xC1, slice_of(packed, n), n, true);
    }
    deflateEnd(&z);
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, inflater);
    char *at = in.p;
    size_t n = in.n;
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_TEXT);
    assert_int_equal(ws_parser_next(&p, &at, &n, &ev), WS_ERROR);
    assert_int_equal(ev.code, WS_CLOSE_INVALID_DATA);
    ws_parser_release(&p);
    buf_release(&in);
    inflater_free(inflater);
}

// ---- reserved bits under the extension, and broken payloads ---------------------------------------------------------

static void broken_use_of_the_extension_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in;
        unsigned code; // 0: one message, "Hello" or nothing
    } cases[] = {
        {"Hello", "c1 <f2 48 cd c9 c9 07 00>", 0},
        {"in two frames, RSV1 on the first", "41 <f2 48 cd> 80 <c9 c9 07 00>", 0},
        {"nothing", "c1 <00>", 0},
        {"nothing, in two frames", "41 80 <00>", 0},
        {"a final block and the octet that must follow", "c1 <f3 48 cd c9 c9 07 00 00>", 0},
        {"the octet in a frame of its own", "41 <f3 48 cd c9 c9 07 00> 80 <00>", 0},
        {"two blocks", "c1 <f2 48 05 00 00 00 ff ff ca c9 c9 07 00>", 0},
        {"plain although compression was agreed on", "81 'Hello'", 0},
        {"RSV1 on the second frame too", "41 <f2 48 cd> c0 <c9 c9 07 00>", 1002},
        {"RSV1 on the second frame only", "01 'Hel' c0 <c9 c9 07 00>", 1002},
        {"RSV1 on a ping", "c9 <00>", 1002},
        {"RSV1 on a pong", "ca <00>", 1002},
        {"RSV1 on a close", "c8 <03 e8>", 1002},
        {"RSV1 and RSV2", "e1 <00>", 1002},
        {"RSV2 alone", "a1 'x'", 1002},
        {"no block at all", "c1", 1007},
        {"a final block without that octet", "c1 <f3 48 cd c9 c9 07 00>", 1007},
        {"cut off", "c1 <f2 48 cd c9>", 1007},
        {"a block of type 3", "c1 <06>", 1007},
        {"a stored block whose lengths differ", "c1 <00 05 00 00 00 48 65 6c 6c 6f 00>", 1007},
        {"a distance beyond the beginning", "c1 <f2 00 11 00 00>", 1007},
        {"no UTF-8", "c1 <00 01 00 fe ff ff 00>", 1007},
        {"UTF-8 cut off", "c1 <00 02 00 fd ff 61 c2 00>", 1007},
        {"told before the message ends", "41:300 <06>", 1007},
    };
    struct inflater *inflater = inflater_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int bytewise = 0; bytewise < 2; bytewise++) {
            struct buf in = BUF_INIT;
            struct ws_parser p;
            int events = 0;
            ws_note(cases[i].in, true, &in);
            ws_parser_init(&p, WS_SERVER, WS_MAX_MESSAGE, inflater);
            for (size_t at = 0, n; at < in.n; at += n) {
                n = bytewise ? 1 : in.n;
                char *bytes = in.p + at;
                size_t left = n;
                struct ws_event ev;
                while (ws_parser_next(&p, &bytes, &left, &ev) != WS_MORE) {
                    events++;
                    bool hello = slice_is(ev.data, "Hello") || slice_is(ev.data, "");
                    if (ev.type != (cases[i].code ? WS_ERROR : WS_TEXT) || ev.code != cases[i].code || !hello)
                        fail_msg("%s: event %d, code %d", cases[i].name, ev.type, ev.code);
                }
            }
            if (events != 1) fail_msg("%s: %d events", cases[i].name, events);
            ws_parser_release(&p);
            buf_release(&in);
        }
    inflater_free(inflater);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_are_answered_as_the_table_says),
        cmocka_unit_test(what_clients_compress_is_read),
        cmocka_unit_test(one_compressed_frame_suits_every_client),
        cmocka_unit_test(a_client_that_takes_its_context_over_is_refused),
        cmocka_unit_test(broken_use_of_the_extension_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
