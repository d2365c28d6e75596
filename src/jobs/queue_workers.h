// What a worker takes jobs from, for the queue's files. Not for others.
#ifndef HW_JOBS_QUEUE_WORKERS_H
#define HW_JOBS_QUEUE_WORKERS_H

#include "jobs/queue.h"
#include "jobs/queue_names.h"
#include "store/workers_table.h"

void worker_queues(const struct worker_row *w, struct queue_names *out); // as its row has them; on any thread
int slots_of_class(struct queue_slots s, const char *resource_class);    // 0 of a class that there isn't

#endif
