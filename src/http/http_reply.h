// How an answer is written: its head, its headers of everyday, its body.
#ifndef HW_HTTP_HTTP_REPLY_H
#define HW_HTTP_HTTP_REPLY_H

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"

struct conn;
struct reply;
struct request;

// The Date header, made once a second. All zero at first; one thread's.
struct http_date {
    time_t at;
    char line[40];
};

// Queues the answer; takes reply->body. `keep`: the connection goes on afterwards.
void http_reply_write(struct conn *c, struct http_date *date, const struct request *req, struct reply *reply,
                      bool keep);
// A whole answer to something that is no request (malformed, too late, one too many); says Connection: close.
void http_reply_refusal(int status, const char *message, struct buf *out);
// The headers by which a page of the request's Origin may read the answer.
void http_reply_add_cors(struct request *req);
// Answers a CORS preflight; false: it is none.
bool http_reply_preflight(struct request *req);

#endif
