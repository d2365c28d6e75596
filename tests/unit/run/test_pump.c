// Carrying a program's output, and coming to an end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "run/pump.h"

enum { ENOUGH = 64 << 20 };

struct scene {
    int from[2], to[2];
    struct tap tap;
    struct pump *pump;
};

static void set_up(struct scene *s)
{
    struct err e = {0};
    assert_int_equal(pipe2(s->from, O_CLOEXEC), 0);
    assert_int_equal(pipe2(s->to, O_CLOEXEC), 0);
    tap_init(&s->tap, -1);
    assert_int_equal(pump_start(&s->pump, s->from[0], s->to[1], &s->tap, &e), 0);
}

static void tear_down(struct scene *s)
{
    close(s->to[0]);
    tap_release(&s->tap);
}

static void what_was_written_before_the_end_arrives(void **state)
{
    (void)state;
    struct scene s;
    char bytes[64] = {0};
    set_up(&s);
    assert_int_equal(write(s.from[1], "all of it", 9), 9);
    pump_finish(s.pump); // the other end stays open
    close(s.to[1]);
    assert_int_equal(read(s.to[0], bytes, sizeof bytes), 9);
    assert_string_equal(bytes, "all of it");
    close(s.from[1]);
    tear_down(&s);
}

static void fill(int fd)
{
    static const char bytes[4096];
    int flags = fcntl(fd, F_GETFL);
    assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    assert_int_equal(fcntl(fd, F_SETFL, flags), 0);
}

// A process that was left behind: whenever somebody has read a little, the pipe is filled again.
static void *go_on_writing(void *arg)
{
    struct scene *s = arg;
    static char bytes[4096];
    size_t taken = 0;
    ssize_t n;
    while (taken < ENOUGH && (n = read(s->to[0], bytes, sizeof bytes)) > 0) {
        taken += (size_t)n;
        fill(s->from[1]);
    }
    close(s->from[1]); // else a pump that waits for its end would never come to one
    while (read(s->to[0], bytes, sizeof bytes) > 0) {
    }
    return (void *)(uintptr_t)taken;
}

static void a_process_left_behind_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct scene s;
    pthread_t writer;
    void *taken;
    set_up(&s);
    // Both pipes are full, so that whatever the pump reads waits to be written while the next is there already.
    fill(s.to[1]);
    fill(s.from[1]);
    assert_int_equal(pthread_create(&writer, NULL, go_on_writing, &s), 0);
    pump_finish(s.pump);
    close(s.to[1]);
    assert_int_equal(pthread_join(writer, &taken), 0);
    assert_true((uintptr_t)taken < ENOUGH);
    tear_down(&s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_before_the_end_arrives),
        cmocka_unit_test(a_process_left_behind_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
