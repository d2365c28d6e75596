#include "http/http_server.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http_reply.h"
#include "http/http_stats.h"
#include "http/origin.h"
#include "http/request_internal.h"
#include "http/router.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/loop.h"
#include "proto/http.h"

#define MAX_LISTENERS  8
#define PIPELINE_BYTES (64 * 1024)  // read ahead of an unanswered request; then the peer has to wait
#define ANSWERS_BYTES  (256 * 1024) // of pipelined requests, before they are written in the middle of an iteration

struct http_server {
    struct loop *loop;
    const struct router *router;
    struct origin_policy *policy;
    struct http_server_limits limits;
    struct listener *listeners[MAX_LISTENERS];
    int n_listeners;
    uint16_t port;
    struct list conns; // struct http_conn
    size_t n;
    struct http_date date;
    struct http_stats stats;
    bool stopping;
    struct loop_timer deadline;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

struct http_conn {
    struct list node;
    struct http_server *server;
    struct conn *conn; // NULL: taken over by a handler
    struct http_reader *reader;
    struct request *current; // handed out, not yet done
    struct loop_timer timer;
    struct loop_task pump;
    size_t read_ahead;
    bool pumping, paused, last; // last: close after this answer
    bool body_awaited;          // of the request that is being read; was told to the guard
};

// ---- life of a connection ------------------------------------------------------------------------------------------

static void count_down(struct http_server *s)
{
    if (--s->n > 0 || !s->stopping || !s->stopped) return;
    void (*stopped)(void *) = s->stopped;
    s->stopped = NULL;
    loop_timer_stop(s->loop, &s->deadline);
    loop_post(s->loop, stopped, s->stopped_ctx);
}

static void http_conn_free(struct http_conn *hc)
{
    loop_timer_stop(hc->server->loop, &hc->timer);
    loop_task_cancel(&hc->pump);
    http_reader_free(hc->reader);
    list_remove(&hc->node);
    count_down(hc->server);
    free(hc);
}

static void on_closed(struct conn *c, void *owner)
{
    (void)c;
    struct http_conn *hc = owner;
    struct request *req = hc->current;
    struct http_reader *reader = hc->reader;
    if (req) hc->reader = NULL; // the request points into it
    http_conn_free(hc);
    if (req) request_lost(req, reader);
}

static void refuse(struct http_conn *hc, int status, const char *message)
{
    struct buf out = BUF_INIT;
    http_reply_refusal(status, message, &out);
    conn_write_buf(hc->conn, &out);
    conn_finish(hc->conn);
}

static void on_timer(struct loop_timer *t)
{
    struct http_conn *hc = t->ctx;
    if (http_reader_phase(hc->reader) == HTTP_IDLE)
        conn_finish(hc->conn);
    else
        refuse(hc, 408, "the request didn't arrive in time");
}

static void set_timer(struct http_conn *hc)
{
    struct http_server *s = hc->server;
    switch (http_reader_phase(hc->reader)) {
    case HTTP_IDLE: loop_timer_start(s->loop, &hc->timer, s->limits.idle_timeout_ms); return;
    case HTTP_IN_HEAD: // from its first byte on, however slowly the others come
        if (!loop_timer_active(&hc->timer) || hc->timer.at_ms - loop_now_ms(s->loop) > s->limits.header_timeout_ms)
            loop_timer_start(s->loop, &hc->timer, s->limits.header_timeout_ms);
        return;
    case HTTP_IN_BODY: // as long as something comes
        loop_timer_start(s->loop, &hc->timer, s->limits.header_timeout_ms);
        return;
    case HTTP_HELD:
    case HTTP_FAILED: loop_timer_stop(s->loop, &hc->timer); return;
    }
}

// ---- requests ------------------------------------------------------------------------------------------------------

static void on_reply(void *transport, struct request *req, struct reply *r)
{
    struct http_conn *hc = transport;
    bool keep = request_http(req)->keep_alive && !hc->server->stopping;
    hc->last = !keep;
    http_stats_count(&hc->server->stats, req->route, r->status, clock_mono_us() - req->began_us);
    http_reply_write(hc->conn, &hc->server->date, req, r, keep);
}

static void on_done(void *transport, struct request *req)
{
    (void)req;
    struct http_conn *hc = transport;
    hc->current = NULL;
    if (!hc->conn) {
        if (!hc->pumping) http_conn_free(hc); // else pump_and_wait does
        return;
    }
    http_reader_done(hc->reader);
    if (hc->last)
        conn_finish(hc->conn);
    else if (!hc->pumping)
        loop_task_schedule(hc->server->loop, &hc->pump);
}

static struct conn *transport_conn(void *transport)
{
    return ((struct http_conn *)transport)->conn;
}

static struct conn *on_take(void *transport, struct buf *rest)
{
    struct http_conn *hc = transport;
    struct conn *c = hc->conn;
    buf_add_slice(rest, http_reader_rest(hc->reader));
    loop_timer_stop(hc->server->loop, &hc->timer);
    loop_task_cancel(&hc->pump);
    conn_set_owner(c, NULL, NULL);
    if (hc->paused) conn_read_resume(c);
    hc->conn = NULL; // freed with the request
    return c;
}

static const struct request_transport transport_ops = {
    .reply = on_reply,
    .done = on_done,
    .conn = transport_conn,
    .take = on_take,
};

static void handle(struct http_conn *hc)
{
    struct http_server *s = hc->server;
    const struct http_request *http = http_reader_request(hc->reader);
    struct err e;
    err_clear(&e);
    loop_timer_stop(s->loop, &hc->timer);
    void *ctx;
    const struct route_guard *guard = router_guarded(s->router, http->path, &ctx);
    int rc = request_new(&hc->current, s->loop, http, &transport_ops, hc, &e);
    struct request *req = hc->current;
    req->began_us = clock_mono_us();
    req->body_awaited = hc->body_awaited;
    hc->body_awaited = false;
    if (s->policy && origin_wants_cors(s->policy, http)) http_reply_add_cors(req);
    if (rc == 0 && s->policy) rc = origin_check(s->policy, http, guard != NULL, &e);
    if (rc < 0 && guard)
        guard->refuse(req, &e);
    else if (rc < 0)
        request_reply_error(req, &e);
    else if (!http_reply_preflight(req))
        router_dispatch(s->router, req);
    request_unref(req);
}

static void await_body(struct http_conn *hc)
{
    if (hc->body_awaited) return;
    hc->body_awaited = true;
    const struct http_request *head = http_reader_request(hc->reader);
    void *ctx;
    const struct route_guard *guard = router_guarded(hc->server->router, head->path, &ctx);
    struct err e;
    if (!guard || !guard->body_awaited) return;
    if (hc->server->policy && origin_check(hc->server->policy, head, true, &e) < 0) return; // it will be refused
    guard->body_awaited(ctx, head);
}

// Handles what has arrived until a request waits for its answer.
static void pump(struct http_conn *hc)
{
    hc->pumping = true;
    hc->read_ahead = 0;
    while (!conn_closing(hc->conn) && !conn_blocked(hc->conn)) {
        enum http_event ev = http_reader_next(hc->reader);
        if (ev == HTTP_REQUEST) {
            handle(hc);
            if (hc->current || !hc->conn) break;
            if (conn_queued(hc->conn) > ANSWERS_BYTES) conn_flush(hc->conn);
        } else if (ev == HTTP_CONTINUE) {
            conn_write(hc->conn, slice_str(HTTP_100_CONTINUE));
        } else if (ev == HTTP_BAD) {
            const struct http_error *bad = http_reader_error(hc->reader);
            refuse(hc, bad->status, bad->message);
        } else {
            if (http_reader_phase(hc->reader) == HTTP_IN_BODY) await_body(hc);
            break;
        }
    }
    hc->pumping = false;
}

static void pump_and_wait(struct http_conn *hc)
{
    pump(hc);
    if (!hc->conn) {
        if (!hc->current) http_conn_free(hc);
        return;
    }
    if (conn_closing(hc->conn)) {
        loop_timer_stop(hc->server->loop, &hc->timer);
        return;
    }
    if (hc->paused && !hc->current) {
        hc->paused = false;
        conn_read_resume(hc->conn);
    }
    set_timer(hc);
}

static void on_pump(struct loop_task *t)
{
    struct http_conn *hc = LIST_ITEM(t, struct http_conn, pump);
    if (!conn_closing(hc->conn)) pump_and_wait(hc);
}

// ---- the connection's events ---------------------------------------------------------------------------------------

static void on_data(struct conn *c, void *owner, char *bytes, size_t n)
{
    struct http_conn *hc = owner;
    http_reader_feed(hc->reader, bytes, n);
    if (!hc->current && !conn_blocked(c)) {
        pump_and_wait(hc);
        return;
    }
    hc->read_ahead += n;
    if (hc->read_ahead > PIPELINE_BYTES) {
        hc->paused = true;
        conn_read_pause(c);
    }
}

static void on_drained(struct conn *c, void *owner)
{
    (void)c;
    struct http_conn *hc = owner;
    if (!hc->current) pump_and_wait(hc);
}

static const struct conn_events conn_events = {.data = on_data, .drained = on_drained, .closed = on_closed};

static void on_refused_data(struct conn *c, void *owner, char *bytes, size_t n)
{
    (void)c, (void)owner, (void)bytes, (void)n;
}

static void on_refused_closed(struct conn *c, void *owner)
{
    (void)c, (void)owner;
}

static const struct conn_events refused_events = {.data = on_refused_data, .closed = on_refused_closed};

static void on_accept(void *ctx, struct conn *c)
{
    struct http_server *s = ctx;
    if (s->n >= s->limits.max_connections) {
        struct buf out = BUF_INIT;
        http_reply_refusal(503, "the server has as many connections as it takes", &out);
        conn_set_owner(c, &refused_events, NULL);
        conn_write_buf(c, &out);
        conn_finish(c);
        return;
    }
    struct http_conn *hc = mem_zalloc(sizeof *hc);
    hc->server = s;
    hc->conn = c;
    hc->reader = http_reader_new((struct http_limits){s->limits.header_bytes, s->limits.body_bytes});
    loop_timer_init(&hc->timer, on_timer, hc);
    loop_task_init(&hc->pump, on_pump);
    list_push_back(&s->conns, &hc->node);
    s->n++;
    conn_set_owner(c, &conn_events, hc);
    conn_read_resume(c);
    if (!conn_closing(c)) set_timer(hc);
}

// ---- the server ----------------------------------------------------------------------------------------------------

static void on_deadline(struct loop_timer *t)
{
    struct http_server *s = t->ctx;
    LIST_EACH(it, next, &s->conns)
    {
        struct http_conn *hc = LIST_ITEM(it, struct http_conn, node);
        if (hc->conn) conn_close(hc->conn);
    }
}

struct http_server *http_server_new(struct loop *l, const struct router *router, struct origin_policy *policy,
                                    struct http_server_limits limits)
{
    struct http_server *s = mem_zalloc(sizeof *s);
    s->loop = l;
    s->router = router;
    s->policy = policy;
    s->limits = limits;
    list_init(&s->conns);
    loop_timer_init(&s->deadline, on_deadline, s);
    return s;
}

int http_server_listen(struct http_server *s, const char *address, struct err *e)
{
    if (s->n_listeners == MAX_LISTENERS)
        return err_set(e, HW_ETOOBIG, "the server listens on %d addresses already", MAX_LISTENERS);
    char host[256];
    uint16_t port;
    int rc = listener_parse(slice_str(address), host, &port, e);
    if (rc == 0) rc = listener_open(&s->listeners[s->n_listeners], s->loop, address, on_accept, s, e);
    if (rc < 0) return rc;
    if (s->policy) origin_policy_add_host(s->policy, slice_str(host));
    if (s->n_listeners++ == 0) s->port = listener_port(s->listeners[0]);
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

size_t http_server_connections(const struct http_server *s)
{
    return s->n;
}

const struct http_stats *http_server_stats(const struct http_server *s)
{
    return &s->stats;
}

void http_server_stop(struct http_server *s, int64_t deadline_ms, void (*done)(void *ctx), void *ctx)
{
    if (s->stopping) return;
    s->stopping = true;
    s->stopped = done;
    s->stopped_ctx = ctx;
    for (int i = 0; i < s->n_listeners; i++) listener_close(s->listeners[i]);
    s->n_listeners = 0;
    loop_timer_start(s->loop, &s->deadline, deadline_ms);
    LIST_EACH(it, next, &s->conns)
    {
        struct http_conn *hc = LIST_ITEM(it, struct http_conn, node);
        if (hc->conn && !hc->current && http_reader_phase(hc->reader) == HTTP_IDLE) conn_finish(hc->conn);
    }
    s->n++; // so that an empty server is done as well
    count_down(s);
}

void http_server_free(struct http_server *s)
{
    if (!s) return;
    assert(list_empty(&s->conns));
    http_stats_release(&s->stats);
    free(s);
}
