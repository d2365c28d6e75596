// One Engine.IO session: events in, and a log of everything it asks its owner to do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/engineio_session.h"

// An owner as the header shows it: an outbox of texts, flushed to where the session says. What happens is logged in one
// line of words, so that a test reads like the exchange on the wire.
struct owner {
    struct eio_config config;
    struct eio_session *s;
    struct buf log;
    const char *outbox[16]; // texts of packets, borrowed, as a hub's shared messages would be
    size_t n;
    bool close_on_message;
    bool defer; // flush at the end of the loop's iteration rather than at once
};

static void log_data(struct owner *o, const char *what, struct slice data)
{
    buf_addf(&o->log, "%s[", what);
    for (size_t i = 0; i < data.n; i++) buf_add_char(&o->log, data.p[i] == EIO_SEPARATOR ? '|' : data.p[i]);
    buf_add_str(&o->log, "] ");
}

static void flush(struct owner *o)
{
    switch (eio_session_route(o->s)) {
    case EIO_ROUTE_HOLD:
    case EIO_ROUTE_CLOSED: return;
    case EIO_ROUTE_WS:
        for (size_t i = 0; i < o->n; i++) log_data(o, "ws", slice_str(o->outbox[i]));
        o->n = 0;
        return;
    case EIO_ROUTE_POLL: break;
    }
    struct eio_payload p = {.limit = 41};
    struct buf body = BUF_INIT;
    struct slice control = eio_session_poll_control(o->s);
    if (control.n) eio_payload_add_text(&p, control, &body);
    size_t sent = 0;
    while (sent < o->n && eio_payload_add_text(&p, slice_str(o->outbox[sent]), &body)) sent++;
    memmove(o->outbox, o->outbox + sent, (o->n - sent) * sizeof o->outbox[0]);
    o->n -= sent;
    if (body.n) {
        log_data(o, "poll", buf_slice(&body));
        eio_session_poll_answered(o->s);
    }
    buf_release(&body);
}

static void send_text(struct owner *o, const char *packet)
{
    o->outbox[o->n++] = packet;
    flush(o);
}

static void on_message(void *ctx, struct slice data, bool binary)
{
    struct owner *o = ctx;
    log_data(o, binary ? "got-binary" : "got", data);
    if (o->close_on_message) eio_session_close(o->s);
}

static void on_ws_send(void *ctx, struct slice packet)
{
    log_data(ctx, "ws", packet);
}

static void on_ws_close(void *ctx, unsigned code)
{
    buf_addf(&((struct owner *)ctx)->log, "ws-close(%u) ", code);
}

static void on_poll_answer(void *ctx, int status, struct slice payload)
{
    assert_int_equal(status, 200);
    log_data(ctx, "poll", payload);
}

static void on_writable(void *ctx)
{
    struct owner *o = ctx;
    if (!o->defer) flush(o);
}

static void on_closed(void *ctx, enum eio_close why)
{
    struct owner *o = ctx;
    assert_int_equal(eio_session_route(o->s), EIO_ROUTE_CLOSED);
    buf_addf(&o->log, "closed(%s) ", eio_close_name(why));
}

static const struct eio_session_ops OPS = {on_message, on_ws_send, on_ws_close, on_poll_answer, on_writable, on_closed};

#define SECOND 1000000LL
#define OPEN(upgrades)                                                                                                 \
    "0{\"sid\":\"sid1\",\"upgrades\":[" upgrades "],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":100}"

static void owner_init(struct owner *o)
{
    *o = (struct owner){.config = EIO_CONFIG_DEFAULT};
    o->config.max_payload = 100;
    o->s = eio_session_new(&o->config, "sid1", 0, &OPS, o);
}

static void owner_release(struct owner *o)
{
    eio_session_free(o->s);
    buf_release(&o->log);
}

// What happened since the last call must be this.
#define HAPPENED(o, text)                                                                                              \
    do {                                                                                                               \
        assert_string_equal(buf_cstr(&(o)->log), text);                                                                \
        buf_clear(&(o)->log);                                                                                          \
    } while (0)

static void polling(struct owner *o)
{
    owner_init(o);
    assert_int_equal(eio_session_poll(o->s, 0), 200);
    HAPPENED(o, "poll[" OPEN("\"websocket\"") "] ");
}

static void websocket(struct owner *o)
{
    owner_init(o);
    assert_true(eio_session_ws_open(o->s, 0));
    HAPPENED(o, "ws[" OPEN("") "] ");
}

static void ws(struct owner *o, const char *text)
{
    eio_session_ws_message(o->s, slice_str(text), false, 0);
}

static int post(struct owner *o, const char *body)
{
    return eio_session_post(o->s, slice_str(body), 0);
}

// ---- polling --------------------------------------------------------------------------------------------------------

static void a_poll_waits_for_something_to_carry(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    assert_int_equal(eio_session_route(o.s), EIO_ROUTE_HOLD);
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    assert_int_equal(eio_session_route(o.s), EIO_ROUTE_POLL);
    HAPPENED(&o, "");
    send_text(&o, "42[\"a\"]");
    HAPPENED(&o, "poll[42[\"a\"]] ");
    send_text(&o, "42[\"b\"]"); // no poll is pending: it stays in the owner's outbox
    send_text(&o, "42[\"c\"]");
    HAPPENED(&o, "");
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    HAPPENED(&o, "poll[42[\"b\"]|42[\"c\"]] ");
    owner_release(&o);
}

static void a_payload_takes_no_more_than_fits(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    send_text(&o, "42[\"0123456789\"]");
    send_text(&o, "42[\"abcdefghij\"]");
    send_text(&o, "42[\"z\"]");
    eio_session_poll(o.s, 0);
    HAPPENED(&o, "poll[42[\"0123456789\"]|42[\"abcdefghij\"]|42[\"z\"]] ");
    send_text(&o, "42[\"0123456789\"]");
    send_text(&o, "42[\"abcdefghijkl\"]");
    send_text(&o, "42[\"zz\"]");
    eio_session_poll(o.s, 0);
    HAPPENED(&o, "poll[42[\"0123456789\"]|42[\"abcdefghijkl\"]] ");
    eio_session_poll(o.s, 0);
    HAPPENED(&o, "poll[42[\"zz\"]] ");
    owner_release(&o);
}

static void posted_packets_are_delivered_in_order(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    assert_int_equal(post(&o, "40\x1e"
                              "bQUI=\x1e"
                              "42[\"x\"]\x1e"
                              "6"),
                     200);
    HAPPENED(&o, "got[0] got-binary[AB] got[2[\"x\"]] ");
    assert_int_equal(post(&o, ""), 200);
    HAPPENED(&o, "");
    owner_release(&o);
}

static void malformed_posts_close_the_session(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "\x1e", "4a\x1e", "bQ", "2", "0{}", "5", "2probe", "4\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct owner o;
        polling(&o);
        eio_session_poll(o.s, 0);
        post(&o, bad[i]);
        HAPPENED(&o, "poll[1] closed(parse error) ");
        assert_int_equal(post(&o, "4x"), 400);
        assert_int_equal(eio_session_poll(o.s, 0), 400);
        assert_false(eio_session_ws_open(o.s, 0));
        HAPPENED(&o, "");
        owner_release(&o);
    }
    struct owner o;
    polling(&o);
    char large[102];
    memset(large, '4', sizeof large);
    assert_int_equal(eio_session_post(o.s, slice_of(large, 100), 0), 200);
    buf_clear(&o.log);
    assert_int_equal(eio_session_post(o.s, slice_of(large, 101), 0), 413);
    HAPPENED(&o, "closed(payload too large) ");
    owner_release(&o);
}

static void a_second_poll_closes_the_session(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    assert_int_equal(eio_session_poll(o.s, 0), 400);
    HAPPENED(&o, "poll[1] closed(request overlap) ");
    owner_release(&o);
}

static void a_second_post_closes_the_session_as_well(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    eio_session_post_overlap(o.s);
    HAPPENED(&o, "poll[1] closed(request overlap) ");
    assert_int_equal(eio_session_post(o.s, SLICE_LIT("4late"), 0), 400);
    HAPPENED(&o, "");
    owner_release(&o);
}

static void the_wait_for_a_pong_counts_from_when_the_ping_was_due(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_tick(o.s, 25 * SECOND + 3000); // a little late: the end stays where the client expects it
    assert_int_equal(eio_session_due(o.s), 45 * SECOND);
    owner_release(&o);

    polling(&o);
    eio_session_tick(o.s, 30 * SECOND); // much later: the client gets its time all the same
    assert_int_equal(eio_session_due(o.s), 50 * SECOND);
    owner_release(&o);
}

static void a_lost_poll_closes_the_session(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_poll_gone(o.s); // the answered one's connection closes: nothing to it
    HAPPENED(&o, "");
    eio_session_poll(o.s, 0);
    eio_session_poll_gone(o.s);
    HAPPENED(&o, "closed(transport error) ");
    owner_release(&o);
}

// ---- closing --------------------------------------------------------------------------------------------------------

static void either_side_closes(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_poll(o.s, 0);
    assert_int_equal(post(&o, "1"), 200);
    HAPPENED(&o, "poll[6] closed(transport close) ");
    eio_session_close(o.s);
    eio_session_poll_gone(o.s);
    eio_session_ws_closed(o.s);
    eio_session_tick(o.s, 1000 * SECOND);
    assert_true(eio_session_due(o.s) == INT64_MAX);
    HAPPENED(&o, ""); // closed is said once
    owner_release(&o);

    polling(&o);
    eio_session_poll(o.s, 0);
    eio_session_close(o.s);
    HAPPENED(&o, "poll[1] closed(forced close) ");
    owner_release(&o);

    websocket(&o);
    ws(&o, "1");
    HAPPENED(&o, "ws-close(1000) closed(transport close) ");
    owner_release(&o);

    websocket(&o);
    eio_session_close(o.s);
    HAPPENED(&o, "ws[1] ws-close(1000) closed(forced close) ");
    owner_release(&o);

    websocket(&o);
    eio_session_ws_closed(o.s);
    HAPPENED(&o, "closed(transport error) ");
    owner_release(&o);
}

static void nothing_is_delivered_once_a_handler_has_closed(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    o.close_on_message = true;
    assert_int_equal(post(&o, "4a\x1e"
                              "4b"),
                     200);
    HAPPENED(&o, "got[a] closed(forced close) ");
    owner_release(&o);
}

// ---- WebSocket ------------------------------------------------------------------------------------------------------

static void a_websocket_carries_from_the_start(void **state)
{
    (void)state;
    struct owner o;
    websocket(&o);
    assert_int_equal(eio_session_route(o.s), EIO_ROUTE_WS);
    assert_int_equal(eio_session_transport(o.s), EIO_WEBSOCKET);
    send_text(&o, "42[\"a\"]");
    ws(&o, "42[\"b\"]");
    eio_session_ws_message(o.s, SLICE_LIT("\x01\x02"), true, 0);
    HAPPENED(&o, "ws[42[\"a\"]] got[2[\"b\"]] got-binary[\x01\x02] ");
    // Polling is not this session's transport, and it has a WebSocket already.
    assert_int_equal(eio_session_poll(o.s, 0), 400);
    assert_int_equal(post(&o, "4x"), 400);
    assert_false(eio_session_ws_open(o.s, 0));
    HAPPENED(&o, "");
    owner_release(&o);
}

static void malformed_packets_close_the_websocket(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "2", "0", "5", "bQUI="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct owner o;
        websocket(&o);
        ws(&o, bad[i]);
        HAPPENED(&o, "ws[1] ws-close(1002) closed(parse error) ");
        owner_release(&o);
    }
}

// ---- the upgrade ----------------------------------------------------------------------------------------------------

static void polling_is_upgraded_without_losing_a_message(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_poll(o.s, 0);
    assert_true(eio_session_ws_open(o.s, 0));
    assert_int_equal(eio_session_transport(o.s), EIO_POLLING);
    HAPPENED(&o, "");
    ws(&o, "2probe");
    HAPPENED(&o, "ws[3probe] poll[6] "); // the pending poll is let go, so that the client can pause polling
    send_text(&o, "42[\"meanwhile\"]");
    assert_int_equal(post(&o, "4still polling"), 200);
    HAPPENED(&o, "got[still polling] ");
    ws(&o, "5");
    HAPPENED(&o, "ws[42[\"meanwhile\"]] ");
    assert_int_equal(eio_session_transport(o.s), EIO_WEBSOCKET);
    ws(&o, "4by ws");
    HAPPENED(&o, "got[by ws] ");
    assert_int_equal(eio_session_poll(o.s, 0), 400);
    eio_session_ws_closed(o.s);
    HAPPENED(&o, "closed(transport error) ");
    owner_release(&o);
}

static void polls_between_probe_and_upgrade_come_straight_back(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_ws_open(o.s, 0);
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    HAPPENED(&o, ""); // not probed yet
    ws(&o, "2probe");
    HAPPENED(&o, "ws[3probe] poll[6] ");
    assert_int_equal(eio_session_poll(o.s, 0), 200);
    HAPPENED(&o, "poll[6] ");
    ws(&o, "5");
    HAPPENED(&o, "");
    owner_release(&o);
}

static void a_ping_that_waited_for_a_poll_goes_by_websocket(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_ws_open(o.s, 24 * SECOND);
    ws(&o, "2probe");
    eio_session_tick(o.s, 25 * SECOND);
    HAPPENED(&o, "ws[3probe] ");
    ws(&o, "5");
    HAPPENED(&o, "ws[2] ");
    owner_release(&o);
}

static void a_failed_probe_leaves_polling_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"5", "2", "3probe", "4x", "2probex", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct owner o;
        polling(&o);
        eio_session_ws_open(o.s, 0);
        ws(&o, bad[i]);
        HAPPENED(&o, "ws-close(1002) ");
        ws(&o, "2probe"); // it is no longer heard
        HAPPENED(&o, "");
        eio_session_poll(o.s, 0);
        send_text(&o, "4x");
        HAPPENED(&o, "poll[4x] ");
        assert_true(eio_session_ws_open(o.s, 0)); // it may try again
        eio_session_ws_closed(o.s);               // the probe's connection breaks
        assert_int_equal(eio_session_route(o.s), EIO_ROUTE_HOLD);
        HAPPENED(&o, "");
        owner_release(&o);
    }
}

static void a_probe_that_takes_too_long_is_closed(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_ws_open(o.s, 3 * SECOND);
    assert_true(eio_session_due(o.s) == 13 * SECOND);
    eio_session_tick(o.s, 13 * SECOND - 1);
    HAPPENED(&o, "");
    eio_session_tick(o.s, 13 * SECOND);
    HAPPENED(&o, "ws-close(1002) ");
    assert_true(eio_session_due(o.s) == 25 * SECOND);
    owner_release(&o);
}

// ---- the heartbeat --------------------------------------------------------------------------------------------------

static void pings_are_answered_or_the_session_ends(void **state)
{
    (void)state;
    struct owner o;
    websocket(&o);
    assert_true(eio_session_due(o.s) == 25 * SECOND);
    eio_session_tick(o.s, 25 * SECOND - 1);
    HAPPENED(&o, "");
    eio_session_tick(o.s, 25 * SECOND);
    HAPPENED(&o, "ws[2] ");
    assert_true(eio_session_due(o.s) == 45 * SECOND);
    eio_session_ws_message(o.s, SLICE_LIT("3"), false, 26 * SECOND);
    assert_true(eio_session_due(o.s) == 51 * SECOND);
    eio_session_tick(o.s, 51 * SECOND);
    eio_session_ws_message(o.s, SLICE_LIT("4not a pong"), false, 60 * SECOND);
    eio_session_tick(o.s, 71 * SECOND - 1);
    HAPPENED(&o, "ws[2] got[not a pong] ");
    eio_session_tick(o.s, 71 * SECOND);
    HAPPENED(&o, "ws[1] ws-close(1001) closed(ping timeout) ");
    owner_release(&o);
}

static void pings_reach_a_polling_client(void **state)
{
    (void)state;
    struct owner o;
    polling(&o);
    eio_session_poll(o.s, 0);
    eio_session_tick(o.s, 25 * SECOND);
    HAPPENED(&o, "poll[2] ");
    assert_int_equal(eio_session_post(o.s, SLICE_LIT("3"), 30 * SECOND), 200);
    assert_true(eio_session_due(o.s) == 55 * SECOND);
    // Without a pending poll the ping heads the next one's payload.
    eio_session_tick(o.s, 55 * SECOND);
    send_text(&o, "4x");
    HAPPENED(&o, "");
    eio_session_poll(o.s, 56 * SECOND);
    HAPPENED(&o, "poll[2|4x] ");
    eio_session_tick(o.s, 75 * SECOND);
    HAPPENED(&o, "closed(ping timeout) ");
    owner_release(&o);
}

static void a_session_nobody_connects_to_times_out(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o);
    assert_int_equal(post(&o, "4x"), 400);
    eio_session_tick(o.s, 25 * SECOND);
    HAPPENED(&o, "");
    eio_session_tick(o.s, 45 * SECOND);
    HAPPENED(&o, "closed(ping timeout) ");
    owner_release(&o);
}

// ---- an owner that flushes later ------------------------------------------------------------------------------------

static void flushing_at_the_end_of_the_iteration_works_too(void **state)
{
    (void)state;
    struct owner o;
    owner_init(&o);
    o.defer = true;
    eio_session_poll(o.s, 0);
    eio_session_close(o.s); // before the handshake was answered: the client still gets its open packet
    HAPPENED(&o, "poll[" OPEN("\"websocket\"") "|1] closed(forced close) ");
    owner_release(&o);

    polling(&o);
    o.defer = true;
    eio_session_poll(o.s, 0);
    eio_session_ws_open(o.s, 0);
    eio_session_tick(o.s, 25 * SECOND); // closes the probe, and wants to ping
    flush(&o);
    HAPPENED(&o, "ws-close(1002) poll[2] ");
    owner_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_post_closes_the_session_as_well),
        cmocka_unit_test(the_wait_for_a_pong_counts_from_when_the_ping_was_due),
        cmocka_unit_test(a_poll_waits_for_something_to_carry),
        cmocka_unit_test(a_payload_takes_no_more_than_fits),
        cmocka_unit_test(posted_packets_are_delivered_in_order),
        cmocka_unit_test(malformed_posts_close_the_session),
        cmocka_unit_test(a_second_poll_closes_the_session),
        cmocka_unit_test(a_lost_poll_closes_the_session),
        cmocka_unit_test(either_side_closes),
        cmocka_unit_test(nothing_is_delivered_once_a_handler_has_closed),
        cmocka_unit_test(a_websocket_carries_from_the_start),
        cmocka_unit_test(malformed_packets_close_the_websocket),
        cmocka_unit_test(polling_is_upgraded_without_losing_a_message),
        cmocka_unit_test(polls_between_probe_and_upgrade_come_straight_back),
        cmocka_unit_test(a_ping_that_waited_for_a_poll_goes_by_websocket),
        cmocka_unit_test(a_failed_probe_leaves_polling_alone),
        cmocka_unit_test(a_probe_that_takes_too_long_is_closed),
        cmocka_unit_test(pings_are_answered_or_the_session_ends),
        cmocka_unit_test(pings_reach_a_polling_client),
        cmocka_unit_test(a_session_nobody_connects_to_times_out),
        cmocka_unit_test(flushing_at_the_end_of_the_iteration_works_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
