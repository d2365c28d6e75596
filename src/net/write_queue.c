#include "net/write_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SPARE_MAX 64 // chunks; a larger array is rare, and isn't worth keeping

void write_queue_push(struct write_queue *q, struct chunk chunk, struct write_queue_spare *spare)
{
    if (!q->chunks && spare->chunks) {
        q->chunks = spare->chunks;
        q->cap = spare->cap;
        *spare = (struct write_queue_spare){0};
    }
    if (!q->chunks || q->head + q->n == q->cap) {
        if (q->chunks && q->head > q->cap / 2) {
            memmove(q->chunks, q->chunks + q->head, q->n * sizeof *q->chunks);
            q->head = 0;
        } else {
            q->cap = q->cap ? q->cap * 2 : 8;
            q->chunks = mem_realloc_array(q->chunks, q->cap, sizeof *q->chunks);
        }
    }
    q->chunks[q->head + q->n++] = chunk;
    q->bytes += chunk.n;
}

void write_queue_pop(struct write_queue *q)
{
    struct chunk chunk = q->chunks[q->head++];
    q->bytes -= chunk.n;
    if (--q->n == 0) q->head = 0;
    if (chunk.release) chunk.release(chunk.token);
}

void write_queue_consume(struct write_queue *q, size_t bytes)
{
    while (bytes > 0) {
        struct chunk *first = &q->chunks[q->head];
        if (bytes < first->n) {
            first->p += bytes;
            first->n -= bytes;
            q->bytes -= bytes;
            return;
        }
        bytes -= first->n;
        write_queue_pop(q);
    }
}

void write_queue_give_back(struct write_queue *q, struct write_queue_spare *spare)
{
    if (q->n || !q->chunks) return;
    if (!spare->chunks && q->cap <= SPARE_MAX)
        *spare = (struct write_queue_spare){q->chunks, q->cap};
    else
        free(q->chunks);
    q->chunks = NULL;
    q->head = q->cap = 0;
}

void write_queue_spare_release(struct write_queue_spare *spare)
{
    free(spare->chunks);
    *spare = (struct write_queue_spare){0};
}

void write_queue_release(struct write_queue *q)
{
    while (q->n) write_queue_pop(q);
    free(q->chunks);
    *q = (struct write_queue){0};
}
