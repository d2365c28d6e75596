// The in-process bus: places in a channel, history, snapshots, bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "bus/bus.h"

struct seen {
    uint64_t seqs[4096];
    int n;
    struct buf events;
};

static void see(void *ctx, struct msg *m)
{
    struct seen *s = ctx;
    if (s->n < 4096) s->seqs[s->n++] = msg_seq(m);
    buf_add_slice(&s->events, msg_event(m));
    buf_add_char(&s->events, ' ');
}

static int64_t publish(struct bus *b, const char *channel, const char *event, enum msg_class cls)
{
    return b->ops->publish(b, slice_str(channel), slice_str(event), SLICE_LIT("{\"v\":1}"), cls);
}

static void seq_counts_from_one_in_each_channel_and_delivery_precedes_the_return(void **fixture)
{
    (void)fixture;
    static struct seen seen;
    struct bus *b = bus_memory_new(BUS_LIMITS_DEFAULT);
    b->deliver = see;
    b->deliver_ctx = &seen;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(publish(b, "a", "x", MSG_STATE), i);
        assert_int_equal(seen.n, i);
        assert_int_equal(seen.seqs[i - 1], i);
    }
    assert_int_equal(publish(b, "b", "x", MSG_STATE), 1);
    char epoch[17];
    uint64_t seq;
    b->ops->position(b, SLICE_LIT("a"), epoch, &seq);
    assert_int_equal(seq, 3);
    assert_int_equal(strlen(epoch), 16);
    b->ops->position(b, SLICE_LIT("never published"), epoch, &seq);
    assert_int_equal(seq, 0);
    b->ops->free(b);
    buf_release(&seen.events);
}

static void history_brings_exactly_what_came_after(void **fixture)
{
    (void)fixture;
    struct bus *b = bus_memory_new(BUS_LIMITS_DEFAULT);
    char epoch[17];
    uint64_t seq;
    b->ops->position(b, SLICE_LIT("a"), epoch, &seq); // before the first event: holds afterwards
    for (int i = 0; i < 20; i++) publish(b, "a", "x", MSG_STATE);
    for (uint64_t since = 0; since <= 20; since++) {
        struct seen seen = {0};
        assert_true(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), since, see, &seen));
        assert_int_equal(seen.n, 20 - since);
        for (int i = 0; i < seen.n; i++) assert_int_equal(seen.seqs[i], since + 1 + (uint64_t)i);
        buf_release(&seen.events);
    }
    struct seen none = {0};
    assert_false(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 21, see, &none));
    assert_false(b->ops->history(b, SLICE_LIT("a"), SLICE_LIT("another epoch 00"), 3, see, &none));
    assert_int_equal(none.n, 0);
    b->ops->free(b);
}

static void what_fell_out_of_the_history_is_said(void **fixture)
{
    (void)fixture;
    struct bus_limits limits = BUS_LIMITS_DEFAULT;
    limits.channel_messages = 10;
    struct bus *b = bus_memory_new(limits);
    for (int i = 0; i < 100; i++) publish(b, "a", "x", MSG_STATE);
    char epoch[17];
    uint64_t seq;
    b->ops->position(b, SLICE_LIT("a"), epoch, &seq);
    struct seen seen = {0};
    assert_false(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 89, see, &seen));
    assert_int_equal(seen.n, 0);
    assert_true(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 90, see, &seen));
    assert_int_equal(seen.n, 10);
    buf_release(&seen.events);
    b->ops->free(b);
}

static void history_is_bounded_in_bytes_and_in_age(void **fixture)
{
    (void)fixture;
    struct bus_limits limits = BUS_LIMITS_DEFAULT;
    limits.channel_bytes = 1000;
    struct bus *b = bus_memory_new(limits);
    for (int i = 0; i < 100; i++) publish(b, "a", "x", MSG_LIFECYCLE);
    char epoch[17];
    uint64_t seq;
    b->ops->position(b, SLICE_LIT("a"), epoch, &seq);
    struct seen seen = {0};
    assert_false(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 80, see, &seen));
    assert_true(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 98, see, &seen));
    b->ops->free(b);
    buf_release(&seen.events);

    limits = BUS_LIMITS_DEFAULT;
    limits.age_us = -1000000; // everything is too old at once
    b = bus_memory_new(limits);
    publish(b, "a", "x", MSG_STATE);
    b->ops->position(b, SLICE_LIT("a"), epoch, &seq);
    assert_int_equal(seq, 1);
    assert_false(b->ops->history(b, SLICE_LIT("a"), slice_str(epoch), 0, see, &seen));
    struct seen kept = {0};
    b->ops->snapshot(b, SLICE_LIT("a"), see, &kept);
    assert_int_equal(kept.n, 1); // the state outlives the history
    buf_release(&kept.events);
    b->ops->free(b);
}

static void the_snapshot_has_the_newest_of_each_state_event(void **fixture)
{
    (void)fixture;
    struct bus *b = bus_memory_new(BUS_LIMITS_DEFAULT);
    publish(b, "a", "p", MSG_STATE);
    publish(b, "a", "q", MSG_STATE);
    publish(b, "a", "done", MSG_LIFECYCLE);
    publish(b, "a", "p", MSG_STATE);
    struct seen seen = {0};
    b->ops->snapshot(b, SLICE_LIT("a"), see, &seen);
    assert_string_equal(buf_cstr(&seen.events), "p q ");
    assert_int_equal(seen.seqs[0], 4);
    assert_int_equal(seen.seqs[1], 2);
    buf_release(&seen.events);
    b->ops->free(b);
}

// However many channels there ever were, memory stays below the bound, and no (epoch, seq) is given twice.
static void in_total_the_longest_unused_channels_go_first_and_their_epoch_with_them(void **fixture)
{
    (void)fixture;
    struct bus_limits limits = BUS_LIMITS_DEFAULT;
    limits.total_bytes = 100000;
    struct bus *b = bus_memory_new(limits);
    publish(b, "first", "x", MSG_STATE);
    char before[17], after[17];
    uint64_t seq;
    b->ops->position(b, SLICE_LIT("first"), before, &seq);
    char name[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "c%d", i);
        publish(b, name, "x", MSG_STATE);
        publish(b, "busy", "x", MSG_STATE);
    }
    struct seen seen = {0};
    b->ops->snapshot(b, SLICE_LIT("first"), see, &seen);
    assert_int_equal(seen.n, 0);
    b->ops->position(b, SLICE_LIT("first"), after, &seq);
    assert_int_equal(seq, 0);
    assert_string_not_equal(before, after);
    assert_false(b->ops->history(b, SLICE_LIT("first"), slice_str(before), 0, see, &seen));
    b->ops->position(b, SLICE_LIT("busy"), after, &seq);
    assert_int_equal(seq, 5000); // in use all the time: never dropped
    buf_release(&seen.events);
    b->ops->free(b);
}

static void names_are_checked(void **fixture)
{
    (void)fixture;
    char longest[202];
    memset(longest, 'a', 201);
    longest[201] = 0;
    assert_false(bus_channel_valid(slice_str(longest)));
    assert_true(bus_channel_valid(slice_of(longest, 200)));
    const char *good[] = {"a", "operations", "system/cpu", "system/gpu/0", "trainings/trn_1.x:y-z/progress"};
    const char *bad[] = {"", "/", "a/", "/a", "a//b", "a/b/c/d", "a b", "a/\xc3\xa4", "a\"", "a/b\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(bus_channel_valid(slice_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(bus_channel_valid(slice_str(bad[i])));

    struct bus *b = bus_memory_new(BUS_LIMITS_DEFAULT);
    assert_int_equal(publish(b, "a b", "x", MSG_STATE), HW_EINVALID);
    assert_int_equal(publish(b, "a", "x y", MSG_STATE), HW_EINVALID);
    assert_int_equal(b->ops->publish(b, SLICE_LIT("a"), SLICE_LIT("x"), SLICE_LIT("[]"), MSG_STATE), HW_EINVALID);
    b->ops->free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_counts_from_one_in_each_channel_and_delivery_precedes_the_return),
        cmocka_unit_test(history_brings_exactly_what_came_after),
        cmocka_unit_test(what_fell_out_of_the_history_is_said),
        cmocka_unit_test(history_is_bounded_in_bytes_and_in_age),
        cmocka_unit_test(the_snapshot_has_the_newest_of_each_state_event),
        cmocka_unit_test(in_total_the_longest_unused_channels_go_first_and_their_epoch_with_them),
        cmocka_unit_test(names_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
