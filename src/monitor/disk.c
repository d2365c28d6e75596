#include "monitor/disk.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "monitor/scan.h"

#define SECTOR_BYTES 512u

static bool parse_line(struct slice line, struct disk_counters *d)
{
    // major minor name | reads merged sectors ms | writes merged sectors ms | in flight, ms busy, weighted ms |
    // discards…
    uint64_t f[10];
    if (!scan_u64(&line, &f[0]) || !scan_u64(&line, &f[1])) return false;
    struct slice name = scan_word(&line);
    if (!name.n || name.n >= DISK_NAME_SIZE || memchr(name.p, '\0', name.n)) return false;
    // Kernels before 2.6.25 gave partitions four numbers only: they fall out here, rightly.
    for (size_t i = 0; i < 10; i++)
        if (!scan_u64(&line, &f[i])) return false;
    if (f[2] > UINT64_MAX / SECTOR_BYTES || f[6] > UINT64_MAX / SECTOR_BYTES) return false;
    *d = (struct disk_counters){.read_sectors = f[2], .write_sectors = f[6], .busy_ms = f[9]};
    memcpy(d->name, name.p, name.n);
    return true;
}

void parse_diskstats(struct slice text, struct disk_list *out)
{
    out->count = 0;
    struct slice line;
    while (scan_line(&text, &line)) {
        struct disk_counters d;
        if (!parse_line(line, &d)) continue;
        if (out->count == out->cap) {
            out->cap = out->cap ? out->cap * 2 : 16;
            out->items = mem_realloc_array(out->items, out->cap, sizeof *out->items);
        }
        out->items[out->count++] = d;
    }
}

void disk_list_release(struct disk_list *l)
{
    free(l->items);
    *l = (struct disk_list){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Devices that lie on other devices or in memory, and drives for discs.
static bool is_virtual(struct slice name)
{
    static const char *const kinds[] = {"loop", "ram", "zram", "dm-", "md", "md_d", "bcache", "drbd", "sr", "fd"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = strlen(kinds[i]);
        if (slice_starts(name, kinds[i]) && name.n > n && is_digit(name.p[n])) return true;
    }
    // One path of a multipath NVMe disk, nvme0c1n1: the disk nvme0n1 counts the same bytes.
    return slice_starts(name, "nvme") && memchr(name.p, 'c', name.n);
}

static bool is_named_like_partition(struct slice name)
{
    struct slice stem = name;
    while (stem.n && is_digit(stem.p[stem.n - 1])) stem.n--;
    if (stem.n == name.n) return false;
    // A letter and a number: a partition where disks are lettered (sda1), the disk itself where they are numbered
    // (nbd0).
    static const char *const lettered[] = {"sd", "hd", "vd", "xvd"};
    for (size_t i = 0; i < sizeof lettered / sizeof lettered[0]; i++)
        if (slice_starts(name, lettered[i])) return true;
    // A partition of a numbered disk: nvme0n1p2, mmcblk0p1.
    return stem.n >= 2 && stem.p[stem.n - 1] == 'p' && is_digit(stem.p[stem.n - 2]);
}

bool disk_name_counts(struct slice name)
{
    return !is_virtual(name) && !is_named_like_partition(name);
}

static bool folder_has_entries(const char *path)
{
    DIR *d = opendir(path);
    if (!d) return false;
    bool any = false;
    for (struct dirent *e; !any && (e = readdir(d));) any = e->d_name[0] != '.';
    closedir(d);
    return any;
}

bool disk_counts(const char *sys_root, const char *name)
{
    if (is_virtual(slice_str(name))) return false;
    char *block = mem_printf("%s/block", sys_root);
    char *own = mem_printf("%s/%s", block, name);
    // sysfs writes the '/' of old controllers' names ("cciss/c0d0") as '!'.
    for (char *c = own + strlen(block) + 1; *c; c++)
        if (*c == '/') *c = '!';
    char *slaves = mem_printf("%s/slaves", own);
    struct stat st;
    bool counts;
    if (stat(block, &st) != 0)
        counts = disk_name_counts(slice_str(name));
    else
        counts = stat(own, &st) == 0 && !folder_has_entries(slaves);
    free(block);
    free(own);
    free(slaves);
    return counts;
}

static struct opt_f64 bytes_per_second(uint64_t before, uint64_t now, int64_t elapsed_us)
{
    struct opt_f64 sectors = per_second(counter_delta(before, now, KERNEL_LONG_BITS), elapsed_us);
    return sectors.valid ? some_f64(sectors.v * SECTOR_BYTES) : NO_F64;
}

struct disk_rates disk_rates(const struct disk_counters *before, const struct disk_counters *now, int64_t elapsed_us)
{
    struct disk_rates r = {.read_bytes = some_u64(now->read_sectors * SECTOR_BYTES),
                           .write_bytes = some_u64(now->write_sectors * SECTOR_BYTES)};
    memcpy(r.name, now->name, sizeof r.name);
    if (!before) return r;
    r.read_rate = bytes_per_second(before->read_sectors, now->read_sectors, elapsed_us);
    r.write_rate = bytes_per_second(before->write_sectors, now->write_sectors, elapsed_us);
    struct opt_f64 busy = per_second(counter_delta(before->busy_ms, now->busy_ms, 32), elapsed_us);
    if (busy.valid) r.busy_percent = some_f64(busy.v / 10 > 100 ? 100 : busy.v / 10);
    return r;
}
