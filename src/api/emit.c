#include "api/emit.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "events/emitter.h"
#include "events/external.h"
#include "http/request.h"
#include "http/router.h"
#include "net/loop.h"

enum {
    BATCH_BYTES = 1 << 20,
    BATCH_LINES = 10000,
    ERRORS_TOLD = 100, // of a batch; the seqs say of the rest that they failed
    // Of a batch in one turn of the loop: what others have to send isn't held up for longer than that takes (some 0.3
    // ms), and subscribers are written to in between, so that a batch alone doesn't fill what may wait for them.
    TURN_LINES = 128,
    TURN_BYTES = 64 << 10,
};

static bool from_this_host(const struct request *req)
{
    static const char *const proxied[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"};
    if (!request_peer_is_loopback(req)) return false;
    for (size_t i = 0; i < sizeof proxied / sizeof *proxied; i++) {
        if (request_header(req, proxied[i])) return false;
    }
    return true;
}

static bool admit(struct request *req)
{
    if (from_this_host(req)) return true;
    request_fail(req, HW_EFORBIDDEN, NULL, "only programs on the server's own host may publish events");
    return false;
}

// The event's seq, or the refusal's code with the reason in `e`.
static int64_t publish(struct emitter *em, struct slice text, struct external_scratch *scratch, struct err *e)
{
    struct external_event ev;
    int rc = external_event_read(text, &ev, scratch, e);
    if (rc) return rc;
    int64_t seq = emit_raw(em, ev.channel, ev.event, ev.data, ev.cls);
    if (seq < 0) return err_set(e, (int)seq, "the event could not be published");
    return seq;
}

static void emit(struct request *req, void *ctx)
{
    struct external_scratch scratch = {0};
    struct err e;
    err_clear(&e);
    if (!admit(req)) return;
    int64_t seq = publish(ctx, request_body(req), &scratch, &e);
    external_scratch_release(&scratch);
    if (seq < 0) {
        request_reply_error(req, &e);
        return;
    }
    struct buf text = BUF_INIT;
    buf_add_str(&text, "{\"seq\":");
    buf_add_u64(&text, (uint64_t)seq);
    buf_add_char(&text, '}');
    request_reply(req, 201, &text);
}

// ---- many at once --------------------------------------------------------------------------------------------------

struct batch {
    struct request *req;
    struct emitter *em;
    struct slice rest; // lines still to come
    struct external_scratch scratch;
    struct buf seqs, errors;
    struct jw seq_list, error_list;
    size_t line, accepted, refused; // lines so far
    struct err first;               // the first refusal, which is the answer if nothing was accepted
};

static void refuse(struct batch *b, const struct err *e)
{
    if (b->refused++ == 0) {
        b->first = *e;
        err_prefix(&b->first, "line %zu", b->line);
    }
    jw_null(&b->seq_list);
    if (b->refused > ERRORS_TOLD) return;
    struct jw *w = &b->error_list;
    jw_obj(w);
    jw_ki64(w, "line", (int64_t)b->line);
    jw_kstr(w, "code", err_name(e->code));
    if (e->field[0]) jw_kstr(w, "field", e->field);
    jw_kstr(w, "message", e->message);
    jw_obj_end(w);
}

static void take_line(struct batch *b, struct slice line)
{
    struct err e;
    err_clear(&e);
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    b->line++;
    if (line.n == 0) { // not an event, and no mistake
        jw_null(&b->seq_list);
        return;
    }
    int64_t seq = publish(b->em, line, &b->scratch, &e);
    if (seq < 0) {
        refuse(b, &e);
    } else {
        b->accepted++;
        jw_i64(&b->seq_list, seq);
    }
}

static void finish(struct batch *b)
{
    jw_arr_end(&b->seq_list);
    jw_arr_end(&b->error_list);
    if (b->accepted == 0) {
        if (b->refused == 0) err_set(&b->first, HW_EINVALID, "there is no event in the body: one JSON object a line");
        request_reply_error(b->req, &b->first);
    } else {
        struct buf text = BUF_INIT;
        struct jw w;
        jw_init(&w, &text);
        jw_obj(&w);
        jw_ki64(&w, "accepted", (int64_t)b->accepted);
        jw_kraw(&w, "seqs", buf_slice(&b->seqs));
        if (b->refused) jw_kraw(&w, "errors", buf_slice(&b->errors));
        jw_obj_end(&w);
        request_reply(b->req, 201, &text);
    }
    external_scratch_release(&b->scratch);
    buf_release(&b->seqs);
    buf_release(&b->errors);
    request_unref(b->req);
}

static void turn(void *arg)
{
    struct batch *b = arg;
    const char *from = b->rest.p;
    for (int n = 0; b->rest.n && n < TURN_LINES && b->rest.p - from < TURN_BYTES; n++)
        take_line(b, slice_cut(&b->rest, '\n'));
    if (b->rest.n)
        loop_post(request_loop(b->req), turn, b);
    else
        finish(b);
}

static size_t count_lines(struct slice text)
{
    size_t n = 0;
    for (; text.n; n++) slice_cut(&text, '\n');
    return n;
}

static void emit_batch(struct request *req, void *ctx)
{
    struct slice body = request_body(req);
    if (!admit(req)) return;
    if (body.n > BATCH_BYTES) {
        request_fail(req, HW_ETOOBIG, NULL, "a batch may have %d bytes at most; this one has %zu", BATCH_BYTES, body.n);
        return;
    }
    if (count_lines(body) > BATCH_LINES) {
        request_fail(req, HW_ETOOBIG, NULL, "a batch may have %d lines at most", BATCH_LINES);
        return;
    }
    struct batch *b = request_alloc(req, sizeof *b); // lives as long as the request
    b->req = request_ref(req);
    b->em = ctx;
    b->rest = body;
    jw_init(&b->seq_list, &b->seqs);
    jw_arr(&b->seq_list);
    jw_init(&b->error_list, &b->errors);
    jw_arr(&b->error_list);
    turn(b);
}

static const struct route routes[] = {
    {"POST", "/api/internal/ws/emit", emit},
    {"POST", "/api/internal/ws/emit/batch", emit_batch},
};

void emit_routes(struct router *r, struct emitter *em)
{
    router_add(r, routes, sizeof routes / sizeof *routes, em);
}
