// A small blocking HTTP/1.1 client for talking to a Headway server: one keep-alive connection, plain http:// only (TLS
// belongs to the proxy in front of it).
//
// One thread uses a client at a time; http_client_interrupt may come from any thread.
#ifndef HW_CLIENT_HTTP_CLIENT_H
#define HW_CLIENT_HTTP_CLIENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct http_client;

struct http_url {
    char host[256];
    char port[8];
    char path[256]; // "" or "/prefix", no slash at its end
};

// "http://host[:port][/prefix]"; HW_EVALIDATION with what is accepted.
int http_url_parse(const char *url, struct http_url *out, struct err *e);

// Doesn't connect yet.
int http_client_new(struct http_client **out, const char *base_url, struct err *e);
void http_client_free(struct http_client *c);

// Sends the request and reads the answer's body (at most 64 MiB) into *body (cleared first). `path` begins with "/". An
// empty `json` sends no body. Returns the status (100…599), or: HW_EUNAVAILABLE (no connection, or it broke: the
// request may or may not have had its effect), HW_ETIMEOUT, HW_EPROTOCOL, HW_ECANCELLED (interrupted). A kept
// connection that the server closed while it was idle is opened anew, unseen by the caller; if it breaks without an
// answer to a request that isn't a POST, the request is sent once more.
int http_client_request(struct http_client *c, const char *method, const char *path, struct slice json, int timeout_ms,
                        struct buf *body, struct err *e);

// Makes the request under way, and all later ones, fail with HW_ECANCELLED (resolving a name can't be cut short).
void http_client_interrupt(struct http_client *c);

// Connects a TCP socket (non-blocking, close-on-exec, TCP_NODELAY) within timeout_ms; the descriptor, or a code.
int http_connect(const struct http_url *url, int timeout_ms, struct err *e);

#endif
