// A client's outbox: order, conflation and its explanation, the bound.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hub/outbox.h"

#define NO_LIMIT SIZE_MAX

static uint64_t next_seq;

static void push_at(struct outbox *o, const char *channel, const char *event, enum msg_class cls, bool conflate)
{
    struct msg *m = msg_new(slice_str(channel), slice_str(event), SLICE_LIT("e"), ++next_seq, 0, SLICE_LIT("{}"), cls);
    assert_true(outbox_push(o, m, conflate, NO_LIMIT));
    msg_unref(m);
}

static void state(struct outbox *o, const char *channel, bool conflate)
{
    push_at(o, channel, "x:progress", MSG_STATE, conflate);
}

// Takes the next message out: it must be this seq, after this many merged ones.
static void expect(struct outbox *o, uint64_t seq, uint32_t conflated)
{
    struct outbox_entry e = outbox_pop(o);
    assert_non_null(e.msg);
    assert_int_equal(msg_seq(e.msg), seq);
    assert_int_equal(e.conflated, conflated);
    msg_unref(e.msg);
}

static void expect_empty(struct outbox *o)
{
    assert_true(outbox_empty(o));
    assert_null(outbox_pop(o).msg);
    assert_int_equal(o->bytes, 0);
    assert_null(o->entries); // memory is given back
}

static int reset(void **fixture)
{
    (void)fixture;
    next_seq = 0;
    return 0;
}

static void messages_come_out_in_the_order_they_went_in(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    for (int i = 0; i < 100; i++) state(&o, "a", false);
    for (uint64_t i = 1; i <= 50; i++) expect(&o, i, 0);
    for (int i = 0; i < 100; i++) state(&o, "a", false);
    for (uint64_t i = 51; i <= 200; i++) expect(&o, i, 0);
    expect_empty(&o);
}

static void a_state_takes_the_place_of_the_unsent_one_of_its_channel_and_event(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    state(&o, "a", true);                           // 1
    state(&o, "b", true);                           // 2
    push_at(&o, "a", "y:metrics", MSG_STATE, true); // 3
    state(&o, "a", true);                           // 4 replaces 1
    state(&o, "a", true);                           // 5 replaces 4
    expect(&o, 2, 0);
    expect(&o, 3, 1); // the gap before 3 is said before 3
    expect(&o, 5, 1);
    expect_empty(&o);
}

static void a_merged_state_is_explained_before_the_channels_next_event_whatever_that_is(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    state(&o, "a", true);                               // 1
    push_at(&o, "b", "b:created", MSG_LIFECYCLE, true); // 2
    push_at(&o, "a", "a:created", MSG_LIFECYCLE, true); // 3
    state(&o, "a", true);                               // 4 replaces 1
    expect(&o, 2, 0);
    expect(&o, 3, 1);
    expect(&o, 4, 0);
    expect_empty(&o);
}

static void counts_of_merged_states_add_up(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    for (int i = 0; i < 1000; i++) state(&o, "a", true);
    expect(&o, 1000, 999);
    expect_empty(&o);
}

static void lifecycle_messages_are_never_merged(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    for (int i = 0; i < 10; i++) push_at(&o, "a", "a:completed", MSG_LIFECYCLE, true);
    for (uint64_t i = 1; i <= 10; i++) expect(&o, i, 0);
    expect_empty(&o);
}

static void beyond_its_bound_nothing_is_added(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    struct msg *m = msg_new(SLICE_LIT("a"), SLICE_LIT("e"), SLICE_LIT("e"), 1, 0, SLICE_LIT("{}"), MSG_LIFECYCLE);
    size_t limit = 3 * msg_bytes(m);
    for (int i = 0; i < 3; i++) assert_true(outbox_push(&o, m, false, limit));
    assert_false(outbox_push(&o, m, false, limit));
    assert_int_equal(o.bytes, limit);
    outbox_clear(&o);
    assert_true(outbox_push(&o, m, false, 1)); // alone it is always taken
    outbox_clear(&o);
    expect_empty(&o);
    msg_unref(m);
}

static void a_hole_at_the_front_doesnt_hide_what_follows(void **fixture)
{
    (void)fixture;
    struct outbox o = {0};
    state(&o, "a", true);
    for (int i = 0; i < 40; i++) {
        push_at(&o, "b", "b:created", MSG_LIFECYCLE, true);
        state(&o, "a", true);
    }
    assert_int_equal(o.n - o.holes, 41);
    for (uint64_t i = 0; i < 40; i++) expect(&o, 2 + 2 * i, 0);
    assert_non_null(outbox_peek(&o));
    expect(&o, 81, 40);
    expect_empty(&o);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        T(messages_come_out_in_the_order_they_went_in),
        T(a_state_takes_the_place_of_the_unsent_one_of_its_channel_and_event),
        T(a_merged_state_is_explained_before_the_channels_next_event_whatever_that_is),
        T(counts_of_merged_states_add_up),
        T(lifecycle_messages_are_never_merged),
        T(beyond_its_bound_nothing_is_added),
        T(a_hole_at_the_front_doesnt_hide_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
