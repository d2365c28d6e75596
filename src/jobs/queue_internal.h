// Shared by the queue's files. Not for others.
//
// Two threads, and what each owns: the store's writing thread runs the transactions and owns `live` (how far each
// running job is); the loop's thread owns everything else. A transaction leaves behind a list of changes, which the
// loop publishes once it is committed.
#ifndef HW_JOBS_QUEUE_INTERNAL_H
#define HW_JOBS_QUEUE_INTERNAL_H

#include "base/list.h"
#include "base/map.h"
#include "events/emitter.h"
#include "jobs/history_rule.h"
#include "jobs/progress.h"
#include "jobs/queue.h"
#include "jobs/queue_names.h"
#include "jobs/run_times.h"
#include "jobs/state.h"
#include "jobs/usage.h"
#include "jobs/wire.h"
#include "store/metric_batch.h"
#include "store/models_table.h"
#include "store/store.h"
#include "store/trainings_table.h"

#define QUEUE_LEASE_US          15000000LL
#define QUEUE_STALL_GRACE_US    30000000LL
#define QUEUE_START_GRACE_US    60000000LL
#define QUEUE_ATTACHED_GRACE_US 86400000000LL // the same of an attached job: its host may have slept
#define QUEUE_WORKER_LIVE_US    45000000LL    // a worker not heard from for longer serves nothing
#define QUEUE_PROGRESS_GAP_US   50000LL       // progress events of one job at most so often
#define QUEUE_SUMMARY_GAP_US    500000LL      // operation:updated of one job at most so often

enum { LEASE_TOKEN = 24 }; // characters of a lease: who knows them holds the job

struct queue {
    struct queue_config cfg;
    bool stopped;
    struct list claims;       // struct queue_claim, waiting or under way
    struct map workers;       // id → struct known_worker
    struct map shown;         // job id → struct shown; jobs that haven't ended
    bool lease_check;         // a check of the leases is under way
    bool store_away;          // the last one couldn't be made: the database was away
    int64_t lease_not_before; // wall clock
    bool delay_check;         // jobs whose time has come are being released
    int64_t next_due;         // wall clock: when the next of those that wait may be taken; INT64_MAX: none waits
    int64_t lost_events;      // refused by the emitter
    struct map turns;         // "queue/class" → when a job of it was last taken, counted; the store's thread
    uintptr_t turn;           // the last one; the store's thread
    struct map live;          // job id → struct live; the store's thread
};

int64_t queue_now(const struct queue *q);
int64_t queue_mono(const struct queue *q);
void queue_rearm(struct queue *q); // after anything that may bring the next due time forward

// ---- changes: what a transaction made of one job (queue_change.c) -------------------------------------------------

struct change_log {
    int64_t seq, ts_us;
    char stream[8];
    char *text;
    size_t n;
};

// What is kept of a job's way (queue_events.c).
struct change_event {
    const char *event;
    int attempt;
    char name[64];
    char text[512]; // "": nothing is said
};

enum change_entity { ENTITY_NONE, ENTITY_TRAINING, ENTITY_EXTRACTION, ENTITY_DATASET, ENTITY_MODEL };

struct change {
    struct list node;
    struct job_row job; // as committed
    bool created;
    bool status_changed;
    char previous[16]; // status before; "" if created
    bool progressed;   // worth a progress event
    bool ready;        // queued, and its time has come
    double reported;   // of a change that ended the job: the percentage that the job itself had reached
    struct change_log *logs;
    int n_logs;
    struct change_event *events;
    int n_events;
    struct checkpoint_row *checkpoints;
    int n_checkpoints;
    struct metric_batch metrics; // not yet written
    char *resources;             // JSON or NULL
    enum change_entity entity;
    bool entity_created; // by this very change
    struct training_row training;
    struct extraction_row extraction;
    struct dataset_row dataset;
    struct model_row model;
    struct ev_layer *layers;
    int n_layers;
    double learning_rate; // as reported
};

// Reads the job into a new change at the list's end. HW_ENOTFOUND.
int change_read(struct store_tx *tx, struct list *changes, const char *job_id, struct change **out, struct err *e);
struct change *change_new(struct list *changes); // with an empty row
void change_free(struct change *c);
void changes_free(struct list *changes);
void change_log(struct change *c, int64_t ts_us, const char *stream, struct slice text); // gives it the row's next seq
void set_text(char **text, const char *value);                                           // a copy; NULL: NULL
void *grow_array(void *items, int n, size_t size);                                       // room for one more than n
enum job_status row_status(const struct job_row *r);

// Applies an event of the state machine to the row; remembers the status before. HW_ECONFLICT.
int change_apply(struct change *c, enum job_event ev, struct err *e);
// A job that was claimed but never started goes back to the queue; that doesn't use up an attempt. Cancelling ones end.
int change_return(struct change *c, struct err *e);
// After it: nobody holds it, nothing is done. A pause that was asked for meanwhile is kept: the job is paused then.
int change_requeue(struct change *c, int64_t now, struct err *e);
int change_unclaim(struct change *c, int64_t now, struct err *e); // the same after change_return: what was done stays
int change_write_metrics(struct store_tx *tx, struct change *c, struct err *e); // and the sums of their curves
void change_forget_pace(struct change *c);                                      // it has none while it stands still
int change_freeze(struct change *c, struct err *e); // its process stands still: paused, and held
// A queued job, or one whose process has ended at a checkpoint, is paused: nobody holds it. A resume that was asked for
// meanwhile queues it again at once. Not for a job that is being cancelled: it stays as it is.
int change_pause(struct change *c, int64_t now, struct err *e);
int change_resume(struct change *c, int64_t now, struct err *e); // goes on, or is queued again if it has no process
void change_end(struct change *c, int64_t now);                  // after it: ended, nobody holds it
void change_fail(struct change *c, const char *type, const char *message); // the error's fields and what to try
// After change_fail: makes the job queued again if it is to be tried again by itself. False: it isn't, and the row is
// as it was (queue_retry.c).
bool change_try_again(struct change *c, int64_t now);
// `text` with the members of `changed` (NULL: none) in place of its own. Both are JSON objects.
int params_merge(const char *text, const char *changed, char **out, struct err *e);
int change_commit(struct store_tx *tx, struct change *c, int64_t now, struct err *e); // writes row, logs and entity

// ---- the way of a job (queue_events.c) ----------------------------------------------------------------------------

// Takes note of an event, to be stored with the change: "status", "phase" or "asked". `text` NULL: nothing is said.
void change_event(struct change *c, const char *event, const char *name, const char *text);
// Says why, of the last one.
void change_event_why(struct change *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Stores them; before the row is written, which says since when and how many.
int change_store_events(struct store_tx *tx, struct change *c, int64_t now, struct err *e);

// ---- attached jobs (queue_attach.c) -------------------------------------------------------------------------------

// Gives an attached job that has no entity a training, of which only what is known is said. Any other job: nothing.
int attached_training(struct store_tx *tx, struct change *c, int64_t now, struct err *e);
// Whether its progress counts steps; else a metric's step is the only one known.
bool attached_counts_steps(const struct job_row *job);
void attached_training_steps(struct training_row *t, const struct job_row *job);

int change_store_logs(struct store_tx *tx, struct change *c, struct err *e); // queue_logs.c: its lines, within bounds

// ---- entities (queue_entity.c) ------------------------------------------------------------------------------------

// Makes the job's entity name this job, in the state of one just queued. HW_ENOTFOUND; HW_ECONFLICT if another job is
// at work on it.
int entity_attach(struct store_tx *tx, struct change *c, int64_t now, struct err *e);
int entity_check(struct store_tx *tx, const struct job_row *job, struct err *e); // HW_ENOTFOUND: it was deleted
int entity_load(struct store_tx *tx, struct change *c,
                struct err *e); // into the change; none, or another job's: ENTITY_NONE
int entity_store(struct store_tx *tx, struct change *c, int64_t now,
                 struct err *e); // brings it up to the job, and writes

// ---- running jobs (queue_live.c), on the store's thread -----------------------------------------------------------

// What the history of progress knows of the attempt (queue_history.c).
struct live_history {
    bool loaded;    // what the database has of it has been looked for
    bool runs;      // now: its time is counted
    bool awaits;    // it goes on from a checkpoint and hasn't said from where: its first snapshot waits for that
    bool under_job; // the snapshots are the job's own, and not an entity's
    struct history_last last;
    struct run_times times;
    int64_t counted_us; // up to when (monotonic)
    double percent;     // as of then
    char phase[32];
    struct usage_mark used; // as of the last snapshot
};

struct live {
    char job_id[ID_SIZE];
    int attempt;
    int64_t reported_at; // the row's last_report_at, if the report that was counted last is committed
    struct progress progress;
    double learning_rate;
    bool aggregate; // rows over all layers are reported
    struct ev_layer *layers;
    int n_layers;
    struct usage usage; // over all attempts
    struct live_history history;
};

struct live *live_get(struct queue *q, const struct job_row *r); // made from the row if none fits it
void live_drop(struct queue *q, const char *job_id);
// The layer's newest values; *first: the first of this attempt.
struct ev_layer *live_layer(struct live *l, int layer_idx, bool *first);
void live_to_row(const struct live *l, struct job_row *r);
void live_release(struct queue *q);

// One event of a report. 0 also for what is ignored; an error is the database's.
int report_apply(struct store_tx *tx, struct change *c, struct live *l, const struct wire_event *ev, int64_t now,
                 int64_t mono, struct err *e);

// ---- the history of progress (queue_history.c), on the store's thread ----------------------------------------------

// After a report was applied, before it is committed: counts the time, and keeps a snapshot if one is due.
int history_report(struct queue *q, struct store_tx *tx, const struct change *c, struct live *l, int64_t now,
                   int64_t mono, struct err *e);
// The attempt has ended without a report: its last snapshot. Before the row is made ready for the next attempt;
// `status` is how it ended.
int history_end(struct queue *q, struct store_tx *tx, const struct change *c, const char *status, int64_t now,
                struct err *e);

// ---- what the loop knows of jobs under way (queue_publish.c) ------------------------------------------------------

struct shown {
    char job_id[ID_SIZE];
    int64_t lease_until;              // 0: nobody holds it
    struct change *last;              // the newest; NULL before the first
    int64_t progress_us, summary_us;  // when each was last sent (monotonic), 0: never
    bool progress_held, summary_held; // something newer waits for the gap to pass
    char *resources;
    bool measured;       // readings of this start have come
    int64_t estimate_us; // when to say what is expected instead (monotonic); 0: not
};

// Takes note of a change that is about to become the newest; on the loop's thread (queue_resources.c).
void resources_watch(struct shown *s, const struct change *c, int64_t mono);
char *resources_estimate(const struct job_row *r); // the payload of job:resources; the caller frees
char *resources_nothing(const struct job_row *r);  // of a job without a process

// Publishes what was committed, in order; takes the changes. Wakes claims for jobs that are queued now.
void queue_publish(struct queue *q, struct list *changes);
void queue_publish_held(struct queue *q, int64_t mono);
int64_t queue_publish_due(const struct queue *q); // INT64_MAX: nothing is held
void shown_release(struct queue *q);
struct shown *shown_get(struct queue *q, const char *job_id);

// ---- claims (queue_claim.c) and workers (queue_workers.c) --------------------------------------------------------

struct known_worker {
    struct queue_slots slots; // without its queues
    struct queue_names queues;
    char host[256];  // "": not known
    int64_t seen_us; // monotonic
    int waiting;     // claims that wait now
};

void queue_worker_seen(struct queue *q, const struct worker_row *w);
void queue_wake_claims(struct queue *q, const char *queue, const char *resource_class);
void queue_claims_tick(struct queue *q, int64_t mono);
int64_t queue_claims_due(const struct queue *q);
void queue_claims_stop(struct queue *q);
void queue_workers_release(struct queue *q);
// The next to run of a class among the queues, in turn (queue_pick.c), on the store's thread. HW_ENOTFOUND: none.
int queue_pick(struct queue *q, struct store_tx *tx, const struct queue_names *queues, const char *resource_class,
               struct job_row *r, struct err *e);
void queue_turns_release(struct queue *q);

// ---- delays (queue_delay.c) ---------------------------------------------------------------------------------------

void queue_note_due(struct queue *q, int64_t not_before); // a job waits until then
void queue_delays_tick(struct queue *q, int64_t now);
int64_t queue_delays_due(const struct queue *q); // wall clock; INT64_MAX: none

// ---- leases (queue_lease.c) ---------------------------------------------------------------------------------------

void queue_leases_tick(struct queue *q, int64_t now);
int64_t queue_leases_due(const struct queue *q); // wall clock; INT64_MAX: none
// A worker is known to be dead: what it holds is stalled and lost at once, as if the lease and the grace had passed.
int leases_of_dead(struct queue *q, struct store_tx *tx, struct list *changes, const char *worker_id, int64_t now,
                   struct err *e);

#endif
