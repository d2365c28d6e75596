// Which job is next: fair among queues.
//
// Of each queue only its head counts, the highest priority and then the longest queued. Among the heads the highest
// priority wins; of equal ones that of the queue from which a job was taken the longest ago. So a queue with thousands
// of jobs takes turns with one that has a few, and what a claim costs depends on how many queues it names, not on how
// many jobs there are. Turns are kept in memory: after a restart they begin anew.
#include <stdio.h>
#include <string.h>

#include "jobs/queue_internal.h"

enum { TURNS_MAX = 4096 }; // queues remembered, by class

static void turn_key(const char *queue, const char *resource_class, char out[QUEUE_NAME_MAX + 16])
{
    snprintf(out, QUEUE_NAME_MAX + 16, "%s/%s", queue, resource_class);
}

static uintptr_t turn_of(const struct queue *q, const char *queue, const char *resource_class)
{
    char key[QUEUE_NAME_MAX + 16];
    turn_key(queue, resource_class, key);
    return (uintptr_t)map_get(&q->turns, slice_str(key));
}

static void note_turn(struct queue *q, const char *queue, const char *resource_class)
{
    char key[QUEUE_NAME_MAX + 16];
    turn_key(queue, resource_class, key);
    if (q->turns.count >= TURNS_MAX) queue_turns_release(q);
    // The number itself is the map's value.
    (void)map_put(&q->turns, slice_str(key), (void *)++q->turn); // NOLINT(performance-no-int-to-ptr)
}

void queue_turns_release(struct queue *q)
{
    map_release(&q->turns);
    map_init(&q->turns);
}

int queue_pick(struct queue *q, struct store_tx *tx, const struct queue_names *queues, const char *resource_class,
               struct job_row *r, struct err *e)
{
    struct job_head best = {0};
    uintptr_t best_turn = 0;
    int chosen = -1;
    for (int i = 0; i < queues->n; i++) {
        struct job_head h;
        int rc = job_head_next(tx, queues->name[i], resource_class, &h, e);
        if (rc == HW_ENOTFOUND) {
            err_clear(e);
            continue;
        }
        if (rc) return rc;
        uintptr_t turn = turn_of(q, queues->name[i], resource_class);
        if (chosen >= 0 && (h.priority < best.priority || (h.priority == best.priority && turn >= best_turn))) continue;
        best = h;
        best_turn = turn;
        chosen = i;
    }
    if (chosen < 0) return err_set(e, HW_ENOTFOUND, "no job can be taken");
    note_turn(q, queues->name[chosen], resource_class);
    return job_row_get(tx, best.id, r, e);
}
