// The WebSocket frame parser (RFC 6455 §5).
#include "proto/ws_frame.h"

#include <stdlib.h>

#include "base/mem.h"

#define CONTROL_MAX 125 // RFC 6455 §5.5

void ws_parser_init(struct ws_parser *p, enum ws_role role, size_t max_message, struct inflater *inflater)
{
    *p = (struct ws_parser){.max_message = max_message, .inflater = inflater, .is_server = role == WS_SERVER};
}

static void drop_message(struct ws_parser *p)
{
    buf_release(&p->message);
    inflater_free(p->own);
    p->own = NULL;
}

void ws_parser_release(struct ws_parser *p)
{
    drop_message(p);
    free(p->control);
    p->control = NULL;
}

static enum ws_event_type fail(struct ws_parser *p, struct ws_event *ev, unsigned code, const char *error)
{
    p->dead = true;
    drop_message(p);
    *ev = (struct ws_event){.type = WS_ERROR, .code = (uint16_t)code, .error = error};
    return WS_ERROR;
}

static bool is_control(unsigned opcode)
{
    return opcode & 8;
}

// ---- the frame header -----------------------------------------------------------------------------------------------

// Takes header bytes off the input until the header is complete (true) or the input is used up (false).
static bool gather_header(struct ws_parser *p, char **in, size_t *n)
{
    for (;;) {
        size_t want = 2;
        if (p->header_n >= 2) {
            unsigned length = p->header[1] & 0x7F;
            want += (length == 126 ? 2 : length == 127 ? 8 : 0) + (p->header[1] & 0x80 ? 4 : 0);
            if (p->header_n == want) return true;
        }
        size_t take = want - p->header_n < *n ? want - p->header_n : *n;
        if (take == 0) return false;
        memcpy(p->header + p->header_n, *in, take);
        p->header_n = (uint8_t)(p->header_n + take);
        *in += take;
        *n -= take;
    }
}

// The payload's length, from the header's first `*at` bytes (set to where the mask begins).
static uint64_t frame_length(const uint8_t *h, size_t *at)
{
    uint64_t length = h[1] & 0x7F;
    *at = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (*at > 2) length = 0;
    for (size_t i = 2; i < *at; i++) length = length << 8 | h[i];
    return length;
}

// What the part of a header that is there can already be refused for, so that a peer needn't send more to be told.
static const char *check_header(const struct ws_parser *p)
{
    unsigned b0 = p->header[0], op = b0 & 0x0F;
    if (b0 & 0x30) return "a reserved bit is set";
    if ((b0 & 0x40) && (!p->inflater || is_control(op) || op == WS_OP_CONTINUATION))
        return "RSV1 is set where no compressed message starts";
    if ((op > 2 && op < 8) || op > 0xA) return "an unknown opcode";
    if (is_control(op)) {
        if (!(b0 & 0x80)) return "a fragmented control frame";
    } else if (op == WS_OP_CONTINUATION) {
        if (!p->message_opcode) return "a continuation frame without a message to continue";
    } else if (p->message_opcode) {
        return "a new message within a fragmented one";
    }
    if (p->header_n < 2) return NULL;
    bool masked = p->header[1] & 0x80;
    if (p->is_server && !masked) return "an unmasked frame from a client";
    if (!p->is_server && masked) return "a masked frame from a server";
    if (is_control(op) && (p->header[1] & 0x7F) > CONTROL_MAX) return "a control frame of more than 125 bytes";
    size_t lengths_end;
    uint64_t length = frame_length(p->header, &lengths_end);
    if (p->header_n < lengths_end) return NULL;
    if (length >> 63) return "a length beyond 63 bits";
    if (lengths_end > 2 && length < (lengths_end == 4 ? 126 : 65536))
        return "a length that is not in its shortest form";
    return NULL;
}

// What a data frame may still bring. Of a compressed message only the result counts, which is watched as it comes out;
// a frame longer than any compressor makes of a message within the limit (its codes have 9 bits a byte at worst) is
// refused by its header all the same.
static uint64_t frame_limit(const struct ws_parser *p)
{
    if (!p->compressed) return p->max_message - p->message.n;
    return (uint64_t)p->max_message + p->max_message / 8 + 1024;
}

// The header is complete and right. NULL, or why the message can't be taken (WS_CLOSE_TOO_BIG).
static const char *begin_frame(struct ws_parser *p)
{
    const uint8_t *h = p->header;
    size_t at;
    uint64_t length = frame_length(h, &at);
    p->masked = h[1] & 0x80;
    if (p->masked) memcpy(p->mask, h + at, 4);
    p->mask_at = 0;
    p->opcode = h[0] & 0x0F;
    p->fin = h[0] & 0x80;
    p->frame_left = length;
    p->header_n = 0;
    p->in_frame = true;
    if (is_control(p->opcode)) {
        p->control_n = 0;
        return NULL;
    }
    if (p->opcode != WS_OP_CONTINUATION) {
        p->message_opcode = p->opcode;
        p->compressed = h[0] & 0x40;
        p->utf8 = UTF8_INIT;
    }
    return length > frame_limit(p) ? "a message larger than the limit" : NULL;
}

// ---- what a complete frame means ------------------------------------------------------------------------------------

static enum ws_event_type finish_control(struct ws_parser *p, struct slice data, struct ws_event *ev)
{
    p->in_frame = false;
    *ev = (struct ws_event){.type = p->opcode == WS_OP_PING ? WS_PING : WS_PONG, .data = data};
    if (p->opcode != WS_OP_CLOSE) return ev->type;
    p->dead = true;
    drop_message(p);
    *ev = (struct ws_event){.type = WS_CLOSE, .code = WS_CLOSE_NO_STATUS};
    if (data.n == 0) return WS_CLOSE;
    if (data.n == 1) return fail(p, ev, WS_CLOSE_PROTOCOL, "a close frame of one byte");
    unsigned code = (unsigned)(uint8_t)data.p[0] << 8 | (uint8_t)data.p[1];
    if (!ws_close_code_valid(code)) return fail(p, ev, WS_CLOSE_PROTOCOL, "a close code that may not be sent");
    if (!utf8_valid(data.p + 2, data.n - 2))
        return fail(p, ev, WS_CLOSE_INVALID_DATA, "a close reason that is not UTF-8");
    ev->code = (uint16_t)code;
    ev->data = slice_of(data.p + 2, data.n - 2);
    return WS_CLOSE;
}

// The message buffer lives on until the next call, so that `data` may lie in it.
static enum ws_event_type finish_message(struct ws_parser *p, struct slice data, struct ws_event *ev)
{
    bool text = p->message_opcode == WS_OP_TEXT;
    if (text && !utf8_complete(&p->utf8)) return fail(p, ev, WS_CLOSE_INVALID_DATA, "a text message that is not UTF-8");
    p->message_opcode = 0;
    *ev = (struct ws_event){.type = text ? WS_TEXT : WS_BINARY, .data = data};
    return ev->type;
}

// ---- the payload ----------------------------------------------------------------------------------------------------

// Takes what there is of a control frame's payload. False: more is to come.
static bool take_control(struct ws_parser *p, char *bytes, size_t take, struct slice *data)
{
    if (p->frame_left == 0 && p->control_n == 0) { // whole in the input
        *data = slice_of(bytes, take);
        return true;
    }
    if (!p->control) p->control = mem_alloc(CONTROL_MAX);
    if (take) memcpy(p->control + p->control_n, bytes, take);
    p->control_n = (uint8_t)(p->control_n + take);
    *data = slice_of(p->control, p->control_n);
    return p->frame_left == 0;
}

static enum ws_event_type take_plain(struct ws_parser *p, char *bytes, size_t n, bool last, struct ws_event *ev)
{
    if (p->message_opcode == WS_OP_TEXT && !utf8_feed(&p->utf8, bytes, n))
        return fail(p, ev, WS_CLOSE_INVALID_DATA, "a text message that is not UTF-8");
    if (last && p->message.n == 0) return finish_message(p, slice_of(bytes, n), ev); // no copy
    buf_add(&p->message, bytes, n);
    return last ? finish_message(p, buf_slice(&p->message), ev) : WS_MORE;
}

static enum ws_event_type take_compressed(struct ws_parser *p, char *bytes, size_t n, bool last, struct ws_event *ev)
{
    struct inflater *inf = p->own;
    size_t before = inf ? inflater_plain(inf).n : 0;
    if (!inf) { // The message begins.
        inf = last ? p->inflater : (p->own = inflater_new());
        inflater_begin(inf);
    }
    int rc = inflater_feed(inf, slice_of(bytes, n), p->max_message);
    if (rc == 0 && last) rc = inflater_end(inf, p->max_message);
    struct slice plain = inflater_plain(inf);
    // First what came out, which may lie before what broke the rest.
    if (p->message_opcode == WS_OP_TEXT && plain.n > before && !utf8_feed(&p->utf8, plain.p + before, plain.n - before))
        return fail(p, ev, WS_CLOSE_INVALID_DATA, "a text message that is not UTF-8");
    if (rc == HW_ETOOBIG) return fail(p, ev, WS_CLOSE_TOO_BIG, "a compressed message larger than the limit");
    if (rc < 0) return fail(p, ev, WS_CLOSE_INVALID_DATA, "a compressed message that can't be decompressed");
    return last ? finish_message(p, plain, ev) : WS_MORE;
}

static enum ws_event_type take_payload(struct ws_parser *p, char **in, size_t *n, struct ws_event *ev)
{
    size_t take = p->frame_left < *n ? (size_t)p->frame_left : *n;
    char *bytes = *in;
    if (p->masked) {
        ws_mask(bytes, take, p->mask, p->mask_at);
        p->mask_at = (uint8_t)((p->mask_at + take) & 3);
    }
    *in += take;
    *n -= take;
    p->frame_left -= take;

    if (is_control(p->opcode)) {
        struct slice data;
        return take_control(p, bytes, take, &data) ? finish_control(p, data, ev) : WS_MORE;
    }
    bool last = p->fin && p->frame_left == 0;
    if (p->frame_left == 0) p->in_frame = false;
    return (p->compressed ? take_compressed : take_plain)(p, bytes, take, last, ev);
}

enum ws_event_type ws_parser_next(struct ws_parser *p, char **in, size_t *n, struct ws_event *ev)
{
    *ev = (struct ws_event){.type = WS_MORE};
    // The last event's message, if it lay here, has been handled.
    if (!p->message_opcode && (p->message.p || p->own)) drop_message(p);
    if (p->control && !(p->in_frame && is_control(p->opcode))) {
        free(p->control);
        p->control = NULL;
    }
    while (!p->dead) {
        if (!p->in_frame) {
            if (*n == 0) return WS_MORE;
            bool complete = gather_header(p, in, n);
            const char *wrong = check_header(p);
            if (wrong) return fail(p, ev, WS_CLOSE_PROTOCOL, wrong);
            if (!complete) return WS_MORE;
            wrong = begin_frame(p);
            if (wrong) return fail(p, ev, WS_CLOSE_TOO_BIG, wrong);
        }
        if (*n == 0 && p->frame_left) return WS_MORE;
        enum ws_event_type type = take_payload(p, in, n, ev);
        if (type != WS_MORE) return type;
    }
    *in += *n; // What follows a close or an error means nothing.
    *n = 0;
    return WS_MORE;
}
