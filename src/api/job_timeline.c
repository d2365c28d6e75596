// GET /jobs/{id}/timeline: what happened to a job, in order.
#include "api/resources.h"
#include "jobs/queue.h"
#include "store/job_events_table.h"

struct timeline {
    struct resource_op op;
    struct job_row job;
    struct job_event_row *rows;
    int n;
};

static int read_timeline(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct timeline *t = (struct timeline *)op;
    int rc = job_row_get(tx, request_param(op->req, "id"), &t->job, e);
    return rc ? rc : job_events_list(tx, t->job.id, &t->rows, &t->n, e);
}

static void write_timeline(struct resource_op *op, struct jw *w)
{
    const struct timeline *t = (struct timeline *)op;
    jw_obj(w);
    jw_kstr(w, "job_id", t->job.id);
    jw_key(w, "items");
    jw_arr(w);
    for (int i = 0; i < t->n; i++) {
        const struct job_event_row *r = &t->rows[i];
        jw_obj(w);
        jw_ki64(w, "seq", r->seq);
        jw_ktime(w, "at", r->at);
        jw_ki64(w, "attempt", r->attempt);
        jw_kstr(w, "event", r->event);
        jw_kstr(w, "name", r->name);
        jw_kstr(w, "text", r->text);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_kbool(w, "phases_left_out", t->job.event_seq >= JOB_EVENTS_PHASES_UNTIL);
    jw_obj_end(w);
}

static void release_timeline(struct resource_op *op)
{
    struct timeline *t = (struct timeline *)op;
    job_events_free(t->rows, t->n);
    job_row_release(&t->job);
}

void job_timeline_get(struct request *req, void *resources)
{
    struct timeline *t = op_new(resources, req, sizeof *t);
    job_row_init(&t->job);
    t->op.read = read_timeline;
    t->op.write = write_timeline;
    t->op.release = release_timeline;
    op_read(&t->op);
}
