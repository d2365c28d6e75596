// What the processes of a job use: a job is a process group.
//
// One process_watch follows any number of groups with one walk over /proc per reading. A process that left the group
// (setsid) is not seen. Blocks on /proc only; used from one thread.
#ifndef HW_MONITOR_PROCESS_H
#define HW_MONITOR_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "monitor/reading.h"

// ---- parsers (pure) -----------------------------------------------------------------------------------------------

// /proc/PID/stat. CPU times in ticks; those of children are of the children that ended and were waited for.
struct process_stat {
    int64_t pid, ppid, pgrp;
    char state;
    uint64_t user_ticks, system_ticks, child_user_ticks, child_system_ticks;
    uint64_t start_ticks; // since boot; with the pid it names a process for good
};

bool parse_pid_stat(struct slice text, struct process_stat *out);
struct opt_u64 parse_pid_statm_rss(struct slice text); // pages

struct process_io {
    struct opt_u64 read_bytes, write_bytes; // that reached or will reach a disk; children waited for included
};

struct process_io parse_pid_io(struct slice text);

// ---- one process ---------------------------------------------------------------------------------------------------

// Its /proc/PID/stat as it is now; false: it has gone, or may not be read.
bool process_stat_read(const char *proc_root, int64_t pid, struct process_stat *out);

// ---- groups -------------------------------------------------------------------------------------------------------

struct process_watch;

// `cpu_percent` follows top(1): 100 is one core kept busy, so four busy cores are 400.
struct group_usage {
    int64_t pgid;
    size_t processes;                       // zombies not counted
    struct opt_f64 cpu_percent;             // since the last reading
    struct opt_u64 rss_bytes;               // pages shared by several processes count in each
    struct opt_u64 read_bytes, write_bytes; // since the first reading
    struct opt_f64 read_rate, write_rate;   // bytes per second since the last reading
};

struct process_watch *process_watch_new(const char *proc_root);
void process_watch_free(struct process_watch *w);

void process_watch_add(struct process_watch *w, int64_t pgid); // adding one that is followed already does nothing
void process_watch_remove(struct process_watch *w, int64_t pgid);

// Measures all groups. `mono_us` is the monotonic clock.
void process_watch_read(struct process_watch *w, int64_t mono_us);

// The last reading of a group; false if it isn't followed or was not read since it was added. Rates are absent at the
// first reading, and after something made the numbers doubtful (a counter stepped back, a process may not be read).
bool process_watch_get(const struct process_watch *w, int64_t pgid, struct group_usage *out);

#endif
