// What one connection has still to write: pieces of memory in order, each with the way to give it back.
#ifndef HW_NET_WRITE_QUEUE_H
#define HW_NET_WRITE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct chunk {
    const char *p;
    size_t n;
    void (*release)(void *token); // NULL: nothing to give back
    void *token;
};

// Embed it; zeroed memory is an empty queue.
struct write_queue {
    struct chunk *chunks; // [head, head + n) of cap
    uint32_t head, n, cap;
    size_t bytes;
};

// Memory of an emptied queue, kept for the next one: with it a loop's connections, which write one after the other,
// share one allocation instead of making one a message. Zeroed memory is none.
struct write_queue_spare {
    struct chunk *chunks;
    uint32_t cap;
};
void write_queue_spare_release(struct write_queue_spare *spare);

void write_queue_push(struct write_queue *q, struct chunk chunk, struct write_queue_spare *spare);
// The chunk at place i from the front; i < n.
static inline const struct chunk *write_queue_at(const struct write_queue *q, uint32_t i)
{
    return &q->chunks[q->head + i];
}
void write_queue_pop(struct write_queue *q);                   // the first, giving it back; the queue isn't empty
void write_queue_consume(struct write_queue *q, size_t bytes); // so many from the front were written
void write_queue_give_back(struct write_queue *q, struct write_queue_spare *spare); // its own memory, if it is empty
void write_queue_release(struct write_queue *q);                                    // everything

#endif
