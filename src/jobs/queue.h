// The queue: every job's way from submission to its end, on the store and the emitter.
//
// All functions are called on the loop's thread and return at once. What they do is one transaction of the store;
// `done` is called later on the loop's thread (never before the function returns) and exactly once, after the commit is
// durable and its events have been published: commit, publish, acknowledge. Rows given to `done` are borrowed for the
// call. The store's poster (store_set_poster) must be set. The clock is the server's; a worker's clock decides nothing.
//
// Stopping: queue_stop (waiting claims are answered with nothing), store_close, run what was posted, queue_free.
#ifndef HW_JOBS_QUEUE_H
#define HW_JOBS_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "jobs/history_rule.h"
#include "store/jobs_table.h"
#include "store/workers_table.h"

struct emitter;
struct queue;
struct queue_names;
struct store;
struct store_tx;

struct queue_config {
    struct store *store;           // borrowed
    struct emitter *emitter;       // borrowed
    int64_t lease_us;              // 0: 15 s. A report prolongs it
    int64_t stall_grace_us;        // 0: 30 s. From a lease's end (stalled) to taking the worker for dead
    int64_t start_grace_us;        // 0: 60 s. What leases of running jobs get at least when the server starts
    struct history_rule history;   // zeros: 5 percent and 60 s
    int64_t (*now_us)(void *ctx);  // NULL: clock_now_us. Times that are stored
    int64_t (*mono_us)(void *ctx); // NULL: clock_mono_us. Rates, waiting, holding back
    // Asks for one call of queue_tick in `delay_us`; a new request replaces the one before. NULL: the caller calls
    // queue_tick every 100 ms.
    void (*arm)(void *ctx, int64_t delay_us);
    // An event was refused with that code, the `lost`-th so far: pages don't learn of it. NULL: it is only counted.
    void (*lost_event)(void *ctx, int code, int64_t lost);
    void *ctx;
};

struct queue *queue_new(const struct queue_config *config);
typedef void (*queue_done_fn)(void *ctx, int rc, const struct err *e);
// Once, before workers are served: gives leases of live jobs the grace, so that a restart of the server kills nothing.
void queue_start(struct queue *q, queue_done_fn done, void *ctx);
void queue_tick(struct queue *q); // whatever is due: leases, waiting claims, held-back updates. Cheap when nothing is
void queue_stop(struct queue *q);
void queue_free(struct queue *q);
struct history_rule queue_history_rule(const struct queue *q); // when it keeps snapshots of progress; never changes

// A program may begin phases without end: of a job with so many events only its statuses and what is asked of it are
// kept (store/job_events_table.h).
enum { JOB_EVENTS_PHASES_UNTIL = 1000 };
// Of a database that no server uses: what it says is under way isn't, for it was restored. Each such job is queued
// again if it has attempts left, ends as it would if its worker were lost, with `why` for a message, or is cancelled if
// that was asked; their leases are worth nothing from here on. How many there were. Blocks.
int queue_lose_all(struct store *s, const char *why, int *jobs, struct err *e);

// ---- submitting ---------------------------------------------------------------------------------------------------

typedef void (*queue_job_fn)(void *ctx, int rc, const struct err *e, const struct job_row *job);

struct queue_submission {
    const char *id; // id_new("job", …) by the caller, who may have needed it; NULL: the queue makes one
    const char *kind, *name, *queue, *resource_class; // name NULL: the kind; queue NULL: "default"
    const char *entity_type, *entity_id;              // or NULL
    const char *idempotency_key;                      // or NULL
    const char *output_dir;                           // or NULL
    struct slice params, spec;                        // JSON objects
    int priority, max_attempts;                       // max_attempts 0: 1
    bool determinate;                                 // progress starts at 0 rather than unknown
    int64_t not_before;                               // wall clock: not taken from the queue earlier; 0: at once
    double time_limit_seconds;                        // of one attempt; 0: none
    bool auto_retry;                                  // may try once more, changed, after OOM or TIMEOUT
    // Writes the entity's row in the same transaction, before the job's; NULL: nothing to write. (That the entity names
    // this job, and has its status, the queue writes itself.) Runs on the store's thread; `also_ctx` must live until
    // `done`. Not called when the idempotency key is known already.
    int (*also)(struct store_tx *tx, void *also_ctx, const struct job_row *job, struct err *e);
    void *also_ctx;
};

// All is copied. `existed`: a job with this idempotency key was there, and is given.
typedef void (*queue_submit_fn)(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed);
void queue_submit(struct queue *q, const struct queue_submission *s, queue_submit_fn done, void *ctx);

// A new job that names the one it retries (which must have failed or been cancelled, and not been retried:
// HW_ECONFLICT). Members of `changed` (an object, borrowed; NULL: none) replace those of params and spec. The entity's
// row, if any, is queued again and names the new job. `resume`: goes on from its newest checkpoint, if it left one.
void queue_retry(struct queue *q, const char *job_id, const json_t *changed, bool resume, queue_job_fn done, void *ctx);

// ---- attached jobs ------------------------------------------------------------------------------------------------

// A program that runs where it was called. Its job is `starting` at once and held by the worker that asks, which
// reports as any other does. Nobody else ever takes it: a lease that runs out makes it stalled, and a late report
// brings it back; only after a day of silence is it failed (WORKER_LOST). Its first metric or checkpoint makes a
// training of it.
struct queue_attachment {
    const char *kind, *name, *resource_class; // name NULL: the kind
    const char *idempotency_key;              // or NULL
    struct slice params;                      // JSON object
    int64_t pid;                              // 0: not known
};

// `existed`: an attached job with this key was there, and is given, with its lease. HW_ENOTFOUND: no such worker;
// HW_ECONFLICT: the key belongs to a job of another sort. All is copied.
typedef void (*queue_attach_fn)(void *ctx, int rc, const struct err *e, const struct job_row *job, bool existed,
                                int64_t lease_us);
void queue_attach(struct queue *q, const char *worker_id, const struct queue_attachment *a, queue_attach_fn done,
                  void *ctx);

// ---- control ------------------------------------------------------------------------------------------------------

// Cancels: at once if it was queued, else the worker is told with its next answer. HW_ECONFLICT once it has ended
// otherwise.
void queue_cancel(struct queue *q, const char *job_id, queue_job_fn done, void *ctx);
// A queued job is paused at once, a running one is asked (`control` says so until it has stopped at a safe point):
// trainings leave a checkpoint and their place, other kinds stand still. HW_ECONFLICT once it has ended, is being
// cancelled or stopped, or runs where it was called.
void queue_pause(struct queue *q, const char *job_id, queue_job_fn done, void *ctx);
// A paused job goes on: where it stands, or by way of the queue. A job that isn't paused stays as it is; HW_ECONFLICT
// once it has ended or is being cancelled.
void queue_resume(struct queue *q, const char *job_id, queue_job_fn done, void *ctx);
// Asks a job to finish early with the result it has; it then completes. HW_ECONFLICT for kinds that can't, for jobs
// that have not begun, have failed or been cancelled.
void queue_stop_early(struct queue *q, const char *job_id, queue_job_fn done, void *ctx);
// Takes a job that has ended out of the lists of failures, or puts it back.
void queue_dismiss(struct queue *q, const char *job_id, bool undo, queue_job_fn done, void *ctx);

// ---- the worker's side --------------------------------------------------------------------------------------------

// Room for jobs by class, and the queues that they may be of.
struct queue_slots {
    int gpu, cpu, io;
    const struct queue_names *queues; // borrowed; NULL: for a worker "default", for a claim its worker's
};

typedef void (*queue_worker_fn)(void *ctx, int rc, const struct err *e, const char *worker_id, int64_t lease_us);
// `replaces`: the id of a worker of the same host that is known to be dead, whose jobs are taken for lost in the same
// transaction: queued again while they have attempts left, else failed. NULL, or an unknown one: nobody.
void queue_register_worker(struct queue *q, const char *host, int64_t pid, const char *version,
                           struct queue_slots slots, const char *replaces, queue_worker_fn done, void *ctx);

// Takes jobs for the slots free now, waiting up to `wait_us` for the first: the highest priority first, queues of the
// same priority in turn, and of one queue the longest queued. `done` gets the rows (id, attempt, lease,
// kind, resource_class, spec, output_dir are what a worker needs); none when the time is over. HW_ENOTFOUND: no such
// worker.
typedef void (*queue_claim_fn)(void *ctx, int rc, const struct err *e, const struct job_row *jobs, int n);
struct queue_claim;
// The handle is valid until `done` is called.
struct queue_claim *queue_claim(struct queue *q, const char *worker_id, struct queue_slots slots, int64_t wait_us,
                                queue_claim_fn done, void *ctx);
// The claimer has gone: `done` won't be called, and what was claimed for it meanwhile is queued again at once.
void queue_claim_abandon(struct queue *q, struct queue_claim *c);

// Takes one report body {"batch":N,"reports":[…]} (docs/api/rest.md), which is read before the call returns. `answer`
// is the JSON object of the reply. HW_EINVALID and HW_EVALIDATION for a malformed body, HW_ENOTFOUND for an unknown
// worker.
typedef void (*queue_report_fn)(void *ctx, int rc, const struct err *e, struct slice answer);
void queue_report(struct queue *q, const char *worker_id, struct slice body, queue_report_fn done, void *ctx);

// A training, a model or a dataset (`type`) is gone, its deletion committed: tells whoever looks at it.
void queue_entity_deleted(struct queue *q, const char *type, const char *id, const char *job_id);

// ---- what is known beside the database ----------------------------------------------------------------------------

// One honest sentence when there is something to say ("no worker serves the class gpu", "last report 12 s ago"), else
// NULL.
const char *queue_status_text(const struct queue *q, const struct job_row *job, char *out, size_t size);
// The newest job:resources payload of a job; empty: none.
struct slice queue_job_resources(const struct queue *q, const char *job_id);
// The jobs that a worker has, as far as the queue has heard of them since the server started.
struct queue_running {
    const char *job_id;
    const char *host;       // its worker's; "": not known
    int64_t pid;            // of its process group's first process, on that host; 0 or less: not known
    struct slice resources; // as queue_job_resources; empty also when it is too old to tell
};
typedef void (*queue_running_fn)(void *ctx, const struct queue_running *job); // borrowed for the call
void queue_each_running(const struct queue *q, queue_running_fn fn, void *ctx);
// Whether a worker heard from lately serves the class (NULL: any) of the queue; whether one worker was heard from
// lately.
bool queue_served(const struct queue *q, const char *queue, const char *resource_class);
bool queue_worker_live(const struct queue *q, const char *worker_id);
// The host of a worker heard from since the server started; NULL: there is none. Valid until the queue's next call.
const char *queue_worker_host(const struct queue *q, const char *worker_id);
// Events that the emitter refused (the bus was away): what they said is in the database, nobody was told.
int64_t queue_lost_events(const struct queue *q);

#endif
