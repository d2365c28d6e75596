// DELETE /models/{id} and /datasets/{id}, for downloads that came to nothing. The row goes first, then the folder: a
// server that is killed between the two leaves bytes behind, never a row without its files.
#include <stdlib.h>
#include <string.h>

#include "api/entity.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/queue.h"
#include "net/loop.h"

struct removal {
    struct resource_op op;
    const struct entity_type *type;
    char id[ID_SIZE], job_id[ID_SIZE];
    char *folder; // heap
    bool kept;    // it couldn't be removed
};

static int refuse(const struct entity_type *t, const char *id, const struct entity_download *d, struct err *e)
{
    if (d->job_id[0] && (strcmp(d->status, "failed") == 0 || strcmp(d->status, "cancelled") == 0)) return 0;
    return err_set(e, HW_ECONFLICT, "the %s %s is %s: only a download that failed or was cancelled can be removed",
                   t->name, id, d->status);
}

static int remove_row(struct store_tx *tx, void *ctx, struct err *e)
{
    struct removal *r = ctx;
    const char *id = request_param(r->op.req, "id");
    void *row = mem_zalloc(r->type->row_size);
    struct entity_download d;
    r->type->init(row);
    int rc = r->type->get(tx, id, row, e);
    if (!rc) {
        r->type->download(row, &d);
        rc = refuse(r->type, id, &d, e);
    }
    if (!rc) {
        snprintf(r->id, sizeof r->id, "%s", id);
        snprintf(r->job_id, sizeof r->job_id, "%s", d.job_id);
        rc = r->type->remove(tx, id, e);
    }
    r->type->release(row);
    free(row);
    return rc;
}

static void write_removed(struct resource_op *op, struct jw *w)
{
    const struct removal *r = (const struct removal *)op;
    jw_obj(w);
    jw_kstr(w, "id", r->id);
    jw_kstr(w, "files_kept", r->kept ? r->folder : NULL);
    jw_obj_end(w);
}

static void release(struct resource_op *op)
{
    free(((struct removal *)op)->folder);
}

// On a pool thread: what had come may be gigabytes in many files.
static void remove_files(void *arg)
{
    struct removal *r = arg;
    struct err e;
    r->kept = file_remove_tree(r->folder, &e) != 0;
    if (r->kept) log_warn("api", "what had come of %s stays: %s", r->id, e.message);
}

static void answer(void *arg)
{
    op_answer(arg, NULL);
}

static void dismissed(void *ctx, int rc, const struct err *e, const struct job_row *job)
{
    struct removal *r = ctx;
    (void)job;
    // Its failure then stays listed, with a job that says what it was for.
    if (rc && rc != HW_ENOTFOUND) log_warn("api", "the job %s stays listed: %s", r->job_id, e->message);
    loop_work(request_loop(r->op.req), remove_files, answer, r);
}

static void removed(void *ctx, int rc, const struct err *e)
{
    struct removal *r = ctx;
    if (rc) {
        op_answer(&r->op, e);
        return;
    }
    queue_entity_deleted(r->op.api->queue, r->type->name, r->id, r->job_id);
    r->folder = mem_printf("%s/%ss/%s", r->op.api->data_dir, r->type->name, r->id);
    queue_dismiss(r->op.api->queue, r->job_id, false, dismissed, r);
}

void entity_remove_download(struct resources *api, struct request *req, const struct entity_type *t)
{
    struct removal *r = op_new(api, req, sizeof *r);
    r->type = t;
    r->op.write = write_removed;
    r->op.release = release;
    store_write(api->store, remove_row, removed, r);
}
