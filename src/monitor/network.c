#include "monitor/network.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "monitor/scan.h"

static bool parse_line(struct slice line, struct net_counters *c)
{
    // "  eth0: 210171142 4701 …": eight numbers received, eight sent. Old kernels put no blank after the colon, and an
    // alias has a colon of its own ("eth0:1"), so the last one ends the name.
    const char *colon = line.n ? memrchr(line.p, ':', line.n) : NULL;
    if (!colon) return false;
    struct slice name = slice_trim(slice_of(line.p, (size_t)(colon - line.p)));
    struct slice rest = slice_of(colon + 1, line.n - (size_t)(colon + 1 - line.p));
    if (!name.n || name.n >= NET_NAME_SIZE || memchr(name.p, '\0', name.n)) return false;
    uint64_t f[9];
    for (size_t i = 0; i < 9; i++)
        if (!scan_u64(&rest, &f[i])) return false;
    *c = (struct net_counters){.recv_bytes = f[0], .sent_bytes = f[8]};
    memcpy(c->name, name.p, name.n);
    return true;
}

void parse_net_dev(struct slice text, struct net_list *out)
{
    out->count = 0;
    struct slice line;
    while (scan_line(&text, &line)) {
        struct net_counters c;
        if (!parse_line(line, &c)) continue;
        if (out->count == out->cap) {
            out->cap = out->cap ? out->cap * 2 : 8;
            out->items = mem_realloc_array(out->items, out->cap, sizeof *out->items);
        }
        out->items[out->count++] = c;
    }
}

void net_list_release(struct net_list *l)
{
    free(l->items);
    *l = (struct net_list){0};
}

enum net_kind net_kind_by_name(struct slice name)
{
    static const char *const virtuals[] = {"veth",    "docker", "br-",  "virbr",  "vnet",   "tap",   "tun",
                                           "wg",      "ifb",    "bond", "team",   "dummy",  "vlan",  "cali",
                                           "flannel", "cni",    "lxc",  "lxd",    "cilium", "vxlan", "macvtap",
                                           "podman",  "sit",    "gre",  "ip6tnl", "tunl",   "kube"};
    if (slice_is(name, "lo") || memchr(name.p, '.', name.n) || memchr(name.p, ':', name.n)) return NET_VIRTUAL;
    // br0, br1…
    if (slice_starts(name, "br") && name.n > 2 && name.p[2] >= '0' && name.p[2] <= '9') return NET_VIRTUAL;
    for (size_t i = 0; i < sizeof virtuals / sizeof virtuals[0]; i++)
        if (slice_starts(name, virtuals[i])) return NET_VIRTUAL;
    return NET_PLAIN;
}

enum net_kind net_kind(const char *sys_root, const char *name)
{
    if (strchr(name, '/')) return NET_VIRTUAL;
    char *device = mem_printf("%s/class/net/%s/device", sys_root, name);
    bool hardware = access(device, F_OK) == 0;
    free(device);
    return hardware ? NET_HARDWARE : net_kind_by_name(slice_str(name));
}

struct net_rates net_rates(const struct net_counters *before, const struct net_counters *now, int64_t elapsed_us)
{
    struct net_rates r = {.sent_bytes = some_u64(now->sent_bytes), .recv_bytes = some_u64(now->recv_bytes)};
    memcpy(r.name, now->name, sizeof r.name);
    if (!before) return r;
    // 64 bits wide on every kernel since 2.6.36.
    r.sent_rate = per_second(counter_delta(before->sent_bytes, now->sent_bytes, 64), elapsed_us);
    r.recv_rate = per_second(counter_delta(before->recv_bytes, now->recv_bytes, 64), elapsed_us);
    return r;
}
