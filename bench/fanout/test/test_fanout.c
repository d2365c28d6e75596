// A benchmark that counts what never arrived measures nothing: the load generator's checks must see what is wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../check.h"
#include "../event.h"
#include "../latency.h"
#include "../ws_client.h"

// Two clients on one channel, four messages sent.
static void begin(struct check *c)
{
    check_init(c, 2, 1, 4);
    check_receiver(c, 0);
    check_receiver(c, 1);
    for (uint32_t n = 0; n < 4; n++) check_sent(c, n, 1000 + n);
}

static void give(struct check *c, uint32_t client, const char *numbers)
{
    for (; *numbers; numbers++) check_got(c, client, (uint64_t)(*numbers - '0'), 5000);
}

static void everything_in_order_is_fine(void **state)
{
    (void)state;
    struct check c;
    begin(&c);
    give(&c, 0, "0123");
    give(&c, 1, "012");
    assert_int_equal(c.arrived, 3);
    assert_int_equal(check_lost(&c), 1);
    give(&c, 1, "3");
    assert_int_equal(c.arrived, 4);
    assert_int_equal(c.deliveries, 8);
    assert_true(check_fine(&c));
    check_release(&c);
}

static void what_is_lost_twice_or_out_of_order_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *got;
        uint64_t lost, duplicated;
    } cases[] = {{"023", 1, 0}, {"012", 1, 0}, {"01123", 0, 1}, {"0213", 1, 1}, {"", 4, 0}, {"3", 3, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct check c;
        begin(&c);
        give(&c, 0, "0123");
        give(&c, 1, cases[i].got);
        assert_int_equal(check_lost(&c), cases[i].lost);
        assert_int_equal(c.duplicated, cases[i].duplicated);
        assert_false(check_fine(&c));
        check_release(&c);
    }
}

static void what_a_notice_explains_is_not_lost(void **state)
{
    (void)state;
    struct check c;
    begin(&c);
    give(&c, 0, "0123");
    check_conflated(&c, 2);
    give(&c, 1, "03");
    assert_int_equal(c.arrived, 4);
    assert_true(check_fine(&c));
    check_release(&c);
}

static void a_message_of_another_channel_is_wrong(void **state)
{
    (void)state;
    struct check c;
    check_init(&c, 4, 2, 4);
    for (uint32_t i = 0; i < 4; i++) check_receiver(&c, i);
    check_sent(&c, 0, 1);
    check_got(&c, 1, 0, 2); // client 1 listens on channel 1
    check_got(&c, 0, 2, 2); // not sent yet
    check_got(&c, 0, 9, 2); // nobody's
    assert_int_equal(c.corrupt, 3);
    assert_int_equal(c.deliveries, 0);
    check_release(&c);
}

static void an_event_is_read_back_wherever_it_stands(void **state)
{
    (void)state;
    static const size_t sizes[] = {EVENT_MIN, 301, 777, 2048, EVENT_MAX};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        char data[EVENT_MAX], text[EVENT_MAX + 200];
        size_t bytes = event_write(data, 123456 * s, sizes[s]);
        assert_int_equal(bytes, sizes[s]);
        int n = snprintf(text, sizeof text, "42[\"training:progress\",{\"channel\":\"c\",\"seq\":7,%.*s]",
                         (int)bytes - 1, data + 1);
        uint64_t number = 1;
        assert_int_equal(event_read(text, (size_t)n, bytes, &number), EVENT_FINE);
        assert_int_equal(number, 123456 * s);
        assert_int_equal(event_read(text, (size_t)n - 20, bytes, &number), EVENT_WRONG);
        for (int at = 60; at < n - 3; at += 13) { // one byte of the data changed
            char before = text[at];
            text[at] = before == '1' ? '2' : '1';
            if (text[at] != before) assert_int_not_equal(event_read(text, (size_t)n, bytes, &number), EVENT_FINE);
            text[at] = before;
        }
    }
    uint64_t number;
    assert_int_equal(event_read("430[{\"channel\":\"c\"}]", 19, EVENT_MIN, &number), EVENT_NONE);
}

static void frames_are_found_in_any_pieces(void **state)
{
    (void)state;
    char bytes[400];
    memset(bytes, 'x', sizeof bytes);
    bytes[0] = (char)0x81;
    bytes[1] = 126;
    bytes[2] = 1;
    bytes[3] = 0; // 256 bytes
    struct ws_in in;
    for (size_t n = 0; n < 260; n++) assert_int_equal(ws_read(bytes, n, &in), WS_PART);
    assert_int_equal(ws_read(bytes, 400, &in), WS_TEXT);
    assert_int_equal(in.n, 256);
    assert_int_equal(in.used, 260);
    bytes[1] = (char)0x81; // masked
    assert_int_equal(ws_read(bytes, 400, &in), WS_BROKEN);
    assert_int_equal(ws_read("\x89\x02hi", 4, &in), WS_PING);
    assert_int_equal(ws_write_pong(bytes, in.text, in.n), 8);
    assert_memory_equal(bytes, "\x8a\x82\0\0\0\0hi", 8);
    assert_int_equal(ws_read("\x88\x00", 2, &in), WS_CLOSED);
    assert_int_equal(ws_read("\xc1\x03\xff\xff\xff", 5, &in), WS_BROKEN); // no deflate stream
    // "Hello" compressed: the example of RFC 7692, §7.2.3.1.
    assert_int_equal(ws_read("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", 9, &in), WS_TEXT);
    assert_int_equal(in.n, 5);
    assert_memory_equal(in.text, "Hello", 5);
}

static void percentiles_are_within_two_percent(void **state)
{
    (void)state;
    static struct latency l;
    assert_true(latency_us(&l, 99) == 0);
    for (uint64_t us = 1; us <= 10000; us++) latency_add(&l, us * 1000);
    assert_in_range((uint64_t)latency_us(&l, 50), 4950, 5100);
    assert_in_range((uint64_t)latency_us(&l, 99), 9850, 10100);
    assert_int_equal(l.max_ns, 10000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_order_is_fine),
        cmocka_unit_test(what_is_lost_twice_or_out_of_order_is_seen),
        cmocka_unit_test(what_a_notice_explains_is_not_lost),
        cmocka_unit_test(a_message_of_another_channel_is_wrong),
        cmocka_unit_test(an_event_is_read_back_wherever_it_stands),
        cmocka_unit_test(frames_are_found_in_any_pieces),
        cmocka_unit_test(percentiles_are_within_two_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
