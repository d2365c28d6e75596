// The server's and the router's side of a request.
#ifndef HW_HTTP_REQUEST_INTERNAL_H
#define HW_HTTP_REQUEST_INTERNAL_H

#include "http/request.h"
#include "proto/http.h"

#define REQUEST_MAX_PARAMS 8

// An answer on its way out.
struct reply {
    int status;
    const char *content_type; // NULL: none
    struct buf body;          // owned by the reply; if it is empty:
    struct slice fixed;       // bytes that outlive everything
};

// Where a request came from.
struct request_transport {
    // Send it; takes reply->body. Called at most once.
    void (*reply)(void *transport, struct request *req, struct reply *reply);
    // The last reference is gone, the request is about to be: what it points into may be released.
    void (*done)(void *transport, struct request *req);
    // The connection it came by; NULL if there is none (tests).
    struct conn *(*conn)(void *transport);
    // Gives the connection away: what came behind the request goes into `rest`. The answer is the taker's to write.
    struct conn *(*take)(void *transport, struct buf *rest);
};

struct request_pair {
    const char *name, *value;
};

struct request_block;
struct route;

struct request {
    unsigned refs;
    struct loop *loop;
    const struct http_request *http;
    const struct request_transport *ops;
    void *transport; // NULL: the client is gone
    const char *method, *path;
    const struct route *route; // that serves it; NULL: none does
    int64_t began_us;          // when it had arrived, on the monotonic clock
    struct request_pair params[REQUEST_MAX_PARAMS];
    unsigned n_params;
    struct request_pair *query;
    unsigned n_query;
    json_t *json;
    struct request_block *blocks; // further memory of request_alloc
    char *at;                     // what is free of the newest
    size_t room;
    struct buf headers; // of the answer: "Name: value\r\n" each
    void (*gone_fn)(struct request *req, void *ctx);
    void *gone_ctx;
    bool replied, loopback, body_awaited;
    struct http_reader *reader; // once the client is gone: holds what `http` points into
};

// One reference, the caller's. `http` must stay valid until ops->done, or until its reader is handed to request_lost.
// A query that can't be decoded: the request is made, and `e` says what is wrong (HW_EINVALID).
int request_new(struct request **out, struct loop *l, const struct http_request *http,
                const struct request_transport *ops, void *transport, struct err *e);
// The client went away: takes the reader over, calls the hook.
void request_lost(struct request *req, struct http_reader *reader);
void request_set_param(struct request *req, struct slice name, struct slice value); // both are copied

#endif
