// A growable byte buffer. The caller owns the struct; buf_release frees what it holds.
#ifndef HW_BASE_BUF_H
#define HW_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    char *p;    // NULL while nothing was written
    size_t n;   // bytes used
    size_t cap; // bytes allocated
};

#define BUF_INIT ((struct buf){0})

void buf_release(struct buf *b);            // frees; the buffer is empty and usable again
void buf_clear(struct buf *b);              // n = 0, memory kept
char *buf_grow(struct buf *b, size_t more); // buf_reserve's rare case
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t v); // in decimal
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t n);  // drops the first n bytes, moving the rest
const char *buf_cstr(struct buf *b);        // NUL-terminated view (the NUL isn't counted in n)
char *buf_detach(struct buf *b, size_t *n); // the caller owns the (NUL-terminated) memory; n may be NULL
struct slice buf_slice(const struct buf *b);

// Room for `more` bytes after n; returns where they go.
static inline char *buf_reserve(struct buf *b, size_t more)
{
    if (more && b->cap - b->n >= more) return b->p + b->n;
    return buf_grow(b, more);
}

#endif
