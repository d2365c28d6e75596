// The table `job_events`: what happened to each job, in order. All functions run inside a store_fn.
#ifndef HW_STORE_JOB_EVENTS_TABLE_H
#define HW_STORE_JOB_EVENTS_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct store_tx;

struct job_event_row {
    char job_id[ID_SIZE];
    int64_t seq; // from 1 in each job
    int64_t at;  // µs, the server's clock
    int attempt;
    char *event; // "status", "phase", "asked"
    char *name;  // of the status, the phase, the control
    char *text;  // why; NULL: nothing is said
};

int job_event_insert(struct store_tx *tx, const struct job_event_row *r, struct err *e);
// All of a job's, in order of seq.
int job_events_list(struct store_tx *tx, const char *job_id, struct job_event_row **rows, int *n, struct err *e);
void job_events_free(struct job_event_row *rows, int n);

#endif
