// The body of a worker's report, {"batch":N,"reports":[{"job_id","attempt","lease","events":[…]},…]}, as events
// (docs/api/rest.md). Pure.
#ifndef HW_JOBS_REPORT_BODY_H
#define HW_JOBS_REPORT_BODY_H

#include "base/id.h"
#include "jobs/wire.h"

struct job_report {
    char job_id[ID_SIZE];
    int attempt;
    char *lease;
    struct wire_event *events;
    int n_events;
    char *refused; // what is wrong with the first event that can't be read; NULL: none
};

struct report_body {
    int64_t batch;
    struct job_report *jobs;
    int n_jobs;
};

// Keeps nothing of `text`. HW_EINVALID, HW_EVALIDATION, and then nothing needs releasing.
int report_body_read(struct slice text, struct report_body *out, struct err *e);
void report_body_release(struct report_body *b);

#endif
