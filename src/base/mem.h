// Allocation that can't fail: out of memory ends the process with a message, in this one place.
#ifndef HW_BASE_MEM_H
#define HW_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));               // uninitialised
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));              // zeroed
void *mem_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull)); // zeroed, overflow-checked
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));
void *mem_realloc_array(void *p, size_t count, size_t size) __attribute__((returns_nonnull)); // overflow-checked
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void *mem_dup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

// 64-byte aligned and zeroed, for SIMD kernels; release with free().
void *mem_aligned(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

// Says that memory ran out (how many bytes were asked for) and ends the process with status 70.
_Noreturn void mem_exhausted(size_t size);

#endif
