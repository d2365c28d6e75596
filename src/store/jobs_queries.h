// Queries of the table `jobs` whose cost must not grow with the number of jobs: a test asks the database how it would
// run each. Internal to src/store.
#ifndef HW_STORE_JOBS_QUERIES_H
#define HW_STORE_JOBS_QUERIES_H

// The next of a queue (?1) and class (?2): the first entry of both in the index jobs_ready.
#define JOB_HEAD_SQL                                                                                                   \
    "SELECT id, priority FROM jobs WHERE status = 'queued' AND waiting = 0 AND queue = ?1 AND resource_class = ?2"     \
    " ORDER BY priority DESC, queued_at, id LIMIT 1"

// Those that wait no longer than ?1, ?2 at most; without the columns, which come from the table's description.
#define JOB_DUE_TAIL "WHERE status = 'queued' AND waiting = 1 AND not_before <= ?1 ORDER BY not_before LIMIT ?2"
#define JOB_NEXT_DUE_SQL                                                                                               \
    "SELECT not_before FROM jobs WHERE status = 'queued' AND waiting = 1 ORDER BY not_before LIMIT 1"

// In the order of jobs_ready, of which it reads nothing but the index.
#define JOB_QUEUE_COUNTS_SQL                                                                                           \
    "SELECT queue, resource_class, COUNT(*) FROM jobs WHERE status = 'queued' GROUP BY waiting, queue, resource_class"
#define JOB_STATUS_COUNT_SQL "SELECT COUNT(*) FROM jobs WHERE status = ?1"
#define JOB_STATE_COUNT_SQL  "SELECT COUNT(*) FROM jobs WHERE state = ?1"

#endif
