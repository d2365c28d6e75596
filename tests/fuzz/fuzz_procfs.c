// Every parser of src/monitor, and the history's packing, on any bytes: the first byte chooses.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/cgroup.h"
#include "monitor/cpu.h"
#include "monitor/disk.h"
#include "monitor/filesystem.h"
#include "monitor/history_codec.h"
#include "monitor/memory.h"
#include "monitor/network.h"
#include "monitor/process.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

static void fuzz_cpu(struct slice text)
{
    struct cpu_stat st = {0};
    parse_proc_stat(text, &st);
    size_t present = 0;
    for (size_t i = 0; i < st.span; i++) present += st.cores[i].present;
    CHECK(present == st.online && st.span <= CPU_MAX);
    for (size_t i = 0; i < st.span; i++) {
        struct opt_f64 u = cpu_usage(&st.all, &st.cores[i]);
        CHECK(!u.valid || (u.v >= 0 && u.v <= 100));
    }
    cpu_stat_release(&st);
    (void)parse_loadavg(text);
    (void)parse_cpufreq(text);
    struct opt_f64 mhz = parse_cpuinfo_mhz(text);
    CHECK(!mhz.valid || mhz.v > 0);
}

static void fuzz_memory(struct slice text)
{
    struct memory_sample m = parse_meminfo(text);
    CHECK(!m.used.valid || m.used.v <= m.total.v);
    CHECK(!m.swap_used.valid || m.swap_used.v <= m.swap_total.v);
}

static void fuzz_disk(struct slice text)
{
    struct disk_list l = {0};
    parse_diskstats(text, &l);
    for (size_t i = 0; i < l.count; i++) {
        CHECK(strlen(l.items[i].name) > 0);
        (void)disk_name_counts(slice_str(l.items[i].name));
        struct disk_rates r = disk_rates(&l.items[0], &l.items[i], 1000000);
        CHECK(!r.busy_percent.valid || r.busy_percent.v <= 100);
    }
    disk_list_release(&l);
}

static void fuzz_network(struct slice text)
{
    struct net_list l = {0};
    parse_net_dev(text, &l);
    for (size_t i = 0; i < l.count; i++) {
        (void)net_kind_by_name(slice_str(l.items[i].name));
        (void)net_rates(&l.items[0], &l.items[i], 1000000);
    }
    net_list_release(&l);
}

static void fuzz_mounts(struct slice text)
{
    struct filesystem_list l = {0};
    parse_mounts(text, &l);
    for (size_t i = 0; i < l.count; i++) CHECK(l.items[i].mount_point[0] == '/');
    filesystem_list_release(&l);
}

static void fuzz_process(struct slice text)
{
    struct process_stat st;
    if (parse_pid_stat(text, &st)) CHECK(st.pid >= 0 && st.pgrp >= 0 && st.ppid >= 0);
    (void)parse_pid_statm_rss(text);
    (void)parse_pid_io(text);
}

static void fuzz_cgroup(struct slice text)
{
    struct slice s;
    if (parse_cgroup_path(text, &s)) CHECK(s.n && s.p[0] == '/' && !slice_starts(s, "/.."));
    if (parse_cgroup_mount(text, &s)) CHECK(s.n && s.p[0] == '/');
    (void)parse_oom_kill(text);
}

// What was packed comes back, whatever it is, as long as it has no control characters.
static void fuzz_codec(struct slice text)
{
    char *clean = mem_dup(text.p, text.n);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)clean[i] < 0x20) clean[i] = '0';
    struct buf shape = BUF_INIT, joined = BUF_INIT;
    struct numbers n = {0};
    codec_split(slice_of(clean, text.n), &shape, &n);
    codec_join(buf_slice(&shape), n.v, n.n, &joined);
    CHECK(slice_eq(buf_slice(&joined), slice_of(clean, text.n)));
    int64_t v;
    for (struct slice in = text; codec_get(&in, &v);) continue;
    buf_release(&shape);
    buf_release(&joined);
    numbers_release(&n);
    free(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct slice) = {fuzz_cpu,    fuzz_memory,  fuzz_disk,  fuzz_network,
                                                    fuzz_mounts, fuzz_process, fuzz_codec, fuzz_cgroup};
    if (size == 0) return 0;
    targets[data[0] % (sizeof targets / sizeof targets[0])](slice_of(data + 1, size - 1));
    return 0;
}
