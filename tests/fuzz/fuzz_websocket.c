// WebSocket frames, in both roles, with and without compression: however the bytes are cut the events must be the same,
// and what comes out must keep its promises (UTF-8, sizes, codes that may be sent). Of the first byte, bit 0 is the
// role, bit 1 compression, the upper five bits choose the cuts; with bit 2 the rest is a Sec-WebSocket-Extensions
// header.
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "proto/ws_extensions.h"
#include "proto/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 5000, WHOLE = 0, BYTES = 1 };

// ---- frames ---------------------------------------------------------------------------------------------------------

struct setup {
    enum ws_role role;
    struct inflater *inflater;
    bool disturb; // another connection uses the inflater between the pieces
};

static void check(const struct ws_event *ev)
{
    assert(ev->data.n <= LIMIT);
    if (ev->type == WS_TEXT || ev->type == WS_CLOSE) assert(utf8_valid(ev->data.p, ev->data.n));
    if (ev->type == WS_PING || ev->type == WS_PONG) assert(ev->data.n <= 125);
    if (ev->type == WS_CLOSE) assert(ev->code == WS_CLOSE_NO_STATUS || ws_close_code_valid(ev->code));
    if (ev->type == WS_ERROR)
        assert(ev->error &&
               (ev->code == WS_CLOSE_PROTOCOL || ev->code == WS_CLOSE_INVALID_DATA || ev->code == WS_CLOSE_TOO_BIG));
}

// `cuts`: WHOLE, BYTES, or the seed of pieces of 1 to 64 bytes.
static void run(const uint8_t *data, size_t size, uint32_t cuts, struct setup s, struct buf *log)
{
    struct ws_parser p;
    bool over = false;
    ws_parser_init(&p, s.role, LIMIT, s.inflater);
    for (size_t at = 0, n; at < size; at += n) {
        n = cuts == WHOLE ? size : cuts == BYTES ? 1 : 1 + ((cuts = cuts * 1103515245 + 12345) >> 16) % 64;
        if (n > size - at) n = size - at;
        char *piece = mem_dup(data + at, n), *in = piece; // of its own: a read beyond it is seen
        size_t left = n;
        struct ws_event ev;
        while (ws_parser_next(&p, &in, &left, &ev) != WS_MORE) {
            assert(!over); // nothing follows a close or an error
            over = ev.type == WS_CLOSE || ev.type == WS_ERROR;
            check(&ev);
            buf_addf(log, "%d %d %zu:", ev.type, ev.code, ev.data.n);
            buf_add_slice(log, ev.data);
        }
        assert(left == 0);
        assert(!over || (!p.message.p && !p.own));
        free(piece);
        struct slice other;
        if (s.disturb) (void)inflater_message(s.inflater, slice_of(data, size < 50 ? size : 50), LIMIT, &other);
    }
    ws_parser_release(&p);
}

static void cut_anywhere(const uint8_t *data, size_t size, uint32_t seed, struct setup s)
{
    struct buf whole = BUF_INIT, pieces = BUF_INIT;
    run(data, size, WHOLE, s, &whole);
    for (uint32_t i = 1; i <= 3; i++) {
        s.disturb = s.inflater && i == 3;
        buf_clear(&pieces);
        run(data, size, i == 1 ? BYTES : seed * 3 + i, s, &pieces);
        assert(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    }
    buf_release(&whole);
    buf_release(&pieces);
}

// ---- what is written is read back -----------------------------------------------------------------------------------

static void there_and_back(struct slice payload, struct setup s)
{
    if (payload.n > LIMIT) return;
    struct buf frame = BUF_INIT, packed = BUF_INIT;
    uint8_t mask[4] = {1, 2, 3, (uint8_t)payload.n};
    if (s.inflater) {
        struct deflater *def = deflater_new(1 + (int)(payload.n % 9), 9 + (int)(payload.n % 7));
        deflater_message(def, payload, &packed);
        deflater_free(def);
    }
    ws_write_frame(&frame, WS_OP_BINARY, s.inflater != NULL, s.inflater ? buf_slice(&packed) : payload,
                   s.role == WS_SERVER ? mask : NULL);
    struct ws_parser p;
    struct ws_event ev;
    ws_parser_init(&p, s.role, LIMIT, s.inflater);
    char *in = frame.p;
    size_t n = frame.n;
    enum ws_event_type type = ws_parser_next(&p, &in, &n, &ev);
    assert(type == WS_BINARY && slice_eq(ev.data, payload) && n == 0);
    (void)type;
    ws_parser_release(&p);
    buf_release(&frame);
    buf_release(&packed);
}

// ---- the header -----------------------------------------------------------------------------------------------------

// The last element's parameters; false: malformed.
static bool read_list(struct slice value, struct ws_deflate_params *last, size_t *count)
{
    struct ws_extensions list = {value};
    struct ws_deflate_params o;
    enum ws_extension kind;
    *last = (struct ws_deflate_params){0};
    *count = 0;
    while ((kind = ws_extensions_next(&list, &o)) != WS_EXTENSIONS_END) {
        if (kind == WS_EXTENSIONS_MALFORMED) {
            assert(ws_extensions_next(&list, &o) == WS_EXTENSIONS_END);
            return false;
        }
        ++*count;
        if (kind != WS_EXTENSION_DEFLATE) continue;
        assert(o.server_max_window_bits == 0 || (o.server_max_window_bits >= 8 && o.server_max_window_bits <= 15));
        assert(o.client_max_window_bits <= 0 || (o.client_max_window_bits >= 8 && o.client_max_window_bits <= 15));
        *last = o;
    }
    return true;
}

// What stands before an offer doesn't change what is read of it.
static void extensions(const uint8_t *data, size_t size)
{
    char *copy = mem_dup(data, size);
    struct ws_deflate_params o;
    size_t n, longer;
    if (read_list(slice_of(copy, size), &o, &n)) {
        struct buf more = BUF_INIT;
        buf_add(&more, copy, size);
        buf_add_str(&more, ", permessage-deflate; client_max_window_bits; server_max_window_bits=\"9\"");
        bool ok = read_list(buf_slice(&more), &o, &longer);
        assert(ok && longer == n + 1 && o.server_max_window_bits == 9 && o.client_max_window_bits == -1);
        (void)ok;
        buf_release(&more);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    unsigned mode = data[0];
    data++, size--;
    if (mode & 4) {
        extensions(data, size);
        return 0;
    }
    struct setup s = {mode & 1 ? WS_CLIENT : WS_SERVER, mode & 2 ? inflater_new() : NULL, false};
    cut_anywhere(data, size, mode >> 3, s);
    there_and_back(slice_of(data, size), s);
    inflater_free(s.inflater);
    return 0;
}
