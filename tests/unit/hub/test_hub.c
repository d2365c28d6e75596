// The hub and its messages: who gets what, what one message costs, a subscriber that is behind or overflows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "hub/hub.h"

struct client {
    struct subscriber sub;
    int woken, relieved;
    bool behind;
};

static struct client *client_of(const struct subscriber *s)
{
    return (struct client *)(void *)s; // its first member
}

static void wake(struct subscriber *s, bool batched)
{
    (void)batched;
    client_of(s)->woken++;
}

static bool behind(const struct subscriber *s)
{
    return client_of(s)->behind;
}

static void drain(struct client *c)
{
    struct outbox_entry e;
    while ((e = outbox_pop(&c->sub.out)).msg) msg_unref(e.msg);
}

static void relieve(struct subscriber *s)
{
    client_of(s)->relieved++;
    drain(client_of(s));
}

static const struct subscriber_ops ops = {.wake = wake, .behind = behind, .relieve = relieve};

static void publish(struct hub *h, const char *channel, uint64_t seq, enum msg_class cls)
{
    struct msg *m = msg_new(slice_str(channel), SLICE_LIT("x:event"), SLICE_LIT("ep"), seq, 0, SLICE_LIT("{}"), cls);
    hub_publish(h, m);
    msg_unref(m);
}

static uint64_t pop_seq(struct client *c)
{
    struct outbox_entry e = outbox_pop(&c->sub.out);
    uint64_t seq = e.msg ? msg_seq(e.msg) : 0;
    msg_unref(e.msg);
    return seq;
}

static void a_message_is_the_packet_that_every_transport_carries(void **fixture)
{
    (void)fixture;
    struct msg *m = msg_new(SLICE_LIT("jobs/j/progress"), SLICE_LIT("job:progress"), SLICE_LIT("ep"), 7,
                            1700000000123000, SLICE_LIT("{\"a\":[1]}"), MSG_STATE);
    const char *text = "42[\"job:progress\",{\"channel\":\"jobs/j/progress\",\"epoch\":\"ep\",\"seq\":7,"
                       "\"ts\":\"2023-11-14T22:13:20.123Z\",\"a\":[1]}]";
    assert_true(slice_is(msg_text(m), text));
    assert_true(slice_is(msg_channel(m), "jobs/j/progress"));
    assert_true(slice_is(msg_event(m), "job:progress"));
    assert_memory_equal(msg_payload(m).p, "{\"channel\":", 11);
    assert_memory_equal(msg_payload(m).p + msg_payload(m).n - 8, "\"a\":[1]}", 8);
    msg_unref(m);
    m = msg_new(SLICE_LIT("a"), SLICE_LIT("e"), SLICE_LIT("ep"), 1, 0, SLICE_LIT("{ }"), MSG_STATE);
    assert_memory_equal(msg_text(m).p + msg_text(m).n - 3, "\"}]", 3); // no comma before nothing
    msg_unref(m);
}

static void the_frame_has_the_shortest_header_for_its_length(void **fixture)
{
    (void)fixture;
    static char text[70000];
    memset(text, 'x', sizeof text);
    const struct {
        size_t n;
        unsigned char header[10];
        size_t header_n;
    } cases[] = {
        {1, {0x81, 1}, 2},
        {125, {0x81, 125}, 2},
        {126, {0x81, 126, 0, 126}, 4},
        {65535, {0x81, 126, 0xFF, 0xFF}, 4},
        {65536, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct msg *m = msg_private(slice_of(text, cases[i].n));
        struct slice frame = msg_frame(m);
        assert_int_equal(frame.n, cases[i].header_n + cases[i].n);
        assert_memory_equal(frame.p, cases[i].header, cases[i].header_n);
        assert_ptr_equal(frame.p + cases[i].header_n, msg_text(m).p);
        msg_unref(m);
    }
}

static bool count_and_make(void *ctx, struct slice text, struct buf *out)
{
    (void)text;
    ++*(int *)ctx;
    buf_add_str(out, "small");
    return true;
}

static bool not_worth_it(void *ctx, struct slice text, struct buf *out)
{
    (void)ctx, (void)text, (void)out;
    return false;
}

static void a_message_is_compressed_once_for_all(void **fixture)
{
    (void)fixture;
    int made = 0;
    struct msg *m = msg_private(SLICE_LIT("42[]"));
    for (int i = 0; i < 1000; i++) assert_true(slice_is(msg_deflated(m, count_and_make, &made), "small"));
    assert_int_equal(made, 1);
    msg_unref(m);
    m = msg_private(SLICE_LIT("42[]"));
    assert_ptr_equal(msg_deflated(m, not_worth_it, NULL).p, msg_frame(m).p);
    msg_unref(m);
}

static void subscribers_get_what_their_channels_bring_and_nothing_else(void **fixture)
{
    (void)fixture;
    struct hub *h = hub_new(HUB_OUTBOX_BYTES);
    struct client a = {0}, b = {0};
    subscriber_init(&a.sub, h, &ops);
    subscriber_init(&b.sub, h, &ops);
    assert_int_equal(subscriber_join(&a.sub, SLICE_LIT("x"), false, NULL), 0);
    assert_int_equal(subscriber_join(&a.sub, SLICE_LIT("x"), false, NULL), 0); // twice is once
    assert_int_equal(subscriber_join(&a.sub, SLICE_LIT("y"), false, NULL), 0);
    assert_int_equal(subscriber_join(&b.sub, SLICE_LIT("y"), false, NULL), 0);
    publish(h, "x", 1, MSG_STATE);
    publish(h, "y", 2, MSG_STATE);
    publish(h, "z", 3, MSG_STATE);
    assert_int_equal(pop_seq(&a), 1);
    assert_int_equal(pop_seq(&a), 2);
    assert_int_equal(pop_seq(&a), 0);
    assert_int_equal(pop_seq(&b), 2);
    assert_int_equal(pop_seq(&b), 0);
    assert_int_equal(a.woken, 1); // woken when the outbox was empty, not for each message

    assert_true(subscriber_leave(&a.sub, SLICE_LIT("y")));
    assert_false(subscriber_leave(&a.sub, SLICE_LIT("y")));
    publish(h, "y", 4, MSG_STATE);
    assert_int_equal(pop_seq(&a), 0);
    assert_int_equal(pop_seq(&b), 4);
    subscriber_release(&a.sub);
    subscriber_release(&b.sub);
    struct hub_stats stats;
    hub_stats(h, &stats);
    assert_int_equal(stats.channels, 0); // a channel without subscribers is no more
    assert_int_equal(stats.subscriptions, 0);
    hub_free(h);
}

// Joins and leaves at random against a plain table of who should be where.
static void membership_stays_right_through_any_order_of_joining_and_leaving(void **fixture)
{
    (void)fixture;
    enum { CLIENTS = 8, CHANNELS = 8 };
    struct hub *h = hub_new(HUB_OUTBOX_BYTES);
    struct client c[CLIENTS] = {0};
    bool member[CLIENTS][CHANNELS] = {0};
    for (int i = 0; i < CLIENTS; i++) subscriber_init(&c[i].sub, h, &ops);
    uint32_t random = 12345;
    for (int step = 0; step < 5000; step++) {
        random = random * 1664525 + 1013904223;
        int who = random >> 8 & 7, what = random >> 16 & 7;
        char name[8];
        snprintf(name, sizeof name, "c%d", what);
        if (random >> 24 & 1) {
            assert_int_equal(subscriber_join(&c[who].sub, slice_str(name), false, NULL), 0);
            member[who][what] = true;
        } else {
            assert_int_equal(subscriber_leave(&c[who].sub, slice_str(name)), member[who][what]);
            member[who][what] = false;
        }
        publish(h, name, (uint64_t)step + 1, MSG_LIFECYCLE);
        for (int i = 0; i < CLIENTS; i++) {
            assert_int_equal(pop_seq(&c[i]), member[i][what] ? step + 1 : 0);
            assert_int_equal(pop_seq(&c[i]), 0);
        }
    }
    for (int i = 0; i < CLIENTS; i++) subscriber_release(&c[i].sub);
    hub_free(h);
}

static void a_connection_has_a_thousand_subscriptions_at_most(void **fixture)
{
    (void)fixture;
    struct hub *h = hub_new(HUB_OUTBOX_BYTES);
    struct client a = {0};
    subscriber_init(&a.sub, h, &ops);
    struct err e;
    char name[16];
    for (int i = 0; i < HUB_MAX_SUBSCRIPTIONS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(subscriber_join(&a.sub, slice_str(name), false, &e), 0);
    }
    assert_int_equal(subscriber_join(&a.sub, SLICE_LIT("one more"), false, &e), HW_ETOOBIG);
    assert_int_equal(subscriber_join(&a.sub, SLICE_LIT("c5"), false, &e), 0);
    subscriber_release(&a.sub);
    hub_free(h);
}

static void states_are_merged_only_for_a_client_that_is_behind(void **fixture)
{
    (void)fixture;
    struct hub *h = hub_new(HUB_OUTBOX_BYTES);
    struct client fast = {0}, slow = {.behind = true};
    subscriber_init(&fast.sub, h, &ops);
    subscriber_init(&slow.sub, h, &ops);
    subscriber_join(&fast.sub, SLICE_LIT("x"), false, NULL);
    subscriber_join(&slow.sub, SLICE_LIT("x"), false, NULL);
    for (uint64_t i = 1; i <= 10; i++) publish(h, "x", i, MSG_STATE);
    for (uint64_t i = 1; i <= 10; i++) assert_int_equal(pop_seq(&fast), i);
    assert_int_equal(pop_seq(&slow), 10);
    struct hub_stats stats;
    hub_stats(h, &stats);
    assert_int_equal(stats.conflated, 9);
    subscriber_release(&fast.sub);
    subscriber_release(&slow.sub);
    hub_free(h);
}

static void what_may_not_be_dropped_and_doesnt_fit_marks_the_client_and_frees_its_memory(void **fixture)
{
    (void)fixture;
    struct hub *h = hub_new(10000);
    struct client slow = {.behind = true};
    subscriber_init(&slow.sub, h, &ops);
    subscriber_join(&slow.sub, SLICE_LIT("x"), false, NULL);
    uint64_t i = 0;
    while (!slow.sub.overflowed && i < 1000) publish(h, "x", ++i, MSG_LIFECYCLE);
    assert_true(slow.sub.overflowed);
    assert_in_range(i, 10, 200);
    assert_true(outbox_empty(&slow.sub.out));
    publish(h, "x", ++i, MSG_LIFECYCLE);
    assert_true(outbox_empty(&slow.sub.out)); // nothing is queued for it any more
    assert_int_equal(slow.woken, 2);          // for the first message and for the end
    subscriber_release(&slow.sub);
    hub_free(h);
}

static void a_client_that_isnt_behind_is_sent_to_before_it_overflows(void **fixture)
{
    (void)fixture;
    struct hub *h = hub_new(10000);
    struct client fast = {0};
    subscriber_init(&fast.sub, h, &ops);
    subscriber_join(&fast.sub, SLICE_LIT("x"), false, NULL);
    for (uint64_t i = 1; i <= 1000; i++) publish(h, "x", i, MSG_LIFECYCLE);
    assert_false(fast.sub.overflowed);
    assert_true(fast.relieved > 5);
    subscriber_release(&fast.sub);
    hub_free(h);
}

static void event_names_are_plain_words(void **fixture)
{
    (void)fixture;
    assert_true(msg_event_valid(SLICE_LIT("training:status_changed")));
    assert_false(msg_event_valid(SLICE_LIT("")));
    assert_false(msg_event_valid(SLICE_LIT("a\"b")));
    assert_false(msg_event_valid(SLICE_LIT("a b")));
    assert_false(msg_event_valid(slice_of("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_the_packet_that_every_transport_carries),
        cmocka_unit_test(the_frame_has_the_shortest_header_for_its_length),
        cmocka_unit_test(a_message_is_compressed_once_for_all),
        cmocka_unit_test(subscribers_get_what_their_channels_bring_and_nothing_else),
        cmocka_unit_test(membership_stays_right_through_any_order_of_joining_and_leaving),
        cmocka_unit_test(a_connection_has_a_thousand_subscriptions_at_most),
        cmocka_unit_test(states_are_merged_only_for_a_client_that_is_behind),
        cmocka_unit_test(what_may_not_be_dropped_and_doesnt_fit_marks_the_client_and_frees_its_memory),
        cmocka_unit_test(a_client_that_isnt_behind_is_sent_to_before_it_overflows),
        cmocka_unit_test(event_names_are_plain_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
