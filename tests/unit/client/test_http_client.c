// The HTTP client against a real server that behaves, misbehaves, hangs and goes away.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "client/http_client.h"
#include "tiny_server.h"

enum { TIMEOUT_MS = 60000 };

struct fixture {
    struct tiny_server server;
    struct http_client *client;
    struct buf body;
    struct err e;
};

static void start(struct fixture *f, tiny_handler handler, void *ctx)
{
    *f = (struct fixture){0};
    tiny_start(&f->server, 0, handler, ctx);
    if (http_client_new(&f->client, f->server.url, &f->e) != 0) fail_msg("%s", f->e.message);
}

static void stop(struct fixture *f)
{
    http_client_free(f->client);
    tiny_stop(&f->server);
    buf_release(&f->body);
}

static int get(struct fixture *f, const char *path)
{
    return http_client_request(f->client, "GET", path, SLICE_LIT(""), TIMEOUT_MS, &f->body, &f->e);
}

static int post(struct fixture *f, const char *path, const char *json)
{
    return http_client_request(f->client, "POST", path, slice_str(json), TIMEOUT_MS, &f->body, &f->e);
}

// ---- addresses ------------------------------------------------------------------------------------------------------

static void addresses_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port, *path;
    } good[] = {
        {"http://localhost", "localhost", "80", ""}, {"http://localhost:8080/", "localhost", "8080", ""},
        {"http://h:1/a/b/", "h", "1", "/a/b"},       {"http://[::1]:8080", "::1", "8080", ""},
        {"http://[::1]", "::1", "80", ""},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct http_url u;
        struct err e = {0};
        if (http_url_parse(good[i].url, &u, &e) != 0) fail_msg("%s", e.message);
        assert_string_equal(u.host, good[i].host);
        assert_string_equal(u.port, good[i].port);
        assert_string_equal(u.path, good[i].path);
    }
}

static void addresses_that_can_not_be_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "localhost:8080",
                                      "http://",
                                      "http://:80",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://h:x",
                                      "http://h:000000000000080", // a port of many digits
                                      "http://h:80:80",
                                      "http://[::1",
                                      "http://[::1]x:80",
                                      "http://u@h",
                                      "http://h/p?q",
                                      "http://h/#f",
                                      "http://h/a b",
                                      "http://h/a\r\nX: y",
                                      "https://h"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_url u;
        struct err e = {0};
        if (http_url_parse(bad[i], &u, &e) == 0) fail_msg("taken: %s", bad[i]);
        assert_int_equal(e.code, HW_EVALIDATION);
        assert_non_null(strstr(e.message, "http://127.0.0.1:8080"));
    }
    char longest[600] = "http://h/";
    memset(longest + 9, 'x', 500);
    assert_int_equal(http_url_parse(longest, &(struct http_url){0}, NULL), HW_EVALIDATION);
}

// ---- exchanges ------------------------------------------------------------------------------------------------------

static bool echo(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    struct buf b = BUF_INIT;
    buf_addf(&b, "%s %s %d %d [%.*s]", q->method, q->path, q->connection, q->n, SLICE_FMT(q->body));
    tiny_answer(q, q->path[1] == '4' ? 404 : 200, buf_cstr(&b));
    buf_release(&b);
    return true;
}

static void one_connection_serves_many_requests(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, echo, NULL);
    assert_int_equal(get(&f, "/a"), 200);
    assert_string_equal(buf_cstr(&f.body), "GET /a 0 0 []");
    assert_int_equal(post(&f, "/b", "{\"x\":1}"), 200);
    assert_string_equal(buf_cstr(&f.body), "POST /b 0 1 [{\"x\":1}]");
    assert_int_equal(post(&f, "/4", ""), 404); // a status is an answer, not an error
    assert_string_equal(buf_cstr(&f.body), "POST /4 0 2 []");
    stop(&f);
}

static bool chunked(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    tiny_send(q, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    tiny_send(q, "lo\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n");
    return true;
}

static void chunked_answers_are_put_together(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, chunked, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(&f, "/"), 200);
        assert_string_equal(buf_cstr(&f.body), "hello!");
    }
    assert_int_equal(tiny_connections(&f.server), 1);
    stop(&f);
}

static bool until_close(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    tiny_send(q, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
    return false;
}

static void an_answer_without_a_length_ends_with_the_connection(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, until_close, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(&f, "/"), 200);
        assert_string_equal(buf_cstr(&f.body), "all of it");
    }
    stop(&f);
}

struct big {
    size_t n;
};

static bool send_big(void *ctx, const struct tiny_request *q)
{
    const struct big *b = ctx;
    struct buf out = BUF_INIT;
    buf_addf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", b->n);
    tiny_send(q, buf_cstr(&out));
    char *zeros = calloc(1, 1 << 20);
    for (size_t left = b->n; left;) {
        ssize_t n = send(q->fd, zeros, left < 1 << 20 ? left : 1 << 20, MSG_NOSIGNAL);
        if (n <= 0) break;
        left -= (size_t)n;
    }
    free(zeros);
    buf_release(&out);
    return true;
}

static void large_bodies_pass_and_larger_ones_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct big b = {5 << 20};
    start(&f, send_big, &b);
    assert_int_equal(get(&f, "/"), 200);
    assert_int_equal(f.body.n, 5 << 20);
    b.n = (64 << 20) + 1;
    assert_int_equal(get(&f, "/"), HW_EPROTOCOL);
    assert_int_equal(f.e.code, HW_EPROTOCOL);
    stop(&f);
}

static bool take_all(void *ctx, const struct tiny_request *q)
{
    atomic_int *seen = ctx;
    atomic_store(seen, (int)q->body.n);
    tiny_answer(q, 200, "{}");
    return true;
}

static void a_large_request_is_sent_whole(void **state)
{
    (void)state;
    struct fixture f;
    atomic_int seen = 0;
    start(&f, take_all, &seen);
    char *text = malloc((8 << 20) + 1);
    memset(text, 'x', 8 << 20);
    text[8 << 20] = 0;
    assert_int_equal(post(&f, "/", text), 200);
    assert_int_equal(atomic_load(&seen), 8 << 20);
    free(text);
    stop(&f);
}

// ---- trouble --------------------------------------------------------------------------------------------------------

static bool answer_once(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    tiny_answer(q, 200, "{}");
    return false; // closes, without having said so
}

// Waits until the server has closed what it had.
static void wait_closed(struct tiny_server *s)
{
    for (int64_t until = clock_mono_us() + TIMEOUT_MS * 1000LL;;) {
        pthread_mutex_lock(&s->lock);
        bool open = false;
        for (int i = 0; i < s->n; i++) open = open || s->connections[i].open;
        pthread_mutex_unlock(&s->lock);
        if (!open) return;
        if (clock_mono_us() > until) fail_msg("still open");
        sched_yield();
    }
}

static void a_connection_closed_while_idle_is_opened_again_unseen(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, answer_once, NULL);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(i % 2 ? get(&f, "/") : post(&f, "/", "{}"), 200);
        wait_closed(&f.server);
    }
    assert_int_equal(tiny_connections(&f.server), 5);
    stop(&f);
}

static bool close_on_second(void *ctx, const struct tiny_request *q)
{
    atomic_int *requests = ctx;
    atomic_fetch_add(requests, 1);
    if (q->n > 0) return false; // the request came, the answer doesn't
    tiny_answer(q, 200, "{}");
    return true;
}

static void a_stale_connection_is_retried_once(void **state)
{
    (void)state;
    struct fixture f;
    atomic_int requests = 0;
    start(&f, close_on_second, &requests);
    assert_int_equal(get(&f, "/"), 200);
    assert_int_equal(get(&f, "/"), 200); // on a second connection
    assert_int_equal(tiny_connections(&f.server), 2);
    assert_int_equal(atomic_load(&requests), 3);
    stop(&f);
}

static void never_again_17_a_post_is_never_sent_twice(void **state)
{
    (void)state;
    struct fixture f;
    atomic_int requests = 0;
    start(&f, close_on_second, &requests);
    assert_int_equal(post(&f, "/", "{}"), 200);
    assert_int_equal(post(&f, "/", "{}"), HW_EUNAVAILABLE);
    assert_int_equal(f.e.code, HW_EUNAVAILABLE);
    assert_int_equal(atomic_load(&requests), 2);
    assert_int_equal(post(&f, "/", "{}"), 200); // the next one finds a new connection
    stop(&f);
}

static bool never_answer(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    (void)q;
    return false;
}

static void a_server_that_closes_without_an_answer_is_asked_once(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, never_answer, NULL);
    assert_int_equal(get(&f, "/"), HW_EUNAVAILABLE);
    assert_non_null(strstr(f.e.message, "without an answer"));
    assert_int_equal(tiny_connections(&f.server), 1);
    stop(&f);
}

static bool half(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    tiny_send(q, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    return false;
}

static void half_an_answer_is_none(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, half, NULL);
    assert_int_equal(get(&f, "/"), HW_EUNAVAILABLE);
    assert_non_null(strstr(f.e.message, "within its answer"));
    assert_int_equal(f.body.n, 0);
    stop(&f);
}

static bool garbage(void *ctx, const struct tiny_request *q)
{
    (void)ctx;
    tiny_send(q, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    return false;
}

static void what_is_no_http_is_said(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, garbage, NULL);
    assert_int_equal(get(&f, "/"), HW_EPROTOCOL);
    assert_int_equal(f.e.code, HW_EPROTOCOL);
    stop(&f);
}

static bool hang(void *ctx, const struct tiny_request *q)
{
    atomic_int *asked = ctx;
    atomic_store(asked, 1);
    tiny_send(q, "HTTP/1.1 200 OK\r\nContent-"); // began, and then nothing
    tiny_hang(q);
    return false;
}

static void a_server_that_hangs_is_left_in_time(void **state)
{
    (void)state;
    struct fixture f;
    atomic_int asked = 0;
    start(&f, hang, &asked);
    int rc = http_client_request(f.client, "GET", "/", SLICE_LIT(""), 50, &f.body, &f.e);
    assert_int_equal(rc, HW_ETIMEOUT);
    assert_int_equal(f.e.code, HW_ETIMEOUT);
    stop(&f);
}

static void nobody_there_is_said_with_the_address(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, echo, NULL);
    int port;
    int fd = tiny_listen(0, &port);
    close(fd); // free, and nobody listens
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    struct http_client *c;
    assert_int_equal(http_client_new(&c, url, &f.e), 0);
    assert_int_equal(http_client_request(c, "GET", "/", SLICE_LIT(""), TIMEOUT_MS, &f.body, &f.e), HW_EUNAVAILABLE);
    assert_non_null(strstr(f.e.message, url));
    assert_non_null(strstr(f.e.message, "refused"));
    http_client_free(c);
    stop(&f);
}

static void *interrupt_when_asked(void *arg)
{
    struct fixture *f = arg;
    atomic_int *asked = f->server.ctx;
    while (!atomic_load(asked)) sched_yield();
    http_client_interrupt(f->client);
    return NULL;
}

static void an_interruption_ends_the_request_and_all_later_ones(void **state)
{
    (void)state;
    struct fixture f;
    atomic_int asked = 0;
    pthread_t t;
    start(&f, hang, &asked);
    assert_int_equal(pthread_create(&t, NULL, interrupt_when_asked, &f), 0);
    assert_int_equal(get(&f, "/"), HW_ECANCELLED);
    pthread_join(t, NULL);
    assert_int_equal(f.e.code, HW_ECANCELLED);
    assert_int_equal(get(&f, "/"), HW_ECANCELLED);
    assert_int_equal(tiny_connections(&f.server), 1);
    stop(&f);
}

static int open_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void never_again_35_no_descriptor_stays_behind(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, answer_once, NULL);
    int before = open_descriptors();
    for (int i = 0; i < 50; i++) {
        struct http_client *c;
        assert_int_equal(http_client_new(&c, f.server.url, NULL), 0);
        assert_int_equal(http_client_request(c, "GET", "/", SLICE_LIT(""), TIMEOUT_MS, &f.body, NULL), 200);
        http_client_free(c);
        wait_closed(&f.server);
    }
    // The server's thread says that a connection is closed just before it closes it.
    for (int64_t until = clock_mono_us() + TIMEOUT_MS * 1000LL; open_descriptors() > before; sched_yield())
        if (clock_mono_us() > until) fail_msg("%d descriptors are open, %d were before", open_descriptors(), before);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(addresses_that_can_not_be_are_refused),
        cmocka_unit_test(one_connection_serves_many_requests),
        cmocka_unit_test(chunked_answers_are_put_together),
        cmocka_unit_test(an_answer_without_a_length_ends_with_the_connection),
        cmocka_unit_test(large_bodies_pass_and_larger_ones_are_refused),
        cmocka_unit_test(a_large_request_is_sent_whole),
        cmocka_unit_test(a_connection_closed_while_idle_is_opened_again_unseen),
        cmocka_unit_test(a_stale_connection_is_retried_once),
        cmocka_unit_test(never_again_17_a_post_is_never_sent_twice),
        cmocka_unit_test(a_server_that_closes_without_an_answer_is_asked_once),
        cmocka_unit_test(half_an_answer_is_none),
        cmocka_unit_test(what_is_no_http_is_said),
        cmocka_unit_test(a_server_that_hangs_is_left_in_time),
        cmocka_unit_test(nobody_there_is_said_with_the_address),
        cmocka_unit_test(an_interruption_ends_the_request_and_all_later_ones),
        cmocka_unit_test(never_again_35_no_descriptor_stays_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
