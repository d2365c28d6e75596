// Connections against a plain blocking socket on another thread: order, bounds, ends.
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/loop.h"

struct server {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn;
    struct loop *other; // where connections that say '>' go on
    int moved_fd;
    size_t to_send, filled; // what `fill` gives out, and has given
    size_t most_queued;
    int released, closed, drained, accepted;
    char got[64];
    size_t n_got;
};

static struct server sv;

static void go_on_there(void *arg);

static void on_data(struct conn *c, void *owner, char *bytes, size_t n)
{
    struct server *s = owner;
    if (memchr(bytes, '>', n) && conn_loop(c) != s->other) {
        s->conn = NULL;
        s->moved_fd = conn_detach(c);
        loop_post(s->other, go_on_there, s);
        return;
    }
    if (s->n_got + n < sizeof s->got) memcpy(s->got + s->n_got, bytes, n), s->n_got += n;
    if (memchr(bytes, '!', n)) { // "now answer and end"
        conn_write(c, SLICE_LIT("one "));
        conn_write_ref(c, SLICE_LIT("two "), NULL, NULL);
        conn_write(c, SLICE_LIT("three"));
        conn_finish(c);
        conn_write(c, SLICE_LIT("too late"));
    }
}

static void on_release(void *token)
{
    ((struct server *)token)->released++;
}

static void on_fill(struct conn *c, void *owner, size_t room)
{
    static char block[16384];
    struct server *s = owner;
    while (s->to_send > s->filled && room > 0) {
        size_t n = s->to_send - s->filled < sizeof block ? s->to_send - s->filled : sizeof block;
        memset(block, 'x', sizeof block);
        conn_write_ref(c, slice_of(block, n), on_release, s);
        s->filled += n;
        room = n < room ? room - n : 0;
    }
    if (conn_queued(c) > s->most_queued) s->most_queued = conn_queued(c);
    if (s->to_send && s->filled == s->to_send) {
        s->to_send = s->filled = 0;
        conn_finish(c);
    }
}

static void on_drained(struct conn *c, void *owner)
{
    (void)c;
    ((struct server *)owner)->drained++;
}

static void on_closed(struct conn *c, void *owner)
{
    (void)c;
    struct server *s = owner;
    s->closed++;
    s->conn = NULL;
    loop_stop(s->loop);
}

static const struct conn_events events = {.data = on_data, .fill = on_fill, .drained = on_drained, .closed = on_closed};

static void go_on_there(void *arg)
{
    struct server *s = arg;
    s->conn = conn_adopt(s->other, s->moved_fd);
    if (!s->conn) return;
    conn_set_owner(s->conn, &events, s);
    conn_read_resume(s->conn);
    conn_write(s->conn, SLICE_LIT("moved"));
}

static void on_accept(void *ctx, struct conn *c)
{
    struct server *s = ctx;
    s->accepted++;
    s->conn = c;
    assert_true(conn_peer_is_loopback(c));
    conn_set_owner(c, &events, s);
    conn_read_resume(c);
    if (s->to_send) conn_wake(c);
}

static int setup(void **state)
{
    (void)state;
    struct err e;
    sv = (struct server){0};
    assert_int_equal(loop_new(&sv.loop, &e), 0);
    assert_int_equal(listener_open(&sv.listener, sv.loop, "127.0.0.1:0", on_accept, &sv, &e), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(sv.loop);
    assert_null(sv.conn);
    return 0;
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(listener_port(sv.listener))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// A client on its own thread: sends, then reads to the end.
struct peer {
    const char *say;
    bool hang_up;
    size_t received;
    char first[64];
};

static void *peer_main(void *arg)
{
    struct peer *p = arg;
    int fd = dial();
    if (fd < 0) return NULL;
    if (p->say && write(fd, p->say, strlen(p->say)) < 0) p->say = NULL;
    char block[65536];
    ssize_t n;
    while (!p->hang_up && (n = read(fd, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < n && p->received + (size_t)i < sizeof p->first - 1; i++)
            p->first[p->received + (size_t)i] = block[i];
        p->received += (size_t)n;
    }
    close(fd);
    return NULL;
}

static void run_with(struct peer *p)
{
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, peer_main, p), 0);
    loop_run(sv.loop);
    pthread_join(t, NULL);
}

static void what_is_queued_arrives_in_order_before_the_end(void **state)
{
    (void)state;
    struct peer p = {.say = "hello!"};
    run_with(&p);
    assert_memory_equal(sv.got, "hello!", 6);
    assert_string_equal(p.first, "one two three");
    assert_int_equal(sv.closed, 1);
}

static void the_owner_is_asked_for_no_more_than_the_peer_takes(void **state)
{
    (void)state;
    sv.to_send = 50u << 20;
    struct peer p = {0};
    run_with(&p);
    assert_int_equal(p.received, 50u << 20);
    assert_int_equal(sv.released, (50u << 20) / 16384); // each block exactly once
    assert_true(sv.most_queued <= 64 * 1024 + 16384);
}

static void a_peer_that_hangs_up_is_told_to_the_owner_once_and_blocks_are_released(void **state)
{
    (void)state;
    sv.to_send = 50u << 20;
    struct peer p = {.hang_up = true};
    run_with(&p);
    assert_int_equal(sv.closed, 1);
    assert_int_equal(sv.released, (sv.filled + 16383) / 16384);
}

static void close_now(void *arg)
{
    struct server *s = arg;
    if (s->conn) {
        conn_close(s->conn);
        conn_close(s->conn); // twice is once
        conn_write(s->conn, SLICE_LIT("nothing"));
    } else {
        loop_post(s->loop, close_now, s); // not accepted yet
    }
}

static void closing_is_told_once_in_a_later_phase(void **state)
{
    (void)state;
    loop_post(sv.loop, close_now, &sv);
    struct peer p = {0};
    run_with(&p);
    assert_int_equal(sv.closed, 1);
    assert_int_equal(p.received, 0);
}

static void *other_main(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void a_connection_goes_on_on_another_loop(void **state)
{
    (void)state;
    struct err e;
    pthread_t t;
    char got[32] = {0};
    assert_int_equal(loop_new(&sv.other, &e), 0);
    assert_int_equal(pthread_create(&t, NULL, other_main, sv.other), 0);
    pthread_t main_loop;
    assert_int_equal(pthread_create(&main_loop, NULL, other_main, sv.loop), 0);
    int fd = dial();
    assert_int_equal(write(fd, ">", 1), 1);
    assert_int_equal(recv(fd, got, 5, MSG_WAITALL), 5);
    assert_string_equal(got, "moved");
    assert_int_equal(write(fd, "!", 1), 1); // read by the other loop
    assert_int_equal(recv(fd, got, 13, MSG_WAITALL), 13);
    assert_string_equal(got, "one two three");
    assert_int_equal(recv(fd, got, 1, 0), 0);
    close(fd);
    loop_stop(sv.loop);
    pthread_join(main_loop, NULL);
    loop_stop(sv.other);
    pthread_join(t, NULL);
    loop_free(sv.other);
    assert_int_equal(sv.closed, 1); // by the loop that had it last
}

static void a_taken_address_says_so_and_what_to_do(void **state)
{
    (void)state;
    struct err e;
    struct listener *second;
    assert_int_equal(listener_open(&second, sv.loop, listener_address(sv.listener), on_accept, &sv, &e), HW_ECONFLICT);
    assert_non_null(strstr(e.message, listener_address(sv.listener)));
    assert_non_null(strstr(e.message, "is taken by another program"));
    assert_null(second);
}

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    char host[256];
    uint16_t port;
    struct err e;
    const struct {
        const char *text, *host;
        int port;
    } good[] = {{"127.0.0.1:8080", "127.0.0.1", 8080},
                {"[::1]:0", "::1", 0},
                {":80", "0.0.0.0", 80},
                {"localhost:65535", "localhost", 65535}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(listener_parse(slice_str(good[i].text), host, &port, &e), 0);
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
    const char *bad[] = {"",     "8080",   "localhost", "a:",   "a:65536", "a:-1",
                         "a:1x", "::1:80", "[::1]80",   "[::1", "a:b:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(listener_parse(slice_str(bad[i]), host, &port, &e), HW_EVALIDATION);
}

// ---- no descriptors left -------------------------------------------------------------------------------------------

static void *refused_main(void *arg)
{
    int fd = *(int *)arg;
    char c;
    ssize_t n = read(fd, &c, 1); // until the server ends it
    loop_stop(sv.loop);
    return n <= 0 ? arg : NULL;
}

static void without_descriptors_a_connection_is_ended_cleanly_and_later_ones_are_served(void **state)
{
    (void)state;
    int fd = dial();
    assert_true(fd >= 0);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(fd); // the lowest free descriptor
    assert_true(next >= 0);
    close(next);
    none = (struct rlimit){(rlim_t)next, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    pthread_t t;
    void *ended;
    assert_int_equal(pthread_create(&t, NULL, refused_main, &fd), 0);
    loop_run(sv.loop);
    pthread_join(t, &ended);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(fd);
    assert_non_null(ended);
    assert_int_equal(sv.accepted, 0);

    struct peer p = {.say = "!"};
    run_with(&p);
    assert_string_equal(p.first, "one two three");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_queued_arrives_in_order_before_the_end),
        T(the_owner_is_asked_for_no_more_than_the_peer_takes),
        T(a_peer_that_hangs_up_is_told_to_the_owner_once_and_blocks_are_released),
        T(closing_is_told_once_in_a_later_phase),
        T(a_connection_goes_on_on_another_loop),
        T(a_taken_address_says_so_and_what_to_do),
        T(addresses_are_read_strictly),
        T(without_descriptors_a_connection_is_ended_cleanly_and_later_ones_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
