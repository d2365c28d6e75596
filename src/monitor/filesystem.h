// The filesystems that hold the machine's files, and how full they are.
#ifndef HW_MONITOR_FILESYSTEM_H
#define HW_MONITOR_FILESYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "monitor/reading.h"

struct filesystem {
    char *mount_point; // owned by the list
    char *device;      // owned by the list
    // Bytes, as of the last filesystem_measure. `free` is what an ordinary user may still write, which is less than
    // total - used where blocks are reserved; `percent` is used / (used + free), like df(1).
    struct opt_u64 total, used, free;
    struct opt_f64 percent;
};

// The owner zeroes it, and releases it with filesystem_list_release.
struct filesystem_list {
    struct filesystem *items;
    size_t count, cap;
};

// Replaces the list by the filesystems of a text like /proc/self/mounts (pure; measures nothing):
// - local ones that hold files on disks, and a container's root; no memory, kernel, image or network filesystem;
// - each device once, at its shortest mount point;
// - none that is covered by, or reached through, a network mount: asking about it would hang with the network.
void parse_mounts(struct slice text, struct filesystem_list *out);
void filesystem_list_release(struct filesystem_list *l);

// Asks the kernel (statvfs); may block on a failing disk. What it refuses to tell is absent.
void filesystem_measure(struct filesystem *f);

// Drops mount points that are no folders (a container's /etc/hosts is a mount of its own). Asks the kernel.
void filesystem_list_drop_files(struct filesystem_list *l);

#endif
