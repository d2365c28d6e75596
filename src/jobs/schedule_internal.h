// Shared by the files of the schedule.
#ifndef HW_JOBS_SCHEDULE_INTERNAL_H
#define HW_JOBS_SCHEDULE_INTERNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "jobs/schedule.h"
#include "jobs/schedule_time.h"
#include "store/scheduled_tasks_table.h"

struct schedule_entry {
    const struct schedule_task *task;
    struct schedule_spec spec;
    char spec_text[SCHEDULE_TEXT_SIZE];
    struct scheduled_task_row row; // the loop's; as committed last
    int64_t due_at;                // intervals: on the monotonic clock; times of day: on the wall clock
    struct schedule_run *running;
};

struct schedule {
    struct schedule_config config;
    struct schedule_entry *entries;
    size_t n;
    bool loaded, joined;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; // guarded by lock
};

struct schedule_run {
    struct schedule *s;
    struct schedule_entry *entry; // its task and spec are what the thread may read
    pthread_t thread;
    struct scheduled_task_row row; // the thread's, until it is posted
    int64_t started_at, started_mono;
    char *argument; // owned; NULL: none
    struct buf result;
    struct jw writer;
    bool cut_off; // told to stop before it was done
    int rc;
    struct err err;
};

int64_t schedule_now(const struct schedule *s);
int64_t schedule_mono(const struct schedule *s);
bool schedule_stopping(struct schedule *s);

// schedule_run.c: begins a run on a thread of its own; `ended` is posted. An error: there is no thread.
int schedule_run_begin(struct schedule_run *run, struct err *e);
void schedule_run_ended(void *run); // schedule.c

#endif
