// A machine that is told to a server on another: what is sent, under which id, and that nobody is kept waiting.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "monitor/sample_read.h"
#include "tiny_server.h"
#include "worker/machine_reporter.h"

enum { DEADLINE_S = 60 };

struct scene {
    struct tiny_server server;
    struct machine_reporter *reporter;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // guarded by lock
    int status;   // to answer with; 0: no answer
    int asked;    // requests
    int readable; // of them, such as the server takes
    char path[256];
};

static bool serve(void *ctx, const struct tiny_request *q)
{
    struct scene *s = ctx;
    struct sample sample;
    unsigned parts;
    pthread_mutex_lock(&s->lock);
    if (sample_read_report(q->body, &sample, &parts, NULL) == 0) {
        if (parts == SAMPLE_ALL) s->readable++;
        sample_release(&sample);
    }
    s->asked++;
    snprintf(s->path, sizeof s->path, "%s %s", q->method, q->path);
    int status = s->status;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (status)
        tiny_answer(q, status, "{}");
    else
        tiny_hang(q);
    return status != 0;
}

static int set_up(void **state)
{
    struct scene *s = mem_zalloc(sizeof *s);
    s->status = 200;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    tiny_start(&s->server, 0, serve, s);
    s->reporter = machine_reporter_new(s->server.url, "box2", "");
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    machine_reporter_free(s->reporter);
    tiny_stop(&s->server);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return 0;
}

// Until so many more requests have come; the last one's path.
static void wait_asked(struct scene *s, int more, char path[256])
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&s->lock);
    int wanted = s->asked + more, rc = 0;
    while (s->asked < wanted && rc == 0) rc = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    memcpy(path, s->path, sizeof s->path);
    int asked = s->asked;
    pthread_mutex_unlock(&s->lock);
    if (asked < wanted) fail_msg("the machine was reported %d times, not %d", asked, wanted);
}

static void answer_with(struct scene *s, int status)
{
    pthread_mutex_lock(&s->lock);
    s->status = status;
    pthread_mutex_unlock(&s->lock);
}

static void it_is_reported_under_the_workers_id(void **state)
{
    struct scene *s = *state;
    char path[256];
    assert_string_equal(machine_reporter_host(s->reporter), "box2");
    machine_reporter_registered(s->reporter, "wrk_1", "box1", 0.1);
    wait_asked(s, 3, path);
    assert_string_equal(path, "POST /api/v1/workers/wrk_1/machine");
    assert_true(s->readable >= 3);
    machine_reporter_registered(s->reporter, "wrk_2", "box1", 0.1);
    wait_asked(s, 2, path); // one may have been on its way
    assert_string_equal(path, "POST /api/v1/workers/wrk_2/machine");
}

static void a_server_that_takes_none_is_told_again(void **state)
{
    struct scene *s = *state;
    char path[256];
    answer_with(s, 503);
    machine_reporter_registered(s->reporter, "wrk_1", "box1", 0.1);
    wait_asked(s, 3, path);
    answer_with(s, 422);
    wait_asked(s, 3, path);
    answer_with(s, 200);
    wait_asked(s, 3, path);
}

static void one_on_the_same_host_or_that_does_not_ask_hears_nothing(void **state)
{
    struct scene *s = *state;
    char path[256];
    machine_reporter_registered(s->reporter, "wrk_1", "box2", 0.1);
    machine_reporter_registered(s->reporter, "wrk_1", NULL, 0.1); // an older server
    machine_reporter_registered(s->reporter, "wrk_1", "box1", 0);
    machine_reporter_registered(s->reporter, "wrk_3", "box1", 0.1);
    wait_asked(s, 1, path);
    assert_int_equal(s->asked, 1);
    assert_string_equal(path, "POST /api/v1/workers/wrk_3/machine");
}

static void the_end_does_not_wait_for_an_answer(void **state)
{
    struct scene *s = *state;
    char path[256];
    answer_with(s, 0);
    machine_reporter_registered(s->reporter, "wrk_1", "box1", 3600);
    wait_asked(s, 1, path);
    machine_reporter_free(s->reporter); // the test ends, though the server never answers
    s->reporter = NULL;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(it_is_reported_under_the_workers_id),
        CASE(a_server_that_takes_none_is_told_again),
        CASE(one_on_the_same_host_or_that_does_not_ask_hears_nothing),
        CASE(the_end_does_not_wait_for_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
