#include "fixture.h"

#include "monitor/network.h"

static void net_dev_lists_every_interface(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct net_list l = {0};
    parse_net_dev(fixture(&b, "workstation-6.12/proc/net/dev"), &l);
    assert_int_equal(l.count, 8);
    assert_string_equal(l.items[1].name, "enp5s0");
    assert_int_equal(l.items[1].recv_bytes, 8123412331);
    assert_int_equal(l.items[1].sent_bytes, 912331233);
    net_list_release(&l);
    buf_release(&b);
}

static void net_dev_of_an_old_kernel_has_no_blank_after_the_name(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct net_list l = {0};
    parse_net_dev(fixture(&b, "server-2.6.32/proc/net/dev"), &l);
    assert_int_equal(l.count, 3);
    assert_string_equal(l.items[1].name, "eth0");
    assert_int_equal(l.items[1].recv_bytes, 3912331233);
    parse_net_dev(slice_str("eth0:1: 5 0 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n"), &l);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.items[0].name, "eth0:1");
    assert_int_equal(l.items[0].sent_bytes, 6);
    net_list_release(&l);
    buf_release(&b);
}

static void net_dev_nonsense_gives_nothing(void **state)
{
    (void)state;
    struct net_list l = {0};
    parse_net_dev(slice_str("eth0 1 2 3 4 5 6 7 8 9\n: 1 2 3 4 5 6 7 8 9\neth0: 1 2 3\n"
                            "a-name-that-is-too-long: 1 2 3 4 5 6 7 8 9\neth0: 1 2 3 4 5 6 7 8 99999999999999999999\n"
                            "eth1: 1 2 3 4 5 6 7 8 9"),
                  &l);
    assert_int_equal(l.count, 0);
    net_list_release(&l);
}

static void interfaces_with_hardware_are_told_from_virtual_ones(void **state)
{
    (void)state;
    const char *sys = FIXTURES "workstation-6.12/sys";
    assert_int_equal(net_kind(sys, "enp5s0"), NET_HARDWARE);
    assert_int_equal(net_kind(sys, "wlp4s0"), NET_HARDWARE);
    assert_int_equal(net_kind(sys, "lo"), NET_VIRTUAL);
    assert_int_equal(net_kind(sys, "docker0"), NET_VIRTUAL);
    assert_int_equal(net_kind(sys, "veth3fa91c2"), NET_VIRTUAL);
    assert_int_equal(net_kind(sys, "enp5s0.40"), NET_VIRTUAL);
    assert_int_equal(net_kind(sys, "wg0"), NET_VIRTUAL);
    assert_int_equal(net_kind("/nonexistent", "eth0"), NET_PLAIN);
    assert_int_equal(net_kind("/nonexistent", "br0"), NET_VIRTUAL);
    assert_int_equal(net_kind("/nonexistent", "bond0"), NET_VIRTUAL);
}

static void rates_are_bytes_per_second_and_absent_after_a_reset(void **state)
{
    (void)state;
    struct net_counters a = {"eth0", 1000, 5000}, b = {"eth0", 3000, 4000};
    struct net_rates r = net_rates(&a, &b, 2000000);
    assert_f64(r.recv_rate, 1000);
    assert_absent(r.sent_rate);
    assert_u64(r.sent_bytes, 4000);
    assert_absent(net_rates(NULL, &b, 2000000).recv_rate);
    assert_absent(net_rates(&a, &b, -1).recv_rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(net_dev_lists_every_interface),
        cmocka_unit_test(net_dev_of_an_old_kernel_has_no_blank_after_the_name),
        cmocka_unit_test(net_dev_nonsense_gives_nothing),
        cmocka_unit_test(interfaces_with_hardware_are_told_from_virtual_ones),
        cmocka_unit_test(rates_are_bytes_per_second_and_absent_after_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
