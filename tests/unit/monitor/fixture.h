// Saved /proc and /sys texts, and folders made up like them.
#ifndef TESTS_MONITOR_FIXTURE_H
#define TESTS_MONITOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h wants those four first.
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "monitor/reading.h"

#define FIXTURES "tests/unit/monitor/fixtures/"

// Replaces what `b` holds by a saved text.
static inline struct slice fixture(struct buf *b, const char *path)
{
    char *full = mem_printf(FIXTURES "%s", path);
    struct err e;
    buf_clear(b);
    if (file_read(full, 1 << 20, b, &e) != 0) fail_msg("%s", e.message);
    free(full);
    return buf_slice(b);
}

// A new empty folder; remove_tree removes it and frees the name.
static inline char *temp_tree(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = mem_printf("%s/headway-monitor-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(path)) fail_msg("can't make %s", path);
    return path;
}

static inline void remove_tree(char *root)
{
    struct err e;
    if (file_remove_tree(root, &e) != 0) fail_msg("%s", e.message);
    free(root);
}

// Writes root/name in place, as a kernel's file changes; makes the folders it needs.
static inline void put(const char *root, const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", root, name);
    char *slash = strrchr(path, '/');
    struct err e;
    *slash = '\0';
    if (file_mkdirs(path, &e) != 0) fail_msg("%s", e.message);
    *slash = '/';
    FILE *f = fopen(path, "w");
    if (!f) fail_msg("can't write %s", path);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    free(path);
}

static inline void drop(const char *root, const char *name)
{
    char *path = mem_printf("%s/%s", root, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

#define assert_absent(r) assert_false((r).valid)

static inline void expect_f64(struct opt_f64 r, double v, int line)
{
    if (!r.valid) fail_msg("line %d: absent instead of %g", line, v);
    if (r.v < v - 1e-6 - v * 1e-9 || r.v > v + 1e-6 + v * 1e-9) fail_msg("line %d: %.9g instead of %.9g", line, r.v, v);
}

static inline void expect_u64(struct opt_u64 r, uint64_t v, int line)
{
    if (!r.valid) fail_msg("line %d: absent instead of %llu", line, (unsigned long long)v);
    if (r.v != v) fail_msg("line %d: %llu instead of %llu", line, (unsigned long long)r.v, (unsigned long long)v);
}

#define assert_f64(r, v) expect_f64(r, v, __LINE__)
#define assert_u64(r, v) expect_u64(r, v, __LINE__)

#endif
