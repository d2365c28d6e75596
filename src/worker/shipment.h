// A batch of reports while it is put together: what several jobs have to say goes to the server, and into its database,
// as one. Pure. The caller owns the struct; zeroed, it is empty.
#ifndef HW_WORKER_SHIPMENT_H
#define HW_WORKER_SHIPMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum { SHIPMENT_ID_SIZE = 40 };

struct shipment {
    struct buf body; // JSON, as far as it is written
    struct jw j;
    char worker_id[SHIPMENT_ID_SIZE];
    char (*jobs)[SHIPMENT_ID_SIZE]; // that are in it
    int n_jobs;
};

// One under this worker's id; it must be empty. Batches are numbered in the order in which they are sent.
void shipment_begin(struct shipment *s, const char *worker_id, int64_t number);
// Whether a report of this worker's job may be added: it is begun, not yet long, and under this worker's id. A job is
// in it once: the answer has one verdict for each, and an earlier attempt may be there under another lease.
bool shipment_takes(const struct shipment *s, const char *worker_id, const char *job_id);
// `events`: JSON values with commas between them.
void shipment_add(struct shipment *s, const char *job_id, int64_t attempt, const char *lease, struct slice events);
// The finished body is moved to *body, whose memory is the caller's; it is empty then. False: it was.
bool shipment_end(struct shipment *s, struct buf *body);

#endif
