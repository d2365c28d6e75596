// What a job has to say, as JSON events in order, cut into batches that stay well below what the server takes in one
// request (8 MiB): a batch is closed at the first event that finds it 512 KiB long, and one event is at most a wire
// line (1 MiB) or an escaped line of output (6 × 64 KiB).
#ifndef HW_WORKER_BATCHES_H
#define HW_WORKER_BATCHES_H

#include <stdbool.h>

#include "base/buf.h"

enum { BATCH_BYTES = 512 << 10 };

struct batches {
    struct buf now;    // the batch being filled: JSON values, comma-separated
    struct buf *ready; // closed ones, oldest first
    size_t n_ready;
};

#define BATCHES_INIT ((struct batches){0})

void batches_release(struct batches *b);
// Where the next event is to be written, whole, by the caller; valid until the next call.
struct buf *batches_next(struct batches *b);
// Moves the oldest batch to *out (whose memory is the caller's); false: there is none.
bool batches_take(struct batches *b, struct buf *out);
bool batches_empty(const struct batches *b);
bool batches_large(const struct batches *b); // one is full: worth sending now
size_t batches_bytes(const struct batches *b);
void batches_clear(struct batches *b);

#endif
