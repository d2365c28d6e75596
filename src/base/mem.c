#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void mem_exhausted(size_t size)
{
    fprintf(stderr, "headway: out of memory (%zu bytes asked for)\n", size);
    _exit(70);
}

static size_t product(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) mem_exhausted(SIZE_MAX);
    return total;
}

void *mem_alloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p) mem_exhausted(size);
    return p;
}

void *mem_zalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p) mem_exhausted(size);
    return p;
}

void *mem_array(size_t count, size_t size)
{
    return mem_zalloc(product(count, size));
}

void *mem_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (!q) mem_exhausted(size);
    return q;
}

void *mem_realloc_array(void *p, size_t count, size_t size)
{
    return mem_realloc(p, product(count, size));
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
    char *p = mem_alloc(n + 1);
    if (n) memcpy(p, s, n); // an empty slice may have no address
    p[n] = 0;
    return p;
}

void *mem_dup(const void *p, size_t n)
{
    void *q = mem_alloc(n);
    if (n) memcpy(q, p, n);
    return q;
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = NULL;
    int n = vasprintf(&p, fmt, ap);
    va_end(ap);
    if (n < 0 || !p) mem_exhausted(0);
    return p;
}

void *mem_aligned(size_t count, size_t size)
{
    size_t total = product(count, size);
    if (total > SIZE_MAX - 64) mem_exhausted(total);
    size_t rounded = total ? (total + 63) / 64 * 64 : 64;
    void *p = aligned_alloc(64, rounded);
    if (!p) mem_exhausted(total);
    memset(p, 0, rounded);
    return p;
}
