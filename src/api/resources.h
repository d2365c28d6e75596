// The REST resources: models, datasets, extractions, trainings, jobs, operations, workers. One file each; every handler
// is a row of its file's table. docs/api/rest.md is their contract.
#ifndef HW_API_RESOURCES_H
#define HW_API_RESOURCES_H

#include "base/json.h"
#include "http/request.h"
#include "http/router.h"
#include "store/page.h"
#include "store/store.h"

struct queue;
struct system_provider;
struct emitter;

// What the handlers work on; lives as long as the server. Borrowed pointers.
struct resources {
    struct store *store;
    struct queue *queue;
    struct emitter *emitter;
    const char *data_dir;                 // absolute
    const char *task_program;             // path of headway-task
    const char *hub;                      // where models and datasets are downloaded from: HF_ENDPOINT
    const struct system_provider *system; // the machine's readings; NULL: none
    void (*removal)(void *ctx);           // a training was deleted: its rows are to be removed soon
    void *removal_ctx;
};

void resources_register(struct resources *r, struct router *router);

// ---- what the resource files share (api/resource_op.c) ------------------------------------------------------------

// One request's work on the store: `read` on a store thread, then `write` on the loop's. Embed it first in a struct
// with what the two share; memory is the request's (op_new).
struct resource_op {
    struct resources *api;
    struct request *req;
    // Reads into the op. A negative code becomes the error answer. NULL: nothing to read.
    int (*read)(struct resource_op *op, struct store_tx *tx, struct err *e);
    // Writes the answer's JSON.
    void (*write)(struct resource_op *op, struct jw *w);
    // Frees what `read` made; called in every case. NULL: nothing.
    void (*release)(struct resource_op *op);
    int status; // of a success; 0: 200
};

// Zeroed, `size` bytes (at least sizeof(struct resource_op)); takes a reference to the request.
void *op_new(struct resources *api, struct request *req, size_t size);
void op_read(struct resource_op *op);  // runs op->read in a read, then answers
void op_write(struct resource_op *op); // the same in a write transaction
// Answers now (on the loop's thread) and gives up the op. `e`: the error, or NULL for op->write's answer.
void op_answer(struct resource_op *op, const struct err *e);

// `limit` and `cursor` of the query. On a mistake the request is answered and false returned.
bool op_page(struct request *req, struct page *p);
// {"items":[ … ],"next_cursor":…}: begins and ends it.
void op_list_begin(struct jw *w);
void op_list_end(struct jw *w, bool more, int64_t last_created_at, const char *last_id);

// ---- submitting (api/submit.c) ------------------------------------------------------------------------------------

// Checks `body` (a job kind's parameters, the ids it works on, and name, priority, queue, max_attempts,
// idempotency_key), queues the job with its entity's row and answers 201 with the entity (or the job, if `answer_job`),
// or the error. Takes a copy of what it needs.
void submit_job(struct resources *api, struct request *req, const char *kind, const json_t *body, bool answer_job);
// Checks the same body in the same way, queues nothing, and answers 200 with what the job would take. Only for kinds
// that tell it.
void submit_estimate(struct resources *api, struct request *req, const char *kind, const json_t *body);
// On a store thread, in a read: whether such a job, with these parameters and ids, would be taken now. Kinds that can't
// be submitted are.
int submit_would_take(struct resources *api, struct store_tx *tx, const char *kind, const json_t *params,
                      struct err *e);
// The same as submit_job with the request's JSON body and the {id} of its path as the member `id_key`.
void submit_with_id(struct resources *api, struct request *req, const char *kind, const char *id_key, bool answer_job);

// POST /models and /datasets with a repo_id rather than a path: submits the download, answers with the model or
// dataset, and returns true. False: the body is of another sort, and nothing was done.
bool submit_download(struct resources *api, struct request *req, const char *kind);

// ---- whose the machine's load is (api/machine_load.c) -------------------------------------------------------------

// Writes the value of "resources" of GET /operations: the shares of the jobs that run on the server's host.
void machine_load_write(struct jw *w, const struct resources *api);

// ---- the way of a job (api/job_timeline.c)
// ---------------------------------------------------------------------------

void job_timeline_get(struct request *req, void *resources);

// ---- curves (api/training_metrics.c) --------------------------------------------------------------------------------

void training_metrics_get(struct request *req, void *resources);
void training_curves_get(struct request *req, void *resources); // api/training_curves.c

// ---- workers (api/worker_machine.c) ---------------------------------------------------------------------------------

void worker_machine_report(struct request *req, void *resources);

// ---- the resources' registration, for resources_register ----------------------------------------------------------

void models_register(struct resources *r, struct router *router);
void datasets_register(struct resources *r, struct router *router);
void extractions_register(struct resources *r, struct router *router);
void trainings_register(struct resources *r, struct router *router);
void jobs_register(struct resources *r, struct router *router);
void operations_register(struct resources *r, struct router *router);
void workers_register(struct resources *r, struct router *router);
void progress_history_register(struct resources *r, struct router *router);

#endif
