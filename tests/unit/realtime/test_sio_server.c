// The Socket.IO server as its application sees it: sockets, acknowledgements that come later, ends of every kind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "realtime/fixture.h"
#include "realtime/sio_server.h"

struct app {
    struct buf log;
    struct sio_socket *kept; // referenced, to be answered later
    uint64_t kept_id;
};

static struct app *app_of(const struct sio_socket *s)
{
    return sio_socket_app(s);
}

static int on_admit(struct sio_socket *s, const json_t *auth, struct err *e)
{
    (void)s;
    if (!json_object_get(auth, "no")) return 0;
    return err_set(e, HW_EFORBIDDEN, "not you");
}

static void on_connected(struct sio_socket *s, const json_t *auth)
{
    buf_addf(&app_of(s)->log, "connected(%s) ", sio_socket_nsp(s));
    if (json_object_get(auth, "leave at once")) sio_socket_disconnect(s);
}

static void on_ack(void *ctx, struct sio_socket *s, const struct sio_packet *p)
{
    struct app *a = ctx;
    if (p)
        buf_addf(&a->log, "acked(%s) ", json_string_value(sio_event_arg(p, 0)));
    else
        buf_add_str(&a->log, sio_socket_connected(s) ? "given up(still there) " : "given up ");
}

static void on_event(struct sio_socket *s, const struct sio_packet *p)
{
    struct app *a = app_of(s);
    const char *name = sio_event_name(p);
    buf_addf(&a->log, "event(%s) ", name);
    if (strcmp(name, "later") == 0) {
        a->kept = sio_socket_ref(s);
        a->kept_id = p->id;
    } else if (strcmp(name, "ask") == 0) {
        assert_int_equal(sio_socket_ask(s, "question", SLICE_LIT("1"), NULL, 0, on_ack, a), 0);
    } else if (strcmp(name, "leave") == 0) {
        sio_socket_disconnect(s);
        sio_socket_emit(s, "unheard", slice_of(NULL, 0), NULL, 0);
        sio_socket_disconnect(s);
    } else if (strcmp(name, "close") == 0) {
        sio_socket_close_client(s);
        sio_socket_ack(s, p->id, slice_of(NULL, 0), NULL, 0);
    }
}

static void on_disconnected(struct sio_socket *s, const char *why)
{
    buf_addf(&app_of(s)->log, "disconnected(%s: %s) ", sio_socket_nsp(s), why);
}

static bool has_namespace(void *app, const char *nsp)
{
    (void)app;
    return strcmp(nsp, "/") == 0 || strcmp(nsp, "/b") == 0;
}

static const struct sio_app_ops ops = {
    .socket_bytes = 100,
    .has_namespace = has_namespace,
    .admit = on_admit,
    .connected = on_connected,
    .event = on_event,
    .disconnected = on_disconnected,
};

struct test {
    struct fixture f;
    struct app app;
    struct sio_server *server;
    struct eio_client *client;
};

static void setup(struct test *t)
{
    *t = (struct test){0};
    fixture_init(&t->f);
    t->server = sio_server_new(t->f.loop, t->f.hub, &SIO_SERVER_CONFIG_DEFAULT, &ops, &t->app);
    t->client = client_opens(sio_server_eio(t->server));
}

// Connected to the main namespace, with nothing waiting.
static void setup_connected(struct test *t)
{
    setup(t);
    client_says(t->client, "40");
    client_gets(t->client);
    buf_clear(&t->app.log);
}

static void teardown(struct test *t)
{
    sio_server_free(t->server);
    fixture_release(&t->f);
    buf_release(&t->app.log);
}

// What happened since the last call must be this.
#define HAPPENED(t, text)                                                                                              \
    do {                                                                                                               \
        assert_string_equal(buf_cstr(&(t)->app.log), text);                                                            \
        buf_release(&(t)->app.log);                                                                                    \
    } while (0)

static void a_client_connects_or_is_refused(void **state)
{
    (void)state;
    struct test t;
    setup(&t);
    client_says(t.client, "40/nowhere,");
    client_says(t.client, "40{\"no\":1}");
    assert_string_equal(client_gets(t.client),
                        "44/nowhere,{\"message\":\"Invalid namespace\"} 44{\"message\":\"not you\"}");
    HAPPENED(&t, "");
    client_says(t.client, "40/b,");
    assert_memory_equal(client_gets(t.client), "40/b,{\"sid\":\"", 13);
    HAPPENED(&t, "connected(/b) ");
    client_says(t.client, "40{\"leave at once\":1}");
    assert_non_null(strstr(client_gets(t.client), "} 41"));
    HAPPENED(&t, "connected(/) disconnected(/: server namespace disconnect) ");
    teardown(&t);
    HAPPENED(&t, "");
}

static void an_event_may_be_acknowledged_after_its_callback_has_returned(void **state)
{
    (void)state;
    struct test t;
    setup_connected(&t);
    client_says(t.client, "4212[\"later\"]");
    assert_string_equal(client_gets(t.client), "");
    const struct slice blob = SLICE_LIT("xyz");
    sio_socket_ack(t.app.kept, t.app.kept_id, SLICE_LIT("{\"_placeholder\":true,\"num\":0}"), &blob, 1);
    sio_socket_unref(t.app.kept);
    assert_string_equal(client_gets(t.client), "461-12[{\"_placeholder\":true,\"num\":0}] <3 bytes>");
    client_says(t.client, "42[\"later\"]"); // nothing asked for
    sio_socket_ack(t.app.kept, t.app.kept_id, SLICE_LIT("1"), NULL, 0);
    sio_socket_unref(t.app.kept);
    assert_string_equal(client_gets(t.client), "");
    teardown(&t);
}

static void an_answer_to_who_has_gone_is_dropped(void **state)
{
    (void)state;
    struct test t;
    setup_connected(&t);
    client_says(t.client, "4212[\"later\"]");
    client_says(t.client, "1");
    HAPPENED(&t, "event(later) disconnected(/: transport close) ");
    struct sio_socket *s = t.app.kept;
    assert_false(sio_socket_connected(s));
    assert_null(sio_socket_subscriber(s));
    assert_string_equal(sio_socket_nsp(s), "/");
    sio_socket_ack(s, 12, SLICE_LIT("1"), NULL, 0);
    assert_int_equal(sio_socket_ask(s, "q", SLICE_LIT("1"), NULL, 0, on_ack, &t.app), HW_EUNAVAILABLE);
    struct buf log = t.app.log;
    sio_server_free(t.server); // the socket outlives even the server
    sio_socket_emit(s, "e", SLICE_LIT("1"), NULL, 0);
    sio_socket_unref(s);
    fixture_release(&t.f);
    buf_release(&log);
}

static void the_server_asks_and_each_answer_finds_its_question(void **state)
{
    (void)state;
    struct test t;
    setup_connected(&t);
    for (int i = 0; i < 3; i++) client_says(t.client, "42[\"ask\"]");
    assert_string_equal(client_gets(t.client), "421[\"question\",1] 422[\"question\",1] 423[\"question\",1]");
    HAPPENED(&t, "event(ask) event(ask) event(ask) ");
    client_says(t.client, "432[\"two\"]");
    client_says(t.client, "432[\"two again\"]");
    client_says(t.client, "4377[\"none\"]");
    HAPPENED(&t, "acked(two) ");
    client_says(t.client, "41");
    HAPPENED(&t, "given up(still there) given up(still there) disconnected(/: client namespace disconnect) ");
    teardown(&t);
}

static void so_many_questions_may_be_open(void **state)
{
    (void)state;
    struct test t;
    setup_connected(&t);
    client_says(t.client, "421[\"later\"]");
    struct sio_socket *s = t.app.kept;
    int asked = 0;
    while (sio_socket_ask(s, "q", SLICE_LIT("1"), NULL, 0, on_ack, &t.app) == 0) asked++;
    assert_int_equal(asked, SIO_MAX_AWAITED_ACKS);
    buf_clear(&t.app.log);
    sio_socket_unref(s);
    teardown(&t);
}

static void a_socket_may_leave_or_be_closed_within_its_own_event(void **state)
{
    (void)state;
    struct test t;
    setup_connected(&t);
    client_says(t.client, "40/b,");
    client_gets(t.client);
    buf_clear(&t.app.log);
    client_says(t.client, "42[\"leave\"]");
    assert_string_equal(client_gets(t.client), "41");
    HAPPENED(&t, "event(leave) disconnected(/: server namespace disconnect) ");
    client_says(t.client, "42/b,7[\"close\"]");
    HAPPENED(&t, "event(close) disconnected(/b: forced close) ");
    teardown(&t);
    HAPPENED(&t, "");
}

static void whoever_breaks_the_protocol_is_closed_once(void **state)
{
    (void)state;
    const char *bad[] = {"42{}", "4451", "42/b,[\"x\"]", "40", "451-[\"x\"]", "43[]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct test t;
        setup_connected(&t);
        client_says(t.client, bad[i]);
        if (strcmp(bad[i], "451-[\"x\"]") == 0) client_says(t.client, "42[\"x\"]");
        HAPPENED(&t, "disconnected(/: forced close) ");
        client_says(t.client, "42[\"x\"]");
        teardown(&t);
        HAPPENED(&t, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_connects_or_is_refused),
        cmocka_unit_test(an_event_may_be_acknowledged_after_its_callback_has_returned),
        cmocka_unit_test(an_answer_to_who_has_gone_is_dropped),
        cmocka_unit_test(the_server_asks_and_each_answer_finds_its_question),
        cmocka_unit_test(so_many_questions_may_be_open),
        cmocka_unit_test(a_socket_may_leave_or_be_closed_within_its_own_event),
        cmocka_unit_test(whoever_breaks_the_protocol_is_closed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
