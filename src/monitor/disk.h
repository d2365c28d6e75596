// Disk traffic, from /proc/diskstats.
#ifndef HW_MONITOR_DISK_H
#define HW_MONITOR_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "monitor/reading.h"

#define DISK_NAME_SIZE 32

// One line of /proc/diskstats, since the machine started.
struct disk_counters {
    char name[DISK_NAME_SIZE];
    uint64_t read_sectors, write_sectors; // of 512 bytes, whatever the device's own sector is
    uint64_t busy_ms;                     // 32 bits wide in the kernel: wraps after 49 days of work
};

// The owner zeroes it, and releases it with disk_list_release.
struct disk_list {
    struct disk_counters *items;
    size_t count, cap;
};

// Replaces the list by all devices of the text, partitions included. Lines that make no sense are left out.
void parse_diskstats(struct slice text, struct disk_list *out);
void disk_list_release(struct disk_list *l);

// Whether a device is one whose traffic counts: a whole disk. Partitions, and what lies on other devices or in memory
// (loop, ram, zram, dm, md, bcache, drbd), would count the same bytes twice; optical and floppy drives are left out
// too. By the name alone; tells partitions only by the usual naming.
bool disk_name_counts(struct slice name);
// By what `sys_root` says as well: only whole disks have a folder in block/, and stacked ones have something in its
// slaves/. Reads folders: cache the answer.
bool disk_counts(const char *sys_root, const char *name);

struct disk_rates {
    char name[DISK_NAME_SIZE];
    struct opt_u64 read_bytes, write_bytes; // since the machine started
    struct opt_f64 read_rate, write_rate;   // bytes per second
    struct opt_f64 busy_percent;            // share of the time with at least one request under way
};

// `before` NULL: the device was not there at the last reading. Any step back makes the rate absent.
struct disk_rates disk_rates(const struct disk_counters *before, const struct disk_counters *now, int64_t elapsed_us);

#endif
