// A notation for WebSocket frames, in which the case tables are written:
//
//     81 'Hello'               a frame: its first byte, then its payload (here a final text frame)
//     82 <00 ff> 3*'ab'        a payload's pieces: bytes in hex, something repeated
//     81/1300 65536*'x'        the payload in fragments of 1,300 bytes: 01, 00 …, 80
//     81:500 'begin'           a frame that says 500 bytes and brings fewer
//     {82 7e 00 7d}            these bytes as they are
//
// Included by the tests of ws_cases.h; static, as each test is one program.
#ifndef HW_TEST_WS_NOTATION_H
#define HW_TEST_WS_NOTATION_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/ws_frame.h"

static const uint8_t WS_TEST_MASK[4] = {0x37, 0xFA, 0x21, 0x3D};

static void ws_add_frame(struct buf *out, unsigned first, struct slice payload, size_t says, bool mask)
{
    uint8_t h[WS_HEADER_MAX];
    size_t n = ws_frame_header(h, first & 0x0F, true, false, says, mask ? WS_TEST_MASK : NULL);
    h[0] = (uint8_t)first;
    buf_add(out, h, n);
    buf_add_slice(out, payload);
    if (mask && payload.n) ws_mask(out->p + out->n - payload.n, payload.n, WS_TEST_MASK, 0);
}

static const char *ws_hex_until(const char *s, char end, struct buf *out)
{
    while (*s != end) {
        if (isspace((unsigned char)*s)) {
            s++;
            continue;
        }
        char pair[3] = {s[0], s[1], 0};
        buf_add_char(out, (char)strtoul(pair, NULL, 16));
        s += 2;
    }
    return s + 1;
}

// One piece of a payload, if one stands there.
static const char *ws_piece(const char *s, struct buf *out)
{
    size_t times = 1;
    const char *star = s;
    while (isdigit((unsigned char)*star)) star++;
    if (star > s && *star == '*') times = strtoul(s, NULL, 10), s = star + 1;
    if (*s != '\'' && *s != '<') return NULL;
    struct buf one = BUF_INIT;
    if (*s == '<') {
        s = ws_hex_until(s + 1, '>', &one);
    } else {
        const char *end = strchr(s + 1, '\'');
        buf_add(&one, s + 1, (size_t)(end - s - 1));
        s = end + 1;
    }
    while (times--) buf_add_slice(out, buf_slice(&one));
    buf_release(&one);
    return s;
}

static const char *ws_frame_of(const char *s, struct buf *out, bool mask)
{
    char *end;
    unsigned first = (unsigned)strtoul(s, &end, 16);
    size_t part = 0, says = 0;
    if (*end == '/') part = strtoul(end + 1, &end, 10);
    if (*end == ':') says = strtoul(end + 1, &end, 10);
    struct buf payload = BUF_INIT;
    for (const char *next = end; next;) {
        s = next;
        while (*s == ' ') s++;
        next = ws_piece(s, &payload);
    }
    const char *bytes = buf_cstr(&payload);
    size_t at = 0;
    for (; part && payload.n - at > part; at += part)
        ws_add_frame(out, at ? 0 : first & 0x7F, slice_of(bytes + at, part), part, mask);
    size_t rest = payload.n - at;
    ws_add_frame(out, at ? first & 0x80 : first, slice_of(bytes + at, rest), says ? says : rest, mask);
    buf_release(&payload);
    return s;
}

// Appends what `s` notes; `mask`: as a client sends it.
static void ws_note(const char *s, bool mask, struct buf *out)
{
    while (*s) {
        if (*s == ' ')
            s++;
        else if (*s == '{')
            s = ws_hex_until(s + 1, '}', out);
        else
            s = ws_frame_of(s, out, mask);
    }
}

#endif
