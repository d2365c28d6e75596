// WebSocket frames, in both roles, with and without compression: whole and in pieces the events must be the same, and
// what comes out must keep its promises (UTF-8, sizes, codes that may be sent). The first byte: bit 0 the role, bit 1
// compression, the rest the size of the pieces.
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "proto/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 5000 };

static void run(const uint8_t *data, size_t size, size_t step, enum ws_role role, struct inflater *inf, struct buf *log)
{
    struct ws_parser p;
    ws_parser_init(&p, role, LIMIT, inf);
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        char *piece = mem_dup(data + at, n), *in = piece;
        struct ws_event ev;
        while (ws_parser_next(&p, &in, &n, &ev) != WS_MORE) {
            assert(ev.data.n <= LIMIT);
            if (ev.type == WS_TEXT || ev.type == WS_CLOSE) assert(utf8_valid(ev.data.p, ev.data.n));
            if (ev.type == WS_PING || ev.type == WS_PONG) assert(ev.data.n <= 125);
            if (ev.type == WS_CLOSE) assert(ev.code == WS_CLOSE_NO_STATUS || ws_close_code_valid(ev.code));
            if (ev.type == WS_ERROR) assert(ev.error && ws_close_code_valid(ev.code));
            buf_addf(log, "%d %d %zu:", ev.type, ev.code, ev.data.n);
            buf_add_slice(log, ev.data);
        }
        assert(n == 0);
        free(piece);
    }
    ws_parser_release(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    enum ws_role role = data[0] & 1 ? WS_CLIENT : WS_SERVER;
    size_t step = (data[0] >> 2) + 1u;
    struct inflater *inf = data[0] & 2 ? inflater_new() : NULL;
    data++, size--;
    struct buf whole = BUF_INIT, pieces = BUF_INIT;
    run(data, size, size ? size : 1, role, inf, &whole);
    run(data, size, step, role, inf, &pieces);
    assert(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    buf_release(&whole);
    buf_release(&pieces);

    // What is written is read back.
    struct deflater *def = inf ? deflater_new(1 + size % 9, 9 + size % 7) : NULL;
    struct buf frame = BUF_INIT, small = BUF_INIT;
    struct slice payload = slice_of(data, size);
    uint8_t mask[4] = {1, 2, 3, (uint8_t)size};
    if (size <= LIMIT) {
        if (def) deflater_message(def, payload, &small);
        bool send_small = def && small.n <= LIMIT;
        ws_write_frame(&frame, WS_OP_BINARY, send_small, send_small ? buf_slice(&small) : payload,
                       role == WS_SERVER ? mask : NULL);
        struct ws_parser p;
        struct ws_event ev;
        ws_parser_init(&p, role, LIMIT, inf);
        char *in = frame.p;
        size_t n = frame.n;
        enum ws_event_type type = ws_parser_next(&p, &in, &n, &ev);
        assert(type == WS_BINARY && slice_eq(ev.data, payload) && n == 0);
        (void)type;
        ws_parser_release(&p);
    }
    buf_release(&frame);
    buf_release(&small);
    deflater_free(def);
    inflater_free(inf);
    return 0;
}
