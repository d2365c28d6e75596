#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "api/system.h"
#include "base/mem.h"
#include "jobs/attribution.h"
#include "jobs/queue.h"

struct found {
    const char *host; // the machine's; NULL: not read yet
    struct attribution_job *jobs;
    json_t **held;
    int n;
};

// A job of another host, or of one that isn't known, has no part in this machine's load.
static void take(void *ctx, const struct queue_running *job)
{
    struct found *f = ctx;
    struct err ignored = {0};
    if (!f->host || strcmp(job->host, f->host) != 0) return;
    size_t n = (size_t)f->n + 1;
    f->jobs = mem_realloc_array(f->jobs, n, sizeof *f->jobs);
    f->held = mem_realloc_array(f->held, n, sizeof *f->held);
    json_t *resources = job->resources.n ? json_read_object(job->resources, &ignored) : NULL;
    f->held[f->n] = resources;
    f->jobs[f->n++] = (struct attribution_job){job->job_id, resources};
}

static json_t *readings(const struct system_provider *p)
{
    struct buf text = BUF_INIT;
    struct err ignored = {0};
    struct jw w;
    if (!p) return NULL;
    jw_init(&w, &text);
    bool known = p->metrics(p->ctx, NULL, &w);
    json_t *system = known ? json_read_object(buf_slice(&text), &ignored) : NULL;
    buf_release(&text);
    return system;
}

void machine_load_write(struct jw *w, const struct resources *api)
{
    json_t *system = readings(api->system);
    struct found f = {.host = json_string_value(json_object_get(json_object_get(system, "system/cpu"), "host"))};
    queue_each_running(api->queue, take, &f);
    attribution_write(w, system, f.jobs, f.n);
    for (int i = 0; i < f.n; i++) json_decref(f.held[i]);
    free(f.held);
    free(f.jobs);
    json_decref(system);
}
