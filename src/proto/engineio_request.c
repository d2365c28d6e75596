// The checks of an Engine.IO request's query, and the answers to what fails them. Names, numbers and order are those of
// the reference server (engine.io 6, Server.verify): clients show these texts to people.
#include "proto/engineio.h"

// Copies parameter `name` into out[size]; false if it is absent, malformed or too long.
static bool parameter(struct slice query, const char *name, char *out, size_t size)
{
    struct buf value = BUF_INIT;
    bool ok = http_query_get(query, name, &value, NULL) == 1 && value.n < size;
    if (ok && value.n) memcpy(out, value.p, value.n);
    out[ok ? value.n : 0] = 0;
    buf_release(&value);
    return ok;
}

static bool has_parameter(struct slice query, const char *name)
{
    struct buf value = BUF_INIT;
    int rc = http_query_get(query, name, &value, NULL);
    buf_release(&value);
    return rc != 0;
}

enum eio_error eio_request_check(const struct http_request *req, struct eio_request *out)
{
    char transport[16], version[8];
    *out = (struct eio_request){0};
    if (!parameter(req->query, "transport", transport, sizeof transport)) return EIO_TRANSPORT_UNKNOWN;
    if (strcmp(transport, "polling") == 0)
        out->transport = EIO_POLLING;
    else if (strcmp(transport, "websocket") == 0)
        out->transport = EIO_WEBSOCKET;
    else
        return EIO_TRANSPORT_UNKNOWN;

    bool websocket = out->transport == EIO_WEBSOCKET;
    // An upgrade to something else (curl's h2c) is no upgrade here.
    bool upgrade = req->upgrade && http_headers_has_token(req->headers, "upgrade", "websocket");
    bool handshake = !has_parameter(req->query, "sid");
    // A sid that can't be one of ours is one that we don't know.
    if (!handshake && (!parameter(req->query, "sid", out->sid, sizeof out->sid) || !out->sid[0]))
        return EIO_SID_UNKNOWN;
    if (handshake && req->method != HTTP_GET) return EIO_BAD_HANDSHAKE_METHOD;
    if (websocket != upgrade) return EIO_BAD_REQUEST;
    if (handshake && (!parameter(req->query, "EIO", version, sizeof version) || strcmp(version, "4") != 0))
        return EIO_UNSUPPORTED_VERSION;
    if (req->method != HTTP_GET && (websocket || req->method != HTTP_POST)) return EIO_BAD_REQUEST;
    return EIO_OK;
}

int eio_error_status(enum eio_error error)
{
    return error == EIO_FORBIDDEN ? 403 : 400;
}

void eio_write_error(struct buf *out, enum eio_error e)
{
    static const char *const messages[] = {
        [EIO_TRANSPORT_UNKNOWN] = "Transport unknown",
        [EIO_SID_UNKNOWN] = "Session ID unknown",
        [EIO_BAD_HANDSHAKE_METHOD] = "Bad handshake method",
        [EIO_BAD_REQUEST] = "Bad request",
        [EIO_FORBIDDEN] = "Forbidden",
        [EIO_UNSUPPORTED_VERSION] = "Unsupported protocol version",
    };
    buf_addf(out, "{\"code\":%d,\"message\":\"%s\"}", (int)e, e >= 0 ? messages[e] : "Bad request");
}
