// A folder of the test's own, gone afterwards.
#ifndef HW_TESTS_TEMP_DIR_H
#define HW_TESTS_TEMP_DIR_H

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

struct temp_dir {
    char path[256];
};

static inline struct temp_dir temp_dir_new(void)
{
    struct temp_dir d;
    const char *tmp = getenv("TMPDIR");
    snprintf(d.path, sizeof d.path, "%s/headway-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(d.path)) abort();
    return d;
}

static inline void temp_dir_remove(const struct temp_dir *d)
{
    if (file_remove_tree(d->path, NULL) != 0) abort();
}

#endif
