// Batches of reports on their way to the server: first in, first out. A few live in memory; while the server is away
// the rest lies in files, so that hours of reports cost disk, not memory. Bounded: when it is full the worker stops
// reading from its tasks' pipes, and they wait.
//
// What files are found at the opening (a worker that died) comes first, each under the worker id it was written for.
// Any thread may call; spool_wait blocks.
#ifndef HW_WORKER_SPOOL_H
#define HW_WORKER_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct spool;

struct spool_batch {
    char worker_id[32]; // under which it must be posted
    struct buf body;    // JSON
};

struct spool_limits {
    size_t memory_bytes; // beyond this, batches go to files
    uint64_t disk_bytes; // beyond this, the spool is full
};
#define SPOOL_LIMITS_DEFAULT ((struct spool_limits){4 << 20, 1ULL << 30})

int spool_open(struct spool **out, const char *dir, struct spool_limits limits, struct err *e);
void spool_close(struct spool *s); // what is in memory is written to files, so that a restart sends it

// Takes the body's memory (b is empty afterwards). On HW_EDISKFULL or HW_EIO the batch is kept in memory all the same:
// nothing is lost while the worker lives.
int spool_push(struct spool *s, const char *worker_id, struct buf *b, struct err *e);
// `on`: the server is away. What waits in memory is written to files, and so is what comes: if this worker is killed
// meanwhile, the next one sends it. Off again: memory first, as before.
void spool_secure(struct spool *s, bool on);
bool spool_full(struct spool *s);
uint64_t spool_bytes(struct spool *s); // that wait, in memory and on disk

// Waits up to timeout_ms for the oldest batch and copies it into *out. It stays until spool_drop. False: nothing came,
// or its file can't be read, which is logged, and the next call goes on with the one after it.
bool spool_wait(struct spool *s, int timeout_ms, struct spool_batch *out);
void spool_wake(struct spool *s); // no spool_wait waits any more, the one under way included
void spool_drop(struct spool *s); // the oldest has been acknowledged
bool spool_empty(struct spool *s);

#endif
