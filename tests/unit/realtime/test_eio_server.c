// The Engine.IO server as its application sees it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "realtime/fixture.h"

struct app {
    int opened, closed, batched;
    enum eio_close why;
    struct buf heard;
    bool close_on_message;
};

static void on_opened(struct eio_client *c)
{
    ((struct app *)eio_client_app(c))->opened++;
    *(int *)eio_client_data(c) = 7;
}

static void on_message(struct eio_client *c, struct slice data, bool binary)
{
    struct app *a = eio_client_app(c);
    buf_addf(&a->heard, "%s[%.*s]", binary ? "b" : "", SLICE_FMT(data));
    if (!a->close_on_message) return;
    eio_client_send(c, SLICE_LIT("bye"), false);
    eio_client_close(c);
    eio_client_send(c, SLICE_LIT("too late"), false);
    eio_client_close(c);
}

static void on_closed(struct eio_client *c, enum eio_close why)
{
    struct app *a = eio_client_app(c);
    assert_int_equal(*(int *)eio_client_data(c), 7);
    assert_int_equal(eio_client_subscriber(c)->n_subs, 0);
    a->closed++;
    a->why = why;
}

static void on_batched(struct eio_client *c)
{
    ((struct app *)eio_client_app(c))->batched++;
}

static const struct eio_app_ops ops = {
    .client_bytes = sizeof(int),
    .opened = on_opened,
    .message = on_message,
    .closed = on_closed,
    .batched = on_batched,
};

struct test {
    struct fixture f;
    struct app app;
    struct eio_server *server;
};

static void setup(struct test *t)
{
    *t = (struct test){0};
    fixture_init(&t->f);
    t->server = eio_server_new(t->f.loop, t->f.hub, &EIO_SERVER_CONFIG_DEFAULT, &ops, &t->app);
}

static void teardown(struct test *t)
{
    eio_server_free(t->server);
    fixture_release(&t->f);
    buf_release(&t->app.heard);
}

static void the_application_hears_and_answers(void **state)
{
    (void)state;
    struct test t;
    setup(&t);
    struct eio_client *c = client_opens(t.server);
    assert_int_equal(t.app.opened, 1);
    client_says(c, "4hello");
    client_sends(c, SLICE_LIT("bytes"));
    assert_string_equal(buf_cstr(&t.app.heard), "[hello]b[bytes]");
    eio_client_send(c, SLICE_LIT("text"), false);
    eio_client_send(c, slice_of("\0\1", 2), true);
    assert_string_equal(client_gets(c), "4text <2 bytes>");
    client_says(c, "1");
    assert_int_equal(t.app.closed, 1);
    assert_int_equal(t.app.why, EIO_CLOSED_BY_CLIENT);
    teardown(&t);
    assert_int_equal(t.app.closed, 1);
}

static void a_client_may_be_closed_while_it_is_heard(void **state)
{
    (void)state;
    struct test t;
    setup(&t);
    t.app.close_on_message = true;
    struct eio_client *c = client_opens(t.server);
    client_says(c, "4once");
    client_says(c, "4twice");
    assert_string_equal(buf_cstr(&t.app.heard), "[once]");
    assert_int_equal(t.app.closed, 1);
    assert_int_equal(t.app.why, EIO_CLOSED_BY_SERVER);
    teardown(&t);
}

static void what_is_published_waits_in_the_outbox_as_a_reference(void **state)
{
    (void)state;
    struct test t;
    setup(&t);
    struct eio_client *a = client_opens(t.server), *b = client_opens(t.server);
    struct err e;
    assert_int_equal(subscriber_join(eio_client_subscriber(a), SLICE_LIT("x/1/y"), false, &e), 0);
    assert_int_equal(subscriber_join(eio_client_subscriber(b), SLICE_LIT("x/1/y"), true, &e), 0);
    struct msg *m =
        msg_new(SLICE_LIT("x/1/y"), SLICE_LIT("e"), SLICE_LIT("epoch"), 1, 0, SLICE_LIT("{}"), MSG_LIFECYCLE);
    hub_publish(t.f.hub, m);
    assert_ptr_equal(outbox_peek(&eio_client_subscriber(a)->out)->msg, m);
    assert_ptr_equal(outbox_peek(eio_client_subscriber(b)->batch)->msg, m);
    assert_int_equal(t.app.batched, 1);
    msg_unref(m);
    client_says(a, "1");
    client_says(b, "1");
    struct hub_stats stats;
    hub_stats(t.f.hub, &stats);
    assert_int_equal(stats.subscriptions, 0);
    teardown(&t);
}

static void two_servers_on_one_loop_know_nothing_of_each_other(void **state)
{
    (void)state;
    struct test t;
    setup(&t);
    struct app other = {0};
    struct eio_server *second = eio_server_new(t.f.loop, t.f.hub, &EIO_SERVER_CONFIG_DEFAULT, &ops, &other);
    client_opens(t.server);
    client_opens(second);
    client_opens(second);
    struct eio_server_stats stats;
    eio_server_stats(t.server, &stats);
    assert_int_equal(stats.clients, 1);
    eio_server_stop(second);
    assert_int_equal(other.closed, 2);
    assert_int_equal(t.app.closed, 0);
    eio_server_free(second);
    teardown(&t);
    assert_int_equal(t.app.closed, 1);
}

// The bound of memory for an idle client is kept by keeping these small (docs/decisions/0006).
static void an_idle_client_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct eio_client) <= 256);
    assert_true(sizeof(struct eio_link) <= 192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_hears_and_answers),
        cmocka_unit_test(a_client_may_be_closed_while_it_is_heard),
        cmocka_unit_test(what_is_published_waits_in_the_outbox_as_a_reference),
        cmocka_unit_test(two_servers_on_one_loop_know_nothing_of_each_other),
        cmocka_unit_test(an_idle_client_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
