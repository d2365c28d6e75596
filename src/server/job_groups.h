// Which job a process group of some host is, as it was when the list was made.
#ifndef HW_SERVER_JOB_GROUPS_H
#define HW_SERVER_JOB_GROUPS_H

#include <stdint.h>

struct job_group;

// Who the process groups of jobs under way are; called on the loop's thread.
struct monitor_jobs {
    void (*each)(void *ctx, void (*add)(void *to, const char *host, int64_t pgid, const char *job_id), void *to);
    void *ctx;
};

// Zeroed, it is empty.
struct job_groups {
    struct job_group *items;
    int n;
};

void job_groups_list(struct job_groups *g, struct monitor_jobs jobs); // an empty one; on the loop's thread
void job_groups_release(struct job_groups *g);
const char *job_groups_find(const struct job_groups *g, const char *host, int64_t pgid); // the job's id, or NULL

#endif
