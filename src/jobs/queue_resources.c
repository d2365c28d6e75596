// What jobs under way use, as the loop knows it: the newest reading of each, and when to say what is expected instead.
#include <string.h>

#include "base/mem.h"
#include "jobs/estimate.h"
#include "jobs/queue_internal.h"

// A worker's first reading comes with the start; who hasn't sent one by then sends none.
#define ESTIMATE_AFTER_US 3000000LL

struct slice queue_job_resources(const struct queue *q, const char *job_id)
{
    const struct shown *s = map_get(&q->shown, slice_str(job_id));
    return slice_str(s ? s->resources : NULL);
}

static bool same_phase(const struct change *a, const struct change *b)
{
    const char *x = a->job.phase ? a->job.phase : "", *y = b->job.phase ? b->job.phase : "";
    return strcmp(x, y) == 0;
}

// A job that was measured stays so, however long its readings are apart; one that starts again may do so elsewhere.
void resources_watch(struct shown *s, const struct change *c, int64_t mono)
{
    enum job_status status = row_status(&c->job);
    bool runs = status == JOB_STARTING || status == JOB_RUNNING;
    if (status == JOB_QUEUED) s->measured = false;
    s->measured = s->measured || c->resources;
    if (!runs || s->measured)
        s->estimate_us = 0;
    else if (!s->estimate_us && (!s->last || c->status_changed || !same_phase(s->last, c)))
        s->estimate_us = mono + ESTIMATE_AFTER_US;
}

char *resources_estimate(const struct job_row *r)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    estimate_write(&w, r->id, estimate_expected(r->kind, r->resource_class, r->phase));
    char *text = mem_strdup(buf_cstr(&b));
    buf_release(&b);
    return text;
}

char *resources_nothing(const struct job_row *r)
{
    struct buf b = BUF_INIT;
    struct jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "job_id", r->id);
    jw_kstr(&w, "source", "measured");
    jw_ki64(&w, "processes", 0);
    static const char *const readings[] = {"cpu_percent", "rss_bytes", "read_bytes_per_s", "write_bytes_per_s"};
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) jw_ki64(&w, readings[i], 0);
    jw_key(&w, "gpus");
    jw_arr(&w);
    jw_arr_end(&w);
    jw_obj_end(&w);
    char *text = mem_strdup(buf_cstr(&b));
    buf_release(&b);
    return text;
}

// A stalled job's last reading is old, and an estimate is about a job that works.
static struct slice reading_now(const struct shown *s, enum job_status status)
{
    bool works = status == JOB_STARTING || status == JOB_RUNNING;
    if (status == JOB_STALLED || (!s->measured && !works)) return (struct slice){0};
    return slice_str(s->resources);
}

void queue_each_running(const struct queue *q, queue_running_fn fn, void *ctx)
{
    size_t at = 0;
    for (struct map_entry *it; (it = map_next(&q->shown, &at)) != NULL;) {
        const struct shown *s = it->value;
        if (!s->last) continue;
        const struct job_row *r = &s->last->job;
        enum job_status status = row_status(r);
        if (status == JOB_QUEUED || job_is_final(status) || !s->lease_until) continue; // it has no process
        const struct known_worker *k = map_get(&q->workers, slice_str(r->worker_id));
        struct queue_running job = {
            .job_id = r->id, .host = k ? k->host : "", .pid = r->pid, .resources = reading_now(s, status)};
        fn(ctx, &job);
    }
}
