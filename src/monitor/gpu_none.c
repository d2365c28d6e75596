#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "monitor/gpu.h"

static void none_read(struct gpu *g, int index, struct gpu_reading *out)
{
    (void)g;
    out->index = index;
    out->process_count = 0;
}

static void none_free(struct gpu *g)
{
    free(g);
}

struct gpu *gpu_none_new(const char *reason)
{
    static const struct gpu_ops ops = {none_read, none_free};
    struct gpu *g = mem_zalloc(sizeof *g);
    g->ops = &ops;
    snprintf(g->reason, sizeof g->reason, "%s", reason);
    return g;
}

struct gpu *gpu_open(const char *library)
{
    char reason[GPU_REASON_SIZE];
    struct gpu *g = gpu_nvml_open(library, reason, sizeof reason);
    return g ? g : gpu_none_new(reason);
}

void gpu_reading_release(struct gpu_reading *r)
{
    free(r->processes);
    *r = (struct gpu_reading){0};
}
