#include "monitor/sampler.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "monitor/cpu.h"
#include "monitor/procfile.h"

// Reading a core's frequency disturbs the core, and says little more for being exact: a few cores, now and then.
#define FREQ_CORES      8
#define FREQ_EVERY_US   5000000
#define MOUNTS_EVERY_US 60000000 // /proc says when mounts change; a copy of it in a folder doesn't
#define GPU_RETRY_US    60000000 // a driver may be loaded later

// A verdict about a device's or interface's name, kept in a map as a pointer.
enum { VERDICT_BASE = 1, VERDICTS_MAX = 1024 };

struct sampler {
    char *proc_root, *sys_root, *nvml_path, *host;
    struct buf text; // what was read last

    struct procfile stat, loadavg, meminfo, diskstats, net_dev, mounts, cpuinfo;
    struct procfile freq[FREQ_CORES];
    size_t freq_count;

    // The reading before, and the one now: they change places.
    struct cpu_stat cpu[2];
    struct disk_list disks[2];
    struct net_list nets[2];
    unsigned at; // which of the two is the newest
    bool has_before;
    int64_t last_us;

    struct map disk_verdicts, net_verdicts; // by name
    struct filesystem_list filesystems;
    int64_t mounts_us, freq_us, gpu_us; // when each was looked at last
    bool mounts_known, freq_known;
    struct opt_f64 frequency_mhz;
    struct gpu *gpu;
};

void sampler_host(const struct sampler_options *o, char *name, size_t size)
{
    char own[256] = {0};
    if (gethostname(own, sizeof own - 1) != 0 || !own[0]) snprintf(own, sizeof own, "localhost");
    snprintf(name, size, "%s", o->host ? o->host : own);
}

struct sampler *sampler_new(const struct sampler_options *o)
{
    struct sampler *s = mem_zalloc(sizeof *s);
    s->proc_root = mem_strdup(o->proc_root ? o->proc_root : "/proc");
    s->sys_root = mem_strdup(o->sys_root ? o->sys_root : "/sys");
    s->nvml_path = o->nvml_path ? mem_strdup(o->nvml_path) : NULL;
    char host[256];
    sampler_host(o, host, sizeof host);
    s->host = mem_strdup(host);
    procfile_init(&s->stat, s->proc_root, "stat");
    procfile_init(&s->loadavg, s->proc_root, "loadavg");
    procfile_init(&s->meminfo, s->proc_root, "meminfo");
    procfile_init(&s->diskstats, s->proc_root, "diskstats");
    procfile_init(&s->net_dev, s->proc_root, "net/dev");
    procfile_init(&s->mounts, s->proc_root, "self/mounts");
    procfile_init(&s->cpuinfo, s->proc_root, "cpuinfo");
    map_init(&s->disk_verdicts);
    map_init(&s->net_verdicts);
    bool wanted = !s->nvml_path || s->nvml_path[0];
    s->gpu = wanted ? gpu_open(s->nvml_path) : gpu_none_new("looking for GPUs is switched off");
    return s;
}

void sampler_free(struct sampler *s)
{
    if (!s) return;
    struct procfile *files[] = {&s->stat,    &s->loadavg, &s->meminfo, &s->diskstats,
                                &s->net_dev, &s->mounts,  &s->cpuinfo};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) procfile_release(files[i]);
    for (size_t i = 0; i < s->freq_count; i++) procfile_release(&s->freq[i]);
    for (size_t i = 0; i < 2; i++) {
        cpu_stat_release(&s->cpu[i]);
        disk_list_release(&s->disks[i]);
        net_list_release(&s->nets[i]);
    }
    filesystem_list_release(&s->filesystems);
    map_release(&s->disk_verdicts);
    map_release(&s->net_verdicts);
    gpu_free(s->gpu);
    buf_release(&s->text);
    free(s->proc_root);
    free(s->sys_root);
    free(s->nvml_path);
    free(s->host);
    free(s);
}

// ---- processor ----------------------------------------------------------------------------------------------------

// Chooses the cores whose frequency is asked for, evenly over the machine.
static void choose_freq_cores(struct sampler *s, const struct cpu_stat *st)
{
    if (s->freq_count || !st->span) return;
    size_t n = st->span < FREQ_CORES ? st->span : FREQ_CORES;
    for (size_t i = 0; i < n; i++) {
        char *name = mem_printf("devices/system/cpu/cpu%zu/cpufreq/scaling_cur_freq", i * st->span / n);
        procfile_init(&s->freq[i], s->sys_root, name);
        free(name);
    }
    s->freq_count = n;
}

static void read_frequency(struct sampler *s, const struct cpu_stat *st, int64_t mono_us)
{
    if (s->freq_known && mono_us - s->freq_us < FREQ_EVERY_US) return;
    s->freq_known = true;
    s->freq_us = mono_us;
    choose_freq_cores(s, st);
    double sum = 0;
    size_t known = 0;
    for (size_t i = 0; i < s->freq_count; i++) {
        struct opt_f64 mhz = parse_cpufreq(procfile_read(&s->freq[i], &s->text));
        if (!mhz.valid) continue;
        sum += mhz.v;
        known++;
    }
    // Virtual machines have no cpufreq; x86 then still names a frequency in cpuinfo.
    s->frequency_mhz = known ? some_f64(sum / (double)known) : parse_cpuinfo_mhz(procfile_read(&s->cpuinfo, &s->text));
}

static void read_cpu(struct sampler *s, int64_t mono_us, struct cpu_sample *out)
{
    const struct cpu_stat *before = &s->cpu[!s->at];
    struct cpu_stat *now = &s->cpu[s->at];
    parse_proc_stat(procfile_read(&s->stat, &s->text), now);
    out->percent = cpu_usage(&before->all, &now->all);
    out->count = now->online ? some_u64(now->online) : NO_U64;
    if (now->span > out->per_core_cap) {
        out->per_core = mem_realloc_array(out->per_core, now->span, sizeof *out->per_core);
        out->per_core_cap = now->span;
    }
    out->per_core_count = now->span;
    for (size_t i = 0; i < now->span; i++)
        out->per_core[i] = i < before->span ? cpu_usage(&before->cores[i], &now->cores[i]) : NO_F64;

    struct loadavg load = parse_loadavg(procfile_read(&s->loadavg, &s->text));
    out->load1 = load.load1, out->load5 = load.load5, out->load15 = load.load15;
    read_frequency(s, now, mono_us);
    out->frequency_mhz = s->frequency_mhz;
}

// ---- disks --------------------------------------------------------------------------------------------------------

static int verdict_of(struct map *cache, const char *name, int (*judge)(const char *, const char *), const char *root)
{
    void *known = map_get(cache, slice_str(name));
    if (!known) {
        // Containers come and go with ever new names of interfaces: start over rather than keep them all.
        if (cache->count >= VERDICTS_MAX) {
            map_release(cache);
            map_init(cache);
        }
        known = (void *)(intptr_t)(VERDICT_BASE + judge(root, name));
        map_put(cache, slice_str(name), known);
    }
    return (int)(intptr_t)known - VERDICT_BASE;
}

static int judge_disk(const char *root, const char *name)
{
    return disk_counts(root, name);
}

static int judge_net(const char *root, const char *name)
{
    return (int)net_kind(root, name);
}

// Devices keep their order from one reading to the next, nearly always: look at the same place first.
static const struct disk_counters *disk_before(const struct disk_list *l, const char *name, size_t hint)
{
    if (hint < l->count && strcmp(l->items[hint].name, name) == 0) return &l->items[hint];
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0) return &l->items[i];
    return NULL;
}

static void copy_filesystems(const struct filesystem_list *from, struct filesystem_list *to)
{
    filesystem_list_release(to);
    to->items = mem_array(from->count, sizeof *to->items);
    to->count = to->cap = from->count;
    for (size_t i = 0; i < from->count; i++) {
        to->items[i] = from->items[i];
        to->items[i].mount_point = mem_strdup(from->items[i].mount_point);
        to->items[i].device = mem_strdup(from->items[i].device);
    }
}

static void read_filesystems(struct sampler *s, int64_t mono_us, struct filesystem_list *out)
{
    if (!s->mounts_known || procfile_changed(&s->mounts) || mono_us - s->mounts_us >= MOUNTS_EVERY_US) {
        parse_mounts(procfile_read(&s->mounts, &s->text), &s->filesystems);
        filesystem_list_drop_files(&s->filesystems);
        s->mounts_known = true;
        s->mounts_us = mono_us;
    }
    for (size_t i = 0; i < s->filesystems.count; i++) filesystem_measure(&s->filesystems.items[i]);
    copy_filesystems(&s->filesystems, out);
}

static void read_disks(struct sampler *s, int64_t elapsed_us, struct disk_sample *out)
{
    const struct disk_list *before = &s->disks[!s->at];
    struct disk_list *now = &s->disks[s->at];
    parse_diskstats(procfile_read(&s->diskstats, &s->text), now);
    out->read_bytes = out->write_bytes = NO_U64;
    out->read_rate = out->write_rate = NO_F64;
    out->device_count = 0;
    if (now->count > out->device_cap) {
        out->devices = mem_realloc_array(out->devices, now->count, sizeof *out->devices);
        out->device_cap = now->count;
    }
    for (size_t i = 0; i < now->count; i++) {
        assert(now->items); // count is 0 otherwise
        const struct disk_counters *c = &now->items[i];
        if (!verdict_of(&s->disk_verdicts, c->name, judge_disk, s->sys_root)) continue;
        struct disk_rates r = disk_rates(disk_before(before, c->name, i), c, elapsed_us);
        sum_known_u64(&out->read_bytes, r.read_bytes);
        sum_known_u64(&out->write_bytes, r.write_bytes);
        sum_known_f64(&out->read_rate, r.read_rate);
        sum_known_f64(&out->write_rate, r.write_rate);
        out->devices[out->device_count++] = r;
    }
}

// ---- network ------------------------------------------------------------------------------------------------------

static const struct net_counters *net_before(const struct net_list *l, const char *name, size_t hint)
{
    if (hint < l->count && strcmp(l->items[hint].name, name) == 0) return &l->items[hint];
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0) return &l->items[i];
    return NULL;
}

static void read_network(struct sampler *s, int64_t elapsed_us, struct network_sample *out)
{
    const struct net_list *before = &s->nets[!s->at];
    struct net_list *now = &s->nets[s->at];
    parse_net_dev(procfile_read(&s->net_dev, &s->text), now);
    out->sent_bytes = out->recv_bytes = NO_U64;
    out->sent_rate = out->recv_rate = NO_F64;
    out->interface_count = 0;
    if (now->count > out->interface_cap) {
        out->interfaces = mem_realloc_array(out->interfaces, now->count, sizeof *out->interfaces);
        out->interface_cap = now->count;
    }
    // Where there is hardware, everything goes through it; in a container without, through what looks plain.
    enum net_kind wanted = NET_PLAIN;
    for (size_t i = 0; i < now->count; i++)
        if (verdict_of(&s->net_verdicts, now->items[i].name, judge_net, s->sys_root) == NET_HARDWARE)
            wanted = NET_HARDWARE;
    for (size_t i = 0; i < now->count; i++) {
        assert(now->items); // count is 0 otherwise
        const struct net_counters *c = &now->items[i];
        if (verdict_of(&s->net_verdicts, c->name, judge_net, s->sys_root) != (int)wanted) continue;
        struct net_rates r = net_rates(net_before(before, c->name, i), c, elapsed_us);
        sum_known_u64(&out->sent_bytes, r.sent_bytes);
        sum_known_u64(&out->recv_bytes, r.recv_bytes);
        sum_known_f64(&out->sent_rate, r.sent_rate);
        sum_known_f64(&out->recv_rate, r.recv_rate);
        out->interfaces[out->interface_count++] = r;
    }
}

// ---- GPUs ---------------------------------------------------------------------------------------------------------

static void read_gpus(struct sampler *s, int64_t mono_us, struct sample *out)
{
    bool wanted = !s->nvml_path || s->nvml_path[0];
    if (s->gpu->count == 0 && wanted && s->has_before && mono_us - s->gpu_us >= GPU_RETRY_US) {
        gpu_free(s->gpu);
        s->gpu = gpu_open(s->nvml_path);
        s->gpu_us = mono_us;
    }
    if (!s->has_before) s->gpu_us = mono_us;

    size_t count = (size_t)s->gpu->count;
    for (size_t i = count; i < out->gpu_count; i++) gpu_reading_release(&out->gpus[i]);
    if (count > out->gpu_count) {
        out->gpus = mem_realloc_array(out->gpus, count, sizeof *out->gpus);
        for (size_t i = out->gpu_count; i < count; i++) out->gpus[i] = (struct gpu_reading){0};
    }
    out->gpu_count = count;
    for (size_t i = 0; i < count; i++) {
        gpu_read(s->gpu, (int)i, &out->gpus[i]);
        gpu_mark_local(s->proc_root, &out->gpus[i]);
    }
    memcpy(out->gpu_reason, s->gpu->reason, sizeof out->gpu_reason);
}

void sampler_read(struct sampler *s, int64_t mono_us, struct sample *out)
{
    s->at = !s->at;
    int64_t elapsed_us = s->has_before ? mono_us - s->last_us : 0;
    out->host = s->host;
    read_cpu(s, mono_us, &out->cpu);
    out->memory = parse_meminfo(procfile_read(&s->meminfo, &s->text));
    read_disks(s, elapsed_us, &out->disk);
    read_filesystems(s, mono_us, &out->disk.filesystems);
    read_network(s, elapsed_us, &out->network);
    read_gpus(s, mono_us, out);
    s->last_us = mono_us;
    s->has_before = true;
}
