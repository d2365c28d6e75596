// Network traffic, from /proc/net/dev.
#ifndef HW_MONITOR_NETWORK_H
#define HW_MONITOR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "monitor/reading.h"

#define NET_NAME_SIZE 16

struct net_counters {
    char name[NET_NAME_SIZE];
    uint64_t recv_bytes, sent_bytes; // since the interface came up
};

// The owner zeroes it, and releases it with net_list_release.
struct net_list {
    struct net_counters *items;
    size_t count, cap;
};

// Replaces the list by all interfaces of the text, the loopback included. Lines that make no sense are left out.
void parse_net_dev(struct slice text, struct net_list *out);
void net_list_release(struct net_list *l);

// How an interface relates to the machine's traffic with the world.
enum net_kind {
    NET_VIRTUAL,  // loopback, bridge, bond, VLAN, tunnel, container's end: what it carries is counted elsewhere, or
                  // stays here
    NET_PLAIN,    // nothing says that it is virtual: a container's eth0, which has no hardware behind it
    NET_HARDWARE, // sysfs names its device
};

enum net_kind net_kind_by_name(struct slice name);
// By what `sys_root`/class/net says as well. Looks into folders: cache the answer.
enum net_kind net_kind(const char *sys_root, const char *name);

struct net_rates {
    char name[NET_NAME_SIZE];
    struct opt_u64 sent_bytes, recv_bytes;
    struct opt_f64 sent_rate, recv_rate; // bytes per second
};

// `before` NULL: the interface was not there at the last reading. Any step back makes the rate absent.
struct net_rates net_rates(const struct net_counters *before, const struct net_counters *now, int64_t elapsed_us);

#endif
