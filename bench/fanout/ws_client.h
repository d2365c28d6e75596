// The client's side of RFC 6455 as far as a load generator needs it: bytes in, messages out. Knows no socket.
#ifndef FANOUT_WS_CLIENT_H
#define FANOUT_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The request that asks for the upgrade; `deflate`: with RFC 7692 and no context taken over. Returns its length.
size_t ws_write_upgrade(char *out, size_t size, const char *path, uint16_t port, bool deflate);
// The length of the answer's head, 0 if it isn't there yet, -1 if it is a refusal. *deflate: what was agreed to.
long ws_read_upgrade(const char *p, size_t n, bool *deflate);
// A masked frame (with a mask of zeros, which a server undoes like any other). n < 65,536. Returns its length.
size_t ws_write_text(char *out, const char *text, size_t n);
size_t ws_write_pong(char *out, const char *data, size_t n); // n < 126

enum ws_kind { WS_PART, WS_TEXT, WS_PING, WS_PONG, WS_CLOSED, WS_BROKEN };
struct ws_in {
    const char *text; // in the bytes given, or in the inflater's buffer until the next call
    size_t n;
    size_t used; // bytes of the whole frame; WS_PART: 0
};
// The first frame of p[0, n).
enum ws_kind ws_read(const char *p, size_t n, struct ws_in *out);

#endif
