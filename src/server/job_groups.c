#include "server/job_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

struct job_group {
    char host[256], job_id[ID_SIZE];
    int64_t pgid;
};

static void add(void *to, const char *host, int64_t pgid, const char *job_id)
{
    struct job_groups *l = to;
    l->items = mem_realloc_array(l->items, (size_t)l->n + 1, sizeof *l->items);
    struct job_group *g = &l->items[l->n++];
    *g = (struct job_group){.pgid = pgid};
    snprintf(g->host, sizeof g->host, "%s", host);
    snprintf(g->job_id, sizeof g->job_id, "%s", job_id);
}

void job_groups_list(struct job_groups *g, struct monitor_jobs jobs)
{
    jobs.each(jobs.ctx, add, g);
}

void job_groups_release(struct job_groups *g)
{
    free(g->items);
    *g = (struct job_groups){0};
}

const char *job_groups_find(const struct job_groups *g, const char *host, int64_t pgid)
{
    for (int i = 0; i < g->n; i++)
        if (g->items[i].pgid == pgid && strcmp(g->items[i].host, host) == 0) return g->items[i].job_id;
    return NULL;
}
