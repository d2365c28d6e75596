// Events of what a job is for, between queue_publish.c and queue_entity_publish.c. Not for others.
#ifndef HW_JOBS_QUEUE_ENTITY_PUBLISH_H
#define HW_JOBS_QUEUE_ENTITY_PUBLISH_H

#include "jobs/queue_internal.h"

void entity_publish_created(struct queue *q, const struct change *c); // only trainings have such an event
// What the change's job is for, if anything; `progress` is the percentage to show.
void entity_publish_progress(struct queue *q, const struct change *c, double progress);
void entity_publish_status(struct queue *q, const struct change *c); // or its creation, or its end
void entity_publish_checkpoints(struct queue *q, const struct change *c);

// Of queue_publish.c. Takes note of an event that the emitter refused; `seq` is what it returned.
void queue_sent(struct queue *q, int64_t seq);
// How the change's job failed or was cancelled; points into the change.
struct ev_failure change_failure(const struct change *c);

#endif
