// How often the kernel has killed a process of our control group for want of memory. cgroup v2 alone: under v1, or
// where the memory controller isn't v2's, or outside of any group, it is not known. Nothing is created or changed.
#ifndef HW_MONITOR_CGROUP_H
#define HW_MONITOR_CGROUP_H

#include "base/buf.h"
#include "base/slice.h"
#include "monitor/procfile.h"
#include "monitor/reading.h"

// ---- parsers (pure) -----------------------------------------------------------------------------------------------

// /proc/self/cgroup: the path of the v2 group ("/" and on). False: there is none, or a v1 hierarchy has the memory
// controller, or it lies outside of what is mounted here ("/../other").
bool parse_cgroup_path(struct slice text, struct slice *path);
// /proc/self/mounts: where the v2 hierarchy is mounted. False: nowhere, or at a name with escapes.
bool parse_cgroup_mount(struct slice text, struct slice *mount_point);
// memory.events: the count oom_kill.
struct opt_u64 parse_oom_kill(struct slice text);

// ---- counting (pure) ----------------------------------------------------------------------------------------------

// Which process a kill hit isn't told. So each kill explains one end, and only for a while: one that is older than two
// looks explains none.
struct oom_count {
    struct opt_u64 explained; // up to here all is accounted for
    struct opt_u64 looked;    // at the last look
};

void oom_count_begin(struct oom_count *c, struct opt_u64 now); // what was before explains nothing
void oom_count_look(struct oom_count *c, struct opt_u64 now);  // from time to time
// A process was killed and we don't know by whom. True: one of the kernel's kills explains it, and is used up.
bool oom_count_explains(struct oom_count *c, struct opt_u64 now);

// ---- the group that this process is in ----------------------------------------------------------------------------

struct oom_watch {
    struct procfile events; // memory.events
    struct buf text;
    bool known; // there is such a file
    struct oom_count count;
};

// Finds the group once. `proc_root`: "/proc"; `root` is put before the mount point: "".
void oom_watch_init(struct oom_watch *w, const char *proc_root, const char *root);
void oom_watch_release(struct oom_watch *w);
void oom_watch_begin(struct oom_watch *w);
void oom_watch_look(struct oom_watch *w);
bool oom_watch_explains(struct oom_watch *w); // false also when it isn't known

#endif
