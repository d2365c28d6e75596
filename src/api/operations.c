// Operations: every job of every kind in one state, with what a dashboard's card needs.
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jobs/job_json.h"
#include "jobs/queue.h"

static const int64_t WORKER_SEEN_US = 60 * 1000000LL; // workers heard from in the last minute are listed

struct operations {
    struct resource_op op;
    struct page page;
    struct job_filter filter;
    struct job_row *rows;
    struct training_row *trainings; // for each row; id "" where there is none
    int n;
    bool more;
    struct job_counts counts;
    struct job_queue_count *queued; // by queue and class
    int n_queued;
    struct worker_row *workers;
    int n_workers;
};

static int read_trainings(struct operations *o, struct store_tx *tx, struct err *e)
{
    o->trainings = mem_array((size_t)o->n + 1, sizeof *o->trainings);
    for (int i = 0; i < o->n; i++) training_row_init(&o->trainings[i]);
    for (int i = 0; i < o->n; i++) {
        const struct job_row *j = &o->rows[i];
        if (!j->entity_type || strcmp(j->entity_type, "training") != 0) continue;
        int rc = training_row_get(tx, j->entity_id, &o->trainings[i], e);
        if (rc && rc != HW_ENOTFOUND) return rc;
    }
    return 0;
}

static int read_operations(struct resource_op *op, struct store_tx *tx, struct err *e)
{
    struct operations *o = (struct operations *)op;
    int rc = job_rows_list(tx, &o->filter, &o->page, &o->rows, &o->n, &o->more, e);
    if (!rc) rc = read_trainings(o, tx, e);
    if (!rc) rc = job_counts_read(tx, &o->counts, e);
    if (!rc) rc = job_queue_counts_read(tx, &o->queued, &o->n_queued, e);
    if (!rc) rc = worker_rows_list(tx, clock_now_us() - WORKER_SEEN_US, &o->workers, &o->n_workers, e);
    return rc;
}

static void write_counts(struct jw *w, const struct job_counts *c)
{
    jw_obj(w);
    jw_ki64(w, "queued", c->queued);
    jw_ki64(w, "starting", c->starting);
    jw_ki64(w, "running", c->running);
    jw_ki64(w, "paused", c->paused);
    jw_ki64(w, "stalled", c->stalled);
    jw_ki64(w, "cancelling", c->cancelling);
    jw_ki64(w, "failed", c->failed);
    jw_ki64(w, "finished", c->finished);
    jw_obj_end(w);
}

// Queued jobs that nobody is there to run.
static void write_unserved(struct jw *w, const struct operations *o)
{
    jw_arr(w);
    for (int i = 0; i < o->n_queued; i++) {
        const struct job_queue_count *c = &o->queued[i];
        if (queue_served(o->op.api->queue, c->queue, c->resource_class)) continue;
        jw_obj(w);
        jw_kstr(w, "queue", c->queue);
        jw_kstr(w, "resource_class", c->resource_class);
        jw_ki64(w, "jobs", c->jobs);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void write_operation(struct jw *w, struct resources *api, const struct job_row *row,
                            const struct training_row *t)
{
    char text[160];
    struct slice resources = queue_job_resources(api->queue, row->id);
    jw_obj(w);
    job_json_members(w, row, queue_status_text(api->queue, row, text, sizeof text));
    if (resources.n)
        jw_kraw(w, "resources", resources);
    else
        jw_knull(w, "resources");
    if (t->id[0]) {
        jw_key(w, "training");
        training_json(w, t);
    }
    jw_obj_end(w);
}

// One without slots is a program that reports its own job.
static bool takes_jobs(const struct worker_row *w)
{
    return w->slots_gpu + w->slots_cpu + w->slots_io > 0;
}

static void write_operations(struct resource_op *op, struct jw *w)
{
    const struct operations *o = (struct operations *)op;
    jw_obj(w);
    jw_key(w, "items");
    jw_arr(w);
    for (int i = 0; i < o->n; i++) write_operation(w, op->api, &o->rows[i], &o->trainings[i]);
    jw_arr_end(w);
    char cursor[PAGE_CURSOR_SIZE];
    if (o->more) page_cursor_format(o->rows[o->n - 1].created_at, o->rows[o->n - 1].id, cursor);
    jw_kstr(w, "next_cursor", o->more ? cursor : NULL);
    jw_key(w, "counts");
    write_counts(w, &o->counts);
    jw_key(w, "unserved");
    write_unserved(w, o);
    jw_key(w, "workers");
    jw_arr(w);
    for (int i = 0; i < o->n_workers; i++)
        if (takes_jobs(&o->workers[i]))
            worker_json(w, &o->workers[i], queue_worker_live(op->api->queue, o->workers[i].id));
    jw_arr_end(w);
    jw_key(w, "resources");
    machine_load_write(w, op->api);
    jw_ktime(w, "server_time", clock_now_us());
    jw_obj_end(w);
}

static void release_operations(struct resource_op *op)
{
    struct operations *o = (struct operations *)op;
    for (int i = 0; o->trainings && i < o->n; i++) training_row_release(&o->trainings[i]);
    free(o->trainings);
    job_rows_free(o->rows, o->n);
    job_queue_counts_free(o->queued, o->n_queued);
    worker_rows_free(o->workers, o->n_workers);
}

static void operations_list(struct request *req, void *ctx)
{
    const char *state = request_query(req, "state");
    struct page page;
    if (!state) state = "active";
    if (strcmp(state, "active") != 0 && strcmp(state, "failed") != 0 && strcmp(state, "finished") != 0) {
        request_fail(req, HW_EVALIDATION, "state", "state must be active, failed or finished, not \"%s\"", state);
        return;
    }
    if (!op_page(req, &page)) return;
    struct operations *o = op_new(ctx, req, sizeof *o);
    o->page = page;
    o->filter = (struct job_filter){.state = state};
    o->op.read = read_operations;
    o->op.write = write_operations;
    o->op.release = release_operations;
    op_read(&o->op);
}

void operations_register(struct resources *r, struct router *router)
{
    static const struct route routes[] = {{"GET", "/api/v1/operations", operations_list}};
    router_add(router, routes, sizeof routes / sizeof *routes, r);
}
