#include "ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define INFLATED_MAX (1 << 20)

size_t ws_write_upgrade(char *out, size_t size, const char *path, uint16_t port, bool deflate)
{
    const char *extension = deflate ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                      "client_no_context_takeover\r\n"
                                    : "";
    return (size_t)snprintf(out, size,
                            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZmFub3V0LWJlbmNobWFyaw==\r\n%s\r\n",
                            path, port, extension);
}

long ws_read_upgrade(const char *p, size_t n, bool *deflate)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - p) + 4;
    if (n < 12 || memcmp(p, "HTTP/1.1 101", 12) != 0) return -1;
    *deflate = memmem(p, head, "permessage-deflate", 18) != NULL;
    // With a context taken over each client would need an inflater of its own.
    if (*deflate && !memmem(p, head, "server_no_context_takeover", 26)) return -1;
    return (long)head;
}

static size_t write_frame(char *out, unsigned char first, const char *text, size_t n)
{
    size_t at = 0;
    out[at++] = (char)first;
    if (n < 126) {
        out[at++] = (char)(0x80 | n);
    } else {
        out[at++] = (char)(0x80 | 126);
        out[at++] = (char)(n >> 8);
        out[at++] = (char)n;
    }
    memset(out + at, 0, 4);
    memcpy(out + at + 4, text, n);
    return at + 4 + n;
}

size_t ws_write_text(char *out, const char *text, size_t n)
{
    return write_frame(out, 0x81, text, n);
}

size_t ws_write_pong(char *out, const char *data, size_t n)
{
    return write_frame(out, 0x8a, data, n);
}

// RFC 7692 §7.2.2: the four bytes that the sender cut off are put back.
static bool inflate_text(const char *p, size_t n, struct ws_in *out)
{
    static _Thread_local char text[INFLATED_MAX];
    static _Thread_local z_stream z;
    static _Thread_local bool made;
    if (!made && inflateInit2(&z, -15) != Z_OK) return false;
    made = true;
    if (inflateReset(&z) != Z_OK) return false;
    unsigned char tail[4] = {0, 0, 0xff, 0xff};
    z.next_out = (Bytef *)text;
    z.avail_out = sizeof text;
    z.next_in = (Bytef *)p;
    z.avail_in = (uInt)n;
    int rc = inflate(&z, Z_SYNC_FLUSH);
    if (rc != Z_OK && rc != Z_BUF_ERROR) return false;
    z.next_in = tail;
    z.avail_in = sizeof tail;
    rc = inflate(&z, Z_SYNC_FLUSH);
    if ((rc != Z_OK && rc != Z_BUF_ERROR) || z.avail_out == 0) return false;
    out->text = text;
    out->n = sizeof text - z.avail_out;
    return true;
}

enum ws_kind ws_read(const char *p, size_t n, struct ws_in *out)
{
    const unsigned char *b = (const unsigned char *)p;
    out->used = 0;
    if (n < 2) return WS_PART;
    size_t head = 2;
    uint64_t len = b[1] & 0x7f;
    if (len >= 126) {
        head = len == 126 ? 4 : 10;
        if (n < head) return WS_PART;
        len = 0;
        for (size_t i = 2; i < head; i++) len = len << 8 | b[i];
    }
    // Servers don't mask, and none of these has a reason to send in fragments.
    if (b[1] & 0x80 || !(b[0] & 0x80) || len > INFLATED_MAX) return WS_BROKEN;
    if (n - head < len) return WS_PART;
    out->text = p + head;
    out->n = len;
    out->used = head + len;
    unsigned op = b[0] & 0x0f;
    if (op == 8) return WS_CLOSED;
    if (op == 9 || op == 10) return len < 126 ? (op == 9 ? WS_PING : WS_PONG) : WS_BROKEN;
    if (op != 1) return WS_BROKEN;
    if (b[0] & 0x40 && !inflate_text(p + head, len, out)) return WS_BROKEN;
    return WS_TEXT;
}
