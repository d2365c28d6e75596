// The case tables ws_cases.h and ws_utf8_cases.h, each case with its bytes whole, one at a time, cut in two at every
// place, and in pieces of random sizes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/ws_cases.h"
#include "proto/ws_notation.h"
#include "proto/ws_utf8_cases.h"

// ---- a server that sends every message back -------------------------------------------------------------------------

struct echo {
    struct ws_parser parser;
    struct buf out;
    bool closed;
};

static void answer(struct echo *e, const struct ws_event *ev)
{
    switch (ev->type) {
    case WS_TEXT: ws_write_frame(&e->out, WS_OP_TEXT, false, ev->data, NULL); return;
    case WS_BINARY: ws_write_frame(&e->out, WS_OP_BINARY, false, ev->data, NULL); return;
    case WS_PING: ws_write_frame(&e->out, WS_OP_PONG, false, ev->data, NULL); return;
    case WS_CLOSE:
    case WS_ERROR:
        assert_false(e->closed);
        e->closed = true;
        ws_write_close(&e->out, ev->code, SLICE_LIT(""), NULL);
        return;
    case WS_PONG:
    case WS_MORE: return;
    }
}

static void feed(struct echo *e, const char *bytes, size_t n)
{
    char *piece = mem_dup(bytes, n), *in = piece; // on its own, so that a read beyond it is seen
    struct ws_event ev;
    while (ws_parser_next(&e->parser, &in, &n, &ev) != WS_MORE) answer(e, &ev);
    assert_int_equal(n, 0);
    free(piece);
}

static void echo_init(struct echo *e, struct inflater *inflater)
{
    *e = (struct echo){0};
    ws_parser_init(&e->parser, WS_SERVER, WS_MAX_MESSAGE, inflater);
}

static void echo_release(struct echo *e)
{
    ws_parser_release(&e->parser);
    buf_release(&e->out);
}

static void expect(struct echo *e, struct slice out, const char *name, const char *how, size_t number)
{
    if (!slice_eq(buf_slice(&e->out), out))
        fail_msg("%s, %s %zu: %zu bytes came back, %zu were expected", name, how, number, e->out.n, out.n);
    echo_release(e);
}

// ---- every way to cut the bytes -------------------------------------------------------------------------------------

enum { RANDOM_RUNS = 12, CUT_EVERYWHERE = 1500 };

static void run_in_steps(struct slice in, struct slice out, const char *name, size_t step)
{
    struct echo e;
    echo_init(&e, NULL);
    for (size_t at = 0; at < in.n; at += step) feed(&e, in.p + at, in.n - at < step ? in.n - at : step);
    expect(&e, out, name, "in steps of", step);
}

static void run_cut_once(struct slice in, struct slice out, const char *name, size_t at)
{
    struct echo e;
    echo_init(&e, NULL);
    feed(&e, in.p, at);
    feed(&e, in.p + at, in.n - at);
    expect(&e, out, name, "cut at", at);
}

static void run_at_random(struct slice in, struct slice out, const char *name, unsigned seed)
{
    struct echo e;
    echo_init(&e, NULL);
    // Pieces of up to 2, 32, 512 … bytes.
    unsigned most = 2u << 4 * (seed % 4), x = seed + 1;
    for (size_t at = 0, n; at < in.n; at += n) {
        x = x * 1103515245u + 12345u;
        n = 1 + (x >> 16) % most;
        if (n > in.n - at) n = in.n - at;
        feed(&e, in.p + at, n);
    }
    expect(&e, out, name, "at random, seed", seed);
}

static void every_case_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ws_cases / sizeof *ws_cases; i++) {
        const struct ws_case *c = &ws_cases[i];
        struct buf in = BUF_INIT, out = BUF_INIT;
        ws_note(c->in, true, &in);
        ws_note(c->out, false, &out);
        struct slice from = buf_slice(&in), to = buf_slice(&out);
        run_in_steps(from, to, c->name, in.n + 1);
        run_in_steps(from, to, c->name, 1);
        for (unsigned seed = 0; seed < RANDOM_RUNS; seed++) run_at_random(from, to, c->name, seed);
        for (size_t at = 1; in.n <= CUT_EVERYWHERE && at < in.n; at++) run_cut_once(from, to, c->name, at);
        buf_release(&in);
        buf_release(&out);
    }
}

// The tables are only worth what the notation is.
static void the_notation_says_what_it_says(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    ws_note("81 'ab' 2*<00 ff> {de ad} 82:126 'x' 82/2 5*'z' 89", false, &b);
    static const char want[] = "\x81\x06"
                               "ab\x00\xff\x00\xff\xde\xad\x82\x7e\x00\x7ex\x02\x02zz\x00\x02zz\x80\x01z\x89\x00";
    assert_int_equal(b.n, sizeof want - 1);
    assert_memory_equal(b.p, want, b.n);
    buf_clear(&b);
    ws_note("81 'Hello'", true, &b);
    assert_memory_equal(b.p, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11); // RFC 6455 §5.7
    buf_release(&b);
}

// ---- UTF-8 ----------------------------------------------------------------------------------------------------------

static const char CLOSE_1007[] = "\x88\x02\x03\xef";

static struct slice verdict(const struct ws_utf8_case *c, struct slice text, struct buf *out)
{
    buf_clear(out);
    if (c->bad == UTF8_FINE)
        ws_write_frame(out, WS_OP_TEXT, false, text, NULL);
    else
        buf_add(out, CLOSE_1007, 4);
    return buf_slice(out);
}

static void text_is_judged_however_it_is_fragmented(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ws_utf8_cases / sizeof *ws_utf8_cases; i++) {
        const struct ws_utf8_case *c = &ws_utf8_cases[i];
        struct buf text = BUF_INIT, in = BUF_INIT, out = BUF_INIT;
        ws_hex_until(c->bytes, 0, &text);
        struct slice want = verdict(c, buf_slice(&text), &out);
        const char *bytes = buf_cstr(&text);
        for (size_t at = 0; at <= text.n; at++) {
            buf_clear(&in);
            ws_add_frame(&in, 0x01, slice_of(bytes, at), at, true);
            ws_add_frame(&in, 0x80, slice_of(bytes + at, text.n - at), text.n - at, true);
            run_in_steps(buf_slice(&in), want, c->name, in.n);
            run_in_steps(buf_slice(&in), want, c->name, 1);
            run_at_random(buf_slice(&in), want, c->name, (unsigned)at);
        }
        buf_clear(&in);
        ws_add_frame(&in, 0x81, buf_slice(&text), text.n, true);
        run_in_steps(buf_slice(&in), want, c->name, in.n);
        run_in_steps(buf_slice(&in), want, c->name, 1);

        // What no text may hold a binary message may.
        buf_clear(&in);
        buf_clear(&out);
        ws_add_frame(&in, 0x82, buf_slice(&text), text.n, true);
        ws_write_frame(&out, WS_OP_BINARY, false, buf_slice(&text), NULL);
        run_in_steps(buf_slice(&in), buf_slice(&out), c->name, in.n);
        buf_release(&text);
        buf_release(&in);
        buf_release(&out);
    }
}

enum shape { ONE_FRAME, A_FRAME_A_BYTE, COMPRESSED, SHAPES };

// Appends payload byte `at` of a text message that is nowhere near its end.
static void add_byte(struct buf *in, enum shape shape, const char *byte, size_t at)
{
    if (shape == A_FRAME_A_BYTE) {
        ws_add_frame(in, at ? 0x00 : 0x01, slice_of(byte, 1), 1, true);
        return;
    }
    size_t payload_at = at;
    if (shape == COMPRESSED && at == 0) {
        ws_add_frame(in, 0xC1, SLICE_LIT("\x00\xc8\x00\x37\xff"), 300, true); // a stored block of 200 bytes
    } else if (at == 0) {
        ws_add_frame(in, 0x81, SLICE_LIT(""), 300, true);
    }
    if (shape == COMPRESSED) payload_at += 5;
    buf_add(in, byte, 1);
    ws_mask(in->p + in->n - 1, 1, WS_TEST_MASK, payload_at);
}

static void the_first_byte_that_cannot_be_right_is_answered(void **state)
{
    (void)state;
    struct inflater *inflater = inflater_new();
    for (size_t i = 0; i < sizeof ws_utf8_cases / sizeof *ws_utf8_cases; i++)
        for (enum shape shape = 0; shape < SHAPES; shape++) {
            const struct ws_utf8_case *c = &ws_utf8_cases[i];
            struct buf text = BUF_INIT, in = BUF_INIT;
            struct echo e;
            echo_init(&e, inflater);
            ws_hex_until(c->bytes, 0, &text);
            for (size_t at = 0; at < text.n; at++) {
                buf_clear(&in);
                add_byte(&in, shape, text.p + at, at);
                feed(&e, in.p, in.n);
                bool told = c->bad >= 0 && at >= (size_t)c->bad;
                if (e.closed != told) fail_msg("%s, shape %d: closed %d after byte %zu", c->name, shape, e.closed, at);
            }
            assert_int_equal(e.out.n, c->bad >= 0 ? 4 : 0);
            if (e.out.n) assert_memory_equal(e.out.p, CLOSE_1007, 4);
            echo_release(&e);
            buf_release(&text);
            buf_release(&in);
        }
    inflater_free(inflater);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_notation_says_what_it_says),
        cmocka_unit_test(every_case_whatever_the_pieces),
        cmocka_unit_test(text_is_judged_however_it_is_fragmented),
        cmocka_unit_test(the_first_byte_that_cannot_be_right_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
