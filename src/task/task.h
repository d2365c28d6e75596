// What every task kind of headway-task gets, and the table of kinds.
//
//     headway-task KIND --params FILE      run (wire format on HEADWAY_FD or standard output)
//     headway-task inspect model PATH      describe a model folder as JSON on standard output; exit 1 and a message if
//     it is malformed headway-task inspect dataset PATH    the same for a corpus file
#ifndef HW_TASK_TASK_H
#define HW_TASK_TASK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "jobs/wire_writer.h"

struct task {
    const json_t *params;    // the job's resolved parameters (docs/api/tasks.md), an object
    struct wire_writer *out; // progress, metrics, result
    atomic_int *stop;   // becomes 1 on SIGTERM or SIGINT: return HW_ECANCELLED at the next safe point (well within 2 s)
    atomic_int *pause;  // becomes 1 on SIGUSR1: leave a checkpoint, say where (wire_paused) and return 0. NULL, and for
                        // kinds that leave none: never
    atomic_int *finish; // becomes 1 on SIGUSR2: come to the end with the result that there is. NULL and others: never
};

static inline bool task_pausing(const struct task *t)
{
    return t->pause && atomic_load_explicit(t->pause, memory_order_relaxed) != 0;
}

static inline bool task_finishing(const struct task *t)
{
    return t->finish && atomic_load_explicit(t->finish, memory_order_relaxed) != 0;
}

static inline bool task_stopping(const struct task *t)
{
    return atomic_load_explicit(t->stop, memory_order_relaxed) != 0;
}

// Each returns 0, HW_ECANCELLED, or another code with `e` filled (main reports it). None leaves anything under a final
// name unless it is whole; temporary output is removed on every return.
int task_tokenize(struct task *t, struct err *e);
int task_extract(struct task *t, struct err *e);
int task_train_sae(struct task *t, struct err *e);
int task_fine_tune(struct task *t, struct err *e);
int task_download_model(struct task *t, struct err *e);
int task_download_dataset(struct task *t, struct err *e);

// Describes what lies at `path`; the caller owns the object. NULL with `e` filled if it can't be used.
json_t *inspect_model(const char *path, struct err *e); // docs/api/tasks.md, "inspect"
json_t *inspect_dataset(const char *path, struct err *e);

#endif
