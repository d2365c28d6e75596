// The WebSocket opening handshake: RFC 6455 §4, RFC 7692 §7.1.
#include "proto/ws_handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "proto/deflate.h"
#include "proto/ws_extensions.h"

// ---- keys -----------------------------------------------------------------------------------------------------------

void ws_accept_key(struct slice key, char out[29])
{
    struct buf text = BUF_INIT;
    unsigned char digest[SHA_DIGEST_LENGTH];
    buf_add_slice(&text, key);
    buf_add_str(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    SHA1((const unsigned char *)text.p, text.n, digest);
    EVP_EncodeBlock((unsigned char *)out, digest, SHA_DIGEST_LENGTH);
    buf_release(&text);
}

void ws_client_key(const unsigned char nonce[16], char key[WS_KEY_SIZE])
{
    EVP_EncodeBlock((unsigned char *)key, nonce, 16);
}

// 16 bytes in base64: 22 characters and "==".
static bool key_valid(struct slice key)
{
    unsigned char decoded[18];
    return key.n == 24 && !memchr(key.p, '=', 22) && key.p[22] == '=' && key.p[23] == '=' &&
           EVP_DecodeBlock(decoded, (const unsigned char *)key.p, 24) == 18;
}

// ---- server ---------------------------------------------------------------------------------------------------------

// Takes the first offer that can be kept, over all Sec-WebSocket-Extensions headers. False: one is malformed.
static bool choose_deflate(struct http_headers h, bool wanted, struct ws_handshake *out)
{
    for (size_t i = 0; i < h.n; i++) {
        if (!slice_is_nocase(h.list[i].name, "sec-websocket-extensions")) continue;
        struct ws_extensions list = {h.list[i].value};
        struct ws_deflate_params o;
        enum ws_extension kind;
        while ((kind = ws_extensions_next(&list, &o)) != WS_EXTENSIONS_END) {
            if (kind == WS_EXTENSIONS_MALFORMED) return false;
            if (kind != WS_EXTENSION_DEFLATE || !wanted || out->deflate) continue;
            if (o.server_max_window_bits && o.server_max_window_bits < DEFLATE_WINDOW_BITS) continue;
            out->deflate = true;
            out->name_window = o.server_max_window_bits != 0;
        }
    }
    return true;
}

int ws_handshake_check(const struct http_request *req, bool deflate, struct ws_handshake *out, struct err *e)
{
    *out = (struct ws_handshake){0};
    struct http_headers h = req->headers;
    const char *wrong = NULL;
    if (req->method != HTTP_GET || req->http10)
        wrong = "the method must be GET, in HTTP/1.1";
    else if (!req->upgrade || !http_headers_has_token(h, "upgrade", "websocket"))
        wrong = "the headers Connection: Upgrade and Upgrade: websocket are wanted";
    else if (req->body.n)
        wrong = "the request may not have a body";
    if (wrong) {
        err_set(e, HW_EINVALID, "WebSocket handshake: %s", wrong);
        return 400;
    }
    struct slice version = http_headers_get(h, "sec-websocket-version");
    if (!slice_is(version, "13")) {
        err_set(e, HW_EINVALID, "WebSocket handshake: Sec-WebSocket-Version must be 13");
        return 426;
    }
    struct slice key = http_headers_get(h, "sec-websocket-key");
    if (!key_valid(key)) {
        err_set(e, HW_EINVALID, "WebSocket handshake: Sec-WebSocket-Key must be 16 bytes in base64");
        return 400;
    }
    ws_accept_key(key, out->accept);
    // §9.1: malformed means failing the connection, whether or not an extension is wanted.
    if (!choose_deflate(h, deflate, out)) {
        err_set(e, HW_EINVALID, "WebSocket handshake: Sec-WebSocket-Extensions is malformed");
        return 400;
    }
    return 0;
}

void ws_handshake_write_response(const struct ws_handshake *hs, struct buf *out)
{
    http_write_status(out, 101);
    http_write_header(out, "Upgrade", SLICE_LIT("websocket"));
    http_write_header(out, "Connection", SLICE_LIT("Upgrade"));
    http_write_header(out, "Sec-WebSocket-Accept", slice_str(hs->accept));
    if (hs->deflate) {
        buf_add_str(out, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                         "client_no_context_takeover");
        if (hs->name_window) buf_addf(out, "; server_max_window_bits=%d", DEFLATE_WINDOW_BITS);
        buf_add_str(out, "\r\n");
    }
    http_write_end(out);
}

// ---- client ---------------------------------------------------------------------------------------------------------

void ws_handshake_write_request(struct slice target, struct slice host, const char *key, bool deflate, struct buf *out)
{
    http_write_request(out, "GET", target, host);
    http_write_header(out, "Upgrade", SLICE_LIT("websocket"));
    http_write_header(out, "Connection", SLICE_LIT("Upgrade"));
    http_write_header(out, "Sec-WebSocket-Key", slice_str(key));
    http_write_header(out, "Sec-WebSocket-Version", SLICE_LIT("13"));
    if (deflate)
        http_write_header(out, "Sec-WebSocket-Extensions",
                          SLICE_LIT("permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                                    "client_max_window_bits"));
}

// The value of a header that may stand there once (RFC 6455 §11.3); .p is NULL if it is missing or repeated.
static struct slice only(struct http_headers h, const char *name)
{
    struct slice v = {0};
    for (size_t i = 0, found = 0; i < h.n; i++) {
        if (!slice_is_nocase(h.list[i].name, name)) continue;
        if (found++) return (struct slice){0};
        v = h.list[i].value;
    }
    return v;
}

// The server's answer to the one offer above.
static const char *check_extensions(struct http_headers h, bool offered, struct ws_handshake *out, int *window)
{
    *window = 15;
    size_t found = 0;
    for (size_t i = 0; i < h.n; i++) {
        if (!slice_is_nocase(h.list[i].name, "sec-websocket-extensions")) continue;
        struct ws_extensions list = {h.list[i].value};
        struct ws_deflate_params o;
        enum ws_extension kind;
        while ((kind = ws_extensions_next(&list, &o)) != WS_EXTENSIONS_END) {
            if (!offered || found++ || kind != WS_EXTENSION_DEFLATE)
                return "the server chose an extension that was not offered";
            if (!o.server_no_context_takeover) return "the server did not agree to server_no_context_takeover";
            if (o.client_max_window_bits < 0) return "client_max_window_bits has no value";
            if (o.client_max_window_bits == 8) return "a window of 8 bits, which cannot be compressed to";
            if (o.client_max_window_bits) *window = o.client_max_window_bits;
            out->deflate = true;
        }
    }
    return NULL;
}

int ws_handshake_check_response(const struct http_response *res, const char *key, bool deflate_offered,
                                struct ws_handshake *out, int *client_window_bits, struct err *e)
{
    *out = (struct ws_handshake){0};
    struct http_headers h = res->headers;
    *client_window_bits = 15;
    if (res->status != 101)
        return err_set(e, HW_EPROTOCOL, "WebSocket handshake: the server answered %d %.*s", res->status,
                       SLICE_FMT(res->reason));
    ws_accept_key(slice_str(key), out->accept);
    const char *wrong = NULL;
    if (!http_headers_has_token(h, "upgrade", "websocket") || !http_headers_has_token(h, "connection", "upgrade"))
        wrong = "the 101 response does not upgrade to websocket";
    else if (!slice_is(only(h, "sec-websocket-accept"), out->accept))
        wrong = "Sec-WebSocket-Accept does not match the key";
    else if (http_headers_get(h, "sec-websocket-protocol").p)
        wrong = "the server chose a subprotocol, none was offered";
    else
        wrong = check_extensions(h, deflate_offered, out, client_window_bits);
    if (wrong) return err_set(e, HW_EPROTOCOL, "WebSocket handshake: %s", wrong);
    return 0;
}
