// Periodic tasks: each a name, a schedule and a function that runs on a thread of its own.
//
// - One run of a task at a time, started by its schedule or by hand.
// - What was missed while the server was down is caught up once when it starts. A run that the server's end cut off
//   counts as missed; one that was cut off twice in a row waits for its next time, so that a task that takes the server
//   down doesn't do so for ever.
// - Times of day go by the wall clock and are looked at every half minute, so that a clock that is set forward blocks
//   nothing; set back, it repeats nothing (schedule_time.h). Intervals go by the monotonic clock.
// - Last run, result, error, next run and counts are in the table scheduled_tasks, committed before anybody is told.
//
// Threads. All functions are called on the loop's thread, those with a struct schedule_run on the run's, and both
// clocks on any.
//
// Stopping: schedule_stop, schedule_join, store_close, run what was posted, schedule_free.
#ifndef HW_JOBS_SCHEDULE_H
#define HW_JOBS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "store/store.h"

struct schedule;
struct schedule_run; // one run under way

// ---- a task --------------------------------------------------------------------------------------------------------

// May block, and waits for the store with store_write_wait. What it measures it writes into schedule_run_result. When
// the run is to stop it returns HW_ECANCELLED at its next safe point: it will be run again.
typedef int (*schedule_fn)(struct schedule_run *run, void *ctx, struct err *e);

bool schedule_run_stopping(struct schedule_run *run);
// Waits, but no longer than until the run is to stop; false then.
bool schedule_run_pause(struct schedule_run *run, int64_t us);
// Inside an object: add members.
struct jw *schedule_run_result(struct schedule_run *run);
int64_t schedule_run_started_at(const struct schedule_run *run);
// What this run is to do, in the task's own words; NULL: what it does by itself.
const char *schedule_run_argument(const struct schedule_run *run);

// What is known of a task that runs by itself.
struct schedule_observation {
    int64_t last_started_at, next_run_at; // 0: not known
    double last_duration_seconds;         // NaN: not known
    int64_t runs;
};

struct schedule_task {
    const char *name; // less than ID_SIZE bytes
    const char *description;
    const char *spec; // schedule_time.h
    schedule_fn run;  // NULL: it runs by itself, and is only shown
    void (*observe)(void *ctx, struct schedule_observation *seen);
    void *ctx;
};

// ---- all of them ---------------------------------------------------------------------------------------------------

struct schedule_config {
    struct store *store;           // borrowed
    int64_t (*now_us)(void *ctx);  // NULL: clock_now_us
    int64_t (*mono_us)(void *ctx); // NULL: clock_mono_us
    // Asks for one call of schedule_tick in `delay_us`; a new request replaces the one before.
    void (*arm)(void *ctx, int64_t delay_us);
    store_post_fn post; // carries a run's end to the loop's thread
    void *poster;
    // A run has come to its end and is committed; `e` says why it failed, NULL: it went well. NULL: nobody is told.
    void (*ended)(void *ctx, const char *name, double seconds, struct slice result, const struct err *e);
    void *ctx;
};

// The tasks and their texts are borrowed. HW_EVALIDATION: a schedule that can't be read, or a name twice.
int schedule_new(struct schedule **out, const struct schedule_config *config, const struct schedule_task *tasks,
                 size_t n, struct err *e);
typedef void (*schedule_done_fn)(void *ctx, int rc, const struct err *e);
// Once: reads what the database knows; then what was missed runs. `done` may be NULL.
void schedule_start(struct schedule *s, schedule_done_fn done, void *ctx);
void schedule_tick(struct schedule *s); // starts whatever is due. Cheap when nothing is
// Starts a run now, with an argument (copied) or NULL. HW_ENOTFOUND; HW_ECONFLICT: it is running, or runs by itself;
// HW_EUNAVAILABLE: not started yet, or stopping.
int schedule_run_with(struct schedule *s, const char *name, const char *argument, struct err *e);
int schedule_run_now(struct schedule *s, const char *name, struct err *e); // without one

void schedule_stop(struct schedule *s); // nothing is started any more, and runs are told
void schedule_join(struct schedule *s); // waits for them
void schedule_free(struct schedule *s);

// ---- looking -------------------------------------------------------------------------------------------------------

// One task as it is now. Borrowed until the next call of any of these functions.
struct schedule_view {
    const char *name, *description, *spec;
    const char *timezone; // "local", "UTC"; NULL: an interval has none
    bool running;
    int64_t last_started_at; // of the run under way, else of the last; 0: none
    double last_duration_seconds;
    const char *last_result; // JSON object, or NULL
    const char *last_error;
    int64_t last_success_at, next_run_at;
    int64_t runs, failures;
};

size_t schedule_count(const struct schedule *s);
void schedule_view(const struct schedule *s, size_t i, struct schedule_view *v);
bool schedule_find(const struct schedule *s, const char *name, size_t *i);

#endif
