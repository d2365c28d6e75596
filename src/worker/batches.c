#include "worker/batches.h"

#include <stdlib.h>

#include "base/mem.h"

void batches_clear(struct batches *b)
{
    for (size_t i = 0; i < b->n_ready; i++) buf_release(&b->ready[i]);
    b->n_ready = 0;
    buf_clear(&b->now);
}

void batches_release(struct batches *b)
{
    batches_clear(b);
    free(b->ready);
    buf_release(&b->now);
    *b = BATCHES_INIT;
}

struct buf *batches_next(struct batches *b)
{
    if (b->now.n >= BATCH_BYTES) {
        b->ready = mem_realloc_array(b->ready, b->n_ready + 1, sizeof *b->ready);
        b->ready[b->n_ready++] = b->now;
        b->now = BUF_INIT;
    }
    if (b->now.n) buf_add_char(&b->now, ',');
    return &b->now;
}

bool batches_take(struct batches *b, struct buf *out)
{
    if (b->n_ready) {
        *out = b->ready[0];
        memmove(b->ready, b->ready + 1, --b->n_ready * sizeof *b->ready);
        return true;
    }
    if (b->now.n == 0) return false;
    *out = b->now;
    b->now = BUF_INIT;
    return true;
}

bool batches_empty(const struct batches *b)
{
    return b->n_ready == 0 && b->now.n == 0;
}

bool batches_large(const struct batches *b)
{
    return b->n_ready > 0 || b->now.n >= BATCH_BYTES;
}

size_t batches_bytes(const struct batches *b)
{
    size_t bytes = b->now.n;
    for (size_t i = 0; i < b->n_ready; i++) bytes += b->ready[i].n;
    return bytes;
}
