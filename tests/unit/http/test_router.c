// Routes and requests without a socket: which handler serves what, what a handler reads, how it answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/request_internal.h"
#include "http/router.h"

// ---- a client that is no socket ------------------------------------------------------------------------------------

struct client {
    int status, replies, done;
    struct buf body, headers;
};

static void on_reply(void *transport, struct request *req, struct reply *r)
{
    struct client *c = transport;
    c->replies++;
    c->status = r->status;
    buf_add_slice(&c->body, r->body.n ? buf_slice(&r->body) : r->fixed);
    buf_add_slice(&c->headers, buf_slice(&req->headers));
}

static void on_done(void *transport, struct request *req)
{
    (void)req;
    ((struct client *)transport)->done++;
}

static struct conn *no_conn(void *transport)
{
    (void)transport;
    return NULL;
}

static const struct request_transport transport = {.reply = on_reply, .done = on_done, .conn = no_conn};

static struct client client;
static struct http_request http;

static struct request *request(const char *method, const char *path, const char *query, const char *body)
{
    http = (struct http_request){
        .method_name = slice_str(method), .path = slice_str(path), .query = slice_str(query), .body = slice_str(body)};
    struct request *req;
    struct err e;
    assert_int_equal(request_new(&req, NULL, &http, &transport, &client, &e), 0);
    return req;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&client.body);
    buf_release(&client.headers);
    client = (struct client){0};
    return 0;
}

// ---- routes --------------------------------------------------------------------------------------------------------

static void say(struct request *req, void *ctx)
{
    struct buf b = BUF_INIT;
    buf_add_str(&b, ctx);
    const char *id = request_param(req, "id"), *other = request_param(req, "other");
    if (id) buf_addf(&b, " id=%s", id);
    if (other) buf_addf(&b, " other=%s", other);
    request_reply_text(req, 200, "text/plain", &b);
}

static const struct route list[] = {{"GET", "/api/v1/jobs", say}, {"POST", "/api/v1/jobs", say}};
static const struct route one[] = {{"GET", "/api/v1/jobs/{id}", say}, {"DELETE", "/api/v1/jobs/{other}", say}};
static const struct route active[] = {{"GET", "/api/v1/jobs/active", say}};
static const struct route deep[] = {{"GET", "/api/v1/{id}/x/{other}", say}};
static const struct route any[] = {{"*", "/any", say}};

static const char *ask_path(const char *method, const char *path)
{
    teardown(NULL);
    struct router *r = router_new();
    router_add(r, list, 2, (void *)"list");
    router_add(r, one, 2, (void *)"one");
    router_add(r, active, 1, (void *)"active");
    router_add(r, deep, 1, (void *)"deep");
    router_add(r, any, 1, (void *)"any");
    router_set_fallback(r, say, (void *)"fallback");
    struct request *req = request(method, path, "", "");
    router_dispatch(r, req);
    request_unref(req);
    router_free(r);
    assert_int_equal(client.replies, 1);
    assert_int_equal(client.done, 1);
    return buf_cstr(&client.body);
}

static void the_table_says_who_serves_what(void **state)
{
    (void)state;
    assert_string_equal(ask_path("GET", "/api/v1/jobs"), "list");
    assert_string_equal(ask_path("GET", "/api/v1/jobs/"), "list");
    assert_string_equal(ask_path("POST", "/api/v1/jobs/"), "list");
    assert_string_equal(ask_path("HEAD", "/api/v1/jobs"), "list");
    assert_string_equal(ask_path("GET", "/api/v1/jobs/job_1"), "one id=job_1");
    assert_string_equal(ask_path("DELETE", "/api/v1/jobs/job_1"), "one other=job_1");
    assert_string_equal(ask_path("GET", "/api/v1/jobs/active"), "active"); // a literal wins
    assert_string_equal(ask_path("DELETE", "/api/v1/jobs/active"), "one other=active");
    assert_string_equal(ask_path("GET", "/api/v1/a/x/b"), "deep id=a other=b");
    assert_string_equal(ask_path("PURGE", "/any"), "any");
    assert_string_equal(ask_path("GET", "/elsewhere"), "fallback");
    assert_string_equal(ask_path("GET", "/"), "fallback");
}

static void what_nobody_serves_is_404_and_another_method_405_with_allow(void **state)
{
    (void)state;
    ask_path("GET", "/api/v1/none");
    assert_int_equal(client.status, 404);
    ask_path("POST", "/elsewhere"); // the fallback only reads
    assert_int_equal(client.status, 404);
    ask_path("GET", "/api/v1//x/b"); // a parameter is never empty
    assert_int_equal(client.status, 404);
    ask_path("GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r");
    assert_int_equal(client.status, 200); // deeper than any route: the fallback's
    ask_path("GET", "/api/v1/jobs//");    // what is empty is a segment
    assert_int_equal(client.status, 404);
    ask_path("PUT", "/api/v1/jobs");
    assert_int_equal(client.status, 405);
    assert_string_equal(buf_cstr(&client.headers), "Allow: GET, HEAD, POST\r\n");
    ask_path("OPTIONS", "/api/v1/jobs");
    assert_int_equal(client.status, 204);
    assert_string_equal(buf_cstr(&client.headers), "Allow: GET, HEAD, POST, OPTIONS\r\n");
}

// ---- requests ------------------------------------------------------------------------------------------------------

static void queries_are_decoded_and_checked(void **state)
{
    (void)state;
    struct request *req = request(
        "GET", "/", "a=1&b=x+y%2Fz&n=-5&big=99999999999999999999&t=true&f=0&e=&a=2&at=2030-01-31T08:00:00.5Z", "");
    struct err e;
    int64_t v;
    bool b;
    assert_string_equal(request_query(req, "a"), "1");
    assert_string_equal(request_query(req, "b"), "x y/z");
    assert_string_equal(request_query(req, "e"), "");
    assert_null(request_query(req, "none"));
    assert_int_equal(request_query_i64(req, "n", 7, -10, 10, &v, &e), 0);
    assert_int_equal(v, -5);
    assert_int_equal(request_query_i64(req, "none", 7, 0, 10, &v, &e), 0);
    assert_int_equal(v, 7);
    assert_int_equal(request_query_i64(req, "e", 7, 0, 10, &v, &e), 0);
    assert_int_equal(v, 7);
    assert_int_equal(request_query_i64(req, "n", 7, 0, 10, &v, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "n");
    assert_int_equal(request_query_i64(req, "big", 7, 0, INT64_MAX, &v, &e), HW_EVALIDATION);
    assert_int_equal(request_query_i64(req, "b", 7, 0, 10, &v, &e), HW_EVALIDATION);
    assert_int_equal(v, 7);
    assert_int_equal(request_query_bool(req, "t", false, &b, &e), 0);
    assert_true(b);
    assert_int_equal(request_query_bool(req, "f", true, &b, &e), 0);
    assert_false(b);
    assert_int_equal(request_query_bool(req, "b", true, &b, &e), HW_EVALIDATION);
    assert_int_equal(request_query_time(req, "at", 7, &v, &e), 0);
    assert_true(v == 1896076800500000);
    assert_int_equal(request_query_time(req, "e", 7, &v, &e), 0);
    assert_int_equal(v, 7);
    assert_int_equal(request_query_time(req, "n", 7, &v, &e), HW_EVALIDATION);
    assert_string_equal(e.field, "n");
    request_reply(req, 204, NULL);
    request_unref(req);
}

static void the_body_is_an_object_or_a_400_that_says_where(void **state)
{
    (void)state;
    struct err e;
    struct request *req = request("POST", "/", "", "{\"a\": [1]}");
    assert_non_null(json_object_get(request_json(req, &e), "a"));
    assert_ptr_equal(request_json(req, &e), request_json(req, &e)); // parsed once
    request_reply(req, 204, NULL);
    request_unref(req);

    req = request("POST", "/", "", " \n");
    assert_int_equal(json_object_size(request_json(req, &e)), 0);
    request_reply(req, 204, NULL);
    request_unref(req);

    const char *bad[] = {"[1]", "{\"a\":}", "{\"a\":1,\"a\":2}", "7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        teardown(NULL);
        req = request("POST", "/", "", bad[i]);
        assert_null(request_json(req, &e));
        request_reply_error(req, &e);
        request_unref(req);
        assert_int_equal(client.status, 400);
    }
}

static void errors_carry_code_message_and_field(void **state)
{
    (void)state;
    struct request *req = request("GET", "/", "", "");
    request_fail(req, HW_EVALIDATION, "layers", "layers must be %d at least", 1);
    request_unref(req);
    assert_int_equal(client.status, 422);
    assert_string_equal(
        buf_cstr(&client.body),
        "{\"error\":{\"code\":\"validation\",\"message\":\"layers must be 1 at least\",\"field\":\"layers\"}}");
}

static void a_request_that_nobody_answers_answers_itself(void **state)
{
    (void)state;
    struct request *req = request("GET", "/", "", "");
    request_unref(request_ref(req));
    assert_int_equal(client.replies, 0);
    request_unref(req);
    assert_int_equal(client.replies, 1);
    assert_int_equal(client.status, 500);
    assert_int_equal(client.done, 1);
}

static void note_gone(struct request *req, void *ctx)
{
    ++*(int *)ctx;
    assert_true(request_gone(req));
    request_reply(req, 200, NULL); // dropped
    request_unref(req);
}

static void a_client_that_leaves_is_told_to_the_handler_and_the_answer_is_dropped(void **state)
{
    (void)state;
    int gone = 0;
    struct request *req = request("GET", "/", "", "");
    request_ref(req); // the handler's, given up by note_gone
    request_on_gone(req, note_gone, &gone);
    request_unref(req);
    request_lost(req, NULL);
    assert_int_equal(gone, 1);
    assert_int_equal(client.replies, 0);
    assert_int_equal(client.done, 0);
}

static void after_the_answer_the_hook_is_silent(void **state)
{
    (void)state;
    int gone = 0;
    struct request *req = request("GET", "/", "", "");
    request_on_gone(req, note_gone, &gone);
    request_reply(req, 204, NULL);
    request_lost(req, NULL);
    assert_int_equal(gone, 0);
    request_unref(req);
}

static void memory_of_the_request_is_zeroed_and_apart(void **state)
{
    (void)state;
    struct request *req = request("GET", "/", "", "");
    unsigned char *before = NULL;
    for (int i = 1; i < 200; i++) {
        unsigned char *p = request_alloc(req, (size_t)i * 13);
        for (int k = 0; k < i * 13; k++) assert_int_equal(p[k], 0);
        memset(p, i, (size_t)i * 13);
        if (before) assert_int_equal(before[0], i - 1);
        before = p;
    }
    request_reply(req, 204, NULL);
    request_unref(req);
}

static void refuse(struct request *req, const struct err *e)
{
    (void)req, (void)e;
}

static void a_guard_holds_for_its_path_and_what_lies_below(void **state)
{
    (void)state;
    struct router *r = router_new();
    static const struct route_guard guard = {.refuse = refuse};
    void *ctx = NULL;
    router_guard(r, "/live", &guard, r);
    const char *guarded[] = {"/live", "/live/", "/live/x/y"};
    const char *open[] = {"/", "", "/liv", "/lively", "/x/live"};
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        assert_ptr_equal(router_guarded(r, slice_str(guarded[i]), &ctx), &guard);
    assert_ptr_equal(ctx, r);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) assert_null(router_guarded(r, slice_str(open[i]), &ctx));
    router_free(r);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_holds_for_its_path_and_what_lies_below),
        T(the_table_says_who_serves_what),
        T(what_nobody_serves_is_404_and_another_method_405_with_allow),
        T(queries_are_decoded_and_checked),
        T(the_body_is_an_object_or_a_400_that_says_where),
        T(errors_carry_code_message_and_field),
        T(a_request_that_nobody_answers_answers_itself),
        T(a_client_that_leaves_is_told_to_the_handler_and_the_answer_is_dropped),
        T(after_the_answer_the_hook_is_silent),
        T(memory_of_the_request_is_zeroed_and_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
