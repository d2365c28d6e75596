#include "run/tap.h"

#include <unistd.h>

void tap_init(struct tap *t, int wake_fd)
{
    *t = (struct tap){.wake_fd = wake_fd};
    pthread_mutex_init(&t->lock, NULL);
}

void tap_release(struct tap *t)
{
    pthread_mutex_destroy(&t->lock);
    buf_release(&t->bytes);
    buf_release(&t->tail);
}

static void skip(struct tap *t, struct slice bytes)
{
    t->skipped += bytes.n;
    if (bytes.n > TAP_TAIL_BYTES) bytes = slice_of(bytes.p + bytes.n - TAP_TAIL_BYTES, TAP_TAIL_BYTES);
    // The tail is let grow to twice its size, so that it is moved rarely.
    if (t->tail.n + bytes.n > (size_t)2 * TAP_TAIL_BYTES) buf_consume(&t->tail, t->tail.n + bytes.n - TAP_TAIL_BYTES);
    buf_add_slice(&t->tail, bytes);
}

void tap_put(struct tap *t, struct slice bytes)
{
    pthread_mutex_lock(&t->lock);
    bool empty = t->bytes.n == 0 && t->skipped == 0;
    if (t->skipped || t->bytes.n + bytes.n > TAP_BYTES)
        skip(t, bytes);
    else
        buf_add_slice(&t->bytes, bytes);
    pthread_mutex_unlock(&t->lock);
    uint64_t one = 1;
    // It can only fail when the counter is full, and then the reader is awake.
    if (empty && write(t->wake_fd, &one, sizeof one) < 0) return;
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf kept = *a;
    *a = *b;
    *b = kept;
}

bool tap_take(struct tap *t, struct tap_piece *out)
{
    buf_clear(&out->bytes);
    buf_clear(&out->tail);
    pthread_mutex_lock(&t->lock);
    swap(&t->bytes, &out->bytes);
    swap(&t->tail, &out->tail);
    out->left_out = t->skipped - out->tail.n;
    t->skipped = 0;
    pthread_mutex_unlock(&t->lock);
    return out->bytes.n || out->tail.n;
}

void tap_piece_release(struct tap_piece *p)
{
    buf_release(&p->bytes);
    buf_release(&p->tail);
}
