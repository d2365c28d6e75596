// One GET after another from a hub, on one connection where that is possible (libcurl).
//
// Redirects are followed, to http and https alone, and from https to nothing else. The token goes to the hub's own host
// and never to one that it redirects to; it comes from the environment (HF_TOKEN), and is in no message.
#ifndef HW_TASK_HTTP_GET_H
#define HW_TASK_HTTP_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http_get;

// Asked each second, and while bytes come: anything but 0 ends the request with that code.
typedef int (*http_ask_fn)(void *ctx);

struct http_answer {
    long status;
    char etag[512];      // "": none
    int64_t length;      // of the body that follows; -1: not said
    int64_t from, total; // of a 206: the first byte's place, and the whole's length (-1: not said)
};

struct http_request {
    const char *url;
    int64_t from;     // > 0: only from this byte on (Range)
    const char *etag; // with `from`: only if it is still this one (If-Range); "": unconditional
    // The head of the last answer, before its body. 0, or a code that ends the request. Not called for an error status.
    int (*begin)(void *ctx, const struct http_answer *a, struct err *e);
    int (*body)(void *ctx, const void *data, size_t n, struct err *e);
    void *ctx;
};

// `stall_seconds`: without a byte for so long a request is given up. `ask` may be NULL.
struct http_get *http_get_new(int stall_seconds, http_ask_fn ask, void *ctx);
void http_get_free(struct http_get *h);

// 0 for 200 and 206. HW_ENOTFOUND: 404; HW_EVALIDATION: 401 and 403; HW_EUNAVAILABLE: the network, or a hub that is
// busy or broken for the moment; HW_EPROTOCOL: anything else. *status: of the answer, 0 if there was none.
int http_get_run(struct http_get *h, const struct http_request *r, long *status, struct err *e);

#endif
