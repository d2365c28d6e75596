#include "worker/shipment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "worker/batches.h"

void shipment_begin(struct shipment *s, const char *worker_id, int64_t number)
{
    *s = (struct shipment){.body = BUF_INIT};
    snprintf(s->worker_id, sizeof s->worker_id, "%s", worker_id);
    jw_init(&s->j, &s->body);
    jw_obj(&s->j);
    jw_ki64(&s->j, "batch", number);
    jw_key(&s->j, "reports");
    jw_arr(&s->j);
}

bool shipment_takes(const struct shipment *s, const char *worker_id, const char *job_id)
{
    if (s->body.n == 0 || s->body.n >= BATCH_BYTES || strcmp(s->worker_id, worker_id) != 0) return false;
    for (int i = 0; i < s->n_jobs; i++)
        if (strcmp(s->jobs[i], job_id) == 0) return false;
    return true;
}

void shipment_add(struct shipment *s, const char *job_id, int64_t attempt, const char *lease, struct slice events)
{
    struct jw *j = &s->j;
    s->jobs = mem_realloc_array(s->jobs, (size_t)s->n_jobs + 1, sizeof *s->jobs);
    snprintf(s->jobs[s->n_jobs++], sizeof *s->jobs, "%s", job_id);
    jw_obj(j);
    jw_kstr(j, "job_id", job_id);
    jw_ki64(j, "attempt", attempt);
    jw_kstr(j, "lease", lease);
    jw_key(j, "events");
    jw_arr(j);
    jw_raw(j, events);
    jw_arr_end(j);
    jw_obj_end(j);
}

bool shipment_end(struct shipment *s, struct buf *body)
{
    if (s->body.n == 0) return false;
    jw_arr_end(&s->j);
    jw_obj_end(&s->j);
    *body = s->body;
    free(s->jobs);
    *s = (struct shipment){.body = BUF_INIT};
    return true;
}
