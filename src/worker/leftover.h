// What is known of the process group of a running job, and whether the group of that number that is there later is
// still the same one. Pure.
//
// A number alone proves nothing: pids are given again. What proves that a group is the job's:
//   - its leader is there and started at the recorded instant; the kernel gives no pid and no group id again while
//     either is in use; or
//   - the leader has gone, and a member that started no earlier carries the job's id and attempt in its environment.
//     (Having started later isn't enough: all of the group may have gone meanwhile, and the number gone to a new one.)
// A leader that started at another instant proves the opposite. All of it only within one boot and one pid namespace.
#ifndef HW_WORKER_LEFTOVER_H
#define HW_WORKER_LEFTOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct leftover {
    char job_id[40];
    int64_t attempt;
    int64_t pgid;         // also the leader's pid
    uint64_t start_ticks; // of the leader, since boot
    char boot_id[64], pid_namespace[64];
};

void leftover_write(const struct leftover *l, struct buf *out); // JSON
// HW_EINVALID, HW_EVALIDATION: the text isn't such a record, or one that could name a group of init or of everybody.
int leftover_read(struct slice text, struct leftover *out, struct err *e);

// Whether a process's environment (/proc/PID/environ) names the job and the attempt.
bool leftover_in_environment(const struct leftover *l, struct slice environment);

struct leftover_process {
    int64_t pid, pgrp;
    uint64_t start_ticks;
    bool ended; // a zombie
    bool says;  // leftover_in_environment
};

enum leftover_is {
    LEFTOVER_GONE,    // nothing of the group lives
    LEFTOVER_OURS,    // the recorded group
    LEFTOVER_FOREIGN, // not proven to be: the number may be somebody else's now
};

// From all processes that have the group's number as their pid or as their group. `proven`: it was ours a moment ago,
// so that what is left of it needs no proof of its own.
enum leftover_is leftover_judge(const struct leftover *l, const struct leftover_process *p, size_t n, bool proven);
// Of a group that is ours: whether this process is to be ended.
bool leftover_lives(const struct leftover *l, const struct leftover_process *p);

#endif
