#include "http/request_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/conn.h"
#include "proto/http_response.h"

#define FIRST_BYTES 256 // allocated with the request: all that most requests need
#define BLOCK_BYTES 1000
#define MAX_QUERY   64

// Memory that lives as long as the request: blocks, the newest first.
struct request_block {
    struct request_block *next;
    max_align_t bytes[];
};

struct first {
    struct request req;
    max_align_t bytes[FIRST_BYTES / sizeof(max_align_t)];
};

static void add_block(struct request *req, size_t need)
{
    size_t cap = need > BLOCK_BYTES ? need : BLOCK_BYTES / sizeof(max_align_t) * sizeof(max_align_t);
    struct request_block *b = mem_zalloc(sizeof *b + cap);
    b->next = req->blocks;
    req->blocks = b;
    req->at = (char *)b->bytes;
    req->room = cap;
}

void *request_alloc(struct request *req, size_t size)
{
    size_t need = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (req->room < need) add_block(req, need);
    void *p = req->at;
    req->at += need;
    req->room -= need;
    return p;
}

static const char *copy(struct request *req, struct slice s)
{
    char *p = request_alloc(req, s.n + 1);
    if (s.n) memcpy(p, s.p, s.n);
    return p;
}

// ---- life ----------------------------------------------------------------------------------------------------------

static int decode(struct request *req, struct slice in, const char **out, struct err *e)
{
    struct buf b = BUF_INIT;
    int rc = http_percent_decode(in, true, &b);
    if (rc == 0 && (memchr(buf_cstr(&b), 0, b.n) || !utf8_valid(b.p, b.n))) rc = HW_EINVALID;
    if (rc < 0)
        rc = err_set(e, HW_EINVALID, "the query part \"%.*s\" isn't percent-encoded UTF-8",
                     (int)(in.n < 100 ? in.n : 100), in.p);
    else
        *out = copy(req, buf_slice(&b));
    buf_release(&b);
    return rc;
}

static int read_query(struct request *req, struct err *e)
{
    struct slice rest = req->http->query, name, value;
    if (rest.n == 0) return 0;
    req->query = request_alloc(req, MAX_QUERY * sizeof *req->query);
    while (http_query_next(&rest, &name, &value)) {
        if (req->n_query == MAX_QUERY)
            return err_set(e, HW_EINVALID, "the query has more than %d parameters", MAX_QUERY);
        struct request_pair *p = &req->query[req->n_query];
        int rc = decode(req, name, &p->name, e);
        if (rc == 0) rc = decode(req, value, &p->value, e);
        if (rc < 0) return rc;
        req->n_query++;
    }
    return 0;
}

int request_new(struct request **out, struct loop *l, const struct http_request *http,
                const struct request_transport *ops, void *transport, struct err *e)
{
    struct first *first = mem_zalloc(sizeof *first);
    struct request *req = &first->req;
    req->at = (char *)first->bytes;
    req->room = sizeof first->bytes;
    req->refs = 1;
    req->loop = l;
    req->http = http;
    req->ops = ops;
    req->transport = transport;
    req->method = copy(req, http->method_name);
    req->path = copy(req, http->path);
    struct conn *c = ops->conn(transport);
    req->loopback = c && conn_peer_is_loopback(c);
    *out = req;
    return read_query(req, e);
}

struct request *request_ref(struct request *req)
{
    req->refs++;
    return req;
}

void request_unref(struct request *req)
{
    assert(req->refs > 0);
    if (--req->refs > 0) return;
    if (!req->replied) {
        req->refs = 1; // for the time of the answer
        request_fail(req, HW_EINTERNAL, NULL, "the server has no answer to this request: this is a bug");
        req->refs = 0;
    }
    if (req->transport) req->ops->done(req->transport, req);
    http_reader_free(req->reader);
    json_decref(req->json);
    buf_release(&req->headers);
    struct request_block *b = req->blocks;
    while (b) {
        struct request_block *next = b->next;
        free(b);
        b = next;
    }
    free(req); // the first member of what was allocated
}

void request_lost(struct request *req, struct http_reader *reader)
{
    req->transport = NULL;
    req->reader = reader;
    void (*fn)(struct request *, void *) = req->gone_fn;
    req->gone_fn = NULL;
    if (fn && !req->replied) fn(req, req->gone_ctx);
}

// ---- what was asked ------------------------------------------------------------------------------------------------

struct loop *request_loop(const struct request *req)
{
    return req->loop;
}

const struct http_request *request_http(const struct request *req)
{
    return req->http;
}

const char *request_method(const struct request *req)
{
    return req->method;
}

const char *request_path(const struct request *req)
{
    return req->path;
}

const char *request_param(const struct request *req, const char *name)
{
    for (unsigned i = 0; i < req->n_params; i++) {
        if (strcmp(req->params[i].name, name) == 0) return req->params[i].value;
    }
    return NULL;
}

void request_set_param(struct request *req, struct slice name, struct slice value)
{
    assert(req->n_params < REQUEST_MAX_PARAMS);
    req->params[req->n_params++] = (struct request_pair){copy(req, name), copy(req, value)};
}

const char *request_query(const struct request *req, const char *name)
{
    for (unsigned i = 0; i < req->n_query; i++) {
        if (strcmp(req->query[i].name, name) == 0) return req->query[i].value;
    }
    return NULL;
}

int request_query_i64(const struct request *req, const char *name, int64_t def, int64_t lo, int64_t hi, int64_t *out,
                      struct err *e)
{
    *out = def;
    const char *text = request_query(req, name);
    if (!text || !*text) return 0;
    struct slice digits = slice_str(text);
    bool negative = digits.p[0] == '-';
    if (negative) digits.p++, digits.n--;
    unsigned long long v;
    bool ok = slice_u64(digits, &v) && v <= (unsigned long long)INT64_MAX;
    int64_t value = ok ? (negative ? -(int64_t)v : (int64_t)v) : 0;
    if (!ok || value < lo || value > hi)
        return err_field(e, HW_EVALIDATION, name, "%s must be a whole number from %lld to %lld, not \"%.100s\"", name,
                         (long long)lo, (long long)hi, text);
    *out = value;
    return 0;
}

int request_query_bool(const struct request *req, const char *name, bool def, bool *out, struct err *e)
{
    *out = def;
    const char *text = request_query(req, name);
    if (!text || !*text) return 0;
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *out = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *out = false;
    else
        return err_field(e, HW_EVALIDATION, name, "%s must be true or false, not \"%.100s\"", name, text);
    return 0;
}

int request_query_time(const struct request *req, const char *name, int64_t def, int64_t *out, struct err *e)
{
    *out = def;
    const char *text = request_query(req, name);
    if (!text || !*text || clock_parse(slice_str(text), out)) return 0;
    return err_field(e, HW_EVALIDATION, name, "%s is \"%.40s\"; accepted is a time as in 2026-11-23T21:43:05Z", name,
                     text);
}

const char *request_header(const struct request *req, const char *name)
{
    struct slice v = http_request_header(req->http, name);
    // The copy is kept: a handler may look at it for as long as the request lives.
    return v.p ? copy((struct request *)req, v) : NULL;
}

struct slice request_body(const struct request *req)
{
    return req->http->body;
}

json_t *request_json(struct request *req, struct err *e)
{
    if (!req->json) {
        struct slice body = request_body(req);
        bool blank = true;
        for (size_t i = 0; blank && i < body.n; i++) blank = strchr(" \t\r\n", body.p[i]) && body.p[i];
        if (blank)
            req->json = json_object();
        else
            req->json = json_read_object(body, e);
        if (!req->json && e) {
            err_prefix(e, "the request's body");
            e->code = HW_EINVALID;
        }
    }
    return req->json;
}

bool request_body_awaited(const struct request *req)
{
    return req->body_awaited;
}

bool request_peer_is_loopback(const struct request *req)
{
    return req->loopback;
}

// ---- the answer ----------------------------------------------------------------------------------------------------

void request_add_header(struct request *req, const char *name, const char *value)
{
    http_write_header(&req->headers, name, slice_str(value));
}

static void send_reply(struct request *req, struct reply *r)
{
    assert(!req->replied);
    if (req->replied) { // two answers to one request are a bug; the first counts
        buf_release(&r->body);
        return;
    }
    req->replied = true;
    req->gone_fn = NULL;
    if (req->transport) req->ops->reply(req->transport, req, r);
    buf_release(&r->body);
}

static struct buf take(struct buf *body)
{
    struct buf b = body ? *body : BUF_INIT;
    if (body) *body = BUF_INIT;
    return b;
}

void request_reply(struct request *req, int status, struct buf *body)
{
    struct reply r = {.status = status, .body = take(body)};
    if (r.body.n) r.content_type = "application/json";
    send_reply(req, &r);
}

void request_reply_text(struct request *req, int status, const char *content_type, struct buf *body)
{
    struct reply r = {.status = status, .content_type = content_type, .body = take(body)};
    send_reply(req, &r);
}

void request_reply_static(struct request *req, int status, const char *content_type, struct slice body)
{
    struct reply r = {.status = status, .content_type = content_type, .fixed = body};
    send_reply(req, &r);
}

void request_reply_error(struct request *req, const struct err *e)
{
    int code = e && e->code ? e->code : HW_EINTERNAL;
    struct buf body = BUF_INIT;
    struct jw w;
    jw_init(&w, &body);
    jw_obj(&w);
    jw_key(&w, "error");
    jw_obj(&w);
    jw_kstr(&w, "code", err_name(code));
    jw_kstr(&w, "message", e && e->code ? e->message : "something went wrong in the server");
    if (e && e->code && e->field[0]) jw_kstr(&w, "field", e->field);
    jw_obj_end(&w);
    jw_obj_end(&w);
    request_reply(req, err_http_status(code), &body);
}

void request_fail(struct request *req, int code, const char *field, const char *fmt, ...)
{
    struct err e;
    char message[sizeof e.message];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (field)
        err_field(&e, code, field, "%s", message);
    else
        err_set(&e, code, "%s", message);
    request_reply_error(req, &e);
}

bool request_replied(const struct request *req)
{
    return req->replied;
}

bool request_gone(const struct request *req)
{
    return req->transport == NULL;
}

void request_on_gone(struct request *req, void (*fn)(struct request *req, void *ctx), void *ctx)
{
    req->gone_fn = fn;
    req->gone_ctx = ctx;
}

struct conn *request_take_conn(struct request *req, struct buf *rest)
{
    if (!req->transport || req->replied) return NULL;
    req->replied = true;
    req->gone_fn = NULL;
    return req->ops->take(req->transport, rest);
}
