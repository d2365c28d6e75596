// Writing WebSocket frames (RFC 6455 §5.2), masking (§5.3), close codes (§7.4).
#include "base/utf8.h"
#include "proto/ws_frame.h"

void ws_mask(void *bytes, size_t n, const uint8_t mask[4], size_t offset)
{
    unsigned char *p = bytes;
    uint8_t m[8];
    for (size_t i = 0; i < 8; i++) m[i] = mask[(offset + i) & 3];
    uint64_t wide;
    memcpy(&wide, m, 8);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t v;
        memcpy(&v, p + i, 8);
        v ^= wide;
        memcpy(p + i, &v, 8);
    }
    for (; i < n; i++) p[i] ^= m[i & 7];
}

size_t ws_frame_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode op, bool fin, bool compressed, uint64_t length,
                       const uint8_t *mask)
{
    size_t n = 2;
    out[0] = (uint8_t)((fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | op);
    if (length < 126) {
        out[1] = (uint8_t)length;
    } else if (length < 65536) {
        out[1] = 126;
        out[n++] = (uint8_t)(length >> 8);
        out[n++] = (uint8_t)length;
    } else {
        out[1] = 127;
        for (int shift = 56; shift >= 0; shift -= 8) out[n++] = (uint8_t)(length >> shift);
    }
    if (mask) {
        out[1] |= 0x80;
        memcpy(out + n, mask, 4);
        n += 4;
    }
    return n;
}

void ws_write_frame(struct buf *out, enum ws_opcode op, bool compressed, struct slice payload, const uint8_t *mask)
{
    uint8_t header[WS_HEADER_MAX];
    size_t n = ws_frame_header(header, op, true, compressed, payload.n, mask);
    buf_reserve(out, n + payload.n);
    buf_add(out, header, n);
    buf_add_slice(out, payload);
    if (mask && payload.n) ws_mask(out->p + out->n - payload.n, payload.n, mask, 0);
}

void ws_write_close(struct buf *out, unsigned code, struct slice reason, const uint8_t *mask)
{
    char payload[125];
    size_t n = 0;
    if (code != WS_CLOSE_NO_STATUS) {
        payload[n++] = (char)(code >> 8);
        payload[n++] = (char)(code & 0xFF);
        size_t keep = reason.n < sizeof payload - n ? reason.n : sizeof payload - n;
        // Not amid a character: go back over continuation bytes.
        if (keep < reason.n)
            while (keep && ((unsigned char)reason.p[keep] & 0xC0) == 0x80) keep--;
        if (keep) memcpy(payload + n, reason.p, keep);
        n += keep;
    }
    ws_write_frame(out, WS_OP_CLOSE, false, slice_of(payload, n), mask);
}

bool ws_close_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
