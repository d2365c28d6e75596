#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_release(struct buf *b)
{
    free(b->p);
    *b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
    b->n = 0;
}

char *buf_grow(struct buf *b, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(b->n, more, &need)) mem_exhausted(more);
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < need) {
            if (__builtin_mul_overflow(cap, (size_t)2, &cap)) mem_exhausted(need);
        }
        b->p = mem_realloc(b->p, cap);
        b->cap = cap;
    }
    return b->p ? b->p + b->n : NULL;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0) return;
    memcpy(buf_reserve(b, n), p, n);
    b->n += n;
}

void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}

void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->n++;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    buf_add(b, digits + n, sizeof digits - n);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    char *at = buf_reserve(b, 64);
    size_t room = b->cap - b->n;
    int n = vsnprintf(at, room, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n >= room) {
        at = buf_reserve(b, (size_t)n + 1);
        n = vsnprintf(at, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (n > 0) b->n += (size_t)n;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = 0;
    return b->p;
}

char *buf_detach(struct buf *b, size_t *n)
{
    buf_cstr(b);
    char *p = b->p;
    if (n) *n = b->n;
    *b = BUF_INIT;
    return p;
}

struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->p, b->n);
}
