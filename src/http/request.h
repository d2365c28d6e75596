// One HTTP request, as a handler sees it, and the ways to answer it.
//
// A handler answers exactly once, with one of the request_reply functions, before it returns or later:
//
//     static void get_job(struct request *req, void *ctx)
//     {
//         struct job_read *r = request_alloc(req, sizeof *r);   // lives as long as the request
//         r->req = request_ref(req);                            // kept: the answer comes later
//         store_read(api->store, job_read, job_read_done, r);   // done runs on the loop's thread
//     }
//     static void job_read_done(void *ctx, int rc, const struct err *e)
//     {
//         struct job_read *r = ctx;
//         if (rc < 0) request_reply_error(r->req, e);
//         else request_reply(r->req, 200, &r->body);
//         request_unref(r->req);                                // r is gone after this
//     }
//
// References: the server holds one while the handler runs. A request whose last reference goes without an answer gets a
// 500. If the client went away meanwhile, the reply is dropped: answering and unreferencing stay right. Threads:
// everything here is called on the loop's thread, except that request_param, request_query, request_body, request_json
// and memory of request_alloc may be *read* by a store function while the request is referenced.
#ifndef HW_HTTP_REQUEST_H
#define HW_HTTP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct conn;
struct http_request;
struct request;
struct loop;

struct request *request_ref(struct request *req);
void request_unref(struct request *req);

struct loop *request_loop(const struct request *req);
// Zeroed memory that is freed with the request.
void *request_alloc(struct request *req, size_t size);

// ---- what was asked ------------------------------------------------------------------------------------------------

const char *request_method(const struct request *req); // "GET"; a HEAD request is "HEAD", though a GET route serves it
const char *request_path(const struct request *req);   // decoded, "/api/v1/jobs/job_1"
// A {name} of the route's pattern, decoded, never empty; NULL if the pattern has none of that name.
const char *request_param(const struct request *req, const char *name);
// A query parameter, decoded; NULL if absent. The first, if there are several.
const char *request_query(const struct request *req, const char *name);
// Absent or empty: the default. Not a number, or out of range: HW_EVALIDATION naming the parameter.
int request_query_i64(const struct request *req, const char *name, int64_t def, int64_t lo, int64_t hi, int64_t *out,
                      struct err *e);
int request_query_bool(const struct request *req, const char *name, bool def, bool *out,
                       struct err *e); // true, false, 1, 0
// "2026-11-23T21:43:05Z", as microseconds (base/clock.h).
int request_query_time(const struct request *req, const char *name, int64_t def, int64_t *out, struct err *e);
const char *request_header(const struct request *req, const char *name); // any case; NULL if absent
struct slice request_body(const struct request *req);
// The body as a JSON object, parsed once; an empty body is {}. NULL with HW_EINVALID (400) and the place of the
// mistake. Borrowed: it lives as long as the request.
json_t *request_json(struct request *req, struct err *e);
bool request_peer_is_loopback(const struct request *req);
// Did its body come later than its head, so that the path's guard was told of it (router.h)?
bool request_body_awaited(const struct request *req);
// The request as it came, for what the functions above don't tell.
const struct http_request *request_http(const struct request *req);

// ---- the answer ----------------------------------------------------------------------------------------------------

// A header of its own for the answer (before the reply); `value` is copied.
void request_add_header(struct request *req, const char *name, const char *value);
// JSON. Takes what is in `body` (it is empty afterwards); NULL or empty: no body.
void request_reply(struct request *req, int status, struct buf *body);
// {"error": {"code", "message", "field"?}} with the status of e->code (500 if e is NULL or says nothing).
void request_reply_error(struct request *req, const struct err *e);
// The same in one line, for handlers' own refusals.
void request_fail(struct request *req, int code, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// Any other content. Takes the buffer as above.
void request_reply_text(struct request *req, int status, const char *content_type, struct buf *body);
// Bytes that outlive everything (compiled in): not copied. `content_type` may be NULL when there is no body (304).
void request_reply_static(struct request *req, int status, const char *content_type, struct slice body);

bool request_replied(const struct request *req);
// True once the client is gone: work for it may be given up.
bool request_gone(const struct request *req);
// Calls fn(req, ctx) once if the client goes away before the answer (a long poll that need not wait any longer). Not
// called after the reply. fn may answer (dropped) and unreference. NULL takes it back.
void request_on_gone(struct request *req, void (*fn)(struct request *req, void *ctx), void *ctx);

// Takes the connection over (for a WebSocket): it is the caller's, with no owner set, and what came behind the request
// is appended to `rest`. The request counts as answered; its answer, the 101, is the caller's to write. NULL: the
// client is gone.
struct conn *request_take_conn(struct request *req, struct buf *rest);

#endif
