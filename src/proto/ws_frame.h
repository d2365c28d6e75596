// WebSocket frames (RFC 6455 §5), both sides: bytes in, messages out; and the writing of frames.
//
//     char *p = bytes; size_t n = length;         // may be changed: unmasked in place
//     struct ws_event ev;
//     while (ws_parser_next(&parser, &p, &n, &ev) != WS_MORE) handle(&ev);
//
// No copy where a message is one frame that lies whole in the input. Otherwise its bytes gather in the parser's buffer,
// which is given back when the message is complete: an idle connection holds only the struct. A compressed message that
// comes in pieces is decompressed as it comes, by an inflater of its own (some 40 KiB while the message lasts).
//
// What is wrong is told at the first byte that can't be right: reserved bits and opcodes at the frame's first byte,
// UTF-8 and broken compression in the payload, whatever is still to come of frame or message. So the events don't
// depend on how the bytes are cut, and at most the limit is ever held. A length must be in its shortest form, which RFC
// 6455 §5.2 demands of the sender: no client writes another, and what is written in only one way can't be read in two.
#ifndef HW_PROTO_WS_FRAME_H
#define HW_PROTO_WS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "proto/deflate.h"

#define WS_MAX_MESSAGE 1000000 // bytes, after decompression

enum ws_opcode {
    WS_OP_CONTINUATION = 0x0,
    WS_OP_TEXT = 0x1,
    WS_OP_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xA,
};

// Close codes (RFC 6455 §7.4.1).
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_UNSUPPORTED = 1003,
    WS_CLOSE_NO_STATUS = 1005, // never on the wire
    WS_CLOSE_ABNORMAL = 1006,  // never on the wire
    WS_CLOSE_INVALID_DATA = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_RESTART = 1012,
    WS_CLOSE_TRY_AGAIN = 1013,
};

enum ws_event_type {
    WS_MORE,   // everything was consumed
    WS_TEXT,   // a whole message: valid UTF-8, decompressed
    WS_BINARY, // a whole message
    WS_PING,   // answer with a pong carrying the same data
    WS_PONG,
    WS_CLOSE, // the peer closes; answer with the same code (ws_write_close), then close. What follows is ignored.
    WS_ERROR, // the peer broke the protocol: send a close frame with `code`, then close. What follows is ignored.
};

struct ws_event {
    enum ws_event_type type;
    struct slice data; // message or control payload; of WS_CLOSE the reason; valid until the next call with this
                       // parser, or, if the message came compressed, with any parser that shares its inflater
    uint16_t code;     // WS_CLOSE: the peer's code, WS_CLOSE_NO_STATUS if it gave none; WS_ERROR: the one to send
    const char *error; // WS_ERROR: what was wrong, a literal
};

enum ws_role {
    WS_SERVER, // what comes in must be masked
    WS_CLIENT, // what comes in must not be masked
};

// Embed it; the fields are the parser's own.
struct ws_parser {
    struct inflater *inflater; // shared: for messages that come whole
    struct inflater *own;      // of a compressed message that comes in pieces
    size_t max_message;
    uint64_t frame_left; // payload bytes of the current frame still to come
    struct buf message;  // what has been gathered of an uncompressed data message
    struct utf8 utf8;    // of a text message
    uint8_t header[14];  // frame header, as far as it came
    uint8_t header_n;
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t opcode;         // of the current frame
    uint8_t message_opcode; // of the message being gathered; 0: none
    uint8_t control_n;
    bool fin, in_frame, compressed, masked, is_server, dead;
    char *control; // payload of a control frame that came in pieces: rare, and so not kept
};

// `inflater`: shared, borrowed; NULL: permessage-deflate wasn't agreed on, and RSV1 is an error.
void ws_parser_init(struct ws_parser *p, enum ws_role role, size_t max_message, struct inflater *inflater);
void ws_parser_release(struct ws_parser *p);

// Takes bytes off (*p, *n) up to the end of the next event, which it returns (and writes to *ev).
enum ws_event_type ws_parser_next(struct ws_parser *parser, char **p, size_t *n, struct ws_event *ev);

// May a peer send this code in a close frame (RFC 6455 §7.4; the registry's 1000–1003, 1007–1014, and 3000–4999)?
bool ws_close_code_valid(unsigned code);

// ---- writing --------------------------------------------------------------------------------------------------------

#define WS_HEADER_MAX 14

// A frame's header in the shortest form; returns its length. `mask`: the client's 4 random bytes; NULL: unmasked
// (server).
size_t ws_frame_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode op, bool fin, bool compressed, uint64_t length,
                       const uint8_t *mask);
void ws_mask(void *bytes, size_t n, const uint8_t mask[4], size_t offset); // `offset`: of bytes within the payload

// Appends a whole frame (fin), payload copied and masked where `mask` is given.
void ws_write_frame(struct buf *out, enum ws_opcode op, bool compressed, struct slice payload, const uint8_t *mask);
// Appends a close frame. WS_CLOSE_NO_STATUS: an empty one. The reason is cut to 123 bytes at a character's boundary.
void ws_write_close(struct buf *out, unsigned code, struct slice reason, const uint8_t *mask);

#endif
