// The WebSocket opening handshake (RFC 6455 §4) and the negotiation of permessage-deflate (RFC 7692 §7), both sides.
// Origin and Host are the caller's to check.
#ifndef HW_PROTO_WS_HANDSHAKE_H
#define HW_PROTO_WS_HANDSHAKE_H

#include "base/err.h"
#include "proto/http.h"
#include "proto/http_response.h"

struct ws_handshake {
    char accept[29];  // Sec-WebSocket-Accept
    bool deflate;     // permessage-deflate agreed on, without context takeover in either direction
    bool name_window; // the client named server_max_window_bits: the response must as well
};

// ---- server ---------------------------------------------------------------------------------------------------------

// The accept key of Sec-WebSocket-Key (RFC 6455 §4.2.2).
void ws_accept_key(struct slice key, char out[29]);

// Checks a request (§4.2.1): 0, or the HTTP status to refuse it with, with the reason in `e`: 400, or 426 for another
// WebSocket version, whose response then carries `Upgrade: websocket` and `Sec-WebSocket-Version: 13` (§4.4). A
// Sec-WebSocket-Extensions that is malformed is refused, wanted or not (§9.1). `deflate`: take the first offer of
// permessage-deflate that the server can keep with DEFLATE_WINDOW_BITS; one that it can't keep is passed over, never an
// error.
int ws_handshake_check(const struct http_request *req, bool deflate, struct ws_handshake *out, struct err *e);
void ws_handshake_write_response(const struct ws_handshake *hs,
                                 struct buf *out); // "HTTP/1.1 101 …", headers, empty line

// ---- client ---------------------------------------------------------------------------------------------------------

#define WS_KEY_SIZE 25
// The Sec-WebSocket-Key made of 16 random bytes (id_random_bytes).
void ws_client_key(const unsigned char nonce[16], char key[WS_KEY_SIZE]);
// The request up to its own headers; the caller may add headers and ends it with http_write_end.
void ws_handshake_write_request(struct slice target, struct slice host, const char *key, bool deflate, struct buf *out);
// Checks the 101 (§4.1): 0 or HW_EPROTOCOL. out->deflate: what the client sends may be compressed, by a deflater of at
// most *client_window_bits, and the server's may come compressed.
int ws_handshake_check_response(const struct http_response *res, const char *key, bool deflate_offered,
                                struct ws_handshake *out, int *client_window_bits, struct err *e);

#endif
